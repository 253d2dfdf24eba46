// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What `explore --programs` and `verdicts` share: a sweep with its state file, and the
// counterexample that comes of it.
#ifndef GATHERFUZZ_TRIAGE_SWEEP_RUN_H_
#define GATHERFUZZ_TRIAGE_SWEEP_RUN_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "explore/sweep.h"
#include "harness/text.h"
#include "triage/state_file.h"

namespace gatherfuzz {

// The list that --programs names, or `or_else`.
absl::StatusOr<ProgramList> ChosenPrograms(std::string_view or_else);

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

// Guesses from how fast things were done lately when the rest will be.
class TimeLeft {
 public:
  // `done` of `all` after so many seconds; "about 3 min left", or nothing if that is not known.
  std::string After(double seconds, double done, double all);

 private:
  double last_seconds_ = -1, last_done_ = 0, rate_ = 0;
};

// "1234", "12.3 k", "4.56 M", "1.23 G".
std::string Short(uint64_t number);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_SWEEP_RUN_H_
