// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Messages for people. On a terminal a line that is longer than it is broken at blanks; in a pipe
// or a file it stays one line, so that grep and a log have it whole.
#ifndef GATHERFUZZ_EXPLORE_IO_MESSAGE_H_
#define GATHERFUZZ_EXPLORE_IO_MESSAGE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace gatherfuzz {

// "gatherfuzz: TEXT" and a line break, on standard error.
void Say(std::string_view text);

// A line of standard output, of which the length depends on names of files.
std::string AsResult(std::string_view line);

// Each line of the text, broken at blanks so that it has at most `width` columns. What goes on in
// the next line is indented, and a line that begins with blanks is left: it shows a place.
std::string Folded(std::string_view text, size_t width);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_MESSAGE_H_
