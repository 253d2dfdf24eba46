// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the passes of minimizing work on: the best schedule so far, and whether another one does as
// well. A candidate does if it ends in a violation of the same kind and signature.
#ifndef GATHERFUZZ_TRIAGE_MINIMIZE_ATTEMPTS_H_
#define GATHERFUZZ_TRIAGE_MINIMIZE_ATTEMPTS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "explore/shortest.h"
#include "explore/stepper.h"
#include "harness/trace.h"
#include "triage/minimize/minimize.h"
#include "triage/minimize/weight.h"

namespace gatherfuzz {

// A schedule that was run.
struct Subject {
  Schedule schedule;
  Trace trace;
  Path path;
  Weight weight;
};

class Attempts {
 public:
  Attempts(const Schedule& schedule, const Policy& policy, const Arch& arch,
           const MinimizeSettings& settings, const std::atomic<bool>& stop,
           const std::function<void(const Minimized&)>& progress);

  const Subject& best() const { return best_; }
  const Schedule& schedule() const { return best_.schedule; }
  bool stopped() const { return stop_.load(); }
  bool may_explore() const { return settings_.limits.states > 1; }

  // Whether a candidate is also taken if only some other order of its programs has the violation.
  void set_any_order(bool any_order) { any_order_ = any_order; }

  // Takes the candidate in if it does as well and its weight is lower.
  bool Try(const Schedule& candidate);
  // ... if it is no worse, whatever the way in which its order is said.
  bool Adopt(const Subject& candidate);

  // The run of a schedule that does as well.
  std::optional<Subject> Run(const Schedule& schedule);
  // The shortest order of the programs that was found to do as well; see FindShortest.
  ShortestResult FindOrder(const Schedule& programs, int most_preemptions);
  // The shortest order that ends in a violation of the kind, whatever its signature.
  ShortestResult FindOrderOfKind(const Schedule& programs, int most_preemptions);
  Schedule ScheduleFor(const Schedule& programs, const Path& path) const;

  Minimized Result() const;

 private:
  bool Take(const Schedule& candidate);
  bool TakeInAnyOrder(const Schedule& candidate);
  bool TakeAnyOrderOf(const Schedule& programs);
  bool DoesAsWell(const Trace& trace) const;
  Subject SubjectOf(const Schedule& schedule, Trace trace);
  bool Improve(Subject subject);
  void Count();

  const Policy& policy_;
  const Arch& arch_;
  const MinimizeSettings& settings_;
  const std::atomic<bool>& stop_;
  const std::function<void(const Minimized&)>& progress_;
  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
  const std::unique_ptr<Stepper> stepper_ = std::make_unique<Stepper>();
  Subject best_;
  ViolationKind kind_ = ViolationKind::kNone;
  std::string signature_;
  int preemptions_before_ = 0, steps_before_ = 0;
  uint64_t replays_ = 0;
  uint64_t explored_ = 0;  // states
  bool any_order_ = false;
  absl::flat_hash_set<std::string> without_;  // programs no order of which was found to do as well
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_MINIMIZE_ATTEMPTS_H_
