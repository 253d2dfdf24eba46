// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One choice of an exploration: who makes the next step; of a delivery, also whose invalidation it
// is, since a CPU may take those that are pending on it in any order.
#ifndef GATHERFUZZ_EXPLORE_ACTION_H_
#define GATHERFUZZ_EXPLORE_ACTION_H_

#include <bit>
#include <cstdint>
#include <vector>

#include "model/machine/types.h"

namespace gatherfuzz {

// 0 to 7: the thread of that CPU; 8 to 15: its walker; 16 + 8 * target + issuer: a delivery. Their
// order is that in which a plain rest prefers agents.
enum class Action : uint8_t {};
inline constexpr int kActions = 16 + kMaxCpus * kMaxCpus;
inline constexpr Action kNoAction{255};

constexpr int Index(Action action) { return static_cast<int>(action); }
constexpr Action ActionOf(AgentId thread_or_walker) {
  return static_cast<Action>(Index(thread_or_walker));
}
constexpr Action Delivery(CpuId target, CpuId issuer) {
  return static_cast<Action>(16 + kMaxCpus * Index(target) + Index(issuer));
}
constexpr bool IsDelivery(Action action) { return Index(action) >= 16; }
constexpr CpuId TargetOf(Action delivery) { return MakeCpu((Index(delivery) - 16) / kMaxCpus); }
constexpr CpuId IssuerOf(Action delivery) { return MakeCpu(Index(delivery) % kMaxCpus); }
constexpr AgentId AgentOf(Action action) {
  return IsDelivery(action) ? DeliveryAgent(TargetOf(action)) : static_cast<AgentId>(Index(action));
}

using Path = std::vector<Action>;

// A set of actions, by bit.
struct Actions {
  uint64_t deliveries = 0;  // bit 8 * target + issuer
  uint16_t agents = 0;      // bit 0 to 7: threads; 8 to 15: walkers

  bool empty() const { return (deliveries | agents) == 0; }
  int size() const { return std::popcount(deliveries) + std::popcount(agents); }
  bool contains(Action action) const {
    const int i = Index(action);
    if (i < 16) return (agents >> i & 1) != 0;
    return i < kActions && (deliveries >> (i - 16) & 1) != 0;
  }
  // Takes the lowest out.
  Action TakeFirst() {
    if (agents != 0) {
      const int i = std::countr_zero(agents);
      agents = static_cast<uint16_t>(agents & (agents - 1));
      return static_cast<Action>(i);
    }
    const int i = std::countr_zero(deliveries);
    deliveries &= deliveries - 1;
    return static_cast<Action>(16 + i);
  }
  void Add(Action action) {
    const int i = Index(action);
    if (i < 16) {
      agents = static_cast<uint16_t>(agents | 1u << i);
    } else {
      deliveries |= uint64_t{1} << (i - 16);
    }
  }
  static Actions Only(Action action) {
    Actions one;
    one.Add(action);
    return one;
  }
  friend bool operator==(const Actions&, const Actions&) = default;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_ACTION_H_
