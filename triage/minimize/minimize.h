// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Makes a violating schedule small: the same kind and signature with fewer operations, CPUs, pages
// and preemptions (weight.h says what is simpler).
//
// In what is left everything is needed: without any CPU, line of a program or of init, page at an
// end of a range, or flag, the run ends in something else. So it does without any line of the
// order, or it is longer. Within the limits every order of the smaller programs counts: none was
// found that ends in the same.
#ifndef GATHERFUZZ_TRIAGE_MINIMIZE_MINIMIZE_H_
#define GATHERFUZZ_TRIAGE_MINIMIZE_MINIMIZE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "explore/explore.h"
#include "harness/execution.h"
#include "harness/schedule.h"

namespace gatherfuzz {

struct MinimizeSettings {
  uint32_t ignored = 0;  // Bit(kind) of violations that do not end the run
  // Of each exploration: of whether a smaller program has the violation in any order, and of the
  // shortest order. By states, so that the result is the same on every machine; 1: none. Of the
  // former, all together have ten times as many.
  ExploreLimits limits{.states = 100'000};
};

struct Minimized {
  Schedule schedule;  // switches are named by step, its tail is a plain rest
  ViolationKind kind = ViolationKind::kNone;
  std::string signature;
  int preemptions = 0;
  int steps = 0;
  int preemptions_before = 0, steps_before = 0;  // of the schedule as it came
  uint64_t replays = 0;                          // executions it took
  bool interrupted = false;                      // then this is the best so far
  // No order of these programs comes to a violation of this kind with fewer preemptions, nor with
  // as many and fewer steps.
  bool proven = false;
  // One does, whose signature is another. Then this is the shortest that was found with its own;
  // as the search keeps one way to each state, and a signature may turn on the way, it need not be
  // the shortest there is.
  bool others_are_shorter = false;
};

// `schedule` must end in a violation under `policy` and `arch`. Deterministic, unless it is stopped
// or a limit in seconds is reached. `progress`, if any, is called with the best so far whenever
// that changes, and now and then.
Minimized Minimize(const Schedule& schedule, const Policy& policy, const Arch& arch,
                   const MinimizeSettings& settings, const std::atomic<bool>& stop,
                   const std::function<void(const Minimized&)>& progress = nullptr);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_MINIMIZE_MINIMIZE_H_
