// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// "Did you mean": the name that a person who mistyped a word most likely meant.
#ifndef GATHERFUZZ_HARNESS_NEAREST_H_
#define GATHERFUZZ_HARNESS_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace gatherfuzz {

// Of the names, the one from which the word differs in the fewest letters (left out, added, changed
// or swapped), the first of those; one that the word is the beginning of counts as one letter away.
// Empty if all are too far: more than a third of the letters differ.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& names);

// "; did you mean 'NAME'?", or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& names);

// The names of things: `name` says that of each.
template <typename Items, typename Name>
std::vector<std::string_view> NamesOf(const Items& items, Name name) {
  std::vector<std::string_view> names;
  for (const auto& item : items) names.emplace_back(name(item));
  return names;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_NEAREST_H_
