// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// CPUs that switch from one mm to another, or sleep with one loaded, and flushes that know of it.
//
// Faithful to x86 of 6.12 (arch/x86/mm/tlb.c, with the fix fea4e317f9e7): switch_mm_irqs_off() and
// enter_lazy_tlb() step by step, with interrupts off; leave_mm(), by which deep idle states give up
// the page tables that are loaded, with its WARN_ON(); flush_tlb_mm_range(), should_flush_tlb() for
// each CPU, and flush_tlb_func() with its generations on the CPU that is told. From 6.17 on a
// switch leaves its bit in mm_cpumask() of the mm it comes from (since 6.14, 209954cbc7d0).
// On other architectures an invalidation is broadcast to every CPU, whatever that has loaded. A
// switch writes the root and nothing else, and each mm has a tag for good; or, where the schedule
// says so, ASIDs are allocated (asids.h). Page tables are freed with RCU, so not while a CPU has
// interrupts off that had them off before; the thread waits in place of a callback.
//
// Under MemoryModel::kTso loaded_mm and is_lazy are plain stores, which others may see late;
// tlb_gen and mm_cpumask() change by locked updates, which are full barriers, as is what serializes
// (CR3, an interrupt); a CPU reads its own as it has left them. model/orders.def says what each
// step orders. The way back to user space orders nothing (SYSRET does not).
//
// Simplified: what an interrupt does where it is taken is one step; user space runs with the PCID
// of the kernel (no PTI); a CPU is never trimmed from a mask by and by; mms are never gone.
// INVLPGB and global ASIDs: broadcast.h. Left out: mitigations, LAM, CR4, the LDT.
#ifndef GATHERFUZZ_MODEL_KERNEL_SWITCH_MM_H_
#define GATHERFUZZ_MODEL_KERNEL_SWITCH_MM_H_

#include "model/kernel/asids.h"
#include "model/kernel/ops.h"
#include "model/system.h"

namespace gatherfuzz {

// What can be wrong with all that. The defaults are those of 6.12; model/policies/zoo/ has what was
// wrong, and what could be.
struct MmSwitching {
  bool skips_lazy_always = false;     // lazy CPUs get no IPI, whether or not tables were freed
  bool lazy_stays = false;            // one that gets it does nothing
  bool trusts_loaded_mm = false;      // no CPU counts that is in the middle of a switch
  bool hides_switching = false;       // LOADED_MM_SWITCHING is not stored
  bool root_before_mask = false;      // CR3 is written before the own bit is set in mm_cpumask()
  bool looks_before_raise = false;    // whom to tell is looked up before tlb_gen is raised
  bool reads_before_mask = false;     // tlb_gen is read before the own bit is set in mm_cpumask()
  bool wakes_blindly = false;         // a lazy CPU that goes on does not look at tlb_gen
  bool lazy_until_end = false;        // is_lazy is cleared last of all
  bool reuses_blindly = false;        // a slot that has the mm is taken for up to date
  bool new_slot_unflushed = false;    // a slot that had another mm is not flushed
  bool partial_of_any = false;        // a range is flushed alone though others were missed
  bool partial_of_old = false;        // ... though there are newer ones
  bool catches_up_too_far = false;    // the CPU takes itself to be one generation further
  bool one_page_short = false;        // the last page of a range is not flushed
  bool skips_itself = false;          // the CPU that flushes does not flush itself
  bool joined_unordered = false;      // no barrier behind loaded_mm where the bit is set already
  bool wakes_unordered = false;       // ... nor behind is_lazy, on the way back from lazy
  bool raises_unordered = false;      // tlb_gen is raised by a plain store
  bool zero_is_old = false;           // a flush without a generation is taken for an old one
  bool frees_tables_at_once = false;  // no RCU for page tables
  // Where there is INVLPGB (broadcast.h).
  bool lazy_before_global = false;       // who is told is asked first whether it is lazy
  bool not_synced = false;               // no TLBSYNC behind an INVLPGB
  bool transition_not_finished = false;  // no look for CPUs that have no global ASID loaded
  bool switch_not_awaited = false;       // ... nor a wait for one in the middle of a switch

  // Whether something is otherwise where there is INVLPGB.
  bool of_invlpgb() const {
    return lazy_before_global || not_synced || transition_not_finished || switch_not_awaited;
  }
  friend bool operator==(const MmSwitching&, const MmSwitching&) = default;
};

// For System.
bool FlushTlbMmRange(const Thread& t, const Invalidation& request);
void FlushTlbFunc(System& system, CpuId target, CpuId issuer);
inline constexpr CpuSide kCpuSide{
    .flush = FlushTlbMmRange, .take = FlushTlbFunc, .names = ReadTlbiAsid};

// Whether flushes count generations here.
inline bool CountsGenerations(const World& world) {
  return world.switches != 0 && world.switching.generations != 0;
}

// Not under sequential consistency: which of the variables of CPUs operations may load behind a
// plain store of their own, with no barrier between, so that they may take old values.
struct OfCpus {
  bool generation = false;  // tlb_gen
  bool others = false;      // mm_cpumask(), and what another CPU has loaded

  void Add(const System& system, const Op& op);
};

// arch_tlbbatch_should_defer(), the mask: whether mm0 is anywhere but on the CPU.
bool RunsElsewhere(const Thread& t);
// arch_tlbbatch_add_pending(): the step tlb_gen_inc. Where CountsGenerations().
void AddToBatch(const Thread& t, int page);
// arch_tlbbatch_flush(). Where CountsGenerations().
void FlushBatch(const Thread& t);

// Page tables are given to RCU; then whether their time has come. `arg` is the CPU. (rcu.cc)
void BeginGrace(const Thread& t);
bool GraceIsOver(const World& world, int arg);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_SWITCH_MM_H_
