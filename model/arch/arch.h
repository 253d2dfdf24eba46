// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// An architecture: what becomes of a gather's fields when it flushes, and so what an invalidation
// drops. One file an architecture; each registers itself by defining a RegisterArch.
//
// Faithful: which fields each reads, and what it does with them (tlb_flush() in asm/tlb.h of 6.1
// and 6.12). Simplified: the sizes at which a range becomes the whole address space are scaled to
// 64 pages.
#ifndef GATHERFUZZ_MODEL_ARCH_ARCH_H_
#define GATHERFUZZ_MODEL_ARCH_ARCH_H_

#include <span>
#include <string_view>

#include "model/kernel/version.h"
#include "model/machine/hardware.h"
#include "model/machine/world.h"
#include "model/orders.h"

namespace gatherfuzz {

class Arch {
 public:
  constexpr Arch(std::string_view name, std::string_view does) : name_(name), does_(does) {}
  virtual ~Arch() = default;

  std::string_view name() const { return name_; }
  std::string_view does() const { return does_; }  // one line

  // tlb_flush(): fills in `request` (all zero on entry) for the gather. False if this architecture
  // issues nothing for it.
  virtual bool TlbFlush(const MmuGather& gather, Invalidation& request) const = 0;
  // flush_pmd_tlb_range(): what is invalidated at once, outside of any gather, when a huge leaf is
  // taken away to be split or cleaned.
  virtual Invalidation FlushPmdRange(PageRange range) const = 0;
  // CONFIG_MMU_GATHER_MERGE_VMAS: no flush at the end of each VMA.
  virtual bool merges_vmas() const = 0;
  // CONFIG_PT_RECLAIM: the first kernel of the model in which MADV_DONTNEED frees PTE tables.
  virtual KernelVersion reclaims_tables_since() const { return KernelVersion::k7_1; }
  // Which orders its steps have; of an architecture of which nothing is said, arm64's.
  virtual OrderColumn orders() const { return OrderColumn::kArm64; }
  // It runs only where it is named (--arch): no table, sweep or test that names none goes over it.
  virtual bool on_request() const { return false; }
  // Of its memory only `sc` is modelled: what asks for another model is refused.
  virtual bool only_sc() const { return false; }
  // Where ASIDs are allocated: one register has the root and the ASID (SATP), and a switch writes
  // that before it drops what it is to drop. Else TTBR1 has the ASID (model/kernel/asids.h).
  virtual bool root_has_asid() const { return false; }
  // CONFIG_ARCH_WANT_BATCHED_UNMAP_TLB_FLUSH: the first kernel of the model in which reclaim defers
  // its flush (arch_tlbbatch_should_defer()); and whether it issues an invalidation of the page as
  // it clears the PTE (arch_tlbbatch_add_pending()), so that the flush only waits, or none before
  // the flush, which is of the whole address space.
  virtual KernelVersion defers_unmaps_since() const { return KernelVersion::k6_1; }
  virtual bool issues_at_unmap() const { return false; }
  // It defers also where the mm runs on no other CPU.
  virtual bool defers_always() const { return issues_at_unmap(); }
  // pte_needs_flush() and huge_pmd_needs_flush(): whether a TLB may hold `before` in a way that
  // does more than `after` allows. As the generic one: always.
  virtual bool NeedsFlush(Pte before, Pte after, KernelVersion kernel) const;
  // pmdp_invalidate_ad() flushes, as pmdp_invalidate() does.
  virtual bool flushes_to_protect() const { return true; }
  // flush_tlb_range(), of small pages: what mremap() does.
  virtual Invalidation FlushRange(PageRange range) const;
  // flush_tlb_page(), which reclaim does at once where it does not defer; also what it issues.
  virtual Invalidation FlushPage(int page) const;
  // Whether a flush is an interrupt of the CPUs in mm_cpumask() that goes by generations, and not
  // broadcast to all (model/kernel/switch_mm.h).
  virtual bool counts_generations() const { return false; }
  // The rules of the hardware.
  virtual Hardware hardware() const { return {}; }
  // Whether some of its machines are HardwareKind::kTce; else that is as kPlain.
  virtual bool has_tce() const { return false; }
  // Whether some are HardwareKind::kFaults.
  virtual bool faults_on_entries() const { return false; }

 private:
  std::string_view name_;
  std::string_view does_;
};

class RegisterArch {
 public:
  explicit RegisterArch(const Arch* arch);
};

// Those that run where nobody names one, by name; all; null if there is none of that name.
std::span<const Arch* const> Archs();
std::span<const Arch* const> AllArchs();
const Arch* FindArch(std::string_view name);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_ARCH_ARCH_H_
