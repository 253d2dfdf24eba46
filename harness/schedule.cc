// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/schedule.h"

#include <algorithm>

namespace gatherfuzz {
namespace {

// Stable, in place and without allocation, unlike std::stable_sort; the lists are short.
template <typename List, typename Key>
void InsertionSort(List& list, Key key) {
  for (auto* it = list.begin(); it != list.end(); ++it) {
    if (it == list.begin() || !(key(*it) < key(it[-1]))) continue;  // mostly it is sorted
    std::rotate(std::upper_bound(list.begin(), it, *it,
                                 [&](const auto& a, const auto& b) { return key(a) < key(b); }),
                it, it + 1);
  }
}

}  // namespace

void Canonicalize(Schedule& schedule) {
  InsertionSort(schedule.init, [](const InitItem& item) { return item.kind; });
  InsertionSort(schedule.program, [](const ProgramLine& line) { return line.agent; });
}

std::string AgentName(AgentId agent) {
  static constexpr const char* kNames[] = {"cpu", "walk", "inv", "cpu"};
  return kNames[static_cast<int>(KindOf(agent))] + std::to_string(Index(CpuOf(agent)));
}

}  // namespace gatherfuzz
