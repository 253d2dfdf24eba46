// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz show and encode: bytes to text, text to bytes.
#include <string>

#include "absl/flags/flag.h"
#include "harness/bytes.h"
#include "harness/trace.h"
#include "triage/command.h"
#include "triage/files.h"

namespace gatherfuzz {
namespace {

absl::StatusOr<LoadedSchedule> LoadOnly(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  return LoadSchedule(arguments[0]);
}

absl::StatusOr<ExitStatus> Write(const std::string& content) {
  const absl::Status status = WriteFile(absl::GetFlag(FLAGS_output), content);
  if (!status.ok()) return status;
  return kNoViolation;
}

absl::StatusOr<ExitStatus> Show(const std::vector<std::string>& arguments) {
  absl::StatusOr<LoadedSchedule> loaded = LoadOnly(arguments);
  if (!loaded.ok()) return loaded.status();
  ScheduleFile& file = loaded->file;
  const bool by_step = absl::GetFlag(FLAGS_by_step);
  if (by_step || !absl::GetFlag(FLAGS_policy).empty() || !absl::GetFlag(FLAGS_arch).empty()) {
    const absl::StatusOr<Target> target = TargetFor(arguments[0], file);
    if (!target.ok()) return target.status();
    file.policy = target->policy->name();
    file.arch = target->arch->name();
    if (by_step) {
      static Execution execution;
      const Trace trace = Record(execution, file.schedule, *target->policy, *target->arch);
      file.schedule = NameSwitches(file.schedule, trace);
      file.expect = trace.result.violation.kind;
    }
  }
  return Write(PrintText(file));
}

absl::StatusOr<ExitStatus> Encode(const std::vector<std::string>& arguments) {
  const absl::StatusOr<LoadedSchedule> loaded = LoadOnly(arguments);
  if (!loaded.ok()) return loaded.status();
  const EncodedBytes bytes = EncodeBytes(loaded->file.schedule);
  return Write(std::string(bytes.begin(), bytes.end()));
}

constexpr Command kShow("show", "FILE [-o OUT]", "print a schedule as text",
                        " output by_step policy arch ", Show);
const RegisterCommand kShowRegistered(&kShow);
constexpr Command kEncode("encode", "FILE -o OUT", "write a schedule as bytes", " output ", Encode);
const RegisterCommand kEncodeRegistered(&kEncode);

}  // namespace
}  // namespace gatherfuzz
