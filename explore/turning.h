// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The point of no return of a run: the step after which every continuation violates.
//
// Looked for by exploring from the states that the run went through. A state is lost if each of its
// actions is a violation or leads to a lost state, and if it is an end that is one. That a state is
// not lost takes one continuation that ends well to show; that it is takes all there are.
#ifndef GATHERFUZZ_EXPLORE_TURNING_H_
#define GATHERFUZZ_EXPLORE_TURNING_H_

#include <atomic>
#include <cstdint>

#include "explore/graph.h"
#include "harness/trace.h"

namespace gatherfuzz {

// The actions of a recorded run.
Path ActionsOf(const Trace& trace);

struct Turning {
  bool known = false;  // else a limit was reached first, or it was stopped
  // How many steps of the run it takes to be lost: 0 if the start is lost already; all of them if
  // it was open to the last.
  int lost_after = 0;
  // From the last state that was not lost, a way to an end that is no violation. Empty if
  // lost_after is 0.
  Path rescue;
  // How many steps of the rescue it takes until the run's fatal action does no harm any more: the
  // run may still end well after it. 0 if that never was so.
  int saved_after = 0;
};

// `run` is a way from the graph's start to a violation, whose last action may be the violating one.
Turning FindTurning(Graph& graph, const Path& run, const ExploreLimits& limits,
                    const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_TURNING_H_
