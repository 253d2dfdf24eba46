// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the flags say, as plain values. Only parse.cc parses flags; main.cc hands these down.
#ifndef GATHERFUZZ_COMMAND_OPTIONS_H_
#define GATHERFUZZ_COMMAND_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace gatherfuzz {

struct Options {
#define FLAG(type, name, unless_given, value, values, help) type name = unless_given;
#include "command/flags.def"
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_OPTIONS_H_
