// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// x86's INVLPGB: flushes without interrupts, of an mm that has one ASID on all CPUs.
//
// In use where World::invlpgb is set: x86 with `hardware invlpgb`, from kernel 6.17 on, where CPUs
// switch. An mm that is active on more than one CPU at a flush is given a global ASID. From then on
// a flush issues INVLPGBs for that, interrupts the CPUs that have the mm loaded under a slot of
// their own still (the transition), which makes them load it anew, and awaits the INVLPGBs by
// TLBSYNC. A CPU under the global ASID needs no generation: it misses nothing.
//
// Faithful to arch/x86/mm/tlb.c of 6.18.2 and 7.1.5, of which these parts are the same, step by
// step: use_global_asid(), broadcast_tlb_flush(), finish_asid_transition() with its reads of
// loaded_mm and loaded_mm_asid, mm_needs_global_asid() in switch_mm_irqs_off() and
// flush_tlb_func(); arch_tlbbatch_flush(), which drops all of all ASIDs. Scaled: more than 1 CPU,
// where the kernel has more than 3. Simplified: at each flush that interrupts CPUs the mm is
// considered (the kernel does so at every 32nd or so), and who is active is counted in one step; a
// switch reads tlb_gen and global_asid in one step, which nobody can tell. Left out: a range of
// more pages than one INVLPGB takes; ASIDs that run out, or are used again.
#ifndef GATHERFUZZ_MODEL_KERNEL_BROADCAST_H_
#define GATHERFUZZ_MODEL_KERNEL_BROADCAST_H_

#include "model/system.h"

namespace gatherfuzz {

struct MmSwitching;

// mm_needs_global_asid(), of mm0: `cpu` has it loaded under another ASID than its global one.
bool NeedsGlobalAsid(const World& world, CpuId cpu);

// mm_global_asid(mm0), mm_in_asid_transition(mm0): the steps global_asid_read and
// asid_transition_read.
bool ReadGlobalAsid(const Thread& t);
bool ReadAsidTransition(const Thread& t);

// consider_global_asid(), and what it has done: the steps global_asid_lock and global_asid_set.
void ConsiderGlobalAsid(const Thread& t);

// invlpgb_flush_...(): the step invlpgb. It is under way up to Tlbsync(), the step tlbsync. One
// that is `of_all` names every tag, else the global ASID.
void IssueInvlpgb(const Thread& t, const Invalidation& request);
void Tlbsync(const Thread& t);

// finish_asid_transition(), up to where it interrupts the CPUs in the mask: true if it has to.
bool FindsStraggler(const Thread& t, const MmSwitching& rules);

// this_cpu_write() of loaded_mm_asid, behind that of loaded_mm: the step loaded_asid_set.
void SayLoadedAsid(const Thread& t);

// Whether the CPU `arg` is not in the middle of a switch; whether global_asid_lock is free.
bool HasSwitched(const World& world, int arg);
bool GlobalAsidLockIsFree(const World& world, int arg);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_BROADCAST_H_
