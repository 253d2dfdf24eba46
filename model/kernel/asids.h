// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The allocators of ASIDs of arm64 and riscv: which number an mm has, who takes it away, and how
// TLBs learn of it.
//
// In use where CPUs switch and the schedule says how many ASIDs are free (World::switching.asids).
// An mm gets a number as it is switched to; if there is none left, a new generation begins (a
// rollover): all numbers are free but those of the mms that run, and each CPU drops all that it has
// cached before it runs another mm.
//
// Faithful to arch/arm64/mm/context.c of 6.12, step by step: check_and_switch_context() with its
// path without the lock, new_context(), flush_context(), cpu_do_switch_mm(); and to ASID() in
// asm/tlbflush.h, which is read before each TLBI and behind what it is for. Reads and writes under
// cpu_asid_lock are no steps where nobody looks without it.
// And to arch/riscv/mm/context.c, which has the same under other names (active_context,
// current_version, context_lock): set_mm_asid(), which loads what it has read, by one write of SATP
// for root and ASID, and drops behind that; get_mm_asid() in mm/tlbflush.c; and the flush of
// reclaim's batch, of every ASID. 6.1 and 6.12 are the same in this. Each CPU begins in
// mm_cpumask() of mm0, and none leaves it.
// Simplified: no KPTI (so each ASID is one), no CnP, no pinned ASIDs; the read of the generation
// and what is compared with it are one step.
#ifndef GATHERFUZZ_MODEL_KERNEL_ASIDS_H_
#define GATHERFUZZ_MODEL_KERNEL_ASIDS_H_

#include "model/system.h"

namespace gatherfuzz {

// What can be wrong with that. The defaults are those of 6.12; model/policies/zoo/ has what was
// wrong, and what could be.
struct AsidAllocation {
  bool reads_first = false;        // the ASID of a TLBI is read before the PTE is cleared
  bool drops_reserved = false;     // a second rollover forgets what the first one has reserved
  bool updates_one = false;        // of several CPUs that reserve an ASID one learns the new one
  bool swaps_zero = false;         // active_asids is swapped without the lock though it is 0
  bool stores_active = false;      // ... or stored, where it is to be compared and swapped
  bool any_generation = false;     // ... whatever the generation of the mm's ASID
  bool looks_once = false;         // what was read without the lock is not read again under it
  bool root_before_asid = false;   // TTBR0 is written before TTBR1
  bool no_reserved_root = false;   // TTBR0 is not set to empty tables while TTBR1 is written
  bool never_flushes = false;      // no CPU drops anything in a switch
  bool queues_no_flush = false;    // a rollover marks no CPU for that
  bool queues_itself = false;      // ... or only the CPU that makes it
  bool active_not_marked = false;  // active_asids is not set under the lock
  bool flushes_first = false;      // riscv drops before it writes SATP

  friend bool operator==(const AsidAllocation&, const AsidAllocation&) = default;
};

// Whether ASIDs are allocated here.
inline bool AllocatesAsids(const World& world) {
  return world.switches != 0 && world.switching.asids.count != 0;
}

// check_and_switch_context(), set_mm_asid(): the CPU goes to the tables and the ASID of `next`.
void CheckAndSwitchContext(const Thread& t, MmId next);

// ASID(mm0), for a TLBI: the step tlbi_asid_read. No step where ASIDs are not allocated, or where
// it has been read.
void ReadTlbiAsid(const Thread& t);
// ... before a PTE is cleared, where that is what is wrong.
void ReadTlbiAsidFirst(const Thread& t);
// ... and there is none.
void ForgetTlbiAsid(const Thread& t);

// Where a TLBI arrives: drops what it names.
void TakeTlbi(System& system, CpuId target, CpuId issuer);

// Whether the CPU `arg` may take cpu_asid_lock.
bool AsidLockIsFree(const World& world, int arg);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_ASIDS_H_
