// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a step touches, and so which steps of different agents do not commute.
//
// Strategies, the features that fuzzers see, and the mutator stand on it. Faithful to the model: a
// step is listed with what its operation reads and writes, the oracle's reads included. It errs on
// the side of conflict: TLBs and frames are one thing each, whatever the page. Names that are given
// out in order (of mappings, frames, calls) do not count: steps commute if nothing but such a name
// tells their order. tests/harness/conflict_test.cc holds it against the model, by brute force.
#ifndef GATHERFUZZ_HARNESS_CONFLICT_H_
#define GATHERFUZZ_HARNESS_CONFLICT_H_

#include <array>
#include <bit>
#include <cstdint>

#include "model/steps.h"

namespace gatherfuzz {

// A set of points, as a bit mask.
using PointMask = uint64_t;
static_assert(kPointCount <= 64);
inline constexpr PointMask kAllPoints = ~PointMask{0};
constexpr PointMask MaskOf(Point point) { return PointMask{1} << static_cast<int>(point); }
// The first of a set that is not empty.
constexpr Point FirstOf(PointMask points) { return static_cast<Point>(std::countr_zero(points)); }

// Steps that are made in the place of another (Steps::StepOr).
inline constexpr PointMask kDetourPoints = MaskOf(Point::need_resched) | MaskOf(Point::split_folio);

// Whom an order has to move for `agent` to make that step.
constexpr AgentId AgentToMove(AgentId agent, Point point) {
  return (kDetourPoints & MaskOf(point)) != 0 ? DetourAgent(CpuOf(agent)) : agent;
}
// Steps that an order chooses by naming them, among those that an agent could make.
inline constexpr PointMask kChosenByName = kDetourPoints | MaskOf(Point::deliver);

inline constexpr Point kNoPoint{255};
struct PendingStep {
  Point point = kNoPoint;
  int8_t page = kNoPage;
};

// What steps touch: a page-table entry or a lock (of a place), what a CPU has one of, or what there
// is one of.
enum class Thing : uint8_t {
  kPte,
  kPmd,
  kPud,
  kPteLock,
  kPmdLock,
  kMmapLock,
  kCounter,    // tlb_flush_pending
  kPolicy,     // the policy's own state
  kAllocator,  // which are given out, and as what
  kTlb,        // of a CPU; frees and returns look at all
  kWalkCache,  // ... as do frees of tables
  kQueue,      // the order in which invalidations were issued
  kRequest,    // where an invalidation was delivered
  kMmapTurn,   // of readers: who steals mmap_lock where a writer queues
};
inline constexpr int kThings = 14;
using ThingMask = uint16_t;
constexpr ThingMask MaskOf(Thing thing) {
  return static_cast<ThingMask>(1u << static_cast<int>(thing));
}

struct Touches {
  ThingMask reads = 0, writes = 0;
  ThingMask adds = 0;  // of those it writes: changes that commute with each other, such as counts
};
extern const std::array<Touches, kPointCount> kTouches;  // by point
// Of a point; nothing for kNoPoint.
inline Touches TouchesOf(Point point) {
  return point == kNoPoint ? Touches{} : kTouches[static_cast<size_t>(point)];
}

// Whether the two, by different agents, may not commute: of the same CPU (its thread, its walker,
// its deliveries) or of two. Where that is not known, take one.
bool Conflict(PendingStep a, PendingStep b, bool same_cpu = true);

// The points at which the order of agents tells most: what is cleared, seen empty, counted,
// flushed, delivered, freed or walked.
extern const PointMask kTellingPoints;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CONFLICT_H_
