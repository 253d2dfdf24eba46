// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One choice of an exploration: who makes the next step; of a delivery, also whose invalidation it
// is, since a CPU may take those that are pending on it in any order; of a thread that stands where
// a detour begins (Steps::StepOr), also whether it takes it.
#ifndef GATHERFUZZ_EXPLORE_ACTION_H_
#define GATHERFUZZ_EXPLORE_ACTION_H_

#include <bit>
#include <cstdint>
#include <vector>

#include "harness/conflict.h"
#include "model/machine/types.h"

namespace gatherfuzz {

// 0 to 7: the thread of that CPU; 8 to 15: its walker; 16 to 23: the thread on its detour; 24 + 8 *
// target + issuer: a delivery. Among threads, walkers and deliveries, their order is that in which
// a plain rest prefers agents.
enum class Action : uint8_t {};
inline constexpr int kFirstDetour = 2 * kMaxCpus, kFirstDelivery = 3 * kMaxCpus;
inline constexpr int kActions = kFirstDelivery + kMaxCpus * kMaxCpus;
inline constexpr Action kNoAction{255};

constexpr int Index(Action action) { return static_cast<int>(action); }
constexpr Action Detour(CpuId cpu) { return static_cast<Action>(kFirstDetour + Index(cpu)); }
// Of a thread, its detour, or a walker.
constexpr Action ActionOf(AgentId agent) {
  return KindOf(agent) == AgentKind::kDetour ? Detour(CpuOf(agent))
                                             : static_cast<Action>(Index(agent));
}
constexpr Action Delivery(CpuId target, CpuId issuer) {
  return static_cast<Action>(kFirstDelivery + kMaxCpus * Index(target) + Index(issuer));
}
constexpr bool IsDelivery(Action action) { return Index(action) >= kFirstDelivery; }
constexpr bool IsDetour(Action action) {
  return Index(action) >= kFirstDetour && Index(action) < kFirstDelivery;
}
constexpr CpuId TargetOf(Action delivery) {
  return MakeCpu((Index(delivery) - kFirstDelivery) / kMaxCpus);
}
constexpr CpuId IssuerOf(Action delivery) {
  return MakeCpu((Index(delivery) - kFirstDelivery) % kMaxCpus);
}
constexpr AgentId AgentOf(Action action) {
  if (IsDelivery(action)) return DeliveryAgent(TargetOf(action));
  if (IsDetour(action)) return DetourAgent(MakeCpu(Index(action) - kFirstDetour));
  return static_cast<AgentId>(Index(action));
}
// The action of whoever makes the step: of a detour, its thread.
constexpr Action MoverOf(Action action) {
  return IsDetour(action) ? static_cast<Action>(Index(action) - kFirstDetour) : action;
}
// What a step of a run was, as a choice.
constexpr Action ActionOf(AgentId agent, Point point, int page) {
  if (point == Point::deliver) return Delivery(CpuOf(agent), MakeCpu(page));
  return ActionOf(AgentToMove(agent, point));
}

using Path = std::vector<Action>;

// A set of actions, by bit.
struct Actions {
  uint64_t deliveries = 0;  // bit 8 * target + issuer
  uint32_t agents = 0;      // bit 0 to 7: threads; 8 to 15: walkers; 16 to 23: detours

  bool empty() const { return (deliveries | agents) == 0; }
  int size() const { return std::popcount(deliveries) + std::popcount(agents); }
  bool contains(Action action) const {
    const int i = Index(action);
    if (i < kFirstDelivery) return (agents >> i & 1) != 0;
    return i < kActions && (deliveries >> (i - kFirstDelivery) & 1) != 0;
  }
  // Takes the lowest out.
  Action TakeFirst() {
    if (agents != 0) {
      const int i = std::countr_zero(agents);
      agents &= agents - 1;
      return static_cast<Action>(i);
    }
    const int i = std::countr_zero(deliveries);
    deliveries &= deliveries - 1;
    return static_cast<Action>(kFirstDelivery + i);
  }
  void Add(Action action) {
    const int i = Index(action);
    if (i < kFirstDelivery) {
      agents |= 1u << i;
    } else {
      deliveries |= uint64_t{1} << (i - kFirstDelivery);
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
