// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/message.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

constexpr size_t kIndent = 4;
constexpr size_t kNarrowest = 20;  // a terminal that says less does not know

std::string FoldedFor(int file, std::string_view text) {
  winsize size{};
  if (isatty(file) == 0) return std::string(text);
  const bool known = ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col >= kNarrowest;
  return Folded(text, known ? size.ws_col : 80);
}

}  // namespace

std::string Folded(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(Absl(text), '\n')) {
    const bool shows_place = !line.empty() && line[0] == ' ';
    lines.push_back(shows_place || line.size() <= width
                        ? std::string(line)
                        : Wrapped({line.data(), line.size()}, kIndent, width));
  }
  return absl::StrJoin(lines, "\n");
}

void Say(std::string_view text) {
  std::cerr << FoldedFor(STDERR_FILENO, absl::StrCat("gatherfuzz: ", Absl(text))) << "\n";
}

std::string AsResult(std::string_view line) { return FoldedFor(STDOUT_FILENO, line); }

}  // namespace gatherfuzz
