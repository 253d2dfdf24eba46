// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Memory that is weaker than sequential consistency: which values a load may take.
//
// A step makes its stores at once, and World holds the newest value of everything, as under
// sequential consistency. Beside it a pool keeps what was there before, for as long as somebody may
// still read it. An observer (the thread of a CPU, or the hardware walker of a CPU) has seen a set
// of the stores in flight, its view. A load may take any value from the newest that its observer
// has seen on, up to the newest there is; it has then seen that one, and what is older of the same
// variable. What else it sees with it is what orders are for:
//   - A store carries a view: a release all that its CPU had seen; a relaxed one what that had seen
//     at its last barrier, or as it last dropped a lock before it took one. An update also passes
//     on the view of what it replaced, and always replaces the newest.
//   - An acquire takes the view along. A relaxed load keeps it for a later barrier.
//   - A full barrier sees what earlier full barriers had seen (store buffering), and orders all.
//   - A lock hands on what was seen as it was dropped. Who holds what is never stale.
//   - A DSB shows stores to all walkers: ISHST what its CPU stored itself, and what an own release
//     had covered; ISH all that it has seen.
// Under kTso a store carries all there is; a load sees all, unless its CPU has a plain store since
// its last barrier: then it may lag behind, with all that it has not seen. A walker lags with its
// CPU. (Loads in place of stores are late, which comes to the same.)
//
// A store that all have seen who may load there is forgotten, after each change. Who may is said by
// its callers: which pages an observer may yet look at, and where a gather loads what others count;
// who is sure to see a store before it loads there counts as one who has. Of a store that is
// forgotten stays the view, while that has something in flight (`settled`). So the pool is small,
// and since it is sorted, it is canonical.
//
// Weak are the count, page-table entries, and the policy's bytes (as one variable). Not weak:
// locks, VMAs, TLBs, invalidations, which frames are free, and the hardware's A and D, which are
// seen at once. Faithful: coherence, release and acquire, fences, locks, release sequences, as the
// kernel's memory model has them; x86-TSO exactly. Weaker than arm64 where it is multi-copy atomic
// (two readers may see two stores in different orders). Simplified, and so not to be seen: a load
// that takes what is stored later (load buffering; but for increments under kLate), stores of two
// CPUs to two variables that swap (2+2W). tests/model/weak_memory_test.cc has litmus tests with the
// answers of herd7.
//
// Under kLate an update that orders nothing, and whose value nobody takes, may be left for later
// (model/kernel/late.h says which, and what waits for it). Then it carries what it would have
// carried where it stands in its program, and replaces what is the newest by the time it is done.
// docs/memory.md.
#ifndef GATHERFUZZ_MODEL_MACHINE_MEMORY_H_
#define GATHERFUZZ_MODEL_MACHINE_MEMORY_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/machine/world.h"
#include "model/points.h"

namespace gatherfuzz {

inline constexpr std::string_view kMemoryModels[] = {"sc", "tso", "weak", "late"};
std::string_view NameOf(MemoryModel memory);
std::optional<MemoryModel> ParseMemoryModel(std::string_view name);

// Who looks: a thread, or a walker.
using Observer = int;
constexpr Observer ThreadOf(CpuId cpu) { return Index(cpu); }
constexpr Observer WalkerOf(CpuId cpu) { return kMaxCpus + Index(cpu); }

constexpr Location EntryLocation(FrameId table, int index) {
  return static_cast<Location>(kFirstEntryAt + Index(table) * kEntriesPerTable + index);
}
// Of the entry for `page` in `table`.
inline Location LocationOf(const World& world, FrameId table, int page) {
  return EntryLocation(table, EntryIndex(page, world.at(table).level));
}
constexpr bool IsEntry(Location at) { return kFirstEntryAt <= at && at < kTlbGenAt; }
// Where CPUs switch: loaded_mm and is_lazy of that one, which stores to them in order.
constexpr Location CpuLocation(CpuId cpu) {
  return static_cast<Location>(kFirstCpuAt + Index(cpu));
}
constexpr bool IsOfCpus(Location at) { return at >= kTlbGenAt; }
constexpr FrameId TableOf(Location entry) {
  return MakeFrame((entry - kFirstEntryAt) / kEntriesPerTable);
}
constexpr int IndexOf(Location entry) { return (entry - kFirstEntryAt) % kEntriesPerTable; }

// A value as it is kept: the count, tlb_gen, the mask; loaded_mm, with is_lazy above; or an entry,
// with the generation of the table it points at.
constexpr uint64_t PackEntry(Pte entry, uint16_t generation) {
  return entry.mapping | static_cast<uint64_t>(Index(entry.frame)) << 16 |
         static_cast<uint64_t>(entry.flags) << 24 | static_cast<uint64_t>(generation) << 32;
}
constexpr Pte EntryIn(uint64_t value) {
  return {.mapping = static_cast<Mapping>(value),
          .frame = static_cast<FrameId>(value >> 16 & 0xff),
          .flags = static_cast<uint8_t>(value >> 24)};
}
constexpr MmId LoadedMmIn(uint64_t value) { return static_cast<MmId>(value & 0xff); }
constexpr bool LazyIn(uint64_t value) { return (value >> 8 & 1) != 0; }
constexpr uint16_t GenerationIn(uint64_t value) { return static_cast<uint16_t>(value >> 32); }

// How many values behind the newest a load may go: 0, only the newest. `sees` is what the step that
// loads sees before it does.
int OpenValues(const World& world, Observer observer, Location at, View sees = 0);

// A value, `old` behind the newest, as it is now.
struct KeptValue {
  uint64_t value = 0;  // not of the policy's bytes
  Mapping moment = 0;  // the number of the next mapping when it was the newest last
};
KeptValue ValueAt(const World& world, Location at, int old);
PolicyBytes PolicyValueAt(const World& world, int old);

// The load itself, of such a value, which is open: what is seen by it.
void NoteLoad(World& world, Observer observer, Location at, MemoryOrder order, int old);

// A store is about to be made by the thread of `cpu`; an update reads what it replaces. kLate: an
// update that was left for later, relaxed.
enum class Access : uint8_t { kStore, kUpdate, kLate };
void NoteStore(World& world, CpuId cpu, Location at, MemoryOrder order, Access access,
               int page = 0);  // of an entry: a page below it

// The thread leaves an update for later: that of the count, one at a time.
void NoteLeftForLater(World& world, CpuId cpu);

// Locks: by the frame of their table, or this.
inline constexpr int kMmapLockId = kFrames;
// What taking it shows.
View SeenByLock(const World& world, CpuId cpu, int lock, MemoryOrder order);
void NoteLock(World& world, CpuId cpu, int lock, MemoryOrder order);
void NoteUnlock(World& world, CpuId cpu, int lock, MemoryOrder order);

// A full barrier: smp_mb(), an interrupt, the end of a DSB.
void NoteBarrier(World& world, CpuId cpu);
// smp_rmb(): what loads before it have met, loads behind it see. smp_wmb(): a store behind it
// carries the CPU's own stores before it.
void NoteReadBarrier(World& world, CpuId cpu);
void NoteWriteBarrier(World& world, CpuId cpu);
// A DSB: `release` is ISHST, `full` is ISH, which is a barrier too; relaxed is none.
void NoteDsb(World& world, CpuId cpu, MemoryOrder order);
// The walker of `cpu` sees what its thread has.
void ShowOwnWalker(World& world, CpuId cpu);

// The thread is in no call (any more), or in one.
void NoteIdle(World& world, CpuId cpu, bool idle);
// The observer loads nothing any more.
void NoteGone(World& world, Observer observer);
// It may yet load entries of these pages, of any level.
void NoteLooks(World& world, Observer observer, uint64_t pages);
// Where CPUs switch: whether the thread may load tlb_gen, or what a flush looks at, as old values.
void NoteReadsOfCpus(World& world, CpuId cpu, bool generation, bool others);
// Whether the thread may load them before it next changes them.
void NoteAsks(World& world, CpuId cpu, bool count, bool policy);
// The frame is given back: what its entries were is over, and threads know where it was linked
// (they wait for each other with RCU before a table is freed).
void NoteFreed(World& world, FrameId frame);

// For as long as it lives, World has a value of `at` that is old, as if it were the newest.
class AsIfNewest {
 public:
  AsIfNewest(World& world, Location at, int old);
  ~AsIfNewest();
  AsIfNewest(const AsIfNewest&) = delete;
  AsIfNewest& operator=(const AsIfNewest&) = delete;

 private:
  World& world_;
  const Location at_;
  const int old_;
  uint64_t value_ = 0;
  PolicyBytes policy_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_MEMORY_H_
