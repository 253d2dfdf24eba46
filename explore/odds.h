// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How likely one execution of a schedule's programs ends in a violation, exactly, for strategies
// (harness/search/) whose next choice depends on little more than the state.
//
// A probability flows from the start along the graph's edges, split at each as the strategy draws,
// to violations and ends. Nothing is sampled and nothing subtracted, so that 1e-33 comes out as
// exactly as 0.5. Exact for numbers drawn at random; the strategies draw theirs from a seed of 32
// bits. tests/explore/odds_test.cc holds them against real executions.
#ifndef GATHERFUZZ_EXPLORE_ODDS_H_
#define GATHERFUZZ_EXPLORE_ODDS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "explore/drawn_graph.h"

namespace gatherfuzz {

using Chance = long double;

// Of one execution.
struct Odds {
  std::array<Chance, kViolationCount> of{};  // by kind; of kNone: that none comes

  Chance violation() const {
    Chance sum = 0;
    for (size_t kind = 1; kind < of.size(); ++kind) sum += of[kind];
    return sum;
  }
};

// Of strategy random: each step, any agent that can move, all alike.
Odds OddsOfRandom(const DrawnGraph& graph);

// Of strategy runs, which is also the tail of bytes: turns of 1 to 32 steps.
Odds OddsOfRuns(const DrawnGraph& graph);

// The depths that strategy pct has, by its seed, each as often.
inline constexpr int kLeastPctDepth = 2, kMostPctDepth = 6;

// Of strategy pct at a depth (depth - 1 drops), where it expects runs of `steps` steps. Goes
// through the orders of priorities as far as runs tell them apart, all at once. Nothing if that
// takes more than `most_work` steps, or is stopped; or if a thread goes on while its own
// invalidation is pending: an Execution then lets it go on until its turn is over, whatever the
// priority of the deliveries.
std::optional<Odds> OddsOfPct(const DrawnGraph& graph, int depth, uint32_t steps,
                              uint64_t most_work, const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_ODDS_H_
