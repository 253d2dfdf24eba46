// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/independence.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>

#include "model/kernel/zap.h"

namespace gatherfuzz {
namespace {

// The closed sets of one state.
class ClosedSets {
 public:
  ClosedSets(const Clashes& clashes, const Actions& able, RuleMask rules)
      : clashes_(clashes), able_(able), rules_(rules) {}

  // One of those with the fewest that are able; only of these.
  Actions Smallest() const {
    for (Actions rest = able_; !rest.empty();) {
      const Action action = rest.TakeFirst();
      const Clashers with = With(action);
      if (with.known && with.agents.empty()) return Actions::Only(action);
    }
    return (rules_ & MaskOf(Rule::kTogether)) != 0 ? SmallestOfSeveral() : able_;
  }

 private:
  using AllClashers = std::array<Clashers, kFirstOld>;  // of those that are able

  Clashers With(Action action) const {
    Clashers with = clashes_.With(action);
    with.known = with.known && (rules_ & MaskOf(with.rule)) != 0;
    return with;
  }

  Actions SmallestOfSeveral() const {
    AllClashers with;
    for (Actions rest = able_; !rest.empty();) {
      const Action action = rest.TakeFirst();
      with[static_cast<size_t>(action)] = With(action);
    }
    Actions best = able_;
    for (Actions rest = able_; !rest.empty();) {
      Actions set;
      if (Close(rest.TakeFirst(), with, best.size(), set)) best = set;
    }
    return best;
  }

  // The able ones of the closed set that grows from `first`; false if they are not fewer than
  // `than`.
  bool Close(Action first, const AllClashers& with, int than, Actions& set) const {
    Actions todo = Actions::Only(first), seen = todo;
    while (!todo.empty()) {
      const Action agent = todo.TakeFirst();
      Actions more;
      if (able_.contains(agent)) {
        const Clashers& of = with[static_cast<size_t>(agent)];
        set.Add(agent);
        if (!of.known || set.size() >= than) return false;
        more = of.agents;
      } else {
        more = clashes_.Blockers(CpuOf(AgentOf(agent)));
        if (more.empty()) return false;
      }
      while (!more.empty()) {
        const Action next = more.TakeFirst();
        if (seen.contains(next)) continue;
        seen.Add(next);
        todo.Add(next);
      }
    }
    return true;
  }

  const Clashes& clashes_;
  const Actions able_;
  const RuleMask rules_;
};

// The rules lean on what a policy says of itself. That it waits can be seen.
void HoldToNoWaits(const Stepper& stepper, const Actions& able) {
  for (uint32_t threads = able.agents & 0xffu; threads != 0; threads &= threads - 1) {
    if (stepper.Next(static_cast<Action>(std::countr_zero(threads))).point != Point::finish_wait) {
      continue;
    }
    std::fputs(
        "gatherfuzz: this policy waits in finish and does not say so; set .waits = true in "
        "its PolicyTraits (model/policies/policy.h)\n",
        stderr);
    std::abort();
  }
}

// The rules lean on page tables that stay where somebody holds mmap_lock.
bool TablesVanish(const Schedule& schedule) {
  return std::any_of(schedule.program.begin(), schedule.program.end(),
                     [&](const auto& line) { return MayReclaimTables(line.op, schedule.kernel); });
}

// Of weaker memory there are rules for the kernel's model, for paths that look at nothing before
// they take mmap_lock, and for verbs that are not a kernel's: its code may have a barrier behind
// any step.
bool NoRulesOfMemory(const Schedule& schedule, const Policy& policy) {
  return schedule.memory == MemoryModel::kTso ||
         (schedule.memory != MemoryModel::kSc &&
          (policy.foreign() || schedule.kernel >= KernelVersion::k6_17 || schedule.kswapd));
}

}  // namespace

Independence::Independence(const Schedule& schedule, const Policy& policy, uint32_t ignored,
                           RuleMask rules)
    : futures_(schedule, policy.waits(), policy.foreign()),
      waits_(policy.waits()),
      rules_(policy.peeks() || (ignored & kDisorder) != 0 || TablesVanish(schedule) ||
                     NoRulesOfMemory(schedule, policy) || OnlySc(schedule)
                 ? 0
                 : rules) {}

Actions Independence::Enough(const Stepper& stepper, const Actions& able) const {
  if (rules_ == 0 || able.size() < 2 || stepper.SomebodyGoesRound()) return able;
  if (!waits_) HoldToNoWaits(stepper, able);
  if (!stepper.world().sc()) [[unlikely]]
    return EnoughWeakly(stepper, able);
  return ClosedSets(ClashesIn(stepper), able, rules_).Smallest();
}

// Old values go with the agent that may load them.
Actions Independence::EnoughWeakly(const Stepper& stepper, const Actions& able) const {
  // A delivery that is a barrier on its CPU has no rule.
  if (stepper.order(Point::deliver) != MemoryOrder::relaxed) return able;
  Actions plain = able, olds;
  plain.olds = plain.walker_olds = 0;
  olds.olds = able.olds;
  olds.walker_olds = able.walker_olds;
  for (Actions rest = olds; !rest.empty();) {
    // It waits, but not if it takes what is old.
    if (!plain.contains(MoverOf(rest.TakeFirst()))) return able;
  }
  if (plain.size() < 2) return able;
  Actions enough = ClosedSets(ClashesIn(stepper), plain, rules_).Smallest();
  const Actions movers = enough;
  while (!olds.empty()) {
    const Action old = olds.TakeFirst();
    if (movers.contains(MoverOf(old))) enough.Add(old);
  }
  return enough;
}

}  // namespace gatherfuzz
