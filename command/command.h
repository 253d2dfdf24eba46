// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One subcommand of gatherfuzz. Each is a file cmd_*.cc that defines one RegisterCommand.
#ifndef GATHERFUZZ_COMMAND_COMMAND_H_
#define GATHERFUZZ_COMMAND_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/search/strategy.h"
#include "harness/target.h"
#include "harness/text.h"

ABSL_DECLARE_FLAG(std::string, policy);
ABSL_DECLARE_FLAG(std::string, arch);
ABSL_DECLARE_FLAG(std::string, ignore);
ABSL_DECLARE_FLAG(bool, trace);
ABSL_DECLARE_FLAG(bool, json);
ABSL_DECLARE_FLAG(std::string, expect);
ABSL_DECLARE_FLAG(bool, check);
ABSL_DECLARE_FLAG(bool, update);
ABSL_DECLARE_FLAG(bool, by_step);
ABSL_DECLARE_FLAG(std::optional<int>, member);
ABSL_DECLARE_FLAG(std::string, strategy);
ABSL_DECLARE_FLAG(uint64_t, executions);
ABSL_DECLARE_FLAG(uint64_t, seed);
ABSL_DECLARE_FLAG(int, jobs);
ABSL_DECLARE_FLAG(bool, keep_going);
ABSL_DECLARE_FLAG(std::string, output);
ABSL_DECLARE_FLAG(bool, all);
ABSL_DECLARE_FLAG(int, preemptions);
ABSL_DECLARE_FLAG(std::string, limit);
ABSL_DECLARE_FLAG(bool, full);
ABSL_DECLARE_FLAG(bool, replay);
ABSL_DECLARE_FLAG(bool, verify);
ABSL_DECLARE_FLAG(bool, odds);
ABSL_DECLARE_FLAG(std::string, seen);
ABSL_DECLARE_FLAG(std::string, seen_by);
ABSL_DECLARE_FLAG(std::string, programs);
ABSL_DECLARE_FLAG(std::string, state);
ABSL_DECLARE_FLAG(bool, markdown);
ABSL_DECLARE_FLAG(std::string, html);
ABSL_DECLARE_FLAG(std::string, perfetto);
ABSL_DECLARE_FLAG(bool, gtest);
ABSL_DECLARE_FLAG(std::string, out);
ABSL_DECLARE_FLAG(std::string, known);
ABSL_DECLARE_FLAG(std::optional<int>, from);

namespace gatherfuzz {

// Exit statuses, fixed by the design.
enum ExitStatus : int { kNoViolation = 0, kViolation = 1, kBadInput = 2, kLimit = 3 };

class Command {
 public:
  using Main = absl::StatusOr<ExitStatus> (*)(const std::vector<std::string>& arguments);

  constexpr Command(std::string_view name, std::string_view arguments, std::string_view help,
                    std::string_view flags, Main main, std::string_view notes = "")
      : name_(name),
        arguments_(arguments),
        help_(help),
        flags_(flags),
        notes_(notes),
        main_(main) {}

  std::string_view name() const { return name_; }
  std::string_view arguments() const { return arguments_; }
  std::string_view help() const { return help_; }
  std::string_view flags() const { return flags_; }  // the names it takes, each between blanks
  std::string_view notes() const { return notes_; }  // what else its --help says; whole lines
  // A status that is not OK is printed, and the command exits with kBadInput.
  absl::StatusOr<ExitStatus> Run(const std::vector<std::string>& arguments) const {
    return main_(arguments);
  }

 private:
  std::string_view name_, arguments_, help_, flags_, notes_;
  Main main_;
};

class RegisterCommand {
 public:
  explicit RegisterCommand(const Command* command);
};

// What a schedule is to be run against: the flags, or else what its file says.
absl::StatusOr<Target> TargetFor(const std::string& path, const ScheduleFile& file);
absl::StatusOr<const Arch*> ArchFor(const std::string& path, const ScheduleFile& file);

// The command line that does the same again; with --ignore and --member as they were given.
std::string ReplayCommand(std::string_view command, const std::string& path, const Target& target);

// The kinds named by --ignore, as a mask of Bit(kind).
absl::StatusOr<uint32_t> IgnoredKinds();

// The strategy of that name.
absl::StatusOr<const StrategyInfo*> StrategyNamed(const std::string& name);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_COMMAND_H_
