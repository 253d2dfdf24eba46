// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz minimize: the same kind of violation with less.
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "harness/family.h"
#include "triage/command.h"
#include "triage/files.h"
#include "triage/members.h"
#include "triage/minimize.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

absl::StatusOr<ExitStatus> Main(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(arguments[0]);
  if (!loaded.ok()) return loaded.status();
  ScheduleFile& file = loaded->file;
  const absl::StatusOr<Target> target = TargetFor(arguments[0], file);
  if (!target.ok()) return target.status();
  const absl::StatusOr<Members> members = ChosenMembers(arguments[0], *loaded);
  if (!members.ok()) return members.status();
  static Execution execution;
  file.schedule = TakeMember(file.schedule, FirstUnclean(execution, file.schedule, *members,
                                                         *target->policy, *target->arch));
  const RunResult result = execution.Execute(file.schedule, *target->policy, *target->arch);
  if (result.violation.kind == ViolationKind::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat(arguments[0], ": shows no violation under ", Absl(target->policy->name()),
                     " on ", Absl(target->arch->name()), ", so there is nothing to keep"));
  }
  file.policy = target->policy->name();
  file.arch = target->arch->name();
  file.expect = result.violation.kind;
  file.intent.clear();  // it spoke of the schedule as it was
  file.schedule = Minimize(execution, file.schedule, *target->policy, *target->arch);
  const absl::Status status = WriteFile(absl::GetFlag(FLAGS_output), PrintText(file));
  if (!status.ok()) return status;
  return kNoViolation;
}

constexpr Command kCommand("minimize", "FILE [-o OUT]",
                           "write the same kind of violation with fewer operations and switches; "
                           "of the first member that has one",
                           " output policy arch member ", Main);
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
