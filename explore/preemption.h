// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What counts as a preemption.
//
// A switch to another agent while the one that moved last, a thread or a hardware walker, could
// have gone on. Deliveries of invalidations are the hardware's answer to a request: they neither
// preempt nor are preempted. So an order without preemptions runs each agent until it ends or
// blocks, and an order is as hard to bring about as it has preemptions.
#ifndef GATHERFUZZ_EXPLORE_PREEMPTION_H_
#define GATHERFUZZ_EXPLORE_PREEMPTION_H_

#include "explore/action.h"

namespace gatherfuzz {

// Whether `next` preempts, where `last` was the last thread or walker to move (kNoAction: none) and
// `able` can move.
inline bool Preempts(Action last, const Actions& able, Action next) {
  return !IsDelivery(next) && next != last && last != kNoAction && able.contains(last);
}
// Who moved last, after `next`.
inline Action LastAfter(Action last, Action next) { return IsDelivery(next) ? last : next; }

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_PREEMPTION_H_
