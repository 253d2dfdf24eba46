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

bool ParseStrengthened(std::string_view word, OrderChanges& orders) {
  const size_t colon = std::min(word.find(':'), word.size());
  const auto point = ParsePoint(word.substr(0, colon));
  const OrderInfo* info = point ? MemoryOrderOf(*point) : nullptr;
  if (info == nullptr) return false;
  if (colon == word.size()) return orders.Strengthen(*point, StrongestOf(info->access));
  const std::string_view order = word.substr(colon + 1);
  return (order == "acquire" && orders.Strengthen(*point, MemoryOrder::acquire)) ||
         (order == "release" && orders.Strengthen(*point, MemoryOrder::release));
}

std::vector<std::string> PrintStrengthened(const OrderChanges& orders) {
  std::vector<std::string> words;
  for (PointMask rest = orders.strengthened(); rest != 0; rest &= rest - 1) {
    const Point point = FirstOf(rest);
    const std::string name = Info(point).name;
    const bool strongest = (orders.stronger & MaskOf(point)) != 0;
    if (strongest) words.push_back(name);
    if (!strongest && (orders.acquires & MaskOf(point)) != 0) words.push_back(name + ":acquire");
    if (!strongest && (orders.releases & MaskOf(point)) != 0) words.push_back(name + ":release");
  }
  return words;
}

bool LooksLikeText(std::string_view content) {
  static constexpr std::string_view kWords[] = {
      "gatherfuzz", "intent",     "cpus",     "policy", "arch", "batch",
      "kernel",     "expect",     "init",     "order",  "cpu0", "memory",
      "weaken",     "strengthen", "hardware", "asids",  "rcu"};
  if (content.find('\0') != content.npos) return false;
  const auto is_one = [](std::string_view word) {
    return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
  };
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
  // A sentence may begin with the first word, too; behind it the text form has a number.
  const auto begins = [&](std::string_view rest) {
    const size_t at = std::min(rest.find_first_not_of(" \t\r"), rest.size());
    return at == rest.size() || ('0' <= rest[at] && rest[at] <= '9') || rest[at] == '#';
  };
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view word = content.substr(begin, end - begin);
    while (!word.empty() && IsBlank(word.front())) word.remove_prefix(1);
    const size_t word_end = std::min(word.find_first_of(" \t\r"), word.size());
    const std::string_view rest = word.substr(word_end);
    word = word.substr(0, word_end);
    if (is_one(word) && (word != kWords[0] || begins(rest))) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace gatherfuzz
