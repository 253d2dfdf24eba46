// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Text for a terminal. Debian's Abseil has a string_view of its own; Absl() hands it the standard
// one.
#ifndef GATHERFUZZ_EXPLORE_IO_STRINGS_H_
#define GATHERFUZZ_EXPLORE_IO_STRINGS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace gatherfuzz {

inline absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// Breaks a line at blanks, so that none is longer than `width`, a mail's; those after the first
// begin with `indent` blanks. No line break at the end.
std::string Wrapped(std::string_view text, size_t indent = 0, size_t width = 78);

// A file's name as a terminal may show it: what is not printable ASCII or UTF-8 is escaped.
std::string Printable(std::string_view text);

// The text as one word of a shell's command line; quoted only where it has to be.
std::string ShellWord(std::string_view text);

// "1 preemption", "2 preemptions".
std::string Counted(uint64_t count, const char* what);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_STRINGS_H_
