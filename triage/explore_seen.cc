// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/explore_seen.h"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "harness/execution.h"
#include "triage/explore_odds.h"
#include "triage/files.h"
#include "triage/long_run.h"
#include "triage/search.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMostPrinted = 20;  // pairs that were missed

// What has to be equal for two schedules to have the same graph of states.
Schedule ProgramsOf(const Schedule& schedule) {
  Schedule programs = schedule;
  programs.order.clear();
  programs.tail = {};
  Canonicalize(programs);
  return programs;
}

// Runs executions, and lets the coverage follow.
class Follower {
 public:
  Follower(const ExploreSettings& settings, const std::atomic<bool>& stop, SeenReport& report,
           Coverage& coverage)
      : settings_(settings), stop_(stop), report_(report), coverage_(coverage) {}

  absl::Status FollowFiles(const std::string& path, const Schedule& programs) {
    const absl::StatusOr<std::vector<std::string>> files = FilesAt(path);
    if (!files.ok()) return files.status();
    for (const std::string& file : *files) {
      ++report_.files;
      const absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(file);
      if (!loaded.ok()) {
        ++report_.unreadable;
        std::cerr << "gatherfuzz: " << loaded.status().message() << "\n";
      } else if (ProgramsOf(loaded->file.schedule) == programs) {
        ++report_.same;
        execution_->Load(loaded->file.schedule);
        for (int i = 0; i < loaded->members; ++i) Follow(MemberOf(loaded->file.schedule, i));
      }
    }
    return absl::OkStatus();
  }

  void FollowSearch(const SearchSettings& search) {
    const TailSource tails(search);
    execution_->Load(*search.schedule);
    for (uint64_t i = 0; i < search.executions; ++i) Follow({.runs = 0, .tail = tails.Of(i)});
  }

 private:
  void Follow(const Member& member) {
    report_.stopped |= stop_;
    if (report_.stopped) return;
    ++report_.executions;
    coverage_.BeginExecution();
    execution_->RunLoaded(*settings_.policy, *settings_.arch, member,
                          {.ignored = settings_.ignored, .observer = &coverage_});
  }

  const ExploreSettings& settings_;
  const std::atomic<bool>& stop_;
  SeenReport& report_;
  Coverage& coverage_;
  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
};

// "cpu0 pte_clear(2)".
std::string NameOf(const StepName& step) {
  std::string name = absl::StrCat(AgentName(step.agent), " ", Info(step.point).name);
  if (step.page != kNoPage) absl::StrAppend(&name, "(", step.page, ")");
  // Lines are counted from 1; most programs have one.
  return step.line == 0 ? name : absl::StrCat(name, " of its line ", step.line + 1);
}

std::string NameOf(const StepPair& pair) {
  return absl::StrCat(NameOf(pair.second), " right after ", NameOf(pair.first));
}

std::string Percent(Share share) {
  const double part = share.all == 0 ? 1 : static_cast<double>(share.seen) / share.all;
  return absl::StrFormat("%d of %d, %.1f%%", share.seen, share.all, 100 * part);
}

void PrintMissed(const std::vector<StepPair>& missed) {
  if (missed.empty()) return;
  std::cout << "    not seen, the most telling first:\n";
  for (size_t i = 0; i < std::min(missed.size(), kMostPrinted); ++i) {
    std::cout << "      " << NameOf(missed[i]) << "\n";
  }
  if (missed.size() > kMostPrinted) {
    std::cout << absl::StreamFormat("      and %d more, which --json lists\n",
                                    missed.size() - kMostPrinted);
  }
}

nlohmann::ordered_json JsonOf(Share share) { return {{"seen", share.seen}, {"all", share.all}}; }

}  // namespace

absl::StatusOr<SeenReport> SeenFor(const Schedule& schedule, const ExploreSettings& settings,
                                   const SeenSettings& seen, const std::atomic<bool>& stop) {
  SeenReport report;
  const Schedule programs = ProgramsOf(schedule);
  report.coverage = Coverage::Make(programs, *settings.policy, *settings.arch, settings.ignored,
                                   MostStates(settings.limits), stop);
  if (!report.coverage) return report;
  Follower follower(settings, stop, report, *report.coverage);
  for (const absl::string_view path : absl::StrSplit(seen.paths, ',', absl::SkipEmpty())) {
    const absl::Status status = follower.FollowFiles(std::string(path), programs);
    if (!status.ok()) return status;
  }
  if (seen.strategy == nullptr) return report;
  follower.FollowSearch({.policy = settings.policy,
                         .arch = settings.arch,
                         .strategy = seen.strategy,
                         .schedule = &programs,
                         .ignored = settings.ignored,
                         .executions = seen.executions,
                         .seed = seen.seed});
  return report;
}

void PrintForPeople(const SeenReport& report) {
  if (!report.coverage) {
    std::cout << "  seen: not computed\n";
    return;
  }
  std::cout << absl::StreamFormat("  seen by %s", Counted(report.executions, "execution"));
  if (report.files != 0) {
    std::cout << absl::StreamFormat("; %d of %s have these programs", report.same,
                                    Counted(report.files, "file"));
  }
  std::cout << (report.stopped ? "; stopped\n" : "\n");
  std::cout << absl::StreamFormat("    states %s\n", Percent(report.coverage->States()));
  const std::vector<Share> by_preemptions = report.coverage->StatesByPreemptions();
  for (size_t i = 0; i < by_preemptions.size(); ++i) {
    std::cout << absl::StreamFormat("      that need %s: %s\n", Counted(i, "preemption"),
                                    Percent(by_preemptions[i]));
  }
  std::cout << absl::StreamFormat("    pairs of conflicting steps, one right after the other: %s\n",
                                  Percent(report.coverage->Pairs()));
  PrintMissed(report.coverage->MissedPairs());
}

nlohmann::ordered_json JsonOf(const SeenReport& report) {
  if (!report.coverage) return nullptr;
  nlohmann::ordered_json json;
  json["files"] = report.files;
  json["same_programs"] = report.same;
  json["unreadable"] = report.unreadable;
  json["executions"] = report.executions;
  json["stopped"] = report.stopped;
  json["states"] = JsonOf(report.coverage->States());
  nlohmann::ordered_json& shares = json["states_by_preemptions"] = nlohmann::ordered_json::array();
  for (const Share share : report.coverage->StatesByPreemptions()) shares.push_back(JsonOf(share));
  json["pairs"] = JsonOf(report.coverage->Pairs());
  nlohmann::ordered_json& missed = json["missed"] = nlohmann::ordered_json::array();
  for (const StepPair& pair : report.coverage->MissedPairs()) missed.push_back(NameOf(pair));
  return json;
}

}  // namespace gatherfuzz
