// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The point of no return of a run: the step after which every continuation violates.
//
// Looked for by exploring from the states that the run went through. A state is lost if it is an
// end that is a violation, or if each of its actions is one or leads to a lost state; else it is
// open. One continuation that ends well shows that a state is open; that it is lost takes all there
// are. Both are exact, whatever the kind: a continuation is not lost for violating, but for not
// being able to do anything else.
#ifndef GATHERFUZZ_EXPLORE_TURNING_H_
#define GATHERFUZZ_EXPLORE_TURNING_H_

#include <atomic>

#include "explore/explore.h"
#include "explore/graph.h"
#include "harness/trace.h"

namespace gatherfuzz {

// The actions of a recorded run.
Path ActionsOf(const Trace& trace);

struct Turning {
  bool known = false;  // else a limit came first, or it was stopped
  // How many steps of the run it takes to be lost: 0 if the start is; all of them if it was open to
  // the last.
  int lost_after = 0;
  // The fewest steps that, made before the one with which the run is lost, take the harm from it:
  // after them that step, of the same agent, leads to a state that is open. Empty if lost_after is
  // 0, or if there are none (that step cannot come any more, or never is harmless), or if a limit
  // came first.
  Path rescue;
};

// `run` is a way from the graph's start to a violation.
Turning FindTurning(Graph& graph, const Path& run, const ExploreLimits& limits,
                    const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_TURNING_H_
