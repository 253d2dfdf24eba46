// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Members of the family that a file of bytes stands for (harness/family.h), on the command line.
#ifndef GATHERFUZZ_COMMAND_MEMBERS_H_
#define GATHERFUZZ_COMMAND_MEMBERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "command/command.h"
#include "explore/io/files.h"
#include "harness/members.h"

namespace gatherfuzz {

// All that the file stands for, or the one that --member names.
absl::StatusOr<Members> ChosenMembers(const std::string& path, const LoadedSchedule& loaded);

// --member, or else 0.
absl::StatusOr<int> ChosenMember(const std::string& path, const LoadedSchedule& loaded);

// One run of a file: a schedule, under what the flags or the file itself say.
struct ChosenRun {
  ScheduleFile file;  // with the policy's and the architecture's name, of no other policy
  Target target;
};

// For a command that takes one file: of a family the first member whose run is not clean. --policy,
// --arch and --member are heeded.
absl::StatusOr<ChosenRun> ChooseRun(const std::vector<std::string>& arguments,
                                    uint32_t ignored = 0);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_MEMBERS_H_
