// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which steps of different agents do not commute, by what they touch (model/points.h).
//
// Strategies, the features that fuzzers see, and the mutator stand on it.
#ifndef GATHERFUZZ_HARNESS_CONFLICT_H_
#define GATHERFUZZ_HARNESS_CONFLICT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/steps.h"

namespace gatherfuzz {

// Whom an order has to move for `agent` to make that step.
constexpr AgentId AgentToMove(AgentId agent, Point point) {
  return (kDetourPoints & MaskOf(point)) != 0 ? DetourAgent(CpuOf(agent)) : agent;
}

struct PendingStep {
  Point point = kNoPoint;
  int8_t page = kNoPage;
};

// The column of model/points.def alone, since features look at it at each step.
inline constexpr auto kTouches = [] {
  std::array<Touches, kPointCount> table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = kPoints[i].touches;
  return table;
}();
// Of a point; nothing for kNoPoint.
inline Touches TouchesOf(Point point) {
  return point == kNoPoint ? Touches{} : kTouches[static_cast<size_t>(point)];
}

// Whether the two, by different agents, may not commute: of the same CPU (its thread, its walker,
// its deliveries) or of two. Where that is not known, take one.
bool Conflict(PendingStep a, PendingStep b, bool same_cpu = true);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CONFLICT_H_
