// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz triage: sorts folders of crash files into distinct violations.
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "triage/crashes/triage_run.h"

namespace gatherfuzz {
namespace {

// States of each exploration, where --limit does not say: as minimize and explain have it.
constexpr uint64_t kStates = 200'000;

ExitStatus StatusOf(const TriageRun& run) {
  const TriageIndex& index = run.index();
  if (run.stopped()) return kLimit;
  if (index.Count(GroupState::kNew) != 0) return kViolation;
  for (const ReplayOutcome unjudged :
       {ReplayOutcome::kUnread, ReplayOutcome::kBadText, ReplayOutcome::kUnsaid,
        ReplayOutcome::kUnknownTarget, ReplayOutcome::kNoSchedule}) {
    if (index.Count(unjudged) != 0) return kBadInput;
  }
  return index.Count(ReplayOutcome::kStepLimit) != 0 ? kLimit : kNoViolation;
}

void SayStopped(const TriageRun& run) {
  Say(absl::StrCat(run.interrupted() ? "interrupted" : "the limit of seconds was reached",
                   run.replayed_all()
                       ? absl::StrCat(", with ", Counted(run.index().Unmade(), "violation"),
                                      " still to be made small")
                       : " while files were replayed, so there is no index yet",
                   "; the same command goes on"));
}

// What does not follow from the table: flags that count for nothing, files of other kinds.
void SayOdd(const Options& options, const TriageIndex& index) {
  for (const SortedFile* file : index.doubted) {
    Say(absl::StrCat("warning: ", Printable(file->found.path), ": ", file->replayed->doubt,
                     "; run as bytes"));
  }
  if (index.own == 0) return;
  Say(absl::StrCat(options.policy.empty() ? "--arch"
                   : options.arch.empty() ? "--policy"
                                          : "--policy and --arch",
                   " did not count for ", Counted(index.own, "file"),
                   " of text, which names another itself"));
}

absl::StatusOr<TriageSettings> ChosenSettings(const Options& options,
                                              const std::vector<std::string>& arguments) {
  TriageSettings settings{.roots = arguments, .out = options.out, .known = options.known};
  if (arguments.empty()) return absl::InvalidArgumentError("triage needs a folder of crash files");
  if (settings.out.empty()) {
    return absl::InvalidArgumentError("triage needs --out, the folder to write to");
  }
  settings.make.flags = {options.policy, options.arch};
  const absl::StatusOr<int> jobs = ChosenJobs(options);
  if (!jobs.ok()) return jobs.status();
  settings.jobs = *jobs;
  const absl::StatusOr<ExploreLimits> limits = ChosenLimits(options);
  if (!limits.ok()) return limits.status();
  settings.seconds = limits->seconds;
  settings.make.limits = *limits;
  settings.make.limits.seconds = ExploreLimits{}.seconds;  // results do not depend on the machine
  if (limits->states == ExploreLimits{}.states) settings.make.limits.states = kStates;
  return settings;
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  const absl::StatusOr<TriageSettings> settings = ChosenSettings(options, arguments);
  if (!settings.ok()) return settings.status();
  const auto run = std::make_unique<TriageRun>(*settings);
  const absl::Status status = run->Run();
  if (!status.ok()) return status;
  if (run->replayed_all()) {
    SayOdd(options, run->index());
    std::cout << (options.json ? PrintJson(run->index()) : PrintTable(run->index()));
  }
  if (!run->stopped()) return StatusOf(*run);
  std::cout.flush();
  SayStopped(*run);
  return kLimit;
}

constexpr Command kCommand{
    .called = "triage",
    .arguments = "DIR... --out DIR [--known DIR]",
    .summary =
        "sort crash files of libFuzzer, AFL++ and scripts/fuzz into distinct violations, "
        "reduce the shortest of each, and write a folder for each and an index",
    .flags = " out known policy arch jobs json limit ",
    .own_help =
        "policy: the finish policy of bytes, and of text that names none itself\n"
        "arch: the architecture of bytes, and of text that names none itself",
    .notes =
        "Two files show the same violation if policy, architecture and signature are the same. "
        "Text is run under what its own lines say. Where they do not, and of bytes, --policy and "
        "--arch say it, or else the nearest name along the path that is or holds POLICY_ARCH, or "
        "AFL++'s fuzzer_stats. The "
        "shortest is the one of fewest steps, then of fewest bytes, then the first by path.\n"
        "--limit: states bounds each exploration (200000 unless given), seconds all of it.\n"
        "What is in --out already is kept and used; nothing is deleted or overwritten but the "
        "index. --json prints that, index.json.\n"
        "Exit status: 3 if interrupted, 1 if there is a new violation (one that --known does not "
        "have), 2 if there is no file or one could not be judged, 3 if one came to the limit of "
        "steps, 0 otherwise.",
    .examples = "gatherfuzz triage crashes --out found",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
