// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One subcommand of gatherfuzz. Each is a file of this folder that defines one RegisterCommand.
#ifndef GATHERFUZZ_COMMAND_COMMAND_H_
#define GATHERFUZZ_COMMAND_COMMAND_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "command/options.h"

namespace gatherfuzz {

// Exit statuses, fixed by the design.
enum ExitStatus : int { kNoViolation = 0, kViolation = 1, kBadInput = 2, kLimit = 3 };

struct Command {
  using Main = absl::StatusOr<ExitStatus> (*)(const Options& options,
                                              const std::vector<std::string>& arguments);

  std::string_view called;
  std::string_view arguments;  // as help shows them
  std::string_view verbs;      // those that the first argument is one of; mostly none
  std::string_view summary;
  // The flags it takes, as flags.def names them, each between blanks. After a + the value may be
  // several names, separated by ',', and of policies a group of them; only with a verb, if that
  // follows the +.
  std::string_view flags;
  // What help says of some of them in place of flags.def: a line for each, "policy: what it is".
  std::string_view own_help;
  std::string_view notes;     // what else its help says; a line is a paragraph
  std::string_view examples;  // command lines, from the root of this tree
  // A status that is not OK is printed, and the command exits with kBadInput.
  Main main;
  // If --policy names several, it runs under each of them in turn.
  bool in_turns = false;

  std::string_view name() const { return called; }
};

class RegisterCommand {
 public:
  explicit RegisterCommand(const Command* command);
};

// All commands, by name.
std::span<const Command* const> Commands();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_COMMAND_H_
