// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz export: a schedule as source code.
#include <algorithm>
#include <filesystem>
#include <string>

#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/io/files.h"
#include "harness/cause.h"
#include "harness/family.h"
#include "harness/trace.h"
#include "triage/tell/gtest/test_source.h"
#include "triage/tell/litmus/litmus.h"
#include "triage/tell/promela/promela.h"

namespace gatherfuzz {
namespace {

// Whether a step added to a kernel path would turn it into another schedule.
bool CountsSteps(const Schedule& schedule) {
  return schedule.tail != Tail{} ||
         std::any_of(schedule.order.begin(), schedule.order.end(),
                     [](const Run& run) { return run.kind == Run::Kind::kCount; });
}

bool SameBug(const Trace& a, const Trace& b) {
  const ViolationKind kind = a.result.violation.kind;
  if (kind != b.result.violation.kind || a.result.limit != b.result.limit) return false;
  return kind == ViolationKind::kNone || Signature(a) == Signature(b);
}

// Runs the file's schedule; names its switches by their steps where that keeps the verdict.
Trace RunToStore(ScheduleFile& file, const Target& target) {
  static Execution execution;
  Trace trace = Record(execution, file.schedule, *target.policy, *target.arch);
  if (!CountsSteps(file.schedule)) return trace;
  const Schedule named = NameSwitches(file.schedule, trace);
  Trace again = Record(execution, named, *target.policy, *target.arch);
  if (!SameBug(trace, again)) return trace;
  file.schedule = named;
  return again;
}

// Of the programs; which order the file has does not matter.
absl::StatusOr<ExitStatus> ExportPromela(const Options& options,
                                         const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  const absl::StatusOr<LoadedSchedule> loaded = Load(options, arguments[0]);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<Target> target = TargetFor(options, arguments[0], loaded->file);
  if (!target.ok()) return target.status();
  const absl::StatusOr<int> member = ChosenMember(options, arguments[0], *loaded);
  if (!member.ok()) return member.status();
  const absl::StatusOr<std::string> model = PromelaOf(
      arguments[0], TakeMember(loaded->file.schedule, *member), *target->policy, *target->arch);
  if (!model.ok()) return model.status();
  const absl::Status status = WriteFile(options.output, *model);
  if (!status.ok()) return status;
  return kNoViolation;
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (options.gtest + options.litmus + options.promela != 1) {
    return absl::InvalidArgumentError(
        "export needs a form to write: --gtest, a C++ test of this tree, --litmus, what it does to "
        "memory, or --promela, a model for SPIN");
  }
  if (options.promela) return ExportPromela(options, arguments);
  absl::StatusOr<ChosenRun> run = ChooseRun(options, arguments);
  if (!run.ok()) return run.status();
  if (options.litmus && run->file.schedule.memory == MemoryModel::kSc) {
    return absl::InvalidArgumentError(
        "under memory sc every load takes the newest value; pass --memory weak or tso");
  }
  if (options.litmus && Switches(run->file.schedule)) {
    return absl::InvalidArgumentError(
        "what CPUs that switch do to memory has no form as a litmus test; `gatherfuzz explain` "
        "says what the run loads");
  }
  const Trace trace = RunToStore(run->file, run->target);
  const std::string name = std::filesystem::path(arguments[0]).stem().string();
  const absl::Status status = WriteFile(
      options.output, options.litmus ? LitmusOf(name, run->file.schedule, trace, *run->target.arch)
                                     : TestSourceOf(arguments[0], run->file, trace));
  if (!status.ok()) return status;
  return kNoViolation;
}

constexpr Command kCommand{
    .called = "export",
    .arguments = "FILE --gtest|--litmus|--promela [-o FILE]",
    .summary =
        "write a schedule and its verdict as a C++ test of this tree, or as a litmus test, or its "
        "programs as a model for SPIN",
    .flags =
        " gtest litmus promela output policy variant arch kernel_version hardware memory rcu "
        "weaken "
        "strengthen "
        "member "
        "bytes "
        "strict ",
    .notes =
        "A test that is put into tests/regression/ as *_test.cc is built and run with the "
        "others.",
    .examples =
        "gatherfuzz export --gtest corpus/00-the-mail.gather -o mail_test.cc\n"
        "gatherfuzz export --litmus corpus/memory/huge-look.gather\n"
        "gatherfuzz export --promela corpus/00-the-mail.gather -o mail.pml",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
