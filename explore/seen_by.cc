// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/seen_by.h"

#include <memory>
#include <vector>

#include "absl/strings/str_split.h"
#include "explore/io/files.h"
#include "explore/odds_report.h"
#include "explore/search.h"
#include "harness/execution.h"

namespace gatherfuzz {
namespace {

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

  absl::Status FollowFiles(const std::string& path, const Schedule& programs,
                           const std::function<void(const std::string&)>& unreadable) {
    const absl::StatusOr<std::vector<std::string>> files = FilesAt(path);
    if (!files.ok()) return files.status();
    for (const std::string& file : *files) {
      ++report_.files;
      const absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(file);
      if (!loaded.ok()) {
        ++report_.unreadable;
        unreadable(std::string(loaded.status().message()));
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

}  // namespace

absl::StatusOr<SeenReport> SeenFor(const Schedule& schedule, const ExploreSettings& settings,
                                   const SeenSettings& seen, const std::atomic<bool>& stop) {
  SeenReport report;
  report.kswapd = schedule.kswapd_cpu();
  const Schedule programs = ProgramsOf(schedule);
  report.coverage = Coverage::Make(programs, *settings.policy, *settings.arch, settings.ignored,
                                   MostStates(settings.limits), stop, &report.endless);
  if (!report.coverage) return report;
  Follower follower(settings, stop, report, *report.coverage);
  for (const absl::string_view path : absl::StrSplit(seen.paths, ',', absl::SkipEmpty())) {
    const absl::Status status = follower.FollowFiles(std::string(path), programs, seen.unreadable);
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

}  // namespace gatherfuzz
