// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// struct mmu_gather and the protocol under test.
//
// GatherProtocol is the interface a policy implements, with the kernel's own verbs. Its virtual
// functions have the behaviour of 6.12 (docs/model.md gives the source of each), with three hooks
// for what the policies of 2019 differ in: what finish does when another gather is live
// (Finishing), the test that lets a flush be skipped (NothingToFlush), and what happens around the
// lowering of the count. (A fourth, ArchFlush, is what planted defects change.) A policy overrides
// a hook, or a verb, and nothing else; model/policies/policy.h says how it becomes known.
//
// Invariants: one gather is live on a CPU at a time; tlb_flush_pending is raised before the gather
// touches a PTE and lowered last (kernel: mm_inline.h, inc_tlb_flush_pending). A protocol is
// immutable: what it remembers is in World (the gather, and Mm::policy_state).
#ifndef GATHERFUZZ_MODEL_KERNEL_MMU_GATHER_H_
#define GATHERFUZZ_MODEL_KERNEL_MMU_GATHER_H_

#include "model/kernel/switch_mm.h"
#include "model/machine/memory.h"
#include "model/system.h"

namespace gatherfuzz {

class AsidCode;
class CpuCode;
struct Op;

// What can be wrong with the freeing of PTE tables by MADV_DONTNEED (zap.h).
struct TableReclaim {
  bool behind_span = false;      // the gather is told of the page behind the span, not of the first
  bool trusts_old_look = false;  // what was empty before the lock was dropped is taken for empty
};

// How the flush that reclaim defers is dealt with (reclaim.h). The defaults are what 5.17 to 7.1
// do; model/policies/zoo/ has what was wrong, and what could be otherwise.
struct UnmapBatching {
  // Where flush_tlb_batched_pending() is called, always under the lock of a PTE table; or'ed.
  static constexpr unsigned kZap = 1;       // munmap and MADV_DONTNEED
  static constexpr unsigned kMadvise = 2;   // MADV_FREE
  static constexpr unsigned kRelock = 4;    // MADV_FREE, when it has dropped the lock in between
  static constexpr unsigned kGuard = 8;     // MADV_GUARD_INSTALL
  static constexpr unsigned kFault = 16;    // a page fault that is about to install a leaf
  static constexpr unsigned kProtect = 32;  // mprotect, and what walks as it does
  static constexpr unsigned kMove = 64;     // mremap
  unsigned asks = kZap | kMadvise | kRelock | kProtect | kMove;
  bool one_flag = false;     // the word only says that something is owed, and is cleared
  bool waits_only = false;   // where reclaim has issued its TLBI already: a DSB in place of a flush
  bool frees_first = false;  // reclaim frees its pages, and then flushes
  bool writes_first = false;   // dirty pages are written out before what maps them is flushed
  bool renumbers = false;      // an overflow of the word changes its upper bits
  bool held_coherent = false;  // a page fault is held to coherence with what reclaim still owes
  // Of a PROT_NONE page reclaim takes it that no TLB has it: pte_accessible() does not look whether
  // somebody owes a flush.
  bool trusts_prot_none = false;
  // A run of PTEs of a large folio, which reclaim clears and may put back, are all writable, or
  // none, whatever the kernel.
  bool runs_by_write = false;
  uint16_t most = 16383;  // TLB_FLUSH_BATCH_PENDING_LARGE
};

// What can be wrong with the taking away of access (protect.h), and with the OOM reaper.
struct Protection {
  bool dirty_in_gather = false;  // clear_refs opens a gather, records nothing, and flushes no more
  bool reaps_whole = false;      // one gather of the whole mm (fullmm) for all VMAs
};

// How who decides on what a page holds looks at what maps it (wp_page.h, ksm.cc). The defaults are
// what 5.19 to 7.1 do. What migration asks is UnmapBatching::trusts_prot_none.
struct Decisions {
  bool cow_asks = true;       // a write fault asks whether somebody owes a flush, before it copies
  bool cow_by_count = false;  // ... and copies what has another reference, though it is exclusive
  bool ksm_asks = true;       // KSM asks it of a page that is neither writable nor dirty
  bool ksm_by_exclusive = true;  // ... and flushes in any case what is exclusive
};

// Which changes of a leaf are a read and a store (leaf_update.h), and not one atomic update.
struct SplitUpdates {
  bool huge_clear = false;  // mremap() of a huge leaf takes it from its old place
  bool wrprotect = false;   // fork() takes the right to write from a leaf
};

class GatherProtocol {
 public:
  virtual ~GatherProtocol() = default;

  // Runs `path`, a system call that may gather. A protocol that keeps more than World has room for
  // (the code of a kernel) keeps it on the stack of this function, and passes it on in Thread.
  using Path = void (*)(const Thread& t, const Op& op);
  virtual void Run(const Thread& t, const Op& op, Path path) const { path(t, op); }

  // tlb_gather_mmu(): starts a gather over the caller's `range`.
  virtual void Gather(const Thread& t, PageRange range) const;
  // tlb_gather_mmu_fullmm(): starts one of a whole mm, which is going away.
  virtual void GatherFullmm(const Thread& t) const;
  // tlb_start_vma(): whether the VMA is a PFN map.
  virtual void StartVma(const Thread& t, PageRange vma) const;
  // tlb_remove_tlb_entry() and its PMD form: the leaf of `page` at `level` was cleared.
  virtual void RemoveTlbEntry(const Thread& t, int page, Level level) const;
  // __tlb_remove_page(): queues the frame of a leaf to be freed. True if the batch is full now.
  virtual bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const;
  // pte_free_tlb(), pmd_free_tlb(): a table at `level` whose span begins at `page` was unlinked.
  virtual void RemoveTable(const Thread& t, FrameId table, int page, Level level) const;
  // tlb_end_vma().
  virtual void EndVma(const Thread& t) const;
  // tlb_free_vmas(), before VMAs leave their mappings: from 7.1 on.
  virtual void FreeVmas(const Thread& t) const;
  // tlb_unshare_pmd_ptdesc(): the entry of this mm for the PMD table whose span begins at `page`
  // was cleared, and it is not counted among those who share the table any more.
  virtual void UnshareTable(const Thread& t, FrameId table, int page) const;
  // tlb_flush_unshared_tables(), before the i_mmap lock is dropped.
  virtual void FlushUnsharedTables(const Thread& t) const;
  // tlb_flush_mmu_tlbonly(): invalidates what was recorded, and forgets it.
  virtual void FlushTlbOnly(const Thread& t) const;
  // tlb_flush_mmu(): as above, then frees what is queued, tables first.
  virtual void Flush(const Thread& t) const;
  // tlb_finish_mmu().
  virtual void Finish(const Thread& t) const;

  // What `kernel` does; the model's 7.1 is 7.1.3.
  virtual TableReclaim ReclaimsTables(KernelVersion kernel) const {
    return {.behind_span = kernel >= KernelVersion::k7_1};
  }

  virtual UnmapBatching BatchesUnmaps() const { return {}; }
  virtual MmSwitching SwitchesMms() const { return {}; }
  virtual AsidAllocation AllocatesAsids() const { return {}; }
  // What is used in the place of switch_mm.h; null: that. Where CountsGenerations().
  virtual const CpuCode* cpu_code(const System&) const { return nullptr; }
  // ... and of asids.h. Where AllocatesAsids().
  virtual const AsidCode* asid_code(const System&) const { return nullptr; }
  virtual Protection Protects() const { return {}; }
  virtual Decisions Decides() const { return {}; }
  virtual SplitUpdates SplitsUpdates() const { return {}; }
  // mm_tlb_flush_pending(): the step pte_accessible.
  virtual bool FlushPending(const Thread& t, int page) const;

  // mremap() flushes what it has moved when it has dropped the locks of the page tables.
  virtual bool FlushesMoveLate() const { return false; }
  // mremap() has moved `range`, and will not unmap it (MREMAP_DONTUNMAP). The kernel does nothing
  // here; model/policies/zoo/ has what it could do.
  virtual void MovedWithoutUnmap(const Thread&, PageRange) const {}

  // MADV_GUARD_INSTALL begins to put its markers over `vma`, and has come to the end of that or to
  // something that is in the way, with no page-table lock held. The kernel does nothing at either;
  // model/policies/zoo/ has what it could do.
  virtual void GuardWalkBegins(const Thread&, PageRange) const {}
  virtual void GuardWalkEnds(const Thread&, PageRange) const {}

  // What was unmapped of a PFN map is flushed before its owner finds it no more: at the end of the
  // VMA, and from 7.1 on before it is unlinked.
  virtual bool FlushesPfnMaps() const { return true; }

  // Where an access faults on what is cached (Hardware::faults_on_entries), a page fault for a
  // write drops that under the lock: where it has given the right to write
  // (ptep_set_access_flags()), and where that was there already (flush_tlb_fix_spurious_fault()).
  virtual void FlushAllowed(const Thread& t, int page, Level level) const;
  virtual void FlushSpurious(const Thread& t, int page, Level level) const;

  // Whether the policy's own bytes in the mm say that no gather is live.
  virtual bool AtRest(const World&) const { return true; }

  // The policy's own bytes as far as they decide anything: what exploration tells states apart by.
  // Rewrites `bytes`, which are those of `world`. Two states that come to the same, and are the
  // same otherwise, must do so after any step of either: numbers of which only the order matters
  // become ranks, what nobody compares any more becomes zero. explore/verify.h holds it to that.
  virtual void Canonicalize(const World& world, PolicyBytes& bytes) const;

 protected:
  // Finish, before its flush: may change what the gather will flush.
  virtual void Finishing(const Thread& t) const = 0;
  // The test in tlb_flush_mmu_tlbonly(). 5.6 and later: no bit is set.
  virtual bool NothingToFlush(const MmuGather& gather) const;
  // tlb_flush(): has the architecture invalidate for `gather`, and waits until that is done.
  virtual void ArchFlush(const Thread& t, const MmuGather& gather) const;
  // Finish, after its flush, around the lowering of tlb_flush_pending.
  virtual void BeforeDec(const Thread&) const {}
  virtual void AfterDec(const Thread&) const {}
};

// What the architecture asks for, for `gather`; false if that is nothing.
bool ArchRequest(const Thread& t, const MmuGather& gather, Invalidation& request);

// mm_tlb_flush_nested(): the step pending_read. True if another gather of this mm is live.
bool FlushNested(const Thread& t);

// inc_tlb_flush_pending(): the step pending_inc, or, where the order says so, pending_inc_later.
// The gather is live from there on.
void RaisePending(const Thread& t);
// dec_tlb_flush_pending(): the step pending_dec. It is live no more.
void LowerPending(const Thread& t);
// ... by code that says what its atomics order.
void RaisePending(const Thread& t, MemoryOrder order);
void LowerPending(const Thread& t, MemoryOrder order);

// tlb_table_flush(), tlb_batch_pages_flush(): free what is queued.
void FreeTables(const Thread& t);
void FreePages(const Thread& t);
// One of each: the steps free_table and free_page. Of a page that is what its queue holds: the last
// reference, or, where frames have several (folios.h), one of them.
void FreeTable(const Thread& t, Queued table);
void FreePage(const Thread& t, Queued page);

// folio_put(), in a step of the caller's: the last reference frees the frame (folios.h).
void PutReference(const Thread& t, FrameId frame, int page);

// For a policy whose finish waits for others: the step finish_wait, which goes on when `ready`
// (called with the thread's CPU) holds. It looks at one variable that others change: the count, or
// the policy's bytes (kPolicyAt). The oracle watches the wait for starvation.
void WaitInFinish(const Thread& t, Ready ready, Location reads = kCountAt);

// __tlb_reset_range(): empties the range (or makes it whole, for fullmm) and clears every bit.
void ResetRange(MmuGather& gather);
// __tlb_adjust_range(): widens the range to include `range`.
void AdjustRange(MmuGather& gather, PageRange range);
// The range the gather's caller announced.
PageRange CallerRange(const MmuGather& gather);

// tlb_get_unmap_size(): the smallest level recorded as cleared; kPte when none is.
Level UnmapLevel(const MmuGather& gather);
// tlb_get_level(): the one level recorded as cleared, as 1 + level; 0 if that is not exactly one,
// or if tables were freed.
uint8_t LevelHint(const MmuGather& gather);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_MMU_GATHER_H_
