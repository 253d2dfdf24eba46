// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What triage writes of one violation: the shortest schedule that was found, made small and
// explained.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_MAKE_H_
#define GATHERFUZZ_TRIAGE_CRASHES_MAKE_H_

#include <atomic>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "explore/explore.h"
#include "triage/crashes/out_folder.h"
#include "triage/crashes/sort.h"

namespace gatherfuzz {

struct MakeSettings {
  Said flags;
  ExploreLimits limits;  // of each exploration, for making small and for explaining
};

struct GroupFiles {
  MadeGroup made;
  std::map<std::string, std::string> files;  // by name
};

// Of the group's shortest file. An error if it is no longer what it was, or (kCancelled) if it was
// stopped: what it had come to then depends on when.
absl::StatusOr<GroupFiles> MakeGroup(const ViolationGroup& group, const SortedFile& shortest,
                                     const MakeSettings& settings, const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_MAKE_H_
