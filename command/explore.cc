// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz explore: every order of a schedule's programs.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/explore_odds.h"
#include "command/explore_programs.h"
#include "command/explore_seen.h"
#include "command/options.h"
#include "command/words.h"
#include "explore/answer.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/message.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "explore/verify.h"
#include "harness/target.h"
#include "harness/trace.h"
#include "model/oracle/oracle.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

// One exploration, and what is printed of it.
class Exploration {
 public:
  Exploration(std::string path, const ScheduleFile& file, const ExploreSettings& settings,
              std::string output)
      : path_(std::move(path)), file_(file), settings_(settings), output_(std::move(output)) {}

  void Explore() {
    const Interruptible interruptible;
    ProgressLine progress;
    answer_ =
        Settle(file_.schedule, settings_, Interruptible::flag(), [&](const ExploreResult& so_far) {
          if (progress.Due()) progress.Show(Progress(so_far, progress.seconds()));
        });
    seconds_ = progress.seconds();
  }

  ExitStatus status() const {
    if (answer_.shortest) return kViolation;
    return answer_.explored.complete() ? kNoViolation : kLimit;
  }

  bool interrupted() const { return answer_.explored.stopped == Stop::kAsked; }

  // The counterexample as it is stored.
  ScheduleFile Stored() const {
    ScheduleFile stored = file_;
    stored.policy = settings_.policy->name();
    stored.arch = settings_.arch->name();
    stored.expect = answer_.kind();
    stored.expect_under.clear();
    stored.schedule = answer_.schedule;
    return stored;
  }
  bool violated() const { return answer_.shortest.has_value(); }

  nlohmann::ordered_json Json() const;
  void PrintForPeople() const;

 private:
  static std::string Progress(const ExploreResult& so_far, double seconds) {
    return absl::StrFormat("%d states, %.2f M/s, %d MiB, about %.0f%% done", so_far.states,
                           static_cast<double>(so_far.states) / seconds / 1e6, so_far.bytes >> 20,
                           100 * so_far.done);
  }
  std::string Verdict() const {
    if (violated()) return std::string(Info(answer_.kind()).name);
    return answer_.explored.complete() ? "none" : "limit";
  }
  std::string Target() const {
    const Schedule& schedule = file_.schedule;
    return absl::StrCat(Absl(settings_.policy->name()), ", ",
                        MachineText(settings_.arch->name(), schedule.kernel, schedule.hardware,
                                    schedule.memory, schedule.rcu));
  }
  void PrintCounterexample(const Counterexample& shortest) const;
  std::string Extent() const;

  const std::string path_;
  const ScheduleFile& file_;
  const ExploreSettings& settings_;
  const std::string output_;  // the file that the counterexample is written to, or "-"
  Answer answer_;
  double seconds_ = 0;
};

nlohmann::ordered_json Exploration::Json() const {
  const ExploreResult& explored = answer_.explored;
  nlohmann::ordered_json json;
  json["file"] = path_;
  json["policy"] = settings_.policy->name();
  json["arch"] = settings_.arch->name();
  json["verdict"] = Verdict();
  json["complete"] = explored.complete() && settings_.preemptions < 0;
  json["stopped"] = explored.complete() ? "" : ReasonOf(explored.stopped);
  json["bound"] = nullptr;
  if (settings_.preemptions >= 0) json["bound"] = settings_.preemptions;
  json["states"] = explored.states;
  json["executions"] = explored.executions;
  json["total_steps"] = explored.steps;
  json["depth"] = explored.depth;
  json["overtaken"] = explored.overtaken;
  json["bytes"] = explored.bytes;
  nlohmann::ordered_json kinds = nlohmann::ordered_json::object();
  for (size_t kind = 1; kind < explored.violations.size(); ++kind) {
    if (explored.violations[kind] != 0) {
      kinds[std::string(kViolations[kind].name)] = explored.violations[kind];
    }
  }
  json["violations"] = std::move(kinds);
  for (const char* name : {"preemptions", "steps", "proven", "schedule"}) {
    json[name] = nullptr;
  }
  if (answer_.shortest) {
    json["preemptions"] = answer_.shortest->preemptions;
    json["steps"] = answer_.shortest->steps;
    json["proven"] = answer_.proven;
    json["schedule"] = PrintText(Stored());
  }
  return json;
}

// "486 states, 968 steps, 7 ways to an end, the longest of 36 steps", and what it took.
std::string Exploration::Extent() const {
  const ExploreResult& explored = answer_.explored;
  const std::string extent =
      absl::StrFormat("%s, %s, %s to an end, the longest of %s", Counted(explored.states, "state"),
                      Counted(explored.steps, "step"), Counted(explored.executions, "way"),
                      Counted(explored.depth, "step"));
  return absl::StrFormat("%s\n  %.3f s, %d MiB", Wrapped(extent, 4), seconds_,
                         (explored.bytes >> 20) + 1);
}

void Exploration::PrintForPeople() const {
  const ExploreResult& explored = answer_.explored;
  if (answer_.shortest) {
    PrintCounterexample(*answer_.shortest);
  } else {
    std::cout << absl::StreamFormat("%s (%s)%s\n", Verdict(), Target(),
                                    explored.complete() ? "" : "; none so far");
  }
  const std::string bound =
      settings_.preemptions < 0
          ? ""
          : absl::StrCat(" with at most ", Counted(settings_.preemptions, "preemption"));
  const std::string reason = explored.complete() ? absl::StrCat("complete: every order", bound)
                                                 : ReasonOf(explored.stopped);
  std::cout << absl::StreamFormat("  %s\n  %s\n", reason, Extent());
  if (!explored.complete() && explored.stopped != Stop::kViolation) {
    std::cout << absl::StreamFormat("  about %.0f%% was explored\n", 100 * explored.done);
  }
  if (explored.overtaken != 0) {
    const bool or_more = explored.overtaken >= kStarvationBound;  // it is counted no further
    std::cout << absl::StreamFormat("  a finish that waited was overtaken by up to %s%s\n",
                                    Counted(explored.overtaken, "later call"),
                                    or_more ? " or more" : "");
  }
  for (size_t kind = 1; explored.complete() && kind < explored.violations.size(); ++kind) {
    if (explored.violations[kind] == 0) continue;
    std::cout << absl::StreamFormat("  %-24s %s\n", Absl(kViolations[kind].name),
                                    Counted(explored.violations[kind], "way"));
  }
}

void Exploration::PrintCounterexample(const Counterexample& shortest) const {
  const auto execution = std::make_unique<Execution>();
  const Trace trace =
      Record(*execution, answer_.schedule, *settings_.policy, *settings_.arch, settings_.ignored);
  const std::string replay =
      output_ == "-"
          ? absl::StrCat(ProgramName(), " explore --policy ", Absl(settings_.policy->name()),
                         " --arch ", Absl(settings_.arch->name()), " ", ShellWord(path_),
                         " -o FILE; ", ProgramName(), " run FILE")
          : absl::StrCat(ProgramName(), " run ", ShellWord(output_));
  std::cout << PrintReport(
      {.trace = trace,
       .policy = settings_.policy->name(),
       .arch = settings_.arch->name(),
       .replay = replay,
       .excused = Excused(*settings_.policy, *settings_.arch, answer_.schedule)});
  std::cout << absl::StreamFormat(
      "%s (%s): %s, %s; %s\n", Verdict(), Target(),
      Counted(static_cast<uint64_t>(shortest.preemptions), "preemption"),
      Counted(static_cast<uint64_t>(shortest.steps), "step"),
      answer_.proven ? "none shorter exists" : "there may be a shorter");
  for (const Run& run : answer_.schedule.order) {
    std::cout << "    " << PrintRun(run, answer_.schedule.kswapd_cpu(), answer_.schedule.rcu)
              << "\n";
  }
}

absl::StatusOr<ExitStatus> VerifyOnly(const ScheduleFile& file, const ExploreSettings& settings) {
  const Interruptible interruptible;
  const VerifyResult result = Verify(file.schedule, settings, Interruptible::flag());
  std::cout << absl::StreamFormat("%s (%s, %s): %s kept whole, %s held against their first\n",
                                  result.fault.empty() ? "exact" : result.fault,
                                  Absl(settings.policy->name()), Absl(settings.arch->name()),
                                  Counted(result.states, "state"), Counted(result.merges, "merge"));
  if (!result.fault.empty()) return kViolation;
  if (result.stopped == Stop::kNo) return kNoViolation;
  std::cout << "  " << ReasonOf(result.stopped) << "\n";
  return kLimit;
}

absl::StatusOr<ExploreSettings> ChosenSettings(const Options& options, const Target& target) {
  ExploreSettings settings{.policy = target.policy, .arch = target.arch};
  const absl::StatusOr<int> jobs = ChosenJobs(options);
  if (!jobs.ok()) return jobs.status();
  const absl::StatusOr<ExploreLimits> limits = ChosenLimits(options);
  if (!limits.ok()) return limits.status();
  settings.ignored = IgnoredKinds(options);
  settings.jobs = *jobs;
  settings.limits = *limits;
  settings.preemptions = options.preemptions;
  settings.rules = options.full ? 0 : kAllRules;
  settings.replay = options.replay;
  settings.to_first = !options.all;
  if (settings.preemptions < -1 || settings.preemptions > 100) {
    return absl::InvalidArgumentError("--preemptions is 0 to 100, or -1 for any number");
  }
  return settings;
}

// What is asked for besides the verdict.
class Extras {
 public:
  absl::Status Make(const Options& options, const Schedule& schedule,
                    const ExploreSettings& settings) {
    SeenSettings seen{.paths = options.seen,
                      .executions = options.executions,
                      .seed = options.seed,
                      .unreadable = [](const std::string& why) { Say(why); }};
    if (!options.seen_by.empty()) seen.strategy = FindStrategy(options.seen_by);
    const Interruptible interruptible;
    if (options.odds) odds_ = OddsFor(schedule, settings, Interruptible::flag());
    if (seen.paths.empty() && options.seen_by.empty()) return absl::OkStatus();
    absl::StatusOr<SeenReport> report = SeenFor(schedule, settings, seen, Interruptible::flag());
    if (!report.ok()) return report.status();
    seen_ = *std::move(report);
    return absl::OkStatus();
  }
  // A question was asked that has no answer.
  bool endless() const { return (odds_ && odds_->endless) || (seen_ && seen_->endless); }
  void AddTo(nlohmann::ordered_json& json) const {
    if (odds_) json["odds"] = JsonOf(*odds_);
    if (seen_) json["seen"] = JsonOf(*seen_);
  }
  void Print() const {
    if (odds_) PrintForPeople(*odds_);
    if (seen_) PrintForPeople(*seen_);
  }

 private:
  std::optional<OddsReport> odds_;
  std::optional<SeenReport> seen_;
};

absl::StatusOr<ExitStatus> EveryProgram(const Options& options,
                                        const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return absl::InvalidArgumentError("--programs takes no schedule file");
  if (options.verify || options.odds || !options.seen.empty() || !options.seen_by.empty()) {
    return absl::InvalidArgumentError("--verify, --odds, --seen and --seen-by need one file");
  }
  if (!options.kernel_version.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--kernel-version is of a file; say 'kernel=", options.kernel_version, "' in the bounds"));
  }
  if (!options.hardware.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--hardware is of a file; say 'hardware=", options.hardware, "' in the bounds"));
  }
  if (options.rcu) {
    return absl::InvalidArgumentError("--rcu is of a file; say 'rcu=1' in the bounds");
  }
  if (!options.memory.empty() || !options.weaken.empty() || !options.strengthen.empty()) {
    return absl::InvalidArgumentError(
        "--memory, --weaken and --strengthen are of one file; say 'memory=weak' in the bounds");
  }
  const absl::StatusOr<Target> target = TargetFor(options, "--programs", {});
  if (!target.ok()) return target.status();
  const absl::StatusOr<ExploreSettings> settings = ChosenSettings(options, *target);
  if (!settings.ok()) return settings.status();
  return ExplorePrograms(options, *settings);
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (!options.programs.empty()) return EveryProgram(options, arguments);
  if (!options.state.empty()) {
    return absl::InvalidArgumentError("--state needs --programs");
  }
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  const absl::StatusOr<LoadedSchedule> loaded = Load(options, arguments[0]);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<Target> target = TargetFor(options, arguments[0], loaded->file);
  if (!target.ok()) return target.status();
  const absl::StatusOr<ExploreSettings> settings = ChosenSettings(options, *target);
  if (!settings.ok()) return settings.status();
  const bool sc = loaded->file.schedule.memory == MemoryModel::kSc;
  if (!sc && (options.odds || !options.seen.empty() || !options.seen_by.empty())) {
    return absl::InvalidArgumentError(
        "--odds, --seen and --seen-by know memory sc only; pass --memory sc");
  }
  if (options.verify) return VerifyOnly(loaded->file, *settings);
  const absl::Status writable = CheckWritable({options.output});
  if (!writable.ok()) return writable;

  Exploration exploration(arguments[0], loaded->file, *settings, options.output);
  exploration.Explore();
  Extras extras;
  if (!exploration.interrupted()) {
    const absl::Status made = extras.Make(options, loaded->file.schedule, *settings);
    if (!made.ok()) return made;
  }
  if (exploration.violated() && options.output != "-") {
    const absl::Status status = WriteFile(options.output, PrintText(exploration.Stored()));
    if (!status.ok()) return status;
  }
  if (options.json) {
    nlohmann::ordered_json json = exploration.Json();
    extras.AddTo(json);
    if (extras.endless()) Say("not computed: " + NoEnd());
    std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    exploration.PrintForPeople();
    extras.Print();
  }
  return extras.endless() ? kLimit : exploration.status();
}

constexpr Command kCommand{
    .called = "explore",
    .arguments = "FILE [-o FILE] | --programs BOUNDS [-o FILE]",
    .summary =
        "run every order of FILE's programs, or of every program within bounds: none breaks "
        "the policy, or print the shortest that does",
    .flags =
        " policy+ variant arch kernel_version hardware memory rcu weaken strengthen programs state "
        "all "
        "preemptions limit jobs full replay "
        "verify odds seen seen_by executions seed json ignore output bytes strict ",
    .examples =
        "gatherfuzz explore corpus/00-the-mail.gather -o shortest.gather\n"
        "gatherfuzz explore --policy full-mm --odds corpus/00-the-mail.gather\n"
        "gatherfuzz explore --policy own-range --arch x86 --programs small",
    .main = Main,
    .in_turns = true};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
