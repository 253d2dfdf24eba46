// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a step touches, and so which steps of different agents do not commute.
//
// Strategies, the features that fuzzers see, and the mutator stand on it. Faithful to the model: a
// step is listed with what its operation reads and writes, the oracle's reads included. It errs on
// the side of conflict: TLBs, frames and requests are one thing each, not one for each CPU.
#ifndef GATHERFUZZ_HARNESS_CONFLICT_H_
#define GATHERFUZZ_HARNESS_CONFLICT_H_

#include <cstdint>

#include "model/steps.h"

namespace gatherfuzz {

// A set of points, as a bit mask.
using PointMask = uint64_t;
static_assert(kPointCount <= 64);
inline constexpr PointMask kAllPoints = ~PointMask{0};
constexpr PointMask MaskOf(Point point) { return PointMask{1} << static_cast<int>(point); }

inline constexpr Point kNoPoint{255};
struct PendingStep {
  Point point = kNoPoint;
  int8_t page = kNoPage;
};

// What steps touch: a page-table entry or a lock (of a place), or something there is one of.
enum class Thing : uint8_t {
  kPte,
  kPmd,
  kPud,
  kPteLock,
  kPmdLock,
  kMmapLock,
  kCounter,  // tlb_flush_pending
  kPolicy,   // the policy's own state
  kFrames,
  kTlb,
  kRequest,  // issued invalidations
};
inline constexpr int kThings = 11;
using ThingMask = uint16_t;
constexpr ThingMask MaskOf(Thing thing) {
  return static_cast<ThingMask>(1u << static_cast<int>(thing));
}

struct Touches {
  ThingMask reads = 0, writes = 0;
};
// Of a point; nothing for kNoPoint.
Touches TouchesOf(Point point);

// Whether the two, by different agents, may not commute.
bool Conflict(PendingStep a, PendingStep b);

// The points at which the order of agents tells most: what is cleared, seen empty, counted,
// flushed, delivered, freed or walked.
extern const PointMask kTellingPoints;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CONFLICT_H_
