// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What counts as a preemption.
//
// A switch to another agent while the one that moved last, a thread or a hardware walker, could
// have gone on. A thread whose invalidation is pending could: the hardware answers without
// anybody's help, and deliveries neither preempt nor are preempted. So an order without preemptions
// runs each agent until it ends, or blocks on what another has to do. A detour is a step of its
// thread: to take it is no preemption. Nor is what was left for later, which takes nobody's place;
// and a thread that waits for it could have gone on.
#ifndef GATHERFUZZ_EXPLORE_PREEMPTION_H_
#define GATHERFUZZ_EXPLORE_PREEMPTION_H_

#include "explore/action.h"

namespace gatherfuzz {

// Whether the invalidation of that thread is pending somewhere.
inline bool AwaitsDelivery(Action thread, const Actions& able) {
  constexpr uint64_t kOfFirstCpu = 0x0101010101010101u;  // by target
  return Index(thread) < kMaxCpus && (able.deliveries & kOfFirstCpu << Index(thread)) != 0;
}

// Whether it has left something for later, which it may wait for.
inline bool AwaitsLate(Action thread, const Actions& able) {
  return Index(thread) < kMaxCpus && (able.late >> Index(thread) & 1) != 0;
}

// Whether `next` preempts, where `last` was the last thread or walker to move (kNoAction: none) and
// `able` can move.
inline bool Preempts(Action last, const Actions& able, Action next) {
  if (IsDelivery(next) || IsLate(next)) return false;
  if (MoverOf(next) == last || last == kNoAction) return false;
  return able.contains(last) || AwaitsDelivery(last, able) || AwaitsLate(last, able);
}
// Who moved last, after `next`.
inline Action LastAfter(Action last, Action next) {
  return IsDelivery(next) || IsLate(next) ? last : MoverOf(next);
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_PREEMPTION_H_
