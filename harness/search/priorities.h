// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Random priorities of agents that can be lowered and raised: what PCT and its kin share.
#ifndef GATHERFUZZ_HARNESS_SEARCH_PRIORITIES_H_
#define GATHERFUZZ_HARNESS_SEARCH_PRIORITIES_H_

#include <array>
#include <bit>
#include <cstdint>
#include <utility>

#include "harness/random.h"
#include "model/machine/types.h"

namespace gatherfuzz {

inline constexpr int kMaxPlaces = 16;

class Priorities {
 public:
  // A random order of all agents.
  void Shuffle(Random& random) {
    for (int i = 0; i < kMaxAgents; ++i) order_[i] = static_cast<uint8_t>(i);
    for (int i = kMaxAgents - 1; i > 0; --i) {
      std::swap(order_[i], order_[random.Below(static_cast<uint32_t>(i + 1))]);
    }
    for (int i = 0; i < kMaxAgents; ++i) of_[order_[i]] = i;
    highest_ = kMaxAgents;
  }
  // Below all that were not lowered. Of those that were, the one with the higher place is higher; a
  // place is 0 to kMaxPlaces - 1.
  void Lower(AgentId agent, int place) { of_[Index(agent)] = place - kMaxPlaces; }
  // Above all others.
  void Raise(AgentId agent) { of_[Index(agent)] = ++highest_; }
  AgentId Highest(uint32_t agents) const {
    int best = std::countr_zero(agents);
    for (uint32_t rest = agents & (agents - 1); rest != 0; rest &= rest - 1) {
      const int agent = std::countr_zero(rest);
      if (of_[agent] > of_[best]) best = agent;
    }
    return AgentId(best);
  }

 private:
  std::array<uint8_t, kMaxAgents> order_{};
  std::array<int, kMaxAgents> of_{};
  int highest_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_SEARCH_PRIORITIES_H_
