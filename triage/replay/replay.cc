// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/replay/replay.h"

#include <atomic>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "triage/crashes/find.h"
#include "triage/files.h"
#include "triage/replay/update.h"
#include "triage/replay/verdicts.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

void PrintJson(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

class Replay {
 public:
  Replay(uint32_t ignored, bool update) : ignored_(ignored), update_(update) {}

  absl::Status File(const std::string& path) {
    absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(path);
    if (!loaded.ok()) return loaded.status();
    const absl::StatusOr<std::vector<const Arch*>> archs = ArchsOf(path, loaded->file);
    if (!archs.ok()) return archs.status();
    NoteUnknown(loaded->file);
    verdicts_.clear();
    for (const Arch* arch : *archs) {
      RunUnderAll(*execution_, *loaded, *arch, ignored_, verdicts_);
    }
    ++schedules_;
    if (update_ && loaded->was_text) {
      const absl::StatusOr<bool> written = UpdateFile(path, loaded->file, verdicts_);
      if (!written.ok()) return written.status();
      updated_ += *written;
    }
    for (const PolicyVerdict& verdict : verdicts_) {
      ++runs_;
      const ViolationKind expected = ExpectedUnder(*loaded, *verdict.policy, *verdict.arch);
      if (!verdict.Is(expected)) Differs(path, *loaded, verdict, expected);
    }
    return absl::OkStatus();
  }

  ExitStatus Finish() const {
    if (!unknown_.empty()) {
      std::cerr << "gatherfuzz: not in this build, so not checked: "
                << absl::StrJoin(unknown_, ", ") << "\n";
    }
    if (absl::GetFlag(FLAGS_json)) {
      Json json = {{"schedules", schedules_}, {"runs", runs_}, {"different", different_}};
      if (update_) json["updated"] = updated_;
      json["first"] = first_.empty() ? Json() : Json(first_);
      PrintJson(json);
    } else {
      if (update_) std::cout << absl::StreamFormat("%d files rewritten\n", updated_);
      std::cout << absl::StreamFormat("%d schedules, %d runs: ", schedules_, runs_)
                << (different_ == 0 ? "all as expected"
                                    : absl::StrCat(different_, " not as expected, the first in ",
                                                   Printable(first_)))
                << "\n";
    }
    return different_ == 0 ? kNoViolation : kViolation;
  }

 private:
  // --arch, or else what the file says, or else each.
  static absl::StatusOr<std::vector<const Arch*>> ArchsOf(const std::string& path,
                                                          const ScheduleFile& file) {
    if (absl::GetFlag(FLAGS_arch).empty() && file.arch.empty()) {
      return std::vector<const Arch*>(Archs().begin(), Archs().end());
    }
    const absl::StatusOr<const Arch*> arch = ArchFor(path, file);
    if (!arch.ok()) return arch.status();
    return std::vector{*arch};
  }

  void NoteUnknown(const ScheduleFile& file) {
    for (const auto& [policy, kind] : file.expect_under) {
      if (kind != ViolationKind::kNone && FindPolicy(policy) == nullptr) unknown_.insert(policy);
    }
  }

  void Differs(const std::string& path, const LoadedSchedule& loaded, const PolicyVerdict& verdict,
               ViolationKind expected) {
    const bool first = different_++ == 0;
    if (first) first_ = path;
    const std::string replay = ReplayCommand("run", path, {verdict.policy, verdict.arch});
    if (absl::GetFlag(FLAGS_json)) {
      return PrintJson({{"file", path},
                        {"policy", verdict.policy->name()},
                        {"arch", verdict.arch->name()},
                        {"member", verdict.member},
                        {"members", loaded.members},
                        {"held_safe", verdict.policy->SafeOn(verdict.arch->name())},
                        {"expected", Info(expected).name},
                        {"verdict", TextOf(verdict)},
                        {"replay", replay}});
    }
    const std::string member =
        loaded.members == 1 ? ""
                            : absl::StrFormat(", member %d of %d", verdict.member, loaded.members);
    const bool safe = verdict.policy->SafeOn(verdict.arch->name());
    std::cout << absl::StreamFormat("%s: expected %s, got %s (%s, %s%s)%s\n", Printable(path),
                                    Absl(Info(expected).name), TextOf(verdict),
                                    Absl(verdict.policy->name()), Absl(verdict.arch->name()),
                                    member, safe ? "; it is expected to be safe there" : "");
    if (first) std::cout << "  replay: " << replay << "\n";
  }

  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
  const uint32_t ignored_;
  const bool update_;
  std::vector<PolicyVerdict> verdicts_;  // of the file at hand
  std::set<std::string> unknown_;
  std::string first_;
  uint64_t schedules_ = 0, runs_ = 0, different_ = 0, updated_ = 0;
};

}  // namespace

absl::StatusOr<ExitStatus> ReplayAll(const std::vector<std::string>& paths, uint32_t ignored,
                                     bool update) {
  const std::atomic<bool> stop = false;
  const absl::StatusOr<FoundFiles> found = FindCrashFiles(paths, "", stop, Wanted::kInputs);
  if (!found.ok()) return found.status();
  if (found->files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(paths[0], ": holds no schedule"));
  }
  Replay replay(ignored, update);
  for (const FoundFile& file : found->files) {
    if (!file.unread.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(file.path, ": ", file.unread));
    }
    const absl::Status status = replay.File(file.path);
    if (!status.ok()) return status;
  }
  return replay.Finish();
}

}  // namespace gatherfuzz
