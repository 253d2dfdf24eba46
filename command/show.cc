// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz show and encode: bytes to text, text to bytes.
#include <string>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "command/words.h"
#include "explore/io/files.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"
#include "harness/family.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

absl::StatusOr<LoadedSchedule> LoadOnly(const Options& options,
                                        const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  return Load(options, arguments[0]);
}

// A terminal would obey what an intent may hold; a file, or a pipe, gets every byte.
std::string ForTerminal(const std::string& text) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.push_back(Printable({line.data(), line.size()}));
  }
  return absl::StrJoin(lines, "\n");
}

absl::StatusOr<ExitStatus> Write(const std::string& output, const std::string& content) {
  const absl::Status status = WriteFile(output, content);
  if (!status.ok()) return status;
  return kNoViolation;
}

// Says under the first line which member the text is, if there are others.
std::string WithComment(std::string text, int member, int members) {
  if (members == 1) return text;
  const std::string comment =
      absl::StrCat("# member ", member, " of ", members, " of its family; --member shows others\n");
  return text.insert(text.find('\n') + 1, comment);
}

// Warns as any command that runs a file, of entries of its order that are not reached.
absl::Status WarnAsRun(const Options& options, const std::string& path,
                       const LoadedSchedule& loaded, const Target& target) {
  static Execution execution;
  const RunResult run = execution.Execute(loaded.file.schedule, *target.policy, *target.arch);
  return WarnOfUnreached(options, execution, path, loaded, *target.arch, run.unreached_run);
}

// Why the switches of a run, named by step, are not that run; empty if they are.
std::string WhyNotByStep(Execution& execution, const Target& target, const RunResult& run,
                         const Schedule& named) {
  if (run.limit) {
    return absl::StrCat(DidNotEnd(), ", so its switches are not known to the end");
  }
  const RunResult again = execution.Execute(named, *target.policy, *target.arch);
  if (again.trace_hash == run.trace_hash) return "";
  return absl::StrCat("its switches cannot all be named by step: a schedule has at most ", kMaxRuns,
                      " runs");
}

absl::StatusOr<ExitStatus> Show(const Options& options, const std::vector<std::string>& arguments) {
  absl::StatusOr<LoadedSchedule> loaded = LoadOnly(options, arguments);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<int> member = ChosenMember(options, arguments[0], *loaded);
  if (!member.ok()) return member.status();
  ScheduleFile& file = loaded->file;
  file.schedule = TakeMember(file.schedule, *member);
  if (options.by_step || !options.policy.empty() || !options.arch.empty()) {
    const absl::StatusOr<Target> target = TargetFor(options, arguments[0], file);
    if (!target.ok()) return target.status();
    const absl::Status reached =
        options.by_step ? WarnAsRun(options, arguments[0], *loaded, *target) : absl::OkStatus();
    if (!reached.ok()) return reached;
    // It was said of the switches, the policy or the architecture as they were.
    file.expect_under.clear();
    if (file.policy != target->policy->name() || file.arch != target->arch->name()) {
      file.expect.reset();
    }
    file.policy = target->policy->name();
    file.arch = target->arch->name();
    if (options.by_step) {
      static Execution execution;
      const Trace trace = Record(execution, file.schedule, *target->policy, *target->arch);
      const Schedule named = NameSwitches(file.schedule, trace);
      const std::string other = WhyNotByStep(execution, *target, trace.result, named);
      if (!other.empty()) {
        Say(absl::StrCat(Printable(arguments[0]), ": ", other));
        return kLimit;
      }
      file.schedule = named;
      file.expect = trace.result.violation.kind;
    }
  }
  const std::string text = WithComment(PrintText(file), *member, loaded->members);
  const bool shown = options.output == "-" && isatty(STDOUT_FILENO) != 0;
  return Write(options.output, shown ? ForTerminal(text) : text);
}

absl::StatusOr<ExitStatus> Encode(const Options& options,
                                  const std::vector<std::string>& arguments) {
  const absl::StatusOr<LoadedSchedule> loaded = LoadOnly(options, arguments);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<Members> members = ChosenMembers(options, arguments[0], *loaded);
  if (!members.ok()) return members.status();
  if (loaded->file.schedule.orders.any()) {
    return absl::InvalidArgumentError(
        absl::StrCat(arguments[0], ": bytes cannot say 'weaken' and 'strengthen'"));
  }
  const EncodedBytes bytes =
      EncodeBytes(TakeMember(loaded->file.schedule, members->begin), members->end - members->begin);
  return Write(options.output, std::string(bytes.begin(), bytes.end()));
}

constexpr Command kShow{.called = "show",
                        .arguments = "FILE [-o FILE]",
                        .summary = "print a schedule as text",
                        .flags = " output by_step policy arch member bytes strict ",
                        .examples = "gatherfuzz show --by-step corpus/00-the-mail.gather",
                        .main = Show};
const RegisterCommand kShowRegistered(&kShow);
constexpr Command kEncode{.called = "encode",
                          .arguments = "FILE -o FILE",
                          .summary = "write a schedule as bytes",
                          .flags = " output member bytes strict ",
                          .examples = "gatherfuzz encode corpus/00-the-mail.gather -o mail.bytes",
                          .main = Encode};
const RegisterCommand kEncodeRegistered(&kEncode);

}  // namespace
}  // namespace gatherfuzz
