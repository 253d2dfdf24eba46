// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Folders of stored bytes, carried to the current version of the encoding.
//
// Files of the current version are carried too, to their canonical bytes: so the outcome holds
// nothing but what keeps its meaning, and carrying it again changes nothing. Text needs none of it.
// A file that cannot be carried is named, and the others go on.
#ifndef GATHERFUZZ_TRIAGE_CORPUS_UPGRADE_H_
#define GATHERFUZZ_TRIAGE_CORPUS_UPGRADE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/target.h"
#include "harness/versions/versions.h"

namespace gatherfuzz {

struct UpgradeSettings {
  std::vector<std::string> roots;      // files, and folders with those below them
  std::string out;                     // made if it is not there
  const BytesVersion* from = nullptr;  // of all files; null: what their first bytes say
  std::vector<Target> targets;         // under which traces are compared
};

struct Upgraded {
  std::map<int, uint64_t> versions;  // files of bytes, by the version they were taken for
  uint64_t texts = 0, skipped = 0;   // left out; litter
  uint64_t written = 0;              // files
  uint64_t there = 0;                // those that were there, from another file or before
  std::vector<std::pair<std::string, std::string>> failed;  // path, and why, as a clause
};

// An error is of the settings, or of `out`.
absl::StatusOr<Upgraded> Upgrade(const UpgradeSettings& settings);

// Lines that end in '\n', the last of which sums up; or an object.
std::string PrintUpgraded(const Upgraded& upgraded, const std::string& out);
std::string JsonOfUpgraded(const Upgraded& upgraded);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CORPUS_UPGRADE_H_
