// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Increments that are done later than they stand in their program: MemoryModel::kLate.
//
// A relaxed update whose value nobody takes, such as atomic_inc(), orders nothing: what stands
// behind it may be seen before it is done. So at inc_tlb_flush_pending() the order of a schedule
// has a choice (Steps::StepOr): the step pending_inc, or pending_inc_later, which leaves a mark.
// The step pending_inc_done, of an agent of its own (`late0`), does the increment. It can come at
// any time, until the thread stands before a step that waits for it: one that releases or is a full
// barrier, a DSB among them; or one that touches the count. Such a thread is blocked, as by a lock.
// A mark can always be done, so nothing waits for ever.
//
// Faithful to the kernel's memory model as far as it goes: it is the one way in which a load takes
// what is stored later. What is left out comes to nothing: pending_dec could be late as well, but
// no step stands between it and the next that waits, so the order can make it later as it is. Where
// updates are full barriers, as on x86, there is nothing to choose, nor where an interrupt is one.
#ifndef GATHERFUZZ_MODEL_KERNEL_LATE_H_
#define GATHERFUZZ_MODEL_KERNEL_LATE_H_

#include "model/system.h"

namespace gatherfuzz {

// Whether the increment of a gather may be done later.
inline bool MayBeLate(const System& system) {
  return system.world.mm.memory == MemoryModel::kLate && system.waits_for_late != 0;
}

// What System::waits_for_late is to be: the steps that wait for an increment of their thread. 0: it
// cannot be late. A wait in finish does as well if it looks at the count.
PointMask WaitersForLate(const Orders& orders);

// The increment, in the step pending_inc, or its mark, in pending_inc_later.
void RaiseNowOrLater(const Thread& t);

// Whether the thread has left one for later.
inline bool HasLate(const World& world, CpuId cpu) { return (world.weak.late & CpuBit(cpu)) != 0; }
// Does it: the step pending_inc_done.
void RaiseAtLast(System& system, CpuId cpu);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_LATE_H_
