// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz search: schedules without a fuzzing engine.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "command/words.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "explore/search.h"
#include "harness/cause.h"
#include "harness/ignored.h"
#include "harness/trace.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

// The execution that showed a violation: its run, and the schedule in the form that is stored.
struct Hit {
  Schedule schedule;
  Trace trace;
  ScheduleFile stored;
};

class SearchRun {
 public:
  SearchRun(const Options& options, const std::string& path, const ScheduleFile* file,
            const SearchSettings& settings)
      : options_(options), path_(path), settings_(settings) {
    const Interruptible interruptible;
    ProgressLine progress;
    result_ = Search(settings_, Interruptible::flag(), [&](const SearchResult& so_far) {
      if (!progress.Due()) return;
      progress.Show(absl::StrFormat("%d executions, %d distinct, %.0f/s", so_far.executions,
                                    so_far.distinct,
                                    static_cast<double>(so_far.executions) / progress.seconds()));
    });
    if (result_.first) MakeHit(file);
  }

  ExitStatus status() const {
    if (hit_) return kViolation;
    return result_.stopped || result_.limits != 0 ? kLimit : kNoViolation;
  }
  const std::optional<Hit>& hit() const { return hit_; }
  void PrintJson() const;
  void PrintForPeople() const;

 private:
  void MakeHit(const ScheduleFile* file);
  std::string Verdict() const {
    if (hit_) return std::string(Info(hit_->trace.result.violation.kind).name);
    return status() == kLimit ? "limit" : "none";
  }
  std::string Replay() const;
  std::string Counts() const;
  void PrintResult(const std::string& result) const;
  uint64_t First() const { return result_.first.value_or(0); }  // if there is a hit
  uint64_t Hits() const { return result_.executions - result_.hits[0]; }

  const Options& options_;
  const std::string& path_;  // empty: random programs
  const SearchSettings& settings_;
  SearchResult result_;
  std::optional<Hit> hit_;
};

void SearchRun::MakeHit(const ScheduleFile* file) {
  const auto execution = std::make_unique<Execution>();
  const auto record = [&](const Schedule& schedule) {
    return Record(*execution, schedule, *settings_.policy, *settings_.arch, settings_.ignored);
  };
  hit_.emplace();
  hit_->schedule = ScheduleOfExecution(settings_, First());
  DropIgnoredInits(hit_->schedule);
  hit_->trace = record(hit_->schedule);
  const ViolationKind kind = hit_->trace.result.violation.kind;
  ScheduleFile& stored = hit_->stored;
  if (file != nullptr) stored.intent = file->intent;
  stored.policy = settings_.policy->name();
  stored.arch = settings_.arch->name();
  stored.expect = kind;
  stored.schedule = NameSwitches(hit_->schedule, hit_->trace);
  // A run of very many switches does not fit into explicit runs; its seed tells it all the same.
  if (record(stored.schedule).result.violation.kind != kind) stored.schedule = hit_->schedule;
}

std::string SearchRun::Replay() const {
  std::string command =
      absl::StrCat(ProgramName(), " search --policy ", Absl(settings_.policy->name()), " --arch ",
                   Absl(settings_.arch->name()), " --strategy ", Absl(settings_.strategy->name),
                   settings_.joined ? " --joined" : "", " --seed ", settings_.seed,
                   " --executions ", First() + 1);
  if (!options_.ignore.empty()) absl::StrAppend(&command, " --ignore ", options_.ignore);
  if (!path_.empty()) absl::StrAppend(&command, " ", ShellWord(path_));
  return command;
}

void SearchRun::PrintJson() const {
  nlohmann::ordered_json json;
  if (!path_.empty()) json["file"] = path_;
  json["strategy"] = settings_.strategy->name;
  json["policy"] = settings_.policy->name();
  json["arch"] = settings_.arch->name();
  json["seed"] = settings_.seed;
  json["executions"] = result_.executions;
  json["distinct"] = result_.distinct;
  json["distinct_at_least"] = result_.distinct_at_least;
  json["total_steps"] = result_.steps;
  json["stopped"] = result_.stopped ? ReasonOf(Stop::kAsked) : "";
  json["verdict"] = Verdict();
  for (const char* name : {"step", "steps", "trace_hash", "signature", "schedule"}) {
    json[name] = nullptr;
  }
  if (hit_) {
    const RunResult& run = hit_->trace.result;
    json["step"] = run.violation.step;
    json["steps"] = run.steps;
    json["trace_hash"] = absl::StrFormat("%016x", run.trace_hash);
    json["signature"] = Signature(hit_->trace);
    json["schedule"] = PrintText(hit_->stored);
  }
  if (settings_.keep_going) {
    nlohmann::ordered_json hits = nlohmann::ordered_json::object();
    for (int kind = 1; kind < kViolationCount; ++kind) {
      const uint64_t count = result_.hits[static_cast<size_t>(kind)];
      if (count != 0) hits[std::string(kViolations[kind].name)] = count;
    }
    const Interval interval = WilsonInterval(Hits(), result_.executions);
    json["hits"] = std::move(hits);
    json["probability"] = static_cast<double>(Hits()) /
                          static_cast<double>(std::max<uint64_t>(1, result_.executions));
    json["probability_95"] = {interval.low, interval.high};
  }
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

std::string SearchRun::Counts() const {
  return absl::StrFormat("%d executions, %s%d distinct schedules, %d steps", result_.executions,
                         result_.distinct_at_least ? "at least " : "", result_.distinct,
                         result_.steps);
}

// What came of it, and of how many executions.
void SearchRun::PrintResult(const std::string& result) const {
  constexpr size_t kColumns = 80;
  const std::string counts = Counts();
  const bool fits = result.size() + 2 + counts.size() <= kColumns;
  std::cout << result << (fits ? ": " : ":\n  ") << counts << "\n";
}

void SearchRun::PrintForPeople() const {
  const std::string target =
      absl::StrFormat("(%s, %s, %s, seed %d)", Absl(settings_.policy->name()),
                      Absl(settings_.arch->name()), Absl(settings_.strategy->name), settings_.seed);
  if (hit_ && !settings_.keep_going) {
    if (options_.output == "-") {
      std::cout << PrintReport(
          {hit_->trace, settings_.policy->name(), settings_.arch->name(), Replay()});
    }
    PrintResult(absl::StrFormat("%s in execution %d %s", Verdict(), First() + 1, target));
    return;
  }
  const std::string verdict =
      result_.stopped ? absl::StrCat("stopped; so far ", hit_ ? Verdict() : "none") : Verdict();
  PrintResult(absl::StrCat(verdict, " ", target));
  if (result_.limits != 0) {
    std::cout << absl::StreamFormat("  %d executions ran into the limit of steps\n",
                                    result_.limits);
  }
  if (!settings_.keep_going) return;
  for (int kind = 1; kind < kViolationCount; ++kind) {
    const uint64_t count = result_.hits[static_cast<size_t>(kind)];
    if (count == 0) continue;
    std::cout << absl::StreamFormat("  %-24s %d\n", Absl(kViolations[kind].name), count);
  }
  const Interval interval = WilsonInterval(Hits(), result_.executions);
  std::cout << absl::StreamFormat(
      "  a violation in one execution: %.3g (95%%: %.3g to %.3g)\n",
      static_cast<double>(Hits()) / static_cast<double>(std::max<uint64_t>(1, result_.executions)),
      interval.low, interval.high);
}

absl::StatusOr<ExitStatus> SearchWith(const Options& options, const std::string& path,
                                      const ScheduleFile* file, SearchSettings settings) {
  const absl::StatusOr<int> jobs = ChosenJobs(options);
  if (!jobs.ok()) return jobs.status();
  settings.strategy = FindStrategy(options.strategy);
  settings.joined = options.joined;
  settings.ignored = IgnoredKinds(options);
  settings.jobs = *jobs;
  settings.executions = options.executions;
  settings.seed = options.seed;
  settings.keep_going = options.keep_going;
  if (settings.executions == 0) return absl::InvalidArgumentError("--executions is at least 1");
  const absl::Status writable = CheckWritable({options.output});
  if (!writable.ok()) return writable;
  const auto run = std::make_unique<SearchRun>(options, path, file, settings);
  if (const std::optional<Hit>& hit = run->hit(); hit && options.output != "-") {
    const absl::Status status = WriteFile(options.output, PrintText(hit->stored));
    if (!status.ok()) return status;
  }
  options.json ? run->PrintJson() : run->PrintForPeople();
  return run->status();
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (arguments.size() > 1) return absl::InvalidArgumentError("expected at most one schedule file");
  absl::StatusOr<LoadedSchedule> loaded = LoadedSchedule{};
  const std::string path = arguments.empty() ? "" : arguments[0];
  if (!arguments.empty()) loaded = Load(options, path);
  if (!loaded.ok()) return loaded.status();
  if (arguments.empty() && !options.kernel_version.empty()) {
    return absl::InvalidArgumentError("--kernel-version needs a FILE; random programs are of 6.12");
  }
  const ScheduleFile* file = arguments.empty() ? nullptr : &loaded->file;
  const absl::StatusOr<Target> target =
      TargetFor(options, arguments.empty() ? "search without a file" : path, loaded->file);
  if (!target.ok()) return target.status();
  SearchSettings settings{.policy = target->policy, .arch = target->arch};
  if (file != nullptr) settings.schedule = &file->schedule;
  return SearchWith(options, path, file, settings);
}

constexpr Command kCommand{
    .called = "search",
    .arguments = "[FILE] [-o FILE]",
    .summary = "run random programs, or FILE's, under orders that a strategy draws",
    .flags =
        " policy+ variant arch kernel_version hardware memory rcu weaken strengthen strategy "
        "joined "
        "executions "
        "seed "
        "jobs keep_going json ignore "
        "output bytes strict ",
    .examples =
        "gatherfuzz search --policy own-range --arch x86 -o found.gather\n"
        "gatherfuzz search corpus/00-the-mail.gather --keep-going --executions 10000",
    .main = Main,
    .in_turns = true};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
