// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/explore/containment.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "model/machine/memory.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// What `stronger` has and `weaker` has not, in words.
std::string LostBetween(const Containment& it, size_t stronger, size_t weaker) {
  const auto name = [](size_t i) { return std::string(NameOf(static_cast<MemoryModel>(i))); };
  const std::string between = " under " + name(stronger) + ", not under " + name(weaker);
  if (const uint32_t lost = it.kinds[stronger] & ~it.kinds[weaker]; lost != 0) {
    return std::string(Info(static_cast<ViolationKind>(std::countr_zero(lost))).name) + between;
  }
  const std::vector<Key>&from = it.ends[stronger], &to = it.ends[weaker];
  const auto lost = std::count_if(from.begin(), from.end(), [&](const Key& key) {
    return !std::binary_search(to.begin(), to.end(), key);
  });
  return lost == 0 ? "" : std::to_string(lost) + " final states" + between;
}

}  // namespace

Containment Contain(Schedule schedule, ExploreSettings each) {
  Containment it;
  each.finals = true;
  for (size_t i = 0; i < kMemories; ++i) {
    schedule.memory = static_cast<MemoryModel>(i);
    if (i != 0 && OnlySc(schedule)) break;
    ExploreResult result = Explore(schedule, each);
    if (!result.complete()) {
      it.stopped = result.stopped;
      return it;
    }
    it.kinds[i] = result.kinds();
    it.ends[i] = std::move(result.finals);
    it.ends[i].erase(std::unique(it.ends[i].begin(), it.ends[i].end()), it.ends[i].end());
    if (i != 0 && it.lost.empty()) it.lost = LostBetween(it, i - 1, i);
  }
  return it;
}

}  // namespace gatherfuzz
