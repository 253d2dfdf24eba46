// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz explain: why a run ended in a violation, for people.
#include <iostream>
#include <memory>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "harness/family.h"
#include "triage/command.h"
#include "triage/explain/explanation.h"
#include "triage/explain/print.h"
#include "triage/files.h"
#include "triage/interleaving.h"
#include "triage/long_run.h"
#include "triage/members.h"
#include "triage/report.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

absl::StatusOr<ExitStatus> Main(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  const std::string& path = arguments[0];
  absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(path);
  if (!loaded.ok()) return loaded.status();
  ScheduleFile& file = loaded->file;
  const absl::StatusOr<Target> target = TargetFor(path, file);
  if (!target.ok()) return target.status();
  const absl::StatusOr<Members> members = ChosenMembers(path, *loaded);
  if (!members.ok()) return members.status();
  ExplainSettings settings;
  const absl::StatusOr<uint32_t> ignored = IgnoredKinds();
  if (!ignored.ok()) return ignored.status();
  settings.ignored = *ignored;
  if (!absl::GetFlag(FLAGS_limit).empty()) {
    const absl::StatusOr<ExploreLimits> limits = ChosenLimits();
    if (!limits.ok()) return limits.status();
    settings.limits = *limits;
  }

  const auto execution = std::make_unique<Execution>();
  const int member = FirstUnclean(*execution, file.schedule, *members, *target->policy,
                                  *target->arch, settings.ignored);
  file.schedule = TakeMember(file.schedule, member);
  file.policy = target->policy->name();
  file.arch = target->arch->name();
  const Trace trace =
      Record(*execution, file.schedule, *target->policy, *target->arch, settings.ignored);
  if (trace.result.limit) {
    std::cerr << "gatherfuzz: " << path << ": the run did not end within " << kStepLimit
              << " steps\n";
    return kLimit;
  }
  const std::string replay = ReplayCommand("explain", path, *target);
  const bool violates = trace.result.violation.kind != ViolationKind::kNone;
  if (!violates) {
    std::cout << PrintInterleaving(file.schedule, trace,
                                   std::vector<bool>(trace.steps.size(), true))
              << path << ": no violation under " << file.policy << " on " << file.arch
              << ", so there is nothing to explain\n";
    return kNoViolation;
  }
  const Interruptible interruptible;
  const Explanation explanation = Explain(file.schedule, trace, *target->policy, *target->arch,
                                          settings, Interruptible::flag());
  std::cout << PrintExplanation({.schedule = file.schedule,
                                 .trace = trace,
                                 .explanation = explanation,
                                 .policy = file.policy,
                                 .arch = file.arch,
                                 .all_steps = absl::GetFlag(FLAGS_all),
                                 .replay = replay});
  return kViolation;
}

constexpr Command kCommand("explain", "FILE",
                           "why a run ended in a violation: the interleaving, the chain of causes, "
                           "the point of no return, and who would have survived it",
                           " policy arch ignore member all limit ", Main);
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
