// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/nearest.h"

#include <algorithm>

namespace gatherfuzz {
namespace {

constexpr size_t kLongestWord = 64;

// How many letters have to be left out, added, changed or swapped with their neighbour.
size_t Distance(std::string_view a, std::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<size_t> cost((a.size() + 1) * width);
  const auto at = [&](size_t i, size_t j) -> size_t& { return cost[i * width + j]; };
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      const size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return cost.back();
}

}  // namespace

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& names) {
  std::string_view nearest;
  size_t least = kLongestWord;
  if (word.empty() || word.size() > kLongestWord) return nearest;
  for (const std::string_view name : names) {
    const bool begins = word.size() >= 3 && name.starts_with(word);
    const size_t distance = begins ? 1 : Distance(word, name);
    if (distance >= least || 3 * distance > std::max(word.size(), name.size())) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& names) {
  const std::string_view nearest = Nearest(word, names);
  if (nearest.empty() || nearest == word) return "";
  return "; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace gatherfuzz
