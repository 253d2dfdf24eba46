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

// What a schedule is to be run against: the flags, or else what its file says, or else its path, as
// triage takes it (triage/crashes/guess.h). What is taken from a path is said on standard error,
// once for the files of a folder.
absl::StatusOr<Target> TargetFor(const Options& options, const std::string& path,
                                 const ScheduleFile& file);
absl::StatusOr<const Arch*> ArchFor(const Options& options, const std::string& path,
                                    const ScheduleFile& file);
// Whether that memory is modelled there, or what is wrong.
absl::Status HasMemory(const Arch& arch, MemoryModel memory);

// The same, as names; empty where nothing says it.
Said SaidOf(const Options& options, const std::string& path, const ScheduleFile& file);

// The command line that does the same again; with --ignore and --member as they were given.
std::string ReplayCommand(const Options& options, std::string_view command, const std::string& path,
                          const Target& target);

// Reads a schedule, under --kernel-version if that is given; says what speaks against it on
// standard error, or with --strict fails for that.
absl::StatusOr<LoadedSchedule> Load(const Options& options, const std::string& path);

// "gatherfuzz: warning: TEXT" on standard error; an error with --strict, and with --check.
absl::Status Warn(const Options& options, const std::string& text);

// --policy, of a command that takes several: names separated by ',', and groups.
struct AskedPolicy {
  const Policy* policy;
  bool where_safe;  // only on architectures on which it is expected to be safe
  bool On(const Arch& arch) const {
    return policy->RunsOn(arch.name()) && (!where_safe || policy->AlwaysSafeOn(arch.name()));
  }
};
// Each once, in the order in which they are named; all published ones if there is no --policy.
std::vector<AskedPolicy> AskedPolicies(const Options& options);
std::vector<const Policy*> PoliciesOn(const Options& options, const Arch& arch);
// The error if these are none.
absl::Status NobodyNamed(const Options& options);
// Whether it names a group, or more than one.
bool NamesSeveral(const Options& options);

// --arch, of a command that takes several, or else all.
std::vector<const Arch*> ChosenArchs(const Options& options);

// The kinds named by --ignore, as a mask of Bit(kind).
uint32_t IgnoredKinds(const Options& options);

// --jobs, or one for each core.
absl::StatusOr<int> ChosenJobs(const Options& options);

// --limit: "states=N,memory=SIZE,seconds=N", any of them; N and SIZE may end in k, M or G.
absl::StatusOr<ExploreLimits> ChosenLimits(const Options& options);

// The list that --programs names, or `or_else`; its memory is one that the architectures have.
absl::StatusOr<ProgramList> ChosenPrograms(const Options& options, std::string_view or_else);

// All that the file stands for, or the one that --member names.
absl::StatusOr<Members> ChosenMembers(const Options& options, const std::string& path,
                                      const LoadedSchedule& loaded);

// --member, or else 0.
absl::StatusOr<int> ChosenMember(const Options& options, const std::string& path,
                                 const LoadedSchedule& loaded);

// One run of a file: a schedule, under what the flags or the file itself say.
// Warns of the entry of the order, by index, that was not reached (RunResult::unreached_run): in a
// schedule of a person's own it is most likely a mistake. With --strict an error.
absl::Status WarnOfUnreached(const Options& options, Execution& execution, const std::string& path,
                             const LoadedSchedule& loaded, const Arch& arch, int index);

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
