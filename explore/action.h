// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One choice of an exploration: who makes the next step; of a delivery, also whose invalidation it
// is, since a CPU may take those that are pending on it in any order; of a thread that stands where
// a detour begins (Steps::StepOr), also whether it takes it; of a thread or walker that loads, how
// far behind the newest the value is that it takes; and that an increment is done which a thread
// has left for later (model/kernel/late.h), or a page table freed that it has handed to RCU
// (model/kernel/rcu.h).
#ifndef GATHERFUZZ_EXPLORE_ACTION_H_
#define GATHERFUZZ_EXPLORE_ACTION_H_

#include <bit>
#include <cstdint>
#include <vector>

#include "harness/conflict.h"
#include "model/machine/types.h"
#include "model/machine/weak.h"

namespace gatherfuzz {

// 0 to 7: the thread of that CPU; 8 to 15: its walker; 16 to 23: the thread on its detour; 24 + 8 *
// target + issuer: a delivery; then, by CPU, what was left for later; then, by CPU and by how old,
// old values of threads, and of walkers.
// Among threads, walkers and deliveries, their order is that in which
// a plain rest prefers agents.
enum class Action : uint8_t {};
inline constexpr int kFirstDetour = 2 * kMaxCpus, kFirstDelivery = 3 * kMaxCpus;
inline constexpr int kFirstLate = kFirstDelivery + kMaxCpus * kMaxCpus;
inline constexpr int kFirstOld = kFirstLate + kMaxCpus;
inline constexpr int kFirstWalkerOld = kFirstOld + kMaxCpus * kMaxOld;
inline constexpr int kActions = kFirstWalkerOld + kMaxCpus * kMaxOld;
static_assert(kMaxOld == 8 && kActions < 255);
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
// What the thread of `cpu` has left for later is done, or RCU frees what it has handed over. (There
// is only one of these in a schedule.)
constexpr Action Late(CpuId cpu) { return static_cast<Action>(kFirstLate + Index(cpu)); }
constexpr bool IsLate(Action action) {
  return Index(action) >= kFirstLate && Index(action) < kFirstOld;
}
// Of a thread or a walker: it loads a value that is `old` behind the newest, 1 to kMaxOld.
constexpr Action OldValue(AgentId agent, int old) {
  const int first = KindOf(agent) == AgentKind::kWalker ? kFirstWalkerOld : kFirstOld;
  return static_cast<Action>(first + kMaxOld * Index(CpuOf(agent)) + old - 1);
}
constexpr bool IsOld(Action action) { return Index(action) >= kFirstOld && action != kNoAction; }
constexpr int OldOf(Action action) {
  return IsOld(action) ? (Index(action) - kFirstOld) % kMaxOld + 1 : 0;
}
constexpr bool IsDelivery(Action action) {
  return Index(action) >= kFirstDelivery && Index(action) < kFirstLate;
}
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
  if (IsLate(action)) return DetourAgent(MakeCpu(Index(action) - kFirstLate));
  if (IsOld(action)) {
    const CpuId cpu = MakeCpu((Index(action) - kFirstOld) / kMaxOld % kMaxCpus);
    return Index(action) < kFirstWalkerOld ? DetourAgent(cpu) : WalkerAgent(cpu);
  }
  return static_cast<AgentId>(Index(action));
}
// The action of whoever makes the step: of a detour, its thread; with an old value, as without.
constexpr Action MoverOf(Action action) {
  if (IsOld(action)) {
    const AgentId agent = AgentOf(action);
    return static_cast<Action>(KindOf(agent) == AgentKind::kWalker ? Index(agent)
                                                                   : Index(CpuOf(agent)));
  }
  return IsDetour(action) ? static_cast<Action>(Index(action) - kFirstDetour) : action;
}
// What a step of a run was, as a choice.
constexpr Action ActionOf(AgentId agent, Point point, int page, int old = 0) {
  if (old != 0) return OldValue(agent, old);
  if (point == Point::deliver) return Delivery(CpuOf(agent), MakeCpu(page));
  if (point == Point::pending_inc_done || point == Point::rcu_free) return Late(CpuOf(agent));
  return ActionOf(AgentToMove(agent, point));
}

using Path = std::vector<Action>;

// A set of actions, by bit.
struct Actions {
  uint64_t deliveries = 0;             // bit 8 * target + issuer
  uint32_t agents = 0;                 // bit 0 to 7: threads; 8 to 15: walkers; 16 to 23: detours
  uint64_t olds = 0, walker_olds = 0;  // bit kMaxOld * cpu + old - 1
  uint8_t late = 0;                    // by CPU

  // Nobody can move, but such as go on with an old value where they wait for the newest: if that is
  // what they see, they wait for ever.
  bool stand() const { return (deliveries | agents | late) == 0; }
  bool empty() const { return (deliveries | agents | olds | walker_olds | late) == 0; }
  int size() const {
    return std::popcount(deliveries) + std::popcount(agents) + std::popcount(olds) +
           std::popcount(walker_olds) + std::popcount(late);
  }
  bool contains(Action action) const {
    const int i = Index(action);
    if (i < kFirstDelivery) return (agents >> i & 1) != 0;
    if (i < kFirstLate) return (deliveries >> (i - kFirstDelivery) & 1) != 0;
    if (i < kFirstOld) return (late >> (i - kFirstLate) & 1) != 0;
    if (i < kFirstWalkerOld) return (olds >> (i - kFirstOld) & 1) != 0;
    return i < kActions && (walker_olds >> (i - kFirstWalkerOld) & 1) != 0;
  }
  // Takes the lowest out.
  Action TakeFirst() {
    if (agents != 0) {
      const int i = std::countr_zero(agents);
      agents &= agents - 1;
      return static_cast<Action>(i);
    }
    if (deliveries != 0) {
      const int i = std::countr_zero(deliveries);
      deliveries &= deliveries - 1;
      return static_cast<Action>(kFirstDelivery + i);
    }
    if (late != 0) {
      const int i = std::countr_zero(late);
      late &= static_cast<uint8_t>(late - 1);
      return static_cast<Action>(kFirstLate + i);
    }
    const bool thread = olds != 0;
    uint64_t& rest = thread ? olds : walker_olds;
    const int i = std::countr_zero(rest);
    rest &= rest - 1;
    return static_cast<Action>((thread ? kFirstOld : kFirstWalkerOld) + i);
  }
  void Add(Action action) {
    const int i = Index(action);
    if (i < kFirstDelivery) {
      agents |= 1u << i;
    } else if (kFirstLate <= i && i < kFirstOld) {
      late |= static_cast<uint8_t>(1u << (i - kFirstLate));
    } else if (i < kFirstLate) {
      deliveries |= uint64_t{1} << (i - kFirstDelivery);
    } else if (i < kFirstWalkerOld) {
      olds |= uint64_t{1} << (i - kFirstOld);
    } else {
      walker_olds |= uint64_t{1} << (i - kFirstWalkerOld);
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
