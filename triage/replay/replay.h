// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Every file under every policy, held against what it expects.
#ifndef GATHERFUZZ_TRIAGE_REPLAY_REPLAY_H_
#define GATHERFUZZ_TRIAGE_REPLAY_REPLAY_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "triage/replay/verdicts.h"

namespace gatherfuzz {

// A run that does not come to what the file expects.
struct UnexpectedRun {
  const std::string& path;
  const LoadedSchedule& loaded;
  const PolicyVerdict& verdict;
  ViolationKind expected;
  bool first;  // of all
};

struct ReplaySettings {
  std::vector<std::string> paths;  // files, and folders with all below them (crashes/find.h)
  uint32_t ignored = 0;            // Bit(kind) of violations that do not end a run
  bool update = false;             // rewrite the files first (update.h)
  // Reads a file; says what speaks against it, or fails for that.
  std::function<absl::StatusOr<LoadedSchedule>(const std::string& path)> load;
  // What a file is run on; an error says why it cannot be.
  std::function<absl::StatusOr<std::vector<const Arch*>>(const std::string& path,
                                                         const ScheduleFile&)>
      archs;
  std::function<void(const std::string& path)> begins;  // is told of each file, before its runs
  std::function<void(const UnexpectedRun&)> differs;    // is told of each
};

struct ReplayCounts {
  uint64_t schedules = 0, runs = 0, different = 0, updated = 0;
  std::string first;              // path of the first that differs
  std::set<std::string> unknown;  // policies that files name, but this build does not have
};

// In the order of the paths' names.
absl::StatusOr<ReplayCounts> ReplayAll(const ReplaySettings& settings);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_REPLAY_REPLAY_H_
