// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/ignored.h"

#include <algorithm>

namespace gatherfuzz {
namespace {

// What a walk finds a table for: the walk cache can hold that, of a page in no map, too.
uint64_t UnderTables(uint64_t populated) {
  uint64_t under = 0;
  for (int page = 0; page < kPages; page += kPagesPerPud) {
    const uint64_t span = MaskOf(PageRange{page, page + kPagesPerPud});
    if ((populated & span) != 0) under |= span;
  }
  return under;
}

}  // namespace

std::vector<IgnoredInit> IgnoredInits(const Schedule& schedule) {
  std::vector<IgnoredInit> ignored;
  uint64_t mapped = 0, populated = 0;
  const auto each = [&](InitItem::Kind kind, auto act) {
    for (size_t i = 0; i < schedule.init.size(); ++i) {
      if (schedule.init[i].kind == kind) act(i, MaskOf(schedule.init[i].range));
    }
  };
  each(InitItem::Kind::kMap, [&](size_t i, uint64_t pages) {
    if ((mapped & pages) != 0) {
      ignored.push_back({i, "this map overlaps an earlier one, so it is ignored"});
    } else {
      mapped |= pages;
    }
  });
  each(InitItem::Kind::kPresent, [&](size_t i, uint64_t pages) {
    populated |= pages & mapped;
    if ((pages & mapped) == 0) {
      ignored.push_back({i, "this is outside of every map, so nothing is populated"});
    }
  });
  each(InitItem::Kind::kCached, [&](size_t i, uint64_t pages) {
    if ((pages & (mapped | UnderTables(populated))) == 0) {
      ignored.push_back({i, "this is outside of every map, so there is nothing to cache"});
    }
  });
  std::sort(ignored.begin(), ignored.end(),
            [](const IgnoredInit& a, const IgnoredInit& b) { return a.at < b.at; });
  return ignored;
}

void DropIgnoredInits(Schedule& schedule) {
  const std::vector<IgnoredInit> ignored = IgnoredInits(schedule);
  for (auto it = ignored.rbegin(); it != ignored.rend(); ++it) schedule.init.erase(it->at);
}

}  // namespace gatherfuzz
