// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The states that were seen, shared by all threads of an exploration.
#ifndef GATHERFUZZ_EXPLORE_SEEN_H_
#define GATHERFUZZ_EXPLORE_SEEN_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "explore/key.h"

namespace gatherfuzz {

class Seen {
 public:
  // Notes that `key` was reached with so much left to spend (of a bounded exploration; else 0).
  // True if it has to be explored: it is new, or was reached with less left before.
  bool Add(const Key& key, int left) {
    Shard& shard = shards_[key.high >> 58];
    const std::lock_guard lock(shard.mutex);
    const size_t room = shard.map.capacity();
    const auto [at, added] = shard.map.try_emplace(key, static_cast<int8_t>(left));
    if (added) {
      states_.fetch_add(1, std::memory_order_relaxed);
      if (shard.map.capacity() != room) {
        bytes_.fetch_add((shard.map.capacity() - room) * kSlot, std::memory_order_relaxed);
      }
      return true;
    }
    if (at->second >= left) return false;
    at->second = static_cast<int8_t>(left);
    return true;
  }

  uint64_t states() const { return states_.load(std::memory_order_relaxed); }
  // Of memory: a slot and its control byte, for the capacity that tables have.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  using Map = absl::flat_hash_map<Key, int8_t>;
  static constexpr uint64_t kSlot = sizeof(Map::value_type) + 1;
  struct alignas(64) Shard {
    std::mutex mutex;
    Map map;
  };
  std::array<Shard, 64> shards_;  // by the upper bits
  std::atomic<uint64_t> states_ = 0, bytes_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SEEN_H_
