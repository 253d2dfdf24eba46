// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Steps at which a thread loads or stores what others see: the count, page-table entries, and the
// policy's bytes. The caller changes World itself, right after the step.
//
// Under sequential consistency each is the plain step, and one branch. Otherwise the memory model
// (model/machine/memory.h) says which values a load may take, the order of the schedule which it
// does, and System::orders what the step orders.
#ifndef GATHERFUZZ_MODEL_KERNEL_SHARED_H_
#define GATHERFUZZ_MODEL_KERNEL_SHARED_H_

#include "model/kernel/page_table.h"
#include "model/machine/memory.h"
#include "model/system.h"

namespace gatherfuzz {

// An entry, as a load took it.
struct Look {
  Pte entry{};
  bool old = false;    // it is not the newest
  Mapping moment = 0;  // the number of the next mapping when that was the newest last
};

// Where not sc(); see below.
Look LoadEntryWeakly(const Thread& t, Point point, FrameId table, int page);
void StoreWeakly(const Thread& t, MemoryOrder order, Location at, Access access, int page = 0);

// The step `point`, which reads the entry for `page` in `table`.
[[gnu::always_inline]] inline Look LoadEntry(const Thread& t, Point point, FrameId table,
                                             int page) {
  if (!t.world().sc()) [[unlikely]]
    return LoadEntryWeakly(t, point, table, page);
  t.Step(point, page);
  return {EntryOf(t.world(), table, page), false, t.world().mm.next_mapping};
}

// That entry is about to be changed, in the step `point`, which has been made.
inline void StoresEntry(const Thread& t, Point point, FrameId table, int page,
                        Access access = Access::kStore) {
  if (!t.world().sc()) [[unlikely]]
    StoreWeakly(t, t.system.order(point), LocationOf(t.world(), table, page), access, page);
}
// ... or the count, or the policy's bytes.
inline void Updates(const Thread& t, MemoryOrder order, Location at) {
  if (!t.world().sc()) [[unlikely]]
    StoreWeakly(t, order, at, Access::kUpdate);
}
inline void Updates(const Thread& t, Point point, Location at) {
  Updates(t, t.system.order(point), at);
}

// ... the count, by the update that the thread of `cpu` has left for later (late.h).
void StoresLate(System& system, CpuId cpu);

// The thread comes back to that entry, since it has not found what it looked for: by then it knows
// what is there. (Simplified: it might look at an old value again, but not for ever.)
inline void SeesNewest(const Thread& t, FrameId table, int page) {
  if (!t.world().sc()) [[unlikely]] {
    NoteLoad(t.world(), ThreadOf(t.cpu), LocationOf(t.world(), table, page), MemoryOrder::relaxed,
             0);
  }
}

// The step `point`, which reads the count; with that order, if it is said.
int LoadCount(const Thread& t, Point point);
int LoadCount(const Thread& t, Point point, MemoryOrder order);
// The step `point`, which reads the policy's bytes.
PolicyBytes LoadPolicy(const Thread& t, Point point);
// The step `point`, which waits until `ready` holds of a value of `at` that it may take.
void LoadWhen(const Thread& t, Point point, Ready ready, Location at);

// Where CPUs switch: the step `point`, which loads one of their variables; with `ordered` behind a
// full barrier.
uint64_t LoadOfCpus(const Thread& t, Point point, int page, Location at, bool ordered);
// ... which the thread stores to, in a step that has been made.
inline void StoresOfCpus(const Thread& t, Location at, Access access) {
  if (!t.world().sc()) [[unlikely]]
    StoreWeakly(t, MemoryOrder::relaxed, at, access);
}

// The gather loads the count and the policy's bytes no more.
void LoadsNoMore(const Thread& t);

// The thread is in no call any more, so the next thing it does is to take mmap_lock.
void LeavesCall(const Thread& t);

// What the load before which the thread stands could take, but for the newest: bit i says that it
// could take the value 1 + i behind it. `ready` and `arg` are of a step that can block, or null.
uint32_t OldChoices(const System& system, const PendingLoad& load, CpuId cpu, Ready ready, int arg);
// ... and that of the hardware walker of `cpu`, whose fill is of `page`.
uint32_t OldChoicesOfWalker(const System& system, CpuId cpu, int page);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_SHARED_H_
