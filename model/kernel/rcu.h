// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Page tables that RCU frees, where a schedule has `rcu`: in steps of an agent of its own.
//
// tlb_remove_table_free() hands a batch of tables to call_rcu(): the step call_rcu. The call goes
// on, and may return. When all CPUs that were in a read-side section by then have left it
// (model/machine/rcu.h), the agent of the CPU (`rcu0`) frees a table in the step rcu_free; the
// oracle judges it there, as it does at free_table. It can always come to that: who is in a section
// waits for nothing but what goes on by itself. Without `rcu` there is none of this: a table is
// freed by who gathered it, in the step free_table, which waits for CPUs in the middle of a switch.
//
// Faithful: mm/mmu_gather.c with MMU_GATHER_RCU_TABLE_FREE (6.12): one call_rcu() for a batch,
// whose callback frees its tables in their order. Simplified: the callback makes a step for each
// table.
#ifndef GATHERFUZZ_MODEL_KERNEL_RCU_H_
#define GATHERFUZZ_MODEL_KERNEL_RCU_H_

#include "model/machine/rcu.h"
#include "model/system.h"

namespace gatherfuzz {

// Whether tables go by the steps call_rcu and rcu_free.
bool FreesByRcu(const System& system);

// call_rcu(): the step of that name; `page` is that of the first table. What is handed over before
// the next step of the thread waits for the sections that there are by then.
void CallRcu(const Thread& t, int page);
// ... a table, behind that.
void HandOver(const Thread& t, Queued table);

// synchronize_rcu(), where World::rcu: what the thread frees itself waits (the step free_table).
void BeginSynchronize(const Thread& t);

// Whether `rcuN` can move.
inline bool HasCallback(const World& world, CpuId cpu) {
  return (world.callbacks.ready & CpuBit(cpu)) != 0;
}
// Its step rcu_free.
void FreeFirstCallback(System& system, CpuId cpu);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_RCU_H_
