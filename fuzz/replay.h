// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Runs a schedule and writes down who moved, so that a mutation can change that order.
//
// Lighter than a Trace (harness/trace.h): no copies of the state, no allocation.
#ifndef GATHERFUZZ_FUZZ_REPLAY_H_
#define GATHERFUZZ_FUZZ_REPLAY_H_

#include "harness/conflict.h"
#include "harness/execution.h"

namespace gatherfuzz {

inline constexpr size_t kMaxReplayed = 1024;  // steps; what comes later is left out

struct ReplayedStep {
  AgentId agent{};
  PendingStep step;
  int old = 0;     // how far behind the newest the value was that it loaded
  uint8_t op = 0;  // which line of its agent's program it is of
};
using Replay = FixedVector<ReplayedStep, kMaxReplayed>;

// The steps of a member of the schedule's family, under the mutator's policy and architecture.
const Replay& ReplayMember(const Schedule& schedule, int number);

// Puts the first `steps` steps at the beginning of `order`, in place of all that it holds, as runs
// that name the steps at which they end.
void KeepSteps(const Replay& replay, size_t steps, FixedVector<Run, kMaxRuns>& order);

// Adds those from `first` up to `last` at the end of `order`, as far as there is room.
void AddSteps(const Replay& replay, size_t first, size_t last, FixedVector<Run, kMaxRuns>& order);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_REPLAY_H_
