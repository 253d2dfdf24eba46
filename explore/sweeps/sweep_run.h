// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What `explore --programs` and `verdicts` share: a sweep with its state file, and the
// counterexample that comes of it.
#ifndef GATHERFUZZ_EXPLORE_SWEEPS_SWEEP_RUN_H_
#define GATHERFUZZ_EXPLORE_SWEEPS_SWEEP_RUN_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "explore/sweep.h"
#include "explore/sweeps/state_file.h"
#include "harness/text.h"

namespace gatherfuzz {

// Of one program, unless --limit says otherwise.
inline constexpr uint64_t kMostStatesOfProgram = 20'000'000;

struct SweepRun {
  SweepTotals totals;
  Stop stopped = Stop::kNo;  // kNo: every program counts that should
  // What is known of the first program that violates, and its counterexample in the form in which
  // it is stored: it has been run. Only if there is one.
  Answer answer;
  ScheduleFile counterexample;

  // It violates, whatever else is not known.
  bool broken() const { return totals.first.has_value(); }
  // No order of any program violates.
  bool safe() const { return !broken() && stopped == Stop::kNo && totals.incomplete == 0; }
};

// Goes on from where `state` says, stores there how far it came, about once a second and at the
// end, and looks for the shortest counterexample. Ends with what Interruptible::flag() says.
absl::StatusOr<SweepRun> RunSweep(const ProgramList& programs, const SweepSettings& settings,
                                  StateFile& state,
                                  const std::function<void(const SweepProgress&)>& progress);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SWEEPS_SWEEP_RUN_H_
