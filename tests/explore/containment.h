// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Whether what exploration reaches grows from sc to tso to weak to late: kinds of violations, and
// states in which all are done.
#ifndef GATHERFUZZ_TESTS_EXPLORE_CONTAINMENT_H_
#define GATHERFUZZ_TESTS_EXPLORE_CONTAINMENT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "explore/explore.h"

namespace gatherfuzz {

inline constexpr size_t kMemories = 4;  // in the order of MemoryModel, which is that of strength

struct Containment {
  Stop stopped = Stop::kNo;  // the first exploration that was not complete; or kNo
  std::string lost;          // what a weaker memory does not reach; empty if it holds
  std::array<uint32_t, kMemories> kinds{};       // Bit(kind) of violations
  std::array<std::vector<Key>, kMemories> ends;  // distinct final states, in order
};

// As far as it is modelled under them. `each`: policy, architecture, limits; the schedule's memory
// is not looked at.
Containment Contain(Schedule schedule, ExploreSettings each);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_CONTAINMENT_H_
