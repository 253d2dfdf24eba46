// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/independence.h"

#include <bit>

namespace gatherfuzz {
namespace {

constexpr uint32_t kBreaksTheMachine =
    Bit(ViolationKind::kFreedPageCached) | Bit(ViolationKind::kFreedTableCached) |
    Bit(ViolationKind::kWalkedDeadTable) | Bit(ViolationKind::kProtocolError);

// The agents of a state, and who may clash with each.
class Sets {
 public:
  Sets(const Clashes& clashes, const Actions& able, RuleMask rules)
      : clashes_(clashes), able_(able), rules_(rules) {}

  Actions Smallest() {
    for (Actions rest = able_; !rest.empty();) {
      const Action action = rest.TakeFirst();
      const Clashers with = With(action);
      if (with.known && with.agents.empty()) return Actions::Only(action);
    }
    return (rules_ & MaskOf(Rule::kTogether)) != 0 ? SmallestOfSome() : able_;
  }

 private:
  Clashers With(Action action) const {
    Clashers with = clashes_.With(action);
    with.known &= (rules_ & MaskOf(with.rule)) != 0;
    return with;
  }

  Actions SmallestOfSome() const {
    std::array<Clashers, kActions> with;
    for (Actions rest = able_; !rest.empty();) {
      const Action action = rest.TakeFirst();
      with[Index(action)] = With(action);
    }
    Actions best = able_;
    for (Actions rest = able_; !rest.empty();) {
      Actions set;
      if (Close(rest.TakeFirst(), with, set, best.size())) best = set;
    }
    return best;
  }

  // The smallest closed set that holds `first`; false if it is not smaller than `than`.
  bool Close(Action first, const std::array<Clashers, kActions>& with, Actions& set,
             int than) const {
    Actions seen = Actions::Only(first);
    for (Actions todo = seen; !todo.empty();) {
      const Action agent = todo.TakeFirst();
      Actions more;
      if (able_.contains(agent)) {
        set.Add(agent);
        const Clashers& of = with[Index(agent)];
        if (!of.known || set.size() >= than) return false;
        more = of.agents;
      } else {
        more = clashes_.Blockers(CpuOf(AgentOf(agent)));
        if (more.empty()) return false;
      }
      for (; !more.empty();) {
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

}  // namespace

Independence::Independence(const Schedule& schedule, const Policy& policy, uint32_t ignored,
                           RuleMask rules)
    : futures_(schedule, policy.waits()),
      waits_(policy.waits()),
      rules_(policy.peeks() || (ignored & kBreaksTheMachine) != 0 ? 0 : rules) {}

Actions Independence::Enough(const Stepper& stepper, const Actions& able) const {
  if (rules_ == 0 || able.size() < 2) return able;
  return Sets(Clashes(stepper, futures_, waits_), able, rules_).Smallest();
}

}  // namespace gatherfuzz
