// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The memory that a search holds, as its limit counts it.
//
// A container that doubles needs room for both copies while it does. So before that, it counts as
// having grown: a search that is at its limit then stops before it passes it.
#ifndef GATHERFUZZ_EXPLORE_HELD_H_
#define GATHERFUZZ_EXPLORE_HELD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "explore/stepper.h"

namespace gatherfuzz {

// Items that may be added before somebody looks at the limit again.
inline constexpr size_t kRoomBetweenLooks = 128;

// Of a container of items of `bytes` that doubles once it has `full` of them.
constexpr uint64_t BytesHeld(size_t size, size_t capacity, size_t full, size_t bytes) {
  const bool grows_soon = size + kRoomBetweenLooks >= full && capacity > kRoomBetweenLooks;
  return uint64_t{capacity} * bytes * (grows_soon ? 3 : 1);
}

template <typename T>
uint64_t BytesOf(const std::vector<T>& vector) {
  return BytesHeld(vector.size(), vector.capacity(), vector.capacity(), sizeof(T));
}

// Of a table of Abseil's: a slot and a control byte each, seven eighths in use at most.
template <typename Map>
uint64_t BytesOfTable(const Map& map) {
  return BytesHeld(map.size(), map.capacity(), map.capacity() - map.capacity() / 8,
                   sizeof(typename Map::value_type) + 1);
}

inline uint64_t BytesOf(const Stepper::Snapshot& snapshot) {
  return sizeof snapshot + snapshot.stacks.capacity();
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_HELD_H_
