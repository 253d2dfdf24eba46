// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the flags say, as plain values. Only main.cc parses flags; it hands these down.
#ifndef GATHERFUZZ_COMMAND_OPTIONS_H_
#define GATHERFUZZ_COMMAND_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace gatherfuzz {

struct Options {
#define FLAG(type, name, value, help) type name = value;
#include "command/flags.def"
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_OPTIONS_H_
