// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/explore_programs.h"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/chosen.h"
#include "command/options.h"
#include "command/verdict_table.h"
#include "command/words.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "explore/sweeps/sweep_run.h"
#include "harness/trace.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

absl::StatusOr<SweepRun> RunWithProgress(const ProgramList& programs, const SweepSettings& settings,
                                         StateFile& state, double& seconds) {
  const Interruptible interruptible;
  ProgressLine progress;
  TimeLeft left;
  absl::StatusOr<SweepRun> run =
      RunSweep(programs, settings, state, [&](const SweepProgress& so_far) {
        if (!progress.Due()) return;
        const auto done = static_cast<double>(so_far.done);
        progress.Show(absl::StrFormat(
            "%d of %d programs, %s states, %.2f M/s, %s", so_far.done, programs.size(),
            Short(so_far.states), static_cast<double>(so_far.states) / progress.seconds() / 1e6,
            left.After(progress.seconds(), done, static_cast<double>(programs.size()))));
      });
  seconds = progress.seconds();
  return run;
}

// What is printed of a sweep.
class SweepReport {
 public:
  SweepReport(const Options& options, const ProgramList& programs, const SweepSettings& settings,
              const SweepRun& run, double seconds)
      : options_(options),
        programs_(programs),
        each_(settings.each),
        run_(run),
        seconds_(seconds) {}

  ExitStatus status() const {
    return run_.broken() ? kViolation : run_.safe() ? kNoViolation : kLimit;
  }
  void PrintJson() const;
  void PrintForPeople() const;

 private:
  std::string Verdict() const {
    if (run_.broken()) return std::string(Info(Kind()).name);
    return run_.safe() ? "none" : "limit";
  }
  // Of the first program that violates.
  ViolationKind Kind() const;
  std::string Target() const {
    return absl::StrCat(Absl(each_.policy->name()), ", ", Absl(each_.arch->name()));
  }
  std::string Extent() const;
  std::string HowToGoOn() const;
  void PrintCounterexample(const Counterexample& shortest) const;

  const Options& options_;
  const ProgramList& programs_;
  const ExploreSettings& each_;
  const SweepRun& run_;
  double seconds_;
};

ViolationKind SweepReport::Kind() const {
  if (run_.answer.shortest) return run_.answer.kind();
  size_t kind = 1;  // interrupted before more is known
  while (run_.totals.by_kind[kind] == 0) ++kind;
  return static_cast<ViolationKind>(kind);
}

void SweepReport::PrintJson() const {
  const SweepTotals& totals = run_.totals;
  nlohmann::ordered_json json;
  json["policy"] = each_.policy->name();
  json["arch"] = each_.arch->name();
  json["bounds"] = JsonOf(programs_);
  json["verdict"] = Verdict();
  json["complete"] = run_.stopped == Stop::kNo && totals.incomplete == 0 &&
                     totals.explored == programs_.size() && each_.preemptions < 0;
  json["stopped"] = run_.stopped == Stop::kNo ? "" : ReasonOf(run_.stopped);
  json["bound"] = nullptr;
  if (each_.preemptions >= 0) json["bound"] = each_.preemptions;
  json["programs"] = programs_.size();
  json["explored"] = totals.explored;
  json["incomplete"] = totals.incomplete;
  json["broken"] = totals.broken;
  json["states"] = totals.states;
  json["executions"] = totals.executions;
  json["total_steps"] = totals.steps;
  json["largest"] = {{"program", totals.largest_program}, {"states", totals.largest}};
  json["overtaken"] = totals.overtaken;
  nlohmann::ordered_json kinds = nlohmann::ordered_json::object();
  for (size_t kind = 1; kind < totals.by_kind.size(); ++kind) {
    if (totals.by_kind[kind] != 0) {
      kinds[std::string(kViolations[kind].name)] = totals.by_kind[kind];
    }
  }
  json["violations"] = std::move(kinds);
  for (const char* name : {"program", "preemptions", "steps", "proven", "schedule"}) {
    json[name] = nullptr;
  }
  if (totals.first) json["program"] = *totals.first;
  if (const auto& shortest = run_.answer.shortest) {
    json["preemptions"] = shortest->preemptions;
    json["steps"] = shortest->steps;
    json["proven"] = run_.answer.proven;
    json["schedule"] = PrintText(run_.counterexample);
  }
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

std::string SweepReport::Extent() const {
  const SweepTotals& totals = run_.totals;
  return absl::StrFormat("%s, %s, %s to an end; at most %s of a program (%d); %.1f s",
                         Counted(totals.states, "state"), Counted(totals.steps, "step"),
                         Counted(totals.executions, "way"), Counted(totals.largest, "state"),
                         totals.largest_program, seconds_);
}

std::string SweepReport::HowToGoOn() const {
  return options_.state.empty() ? "with --state FILE it could go on from there"
                                : absl::StrCat("the same command goes on from ", options_.state);
}

void SweepReport::PrintCounterexample(const Counterexample& shortest) const {
  const Schedule& schedule = run_.counterexample.schedule;
  const auto execution = std::make_unique<Execution>();
  const Trace trace = Record(*execution, schedule, *each_.policy, *each_.arch, each_.ignored);
  const std::string replay = options_.output == "-"
                                 ? absl::StrCat("pass -o FILE, then: ", ProgramName(), " run FILE")
                                 : absl::StrCat(ProgramName(), " run ", ShellWord(options_.output));
  std::cout << PrintReport({trace, each_.policy->name(), each_.arch->name(), replay});
  std::cout << absl::StreamFormat(
      "%s (%s): %s, %s; %s\n", Verdict(), Target(),
      Counted(static_cast<uint64_t>(shortest.preemptions), "preemption"),
      Counted(static_cast<uint64_t>(shortest.steps), "step"),
      run_.answer.proven ? "none shorter exists" : "there may be a shorter");
  for (const Run& run : schedule.order) {
    std::cout << "    " << PrintRun(run, schedule.kswapd_cpu(), schedule.rcu) << "\n";
  }
}

void SweepReport::PrintForPeople() const {
  const SweepTotals& totals = run_.totals;
  if (const auto& shortest = run_.answer.shortest) {
    PrintCounterexample(*shortest);
  } else {
    std::cout << absl::StreamFormat("%s (%s)%s\n", Verdict(), Target(),
                                    run_.stopped == Stop::kNo ? "" : "; none so far");
  }
  if (totals.first) {
    std::cout << absl::StreamFormat("  program %d of %d, the smallest that violates\n",
                                    *totals.first, programs_.size());
  }
  const std::string bound =
      each_.preemptions < 0
          ? ""
          : absl::StrCat(" with at most ", Counted(each_.preemptions, "preemption"));
  if (run_.stopped != Stop::kNo) {
    std::cout << absl::StreamFormat("  %s after %d of %d programs; %s\n", ReasonOf(run_.stopped),
                                    totals.programs, programs_.size(), HowToGoOn());
  } else if (totals.incomplete == 0 && totals.explored == programs_.size()) {
    std::cout << absl::StreamFormat("  complete: every order%s of every program\n", bound);
  }
  if (totals.incomplete != 0) {
    std::cout << absl::StreamFormat("  %s reached a limit (--limit)\n",
                                    Counted(totals.incomplete, "program"));
  }
  for (const ProgramList::Part& part : programs_.parts()) {
    std::cout << absl::StreamFormat("  %s: %s, which stand for %d that differ in names only\n",
                                    part.given, Counted(part.programs.size(), "program"),
                                    part.programs.before_symmetry());
  }
  std::cout << "  " << Extent() << "\n";
  if (totals.overtaken != 0) {
    std::cout << absl::StreamFormat("  a finish that waited was overtaken by up to %s\n",
                                    Counted(totals.overtaken, "later call"));
  }
  if (each_.to_first || totals.broken == 0) return;
  std::cout << absl::StreamFormat("  %d of %d programs violate:\n", totals.broken, totals.explored);
  for (size_t kind = 1; kind < totals.by_kind.size(); ++kind) {
    if (totals.by_kind[kind] == 0) continue;
    std::cout << absl::StreamFormat("  %-24s %s\n", Absl(kViolations[kind].name),
                                    Counted(totals.by_kind[kind], "program"));
  }
}

}  // namespace

absl::StatusOr<ExitStatus> ExplorePrograms(const Options& options, const ExploreSettings& each) {
  const absl::StatusOr<ProgramList> programs = ChosenPrograms(options, "default");
  if (!programs.ok()) return programs.status();
  SweepSettings settings{.each = each};
  if (each.limits.states == ExploreLimits{}.states) {
    settings.each.limits.states = kMostStatesOfProgram;
  }
  absl::StatusOr<StateFile> state = StateFile::Open(options.state, *programs, settings);
  if (!state.ok()) return state.status();
  if (!state->empty() && !state->Has(*each.policy, *each.arch)) {
    return absl::InvalidArgumentError(absl::StrCat(state->path(), ": is not about ",
                                                   Absl(each.policy->name()), " on ",
                                                   Absl(each.arch->name())));
  }
  const absl::Status writable = CheckWritable({options.output});
  if (!writable.ok()) return writable;
  double seconds = 0;
  const absl::StatusOr<SweepRun> run = RunWithProgress(*programs, settings, *state, seconds);
  if (!run.ok()) return run.status();
  if (run->answer.shortest && options.output != "-") {
    const absl::Status status = WriteFile(options.output, PrintText(run->counterexample));
    if (!status.ok()) return status;
  }
  const SweepReport report(options, *programs, settings, *run, seconds);
  options.json ? report.PrintJson() : report.PrintForPeople();
  return report.status();
}

}  // namespace gatherfuzz
