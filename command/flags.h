// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The table of flags (flags.def) as data: what the parser, help and shells read.
#ifndef GATHERFUZZ_COMMAND_FLAGS_H_
#define GATHERFUZZ_COMMAND_FLAGS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command/command.h"
#include "command/options.h"

namespace gatherfuzz {

// What a flag's value may be. From kPolicies on it is one of some names, to which it is held; from
// kVariants on it holds names that the command knows more of, and that shells complete.
enum class Values : uint8_t {
  kNone,
  kText,
  kNumber,
  kFile,
  kFiles,  // and folders, several separated by ','
  kFolder,
  kPolicies,  // also groups of them
  kArchs,
  kStrategies,
  kKinds,  // of violation
  kVerdicts,
  kKernels,  // versions
  kMemories,
  kHardware,
  kVariants,  // "z15", "z15 fixed"
  kSteps,     // that have a memory order, several separated by ','
  kLimits,    // "states=", which a number follows; several separated by ','
};

struct FlagInfo {
  std::string_view field;  // of Options
  std::string_view value;  // what help calls its value; empty: it takes none
  Values values;
  std::string_view help;
  std::string (*unless_given)();
  bool (*set)(Options& options, const std::string& text);  // false if it is no such value
};

std::span<const FlagInfo> Flags();

// "keep-going".
std::string NameOf(const FlagInfo& flag);

// A flag of one command.
struct TakenFlag {
  const FlagInfo* info;
  bool several;  // its value may be several names, separated by ','; or a group of policies
  std::string several_with;  // only with this verb; empty: always
  std::string_view help;     // of the command, or else of the flag
};
std::vector<TakenFlag> FlagsOf(const Command& command);

// The names that its value may be, or may be made of; empty if any text may.
std::vector<std::string> NamesFor(const FlagInfo& flag);
// So of a flag of one command: without groups of policies, if it takes one policy.
std::vector<std::string> NamesFor(const TakenFlag& flag);
// Whether it may be nothing else.
inline bool HeldToNames(Values values) {
  return values >= Values::kPolicies && values < Values::kVariants;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_FLAGS_H_
