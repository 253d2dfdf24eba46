// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A command line, read by the table of flags.
//
// Flags and files come in any order; after "--" all are files. A flag is written with dashes, and
// read with underscores too; its value follows after "=" or as the next word. One that takes a
// value is given once.
#ifndef GATHERFUZZ_COMMAND_PARSE_H_
#define GATHERFUZZ_COMMAND_PARSE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "command/command.h"
#include "command/options.h"

namespace gatherfuzz {

struct CommandLine {
  Options options;
  std::vector<std::string> arguments;
  bool help = false;  // is asked for; the rest is not read
};

// `words`: what follows the command's name.
absl::StatusOr<CommandLine> ParseCommandLine(const Command& command,
                                             std::span<const std::string> words);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_PARSE_H_
