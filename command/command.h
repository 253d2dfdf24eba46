// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One subcommand of gatherfuzz. Each is a file of this folder that defines one RegisterCommand.
#ifndef GATHERFUZZ_COMMAND_COMMAND_H_
#define GATHERFUZZ_COMMAND_COMMAND_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "command/options.h"

namespace gatherfuzz {

// Exit statuses, fixed by the design.
enum ExitStatus : int { kNoViolation = 0, kViolation = 1, kBadInput = 2, kLimit = 3 };

class Command {
 public:
  using Main = absl::StatusOr<ExitStatus> (*)(const Options& options,
                                              const std::vector<std::string>& arguments);

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
  absl::StatusOr<ExitStatus> Run(const Options& options,
                                 const std::vector<std::string>& arguments) const {
    return main_(options, arguments);
  }

 private:
  std::string_view name_, arguments_, help_, flags_, notes_;
  Main main_;
};

class RegisterCommand {
 public:
  explicit RegisterCommand(const Command* command);
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_COMMAND_H_
