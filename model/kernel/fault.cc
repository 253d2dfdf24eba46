// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A page fault: finds the VMA under its own read lock, or under mmap_lock where VMAs have no locks
// or that one cannot be had, then populates what is missing, level by level.
//
// Simplified: no file mappings; linking a PMD table is one atomic step in place
// of lock, check, link. What a write fault finds that it may not write is in wp_page.h. A VMA
// marked huge gets a huge leaf when the whole block lies in it, nothing is there yet, and memory
// has an aligned block; else small ones, as with THP.
#include <algorithm>

#include "model/kernel/folio.h"
#include "model/kernel/huge.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/shared.h"
#include "model/kernel/vma_lock.h"
#include "model/kernel/wp_page.h"
#include "model/machine/frames.h"
#include "model/machine/tlb.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

PageRange BlockOf(int page) {
  const int first = RoundDown(page, kPagesPerPmd);
  return {first, first + kPagesPerPmd};
}

bool MayBeHuge(const Mm& mm, int page) {
  return (mm.vma_huge & PageBit(page)) != 0 && VmaAround(mm, page, BlockOf(page)) == BlockOf(page);
}

uint8_t LeafFlags(const Mm& mm, int page) {
  return Pte::kPresent | ((mm.vma_write & PageBit(page)) != 0 ? Pte::kWrite : 0);
}

// Of a leaf that a fault installs: young (vm_page_prot has the bit), and dirty if the fault is for
// a write (do_anonymous_page(), do_huge_pmd_anonymous_page()).
uint8_t FaultFlags(const Mm& mm, int page, bool write) {
  return static_cast<uint8_t>(LeafFlags(mm, page) | Pte::kAccessed | (write ? Pte::kDirty : 0));
}

// update_mmu_cache(), and flush_tlb_fix_spurious_fault(): where absent entries are cached, a local
// fence, within the step that sets the entry or finds it. Simplified: it drops that alone.
void FenceOwn(const Thread& t, int page) { ForgetAbsent(t.self().tlb, page); }

FaultOutcome Spurious(const Thread& t, int page, Pte leaf, Level level, bool write) {
  FenceOwn(t, page);
  if (write && t.system.hardware.faults_on_entries) [[unlikely]]
    t.system.protocol->FlushSpurious(t, page, level);
  return {.resolved = true, .spurious = leaf.mapping};
}

// What a leaf that is there lacks for the access, which the VMA allows. Hardware that sets A and D
// itself needs no more than the right to write.
uint8_t Lacks(const Thread& t, Pte leaf, bool write) {
  unsigned needs = write ? Pte::kWrite : 0;
  if (!t.system.hardware.sets_accessed_and_dirty) {
    needs |= Pte::kAccessed | (write ? Pte::kDirty : 0);
  }
  return static_cast<uint8_t>(needs & ~leaf.flags);
}

// Gives the leaf of `page` in `table`, whose lock is held, what it lacks, at the step `set`. The
// mapping stays: nobody's entry becomes stale, some are stricter than need be (wp_page_reuse(),
// ptep_set_access_flags()).
void Allow(const Thread& t, FrameId table, int page, uint8_t lacks, Point set) {
  t.Step(set, page);
  StoresEntry(t, set, table, page);
  Pte& leaf = EntryOf(t.world(), table, page);
  leaf.flags |= lacks;
  if ((lacks & Pte::kWrite) != 0) leaf.flags |= Pte::kAccessed | Pte::kDirty;
  if (set == Point::pte_set) CheckExclusive(t.system, t.cpu, page);
  FenceOwn(t, page);
  if ((lacks & Pte::kWrite) != 0 && t.system.hardware.faults_on_entries) [[unlikely]]
    t.system.protocol->FlushAllowed(t, page, set == Point::pte_set ? Level::kPte : Level::kPmd);
}

// do_numa_page(), do_huge_pmd_numa_page(): a PROT_NONE leaf whose VMA allows the access is given
// back what its VMA has. The mapping stays: who held it before, holds no more than that.
void Reveal(const Thread& t, FrameId table, int page, Point set) {
  t.Step(set, page);
  StoresEntry(t, set, table, page);
  Pte& leaf = EntryOf(t.world(), table, page);
  const int kept = leaf.flags & (Pte::kAccessed | Pte::kDirty);
  const bool exclusive =
      t.world().decides == 0 ||
      (set == Point::pte_set ? IsExclusive(t.world(), leaf) : IsExclusiveHuge(t.world(), leaf));
  const int may = exclusive ? ~0 : ~int{Pte::kWrite};  // can_change_pte_writable()
  leaf.flags = static_cast<uint8_t>(kept | (LeafFlags(t.world().mm, page) & may) | Pte::kAccessed);
  if (set == Point::pte_set) CheckExclusive(t.system, t.cpu, page);
  FenceOwn(t, page);
}

// A huge leaf that is there.
FaultOutcome AllowHuge(const Thread& t, FrameId pmd_table, int page, Look look, bool write) {
  const Pte seen = look.entry;
  if (Lacks(t, seen, write) == 0) {
    if (!look.old) return Spurious(t, page, seen, Level::kPmd, write);
    SeesNewest(t, pmd_table, page);
    return {.resolved = true};
  }
  const Pte now = LockTableAndLook(t, pmd_table, page);
  const uint8_t lacks = Lacks(t, now, write);
  const bool copies = t.world().decides != 0 && now.leaf() && (lacks & Pte::kWrite) != 0 &&
                      !IsExclusiveHuge(t.world(), now);
  if (now.leaf() && lacks != 0 && !copies) Allow(t, pmd_table, page, lacks, Point::pmd_set);
  UnlockTable(t, pmd_table, page);
  if (copies) SplitHugePmd(t, pmd_table, page);  // do_huge_pmd_wp_page(): then the pages
  return {.resolved = true};
}

// Installs a huge leaf where nothing was; false if it has to be small pages.
bool PopulateHuge(const Thread& t, FrameId pmd_table, int page, bool write) {
  World& world = t.world();
  t.Step(Point::alloc_page, page);
  const std::optional<FrameId> frame = TakeData(world, Level::kPmd);
  if (!frame) return false;
  const bool empty = LockTableAndLook(t, pmd_table, page).none();
  if (empty) {
    t.Step(Point::pmd_set, page);
    StoresEntry(t, Point::pmd_set, pmd_table, page);
    InstallLeaf(world, pmd_table, page, *frame, FaultFlags(world.mm, page, write));
    FenceOwn(t, page);
  }
  UnlockTable(t, pmd_table, page);
  if (empty) return true;
  t.Step(Point::free_page, page);
  for (int i = 0; i < kPagesPerPmd; ++i) GiveBack(world, MakeFrame(Index(*frame) + i));
  return true;  // somebody populated it meanwhile: the access will tell
}

bool FolioUnlocked(const World& world, int frame) {
  return world.folio(MakeFrame(frame)).lock_owner == 0;
}

// migration_entry_wait(): with the lock of the VMA or mmap_lock held, which nobody needs who
// migrates.
FaultOutcome AwaitMigration(const Thread& t, FrameId table, int page, Pte entry) {
  UnlockTable(t, table, page);
  t.StepWhen(Point::migration_entry_wait, page, FolioUnlocked, Index(entry.frame));
  return {.resolved = true};
}

FaultOutcome PopulatePte(const Thread& t, FrameId pmd_table, FrameId table, int page, bool write) {
  World& world = t.world();
  if (!LockPteTable(t, pmd_table, table, page)) return {.resolved = true};  // the access will tell
  const Pte seen = LoadEntry(t, Point::pte_read, table, page).entry;
  if (seen.migration()) return AwaitMigration(t, table, page, seen);
  FaultOutcome outcome;
  const uint8_t lacks = Lacks(t, seen, write);
  if (seen.hidden()) {
    Reveal(t, table, page, Point::pte_set);
    outcome = {.resolved = true};
  } else if (seen.present() && lacks != 0) {
    if (world.decides != 0 && (lacks & Pte::kWrite) != 0) {
      const WpPage wp = DoWpPage(t, pmd_table, table, page, seen);
      if (wp != WpPage::kReuse) return {.resolved = wp == WpPage::kDone};
    }
    Allow(t, table, page, lacks, Point::pte_set);
    outcome = {.resolved = true};
  } else if (seen.guard()) {
    outcome = {};  // SIGSEGV (handle_pte_marker())
  } else if (!seen.present() && IsPfnMap(world, page)) {
    outcome = {};  // SIGBUS: its owner has revoked it
  } else if (!seen.present()) {
    t.Step(Point::alloc_page, page);
    const std::optional<FrameId> frame = TakeData(world, Level::kPte);
    outcome = {.resolved = frame.has_value()};
    if (frame) {
      FlushBatchedPending(t, UnmapBatching::kFault, page);
      t.Step(Point::pte_set, page);
      StoresEntry(t, Point::pte_set, table, page);
      InstallLeaf(world, table, page, *frame, FaultFlags(world.mm, page, write));
      FenceOwn(t, page);
      if (world.reclaims != 0 && t.system.protocol->BatchesUnmaps().held_coherent) {
        CheckCoherent(t.system, t.cpu, page, *frame, Index(t.cpu));
      }
    }
  } else {
    outcome = Spurious(t, page, seen, Level::kPte, write);
  }
  UnlockTable(t, table, page);
  return outcome;
}

FaultOutcome Populate(const Thread& t, int page, bool write) {
  World& world = t.world();
  Pte pud = LoadEntry(t, Point::pud_read, kRootFrame, page).entry;
  if (pud.none()) {
    t.Step(Point::pud_populate, page);
    if (EntryOf(world, kRootFrame, page).none()) {
      StoresEntry(t, Point::pud_populate, kRootFrame, page);
      if (!PopulateTable(world, kRootFrame, page)) {
        CheckTableLeak(t.system, t.cpu, page);
        return {};
      }
    }
    SeesNewest(t, kRootFrame, page);
    pud = EntryOf(world, kRootFrame, page);
  }
  const FrameId pmd_table = pud.frame;
  Look look = LoadEntry(t, Point::pmd_read, pmd_table, page);
  if (look.entry.none()) {
    if (MayBeHuge(world.mm, page) && PopulateHuge(t, pmd_table, page, write)) {
      return {.resolved = true};
    }
    LockTable(t, pmd_table, page);
    t.Step(Point::pmd_populate, page);
    const bool empty = EntryOf(world, pmd_table, page).none();
    if (empty) StoresEntry(t, Point::pmd_populate, pmd_table, page);
    const bool full = empty && !PopulateTable(world, pmd_table, page);
    UnlockTable(t, pmd_table, page);
    if (full) {
      CheckTableLeak(t.system, t.cpu, page);
      return {};
    }
    look = {.entry = EntryOf(world, pmd_table, page)};
  }
  const Pte pmd = look.entry;
  if (pmd.table()) return PopulatePte(t, pmd_table, pmd.frame, page, write);
  // A huge leaf: there already, or being split or cleaned, which its lock waits for; or PROT_NONE.
  if (pmd.present()) return AllowHuge(t, pmd_table, page, look, write);
  LockTable(t, pmd_table, page);
  if (EntryOf(world, pmd_table, page).hidden()) Reveal(t, pmd_table, page, Point::pmd_set);
  UnlockTable(t, pmd_table, page);
  return {.resolved = true};
}

}  // namespace

namespace {

// Back in user space. Made up: the hardware walks of this CPU then see what its thread has; without
// a DSB they may fault once more first, which the kernel takes for granted (update_mmu_cache() of
// arm64).
void LeavesFault(const Thread& t) {
  if (t.world().sc()) [[likely]]
    return;
  ShowOwnWalker(t.world(), t.cpu);
  LeavesCall(t);
}

}  // namespace

FaultOutcome HandleFault(const Thread& t, int page, bool write) {
  t.Step(Point::fault, page);
  const bool under_vma_lock = VmaStartRead(t, {page, page + 1});
  if (!under_vma_lock) MmapReadLock(t);
  const Mm& mm = t.world().mm;
  FaultOutcome outcome;
  const bool allowed = (mm.vma_pages & ~mm.vma_none & PageBit(page)) != 0 &&
                       (!write || (mm.vma_write & PageBit(page)) != 0);
  if (allowed) outcome = Populate(t, page, write);
  under_vma_lock ? VmaEndRead(t, page) : MmapReadUnlock(t);
  LeavesFault(t);
  return outcome;
}

namespace {

// Populates the pages of one block that lie in a VMA and are not there yet.
void InitBlock(World& world, PageRange part, uint8_t more_flags) {
  const uint64_t pages = world.mm.vma_pages & MaskOf(part);
  if (pages == 0) return;
  const auto flags = [&](int page) {
    const uint8_t leaf = LeafFlags(world.mm, page);
    return static_cast<uint8_t>((leaf & Pte::kWrite) != 0 ? leaf | more_flags : leaf);
  };
  if (EntryOf(world, kRootFrame, part.begin).none()) PopulateTable(world, kRootFrame, part.begin);
  const FrameId pmd_table = PmdTableOf(world, part.begin);
  if (EntryOf(world, pmd_table, part.begin).none()) {
    if (part == BlockOf(part.begin) && MayBeHuge(world.mm, part.begin)) {
      if (const auto frame = TakeData(world, Level::kPmd)) {
        return InstallLeaf(world, pmd_table, part.begin, *frame, flags(part.begin));
      }
    }
    PopulateTable(world, pmd_table, part.begin);
  }
  const Pte pmd = EntryOf(world, pmd_table, part.begin);
  if (pmd.leaf()) return;
  for (int page = part.begin; page < part.end; ++page) {
    if ((pages & PageBit(page)) == 0 || !EntryOf(world, pmd.frame, page).none()) continue;
    const auto frame = TakeData(world, Level::kPte);
    if (frame) InstallLeaf(world, pmd.frame, page, *frame, flags(page));
  }
}

}  // namespace

void InitPresent(World& world, PageRange range, bool dirty) {
  const uint8_t more_flags = dirty ? Pte::kAccessed | Pte::kDirty : 0;
  for (int page = range.begin; page < range.end;) {
    const int end = std::min(BlockOf(page).end, range.end);
    InitBlock(world, {page, end}, more_flags);
    page = end;
  }
}

void InitFolio(World& world, PageRange range, bool dirty) {
  InitPresent(world, range, dirty);
  const auto frame = [&](int page) {  // what the mm may have a folio in; 0: nothing is
    const Pte leaf = EntryAt(world, page, Level::kPte);
    return leaf.leaf() && !IsPfnMap(world, page) ? Index(leaf.frame) : 0;
  };
  while (range.begin < range.end && frame(range.begin) == 0) ++range.begin;
  const int first = frame(range.begin);
  for (int at = 0; range.begin + at < range.end; ++at) {
    if (frame(range.begin + at) != first + at) break;
    world.folio_first = static_cast<uint8_t>(first);
    world.folio_frames |= static_cast<uint8_t>(1u << at);
  }
}

}  // namespace gatherfuzz
