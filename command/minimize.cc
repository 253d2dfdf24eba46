// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz minimize: the same violation with less.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "command/words.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "triage/minimize/minimize.h"

namespace gatherfuzz {
namespace {

// What --json says of a schedule.
nlohmann::ordered_json JsonOf(const Schedule& schedule, int preemptions, int steps) {
  return {{"cpus", schedule.cpus},
          {"operations", schedule.program.size()},
          {"init_lines", schedule.init.size()},
          {"runs", schedule.order.size()},
          {"preemptions", preemptions},
          {"steps", steps}};
}

std::string Extent(const Minimized& minimized) {
  return absl::StrCat(Counted(static_cast<uint64_t>(minimized.preemptions), "preemption"), ", ",
                      Counted(static_cast<uint64_t>(minimized.steps), "step"));
}

std::string Proven(const Minimized& minimized) {
  return minimized.proven               ? "; none shorter exists"
         : minimized.others_are_shorter ? "; a shorter one has another signature"
                                        : "; whether a shorter one exists was not explored";
}

// Without it the run may end sooner.
std::string Ignored(const std::string& kinds) {
  return kinds.empty() ? "" : absl::StrCat("# with --ignore ", kinds, "\n");
}

// The text form, and below its first line what is known of it.
std::string TextOf(const ScheduleFile& file, const Minimized& minimized,
                   const std::string& ignored) {
  const std::string text = PrintText(file);
  const size_t head = text.find('\n') + 1;
  return absl::StrCat(text.substr(0, head), "# ", Extent(minimized), Proven(minimized),
                      "\n# signature ", minimized.signature, "\n", Ignored(ignored),
                      text.substr(head));
}

absl::StatusOr<MinimizeSettings> ChosenSettings(const Options& options) {
  MinimizeSettings settings;
  settings.ignored = IgnoredKinds(options);
  const absl::StatusOr<ExploreLimits> limits = ChosenLimits(options);
  if (!limits.ok()) return limits.status();
  if (!options.limit.empty()) settings.limits = *limits;
  return settings;
}

Minimized MinimizeWithProgress(const Schedule& schedule, const Target& target,
                               const MinimizeSettings& settings, double& seconds) {
  const Interruptible interruptible;
  ProgressLine progress;
  const Minimized minimized =
      Minimize(schedule, *target.policy, *target.arch, settings, Interruptible::flag(),
               [&](const Minimized& best) {
                 if (!progress.Due()) return;
                 progress.Show(absl::StrFormat(
                     "%s of %s, %s, after %s", Counted(best.schedule.program.size(), "operation"),
                     Counted(static_cast<uint64_t>(best.schedule.cpus), "CPU"), Extent(best),
                     Counted(best.replays, "replay")));
               });
  seconds = progress.seconds();
  return minimized;
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  const absl::StatusOr<MinimizeSettings> settings = ChosenSettings(options);
  if (!settings.ok()) return settings.status();
  const absl::StatusOr<ChosenRun> chosen = ChooseRun(options, arguments, settings->ignored);
  if (!chosen.ok()) return chosen.status();
  const std::string& path = arguments[0];
  const Policy& policy = *chosen->target.policy;
  const Arch& arch = *chosen->target.arch;
  const Schedule& before = chosen->file.schedule;
  const auto execution = std::make_unique<Execution>();
  const RunResult run = execution->Execute(before, policy, arch, {.ignored = settings->ignored});
  if (run.limit) {
    Say(absl::StrCat(Printable(path), ": ", DidNotEnd(),
                     ", so whether it shows a violation is not known"));
    return kLimit;
  }
  if (run.violation.kind == ViolationKind::kNone) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": shows no violation under ",
                                                   Absl(policy.name()), " on ", Absl(arch.name()),
                                                   ", so there is nothing to keep"));
  }
  const absl::Status writable = CheckWritable({options.output});
  if (!writable.ok()) return writable;
  double seconds = 0;
  const Minimized minimized = MinimizeWithProgress(before, chosen->target, *settings, seconds);

  // What the file's intent spoke of is the schedule as it was.
  const ScheduleFile smaller{.policy = std::string(policy.name()),
                             .arch = std::string(arch.name()),
                             .expect = minimized.kind,
                             .schedule = minimized.schedule};
  const std::string text = TextOf(smaller, minimized, options.ignore);
  const bool only_json = options.json && options.output == "-";  // which has the text, too
  const absl::Status status = only_json ? absl::OkStatus() : WriteFile(options.output, text);
  if (!status.ok()) return status;
  if (options.json) {
    nlohmann::ordered_json result;
    result["file"] = path;
    result["policy"] = policy.name();
    result["arch"] = arch.name();
    result["verdict"] = Info(minimized.kind).name;
    result["signature"] = minimized.signature;
    result["before"] = JsonOf(before, minimized.preemptions_before, minimized.steps_before);
    result["after"] = JsonOf(minimized.schedule, minimized.preemptions, minimized.steps);
    result["proven"] = minimized.proven;
    result["stopped"] = minimized.interrupted ? ReasonOf(Stop::kAsked) : "";
    result["replays"] = minimized.replays;
    result["seconds"] = seconds;
    result["schedule"] = text;
    std::cout << result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  }
  if (!options.json && options.output != "-") {
    std::cout << Wrapped(absl::StrCat(Absl(Info(minimized.kind).name), " with ",
                                      Counted(minimized.schedule.program.size(), "operation"),
                                      " of ", before.program.size(), ", ", Extent(minimized),
                                      Proven(minimized)),
                         2)
              << "\n";
  }
  if (!minimized.interrupted) return kNoViolation;
  Say(absl::StrCat("interrupted; ", options.output == "-" ? "this" : options.output,
                   " is the smallest that was found so far"));
  return kLimit;
}

constexpr Command kCommand{
    .called = "minimize",
    .arguments = "FILE [-o FILE]",
    .summary =
        "write the same violation with fewer operations, pages and preemptions; of the first "
        "member that has one",
    .flags =
        " output policy variant arch kernel_version hardware memory weaken strengthen member "
        "ignore limit "
        "json bytes strict ",
    .notes =
        "The kind and the signature of the violation stay. Where the programs can be explored "
        "within the limit (states=100k unless given; states=1: none can), every order of them "
        "counts, and the result is the shortest. Interrupted, it writes the best so far and "
        "exits with 3.",
    .examples = "gatherfuzz minimize corpus/00-the-mail.gather -o smaller.gather",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
