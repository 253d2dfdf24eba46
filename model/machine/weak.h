// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The part of World that a memory model other than sequential consistency needs: stores that
// somebody may not have seen yet. What it means, and who changes it, is in memory.h.
#ifndef GATHERFUZZ_MODEL_MACHINE_WEAK_H_
#define GATHERFUZZ_MODEL_MACHINE_WEAK_H_

#include <array>
#include <cstdint>

#include "model/machine/types.h"

namespace gatherfuzz {

enum class MemoryModel : uint8_t {
  kSc = 0,    // every load takes the newest value
  kTso = 1,   // x86: stores are seen late, in one order
  kWeak = 2,  // the kernel's memory model, and so arm64: nothing is ordered but what is said to be
  kLate = 3,  // the same, and an increment that nobody waits for may be done later (late.h)
};

inline constexpr int kMaxStores = 32;  // in flight, of all locations
inline constexpr int kMaxOld = 8;      // ... of one location, and so how far behind a load can be
inline constexpr int kObservers = 2 * kMaxCpus;  // the threads of CPUs, then their hardware walkers

// A set of stores in flight: bit i is stores[i].
using View = uint32_t;

// The value of a few bytes of the mm that belong to the policy (world.h).
inline constexpr int kPolicyStateBytes = 64;
using PolicyBytes = std::array<uint8_t, kPolicyStateBytes>;

// What a variable is called: 0 is none; then the count, the policy's bytes, and the entries of page
// tables by frame and index; then, where CPUs switch, tlb_gen and mm_cpumask() of mm0, and of each
// CPU loaded_mm with is_lazy.
using Location = uint16_t;
inline constexpr Location kNoLocation = 0, kCountAt = 1, kPolicyAt = 2, kFirstEntryAt = 3;
inline constexpr Location kTlbGenAt = kFirstEntryAt + kFrames * kEntriesPerTable;
inline constexpr Location kCpumaskAt = kTlbGenAt + 1, kFirstCpuAt = kTlbGenAt + 2;

struct StoreInFlight {
  uint64_t before;  // the value it replaced, as memory.h packs it; of the policy's bytes see below
  View view;        // what whoever acquires it sees as well
  Location at;      // 0: no store
  uint16_t moment;  // the number of the next mapping as it was made
  uint8_t writer;   // CPU index + 1; 0 where `settled`
  uint8_t settled;  // 1: seen by all, so `before` is gone; of it only the view still counts
  uint8_t page;     // of an entry: a page below it
  std::array<uint8_t, 5> padding_;  // always 0
};

// All zero under sequential consistency. Stores are ordered by location, then by age, and packed;
// so two states that are the same are so byte for byte.
struct Weak {
  std::array<StoreInFlight, kMaxStores> stores;
  std::array<PolicyBytes, kMaxOld> policy_before;  // of the stores to kPolicyAt, in their order
  std::array<View, kObservers> seen;
  std::array<View, kMaxCpus> carries;       // what a relaxed store of that CPU carries along
  std::array<View, kMaxCpus> brings;        // what relaxed loads have met, for a later barrier
  std::array<View, kMaxCpus> at_unlock;     // what it had seen as it last dropped a lock
  std::array<View, kMaxCpus> published;     // what a DSB ISHST of it shows to walkers
  std::array<View, kMaxCpus> late_carries;  // of `late`: what the increment carries along
  std::array<View, kFrames> table_locks;    // what was seen as they were last dropped
  std::array<uint64_t, kObservers> looks;   // pages of which it may yet load an entry
  View mmap_lock;
  View fence;     // what the last full barrier had seen
  uint16_t gone;  // observers that load nothing any more, as bits
  uint8_t count;  // of stores
  uint8_t idle;   // CPUs outside of every call: they take mmap_lock before they load
  uint8_t lags;   // tso: CPUs with a plain store since their last barrier
  uint8_t full;   // 1: there was no room for a store; the run is over
  uint8_t asks_count, asks_policy;  // CPUs that may load it before they next change it
  uint8_t
      ptes_locked;  // 1: PTEs are loaded under their lock, which shows all that was stored there
  uint8_t late;     // CPUs whose increment of the count is left for later
  // Where CPUs switch, those that may load tlb_gen, and what a flush looks at, behind a plain
  // store.
  uint8_t reads_gen, looks_at_cpus;
  std::array<uint8_t, 4> padding_;  // always 0
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_WEAK_H_
