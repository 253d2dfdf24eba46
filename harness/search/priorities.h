// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Random priorities of agents that can be lowered: what PCT and its kin share.
#ifndef GATHERFUZZ_HARNESS_SEARCH_PRIORITIES_H_
#define GATHERFUZZ_HARNESS_SEARCH_PRIORITIES_H_

#include <array>
#include <bit>
#include <cstdint>

#include "harness/random.h"
#include "model/machine/types.h"

namespace gatherfuzz {

class Priorities {
 public:
  // A random order of all agents.
  void Shuffle(Random& random) {
    for (int i = 0; i < kMaxAgents; ++i) order_[i] = static_cast<uint8_t>(i);
    for (int i = kMaxAgents - 1; i > 0; --i) {
      std::swap(order_[i], order_[random.Below(static_cast<uint32_t>(i + 1))]);
    }
    for (int i = 0; i < kMaxAgents; ++i) of_[order_[i]] = i;
    lowest_ = 0;
  }
  // Below all others, those that were lowered before included.
  void Lower(AgentId agent) { of_[Index(agent)] = --lowest_; }
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
  int lowest_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_SEARCH_PRIORITIES_H_
