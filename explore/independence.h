// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Reduction by independence: in most states, to move some of the agents is enough.
//
// A set of agents is closed if it holds, of each of its agents that can move, all who may clash
// with its next step (clash.h), and of each that is blocked, one who has to move before it can. If
// a way to a violation, or to the end, moves an agent of a closed set, the first such step commutes
// with all that come before it on that way, so it can come first. If it moves none, any step of the
// set that is no violation can come first, and leaves the rest as it is. So to move the agents of
// one closed set is enough: it leads to the same ends, and to the same kinds of violations. (These
// are the persistent sets of partial-order reduction. Runs end, so nothing can be put off for
// ever.)
//
// Exact: no end and no kind of violation is lost, and no wait is overtaken less. Not kept are the
// states between, and how many ways there are. Deterministic: which set is taken is a function of
// the state.
#ifndef GATHERFUZZ_EXPLORE_INDEPENDENCE_H_
#define GATHERFUZZ_EXPLORE_INDEPENDENCE_H_

#include "explore/clash.h"

namespace gatherfuzz {

class Independence {
 public:
  // `ignored` as in ExploreSettings. There are no rules for a policy that peeks, nor where
  // CPUs switch or sleep, nor where MADV_DONTNEED may free page tables (from kernel 6.17 on), nor
  // after a violation that leaves the machine in disorder, nor under MemoryModel::kTso, nor
  // from 6.17 on, or of a foreign policy, under kWeak.
  Independence(const Schedule& schedule, const Policy& policy, uint32_t ignored, RuleMask rules);

  // Which of those that are able are enough.
  Actions Enough(const Stepper& stepper, const Actions& able) const;

  // Who may clash, in the state the stepper is in.
  Clashes ClashesIn(const Stepper& stepper) const { return {stepper, futures_, waits_}; }
  const Futures& futures() const { return futures_; }

 private:
  Actions EnoughWeakly(const Stepper& stepper, const Actions& able) const;

  const Futures futures_;
  const bool waits_;
  const RuleMask rules_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_INDEPENDENCE_H_
