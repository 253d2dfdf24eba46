// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The shortest way to a violation: fewest preemptions (preemption.h), then fewest steps.
//
// A search by cost over the graph of states: when it comes to a violation, every cheaper way has
// been followed to its end, so none shorter exists. Of equally short ones it is always the same.
#ifndef GATHERFUZZ_EXPLORE_SHORTEST_H_
#define GATHERFUZZ_EXPLORE_SHORTEST_H_

#include <atomic>
#include <functional>
#include <optional>

#include "explore/explore.h"
#include "explore/graph.h"

namespace gatherfuzz {

struct Counterexample {
  ViolationKind kind = ViolationKind::kNone;
  int preemptions = 0;
  int steps = 0;
  Path path;
};

struct ShortestResult {
  std::optional<Counterexample> found;
  // The first violation that was met, accepted or not: none has fewer preemptions, nor as many and
  // fewer steps. Its path is left out if it was not accepted.
  std::optional<Counterexample> cheapest;
  Stop stopped = Stop::kNo;  // if it was, there may be one all the same
  // Every way with at most so many preemptions was followed; if nothing is found and it was not
  // stopped, every way there is.
  int preemptions = -1;
};

// Whether a way to a violation is one that is looked for.
using AcceptPath = std::function<bool(const Path&)>;

// Looks for violations whose Bit(kind) is in `kinds`, with at most `most_preemptions` (-1: any
// number). Of the limits, states and bytes are the graph's, seconds from now on.
//
// `accept`, if any, is asked about each violation in the order of cost, until it accepts one. What
// it says may turn on how a state was reached, while the search keeps one cheapest way to each: so
// of those that are accepted, a cheaper one may be missed.
ShortestResult FindShortest(Graph& graph, uint32_t kinds, int most_preemptions,
                            const ExploreLimits& limits, const std::atomic<bool>& stop,
                            const AcceptPath& accept = nullptr);

// How many preemptions a path has.
int PreemptionsOf(const Schedule& schedule, const Policy& policy, const Arch& arch,
                  const Path& path, uint32_t ignored = 0);
int PreemptionsOf(Stepper& stepper, const Schedule& schedule, const Policy& policy,
                  const Arch& arch, const Path& path, uint32_t ignored = 0);

// The path as it is: a run for each change of agent, and for each delivery.
Schedule SpelledOut(const Schedule& programs, const Path& path);

// The path as a schedule that can be run, and was: it makes the same trace. The order names each
// switch by its step, and leaves out what happens by itself.
Schedule ScheduleOf(const Schedule& programs, const Policy& policy, const Arch& arch,
                    const Path& path, uint32_t ignored = 0);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SHORTEST_H_
