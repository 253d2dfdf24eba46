// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the flags of several commands say, as plain values.
#ifndef GATHERFUZZ_COMMAND_CHOSEN_H_
#define GATHERFUZZ_COMMAND_CHOSEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "command/options.h"
#include "explore/explore.h"
#include "explore/io/files.h"
#include "explore/program_list.h"
#include "harness/members.h"
#include "harness/search/strategy.h"
#include "harness/target.h"
#include "harness/text.h"
#include "triage/crashes/guess.h"

namespace gatherfuzz {

// Puts the policy that --variant names where --policy would be.
absl::Status ResolveVariant(Options& options);

// The schedule of a file, under --kernel-version if that is given.
absl::StatusOr<LoadedSchedule> LoadChosen(const Options& options, const std::string& path);

// What a schedule is to be run against: the flags, or else what its file says, or else its path, as
// triage takes it (triage/crashes/guess.h). What is taken from a path is said on standard error,
// once for the files of a folder.
absl::StatusOr<Target> TargetFor(const Options& options, const std::string& path,
                                 const ScheduleFile& file);
absl::StatusOr<const Arch*> ArchFor(const Options& options, const std::string& path,
                                    const ScheduleFile& file);

// The same, as names; empty where nothing says it.
Said SaidOf(const Options& options, const std::string& path, const ScheduleFile& file);

// The command line that does the same again; with --ignore and --member as they were given.
std::string ReplayCommand(const Options& options, std::string_view command, const std::string& path,
                          const Target& target);

// The kinds named by --ignore, as a mask of Bit(kind).
absl::StatusOr<uint32_t> IgnoredKinds(const Options& options);

// The strategy of that name.
absl::StatusOr<const StrategyInfo*> StrategyNamed(const std::string& name);

// --jobs, or one for each core.
absl::StatusOr<int> ChosenJobs(const Options& options);

// --limit: "states=N,memory=SIZE,seconds=N", any of them; N and SIZE may end in k, M or G.
absl::StatusOr<ExploreLimits> ChosenLimits(const Options& options);

// The list that --programs names, or `or_else`.
absl::StatusOr<ProgramList> ChosenPrograms(const Options& options, std::string_view or_else);

// All that the file stands for, or the one that --member names.
absl::StatusOr<Members> ChosenMembers(const Options& options, const std::string& path,
                                      const LoadedSchedule& loaded);

// --member, or else 0.
absl::StatusOr<int> ChosenMember(const Options& options, const std::string& path,
                                 const LoadedSchedule& loaded);

// One run of a file: a schedule, under what the flags or the file itself say.
struct ChosenRun {
  ScheduleFile file;  // with the policy's and the architecture's name, of no other policy
  Target target;
};

// For a command that takes one file: of a family the first member whose run is not clean. --policy,
// --arch and --member are heeded.
absl::StatusOr<ChosenRun> ChooseRun(const Options& options,
                                    const std::vector<std::string>& arguments,
                                    uint32_t ignored = 0);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_CHOSEN_H_
