// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The states that were seen, shared by all threads of an exploration.
//
// An open table of two words a state, so that looking one up costs one miss of the cache; what is
// looked up can be asked for before (Prefetch). Of a key's 128 bits the upper eight are not kept,
// of which six choose the part of the table. A part is one line of the cache, and what all threads
// write, or look at with each state, is apart from it: such lines go from core to core.
#ifndef GATHERFUZZ_EXPLORE_SEEN_H_
#define GATHERFUZZ_EXPLORE_SEEN_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "explore/key.h"
#include "model/check.h"

namespace gatherfuzz {

class Seen {
 public:
  // `shared`: several threads use it. It takes `most` states, and none after those.
  explicit Seen(bool shared, uint64_t most = UINT64_MAX) : shared_(shared), most_(most) {}

  // Notes that `key` was reached with so much left to spend (of a bounded exploration; else 0), 0
  // to 254. True if it has to be explored: it is new, or was reached with less left before. Not if
  // it is new and there is no room for it; then full() is true from now on.
  bool Add(const Key& key, int left) {
    GATHERFUZZ_CHECK(0 <= left && left < kMostLeft);
    Shard& shard = PartOf(key);
    const absl::MutexLockMaybe lock(shared_ ? &shard.mutex : nullptr);
    const uint64_t used = shard.used.load(std::memory_order_relaxed);
    if (used >= shard.slots.size() / 4 * 3) Grow(shard);
    Slot& slot = Find(shard, key.low, key.high & kKept);
    if (slot.left() > left) return false;
    const bool added = slot.left() == 0;
    if (added && !TakeRoom()) return false;
    slot = {key.low, (key.high & kKept) | static_cast<uint64_t>(left + 1) << kKeptBits};
    if (added) shard.used.store(used + 1, std::memory_order_relaxed);
    return true;
  }

  // Where that will look is on its way into the cache.
  void Prefetch(const Key& key) const {
    const Shard& shard = PartOf(key);
    const uint64_t slot = key.low & shard.mask.load(std::memory_order_relaxed);
    const uintptr_t first = shard.first.load(std::memory_order_relaxed);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that nobody reads from
    __builtin_prefetch(reinterpret_cast<const void*>(first + slot * sizeof(Slot)), 1);
  }

  uint64_t states() const {
    uint64_t states = 0;
    for (const Shard& shard : shards_) states += shard.used.load(std::memory_order_relaxed);
    return states;
  }
  // Whether there was a state that it did not take.
  bool full() const { return full_.load(std::memory_order_relaxed); }
  // Of memory, of the capacity that the table has.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kKeptBits = 56, kShardShift = 58, kMostLeft = 255;
  static constexpr uint64_t kKept = (uint64_t{1} << kKeptBits) - 1;
  struct Slot {
    uint64_t low = 0, high = 0;
    int left() const { return static_cast<int>(high >> kKeptBits); }  // ... and one; 0: empty
  };
  struct alignas(64) Shard {
    absl::Mutex mutex;
    std::vector<Slot> slots;  // a power of two of them
    std::atomic<uint64_t> used = 0;
    std::atomic<uintptr_t> first = 0;  // of the slots, for who asks ahead
    std::atomic<uint64_t> mask = 0;
  };
  static_assert(sizeof(Shard) == 64);

  Shard& PartOf(const Key& key) { return shards_[shared_ ? key.high >> kShardShift : 0]; }
  const Shard& PartOf(const Key& key) const {
    return shards_[shared_ ? key.high >> kShardShift : 0];
  }

  // Of a table that takes only so many states, takes the room of one more.
  bool TakeRoom() {
    if (most_ == UINT64_MAX) return true;
    if (taken_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
    taken_.fetch_sub(1, std::memory_order_relaxed);
    full_.store(true, std::memory_order_relaxed);
    return false;
  }

  // The slot of that key, or the empty one where it belongs.
  static Slot& Find(Shard& shard, uint64_t low, uint64_t high) {
    const size_t mask = shard.slots.size() - 1;
    size_t at = low & mask;
    for (;; at = (at + 1) & mask) {
      Slot& slot = shard.slots[at];
      if (slot.left() == 0 || (slot.low == low && (slot.high & kKept) == high)) return slot;
    }
  }

  void Grow(Shard& shard) {
    const size_t before = shard.slots.size();
    const std::vector<Slot> old =
        std::exchange(shard.slots, std::vector<Slot>(std::max(kFewest, 2 * before)));
    for (const Slot& slot : old) {
      if (slot.left() != 0) Find(shard, slot.low, slot.high & kKept) = slot;
    }
    shard.first.store(reinterpret_cast<uintptr_t>(shard.slots.data()), std::memory_order_relaxed);
    shard.mask.store(shard.slots.size() - 1, std::memory_order_relaxed);
    bytes_.fetch_add((shard.slots.size() - before) * sizeof(Slot), std::memory_order_relaxed);
  }

  static constexpr size_t kFewest = 16;

  const bool shared_;
  const uint64_t most_;
  std::array<Shard, 64> shards_;  // by the upper bits
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<bool> full_ = false;
  alignas(64) std::atomic<uint64_t> taken_ = 0;  // of most_
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SEEN_H_
