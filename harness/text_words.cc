// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The words of the text form: names looked up, and text told from bytes.
#include <algorithm>

#include "harness/text.h"
#include "harness/text_lines.h"

namespace gatherfuzz {

std::optional<ViolationKind> ParseViolationKind(std::string_view name) {
  for (int kind = 0; kind < kViolationCount; ++kind) {
    if (kViolations[kind].name == name) return static_cast<ViolationKind>(kind);
  }
  return std::nullopt;
}

std::optional<Point> ParsePoint(std::string_view name) {
  for (int point = 0; point < kPointCount; ++point) {
    if (kPoints[point].name == name) return static_cast<Point>(point);
  }
  return std::nullopt;
}

bool LooksLikeText(std::string_view content) {
  static constexpr std::string_view kWords[] = {
      "gatherfuzz", "intent", "cpus",  "policy", "arch",   "batch",  "kernel",
      "expect",     "init",   "order", "cpu0",   "memory", "weaken", "strengthen"};
  if (content.find('\0') != content.npos) return false;
  const auto is_one = [](std::string_view word) {
    return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
  };
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view word = content.substr(begin, end - begin);
    while (!word.empty() && IsBlank(word.front())) word.remove_prefix(1);
    word = word.substr(0, std::min(word.find_first_of(" \t\r"), word.size()));
    if (is_one(word)) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace gatherfuzz
