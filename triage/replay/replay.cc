// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/replay/replay.h"

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "triage/crashes/find.h"
#include "triage/replay/unreached.h"
#include "triage/replay/update.h"

namespace gatherfuzz {
namespace {

class Replayer {
 public:
  explicit Replayer(const ReplaySettings& settings) : settings_(settings) {}

  absl::Status File(const std::string& path) {
    absl::StatusOr<LoadedSchedule> loaded = settings_.load(path);
    if (!loaded.ok()) return loaded.status();
    const absl::StatusOr<std::vector<const Arch*>> archs = settings_.archs(path, loaded->file);
    if (!archs.ok()) return archs.status();
    NoteUnknown(loaded->file);
    verdicts_.clear();
    for (const Arch* arch : *archs) {
      RunUnderAll(*execution_, *loaded, *arch, settings_.ignored, verdicts_);
    }
    const absl::Status reached = CheckReached(path, *loaded);
    if (!reached.ok()) return reached;
    ++counts_.schedules;
    if (settings_.update && loaded->was_text) {
      const absl::StatusOr<bool> written = UpdateFile(path, loaded->file, verdicts_);
      if (!written.ok()) return written.status();
      counts_.updated += *written;
    }
    settings_.begins(path);
    for (const PolicyVerdict& verdict : verdicts_) {
      ++counts_.runs;
      const ViolationKind expected = ExpectedUnder(*loaded, *verdict.policy, *verdict.arch);
      if (verdict.Is(expected)) continue;
      const bool first = counts_.different++ == 0;
      if (first) counts_.first = path;
      settings_.differs({path, *loaded, verdict, expected, first});
    }
    return absl::OkStatus();
  }

  const ReplayCounts& counts() const { return counts_; }

 private:
  // Of a text that names a policy, on its own architecture.
  absl::Status CheckReached(const std::string& path, const LoadedSchedule& loaded) {
    for (const PolicyVerdict& own : verdicts_) {
      const int index = own.result.unreached_run;
      if (own.policy->name() != loaded.file.policy || index < 0) continue;
      if (!SpeaksOf(loaded, *own.arch)) continue;
      if (MeantForAnother(*execution_, loaded.file, *own.arch)) continue;
      return absl::InvalidArgumentError(UnreachedText(path, loaded, index));
    }
    return absl::OkStatus();
  }

  void NoteUnknown(const ScheduleFile& file) {
    for (const auto& [policy, kind] : file.expect_under) {
      if (kind != ViolationKind::kNone && FindPolicy(policy) == nullptr) {
        counts_.unknown.insert(policy);
      }
    }
  }

  const ReplaySettings& settings_;
  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
  std::vector<PolicyVerdict> verdicts_;  // of the file at hand
  ReplayCounts counts_;
};

}  // namespace

absl::StatusOr<ReplayCounts> ReplayAll(const ReplaySettings& settings) {
  const std::atomic<bool> stop = false;
  const absl::StatusOr<FoundFiles> found =
      FindCrashFiles(settings.paths, "", stop, Wanted::kInputs);
  if (!found.ok()) return found.status();
  if (found->files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(settings.paths[0], ": holds no schedule"));
  }
  Replayer replayer(settings);
  for (const FoundFile& file : found->files) {
    if (!file.unread.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(file.path, ": ", file.unread));
    }
    const absl::Status status = replayer.File(file.path);
    if (!status.ok()) return status;
  }
  return replayer.counts();
}

}  // namespace gatherfuzz
