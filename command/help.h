// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What gatherfuzz says of itself, made from the commands and the table of flags.
#ifndef GATHERFUZZ_COMMAND_HELP_H_
#define GATHERFUZZ_COMMAND_HELP_H_

#include <string>

#include "command/command.h"

namespace gatherfuzz {

std::string Help();
std::string HelpOf(const Command& command);
// All of it as one JSON object: what man pages and completions are made of.
std::string HelpAsJson();

// "gatherfuzz 1.2.3", and the commit where it was built from a repository.
std::string Version();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_HELP_H_
