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

// Whether that point (not kNoPoint) is in it: cheaper than a mask of it, where it is no constant.
constexpr bool Has(PointMask points, Point point) {
  const auto low = static_cast<uint64_t>(points), high = static_cast<uint64_t>(points >> 64);
  const int bit = static_cast<int>(point);
  return ((bit < 64 ? low : high) >> (bit & 63) & 1) != 0;
}

// Whom an order has to move for `agent` to make that step.
constexpr AgentId AgentToMove(AgentId agent, Point point) {
  return Has(kDetourPoints, point) ? DetourAgent(CpuOf(agent)) : agent;
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

// Of two points, by whether they are of one CPU: whether steps there never commute, or do not
// where they are about one page, one PTE table or one PMD table.
struct Collisions {
  bool always : 1, page : 1, pmd : 1, pud : 1;
};
extern const std::array<std::array<std::array<Collisions, kPointCount>, kPointCount>, 2>
    kCollisions;

// Whether the two, by different agents, may not commute: of the same CPU (its thread, its walker,
// its deliveries) or of two. Where that is not known, take one. A step at kNoPoint commutes.
inline bool Conflict(PendingStep a, PendingStep b, bool same_cpu = true) {
  if (a.point == kNoPoint || b.point == kNoPoint) return false;
  const Collisions collisions =
      kCollisions[same_cpu][static_cast<size_t>(a.point)][static_cast<size_t>(b.point)];
  return collisions.always || (collisions.page && a.page == b.page) ||
         (collisions.pmd && a.page / kPagesPerPmd == b.page / kPagesPerPmd) ||
         (collisions.pud && a.page / kPagesPerPud == b.page / kPagesPerPud);
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CONFLICT_H_
