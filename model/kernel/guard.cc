// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard and unguard: madvise(MADV_GUARD_INSTALL) and madvise(MADV_GUARD_REMOVE).
#include "model/kernel/guard.h"

#include <algorithm>

#include "model/kernel/examine.h"
#include "model/kernel/link_table.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/shared.h"
#include "model/kernel/vma_lock.h"
#include "model/kernel/walk_range.h"
#include "model/kernel/zap.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void DropMarker(const Thread& t, FrameId table, int page) {
  t.Step(Point::pte_marker, page);
  StoresEntry(t, Point::pte_marker, table, page);
  EntryOf(t.world(), table, page) = Pte{};
}

namespace {

enum class Install : uint8_t { kDone, kInTheWay, kTableGone, kNoMemory };

// What of `vma`, from `page` on, lies under one PMD entry.
PageRange PartAt(int page, PageRange vma) {
  return {page, std::min(RoundDown(page, kPagesPerPmd) + kPagesPerPmd, vma.end)};
}

// guard_install_pte_entry(), guard_install_set_pte(): up to the first page that is there.
Install InstallInTable(const Thread& t, FrameId pmd_table, FrameId table, PageRange part) {
  if (!LockPteTable(t, pmd_table, table, part.begin)) return Install::kTableGone;
  FlushBatchedPending(t, UnmapBatching::kGuard, part.begin);
  Install result = Install::kDone;
  int page = part.begin;
  for (; page < part.end; ++page) {
    const auto [seen, old, moment] = LoadEntry(t, Point::pte_read, table, page);
    if (seen.there() || seen.migration()) {
      result = Install::kInTheWay;
      break;
    }
    ExaminedGone(t, {page, page + 1}, moment);
    if (seen.guard()) continue;
    t.Step(Point::pte_marker, page);
    StoresEntry(t, Point::pte_marker, table, page);
    EntryOf(t.world(), table, page) = {.mapping = 0, .frame = FrameId{}, .flags = Pte::kGuard};
  }
  UnlockTable(t, table, std::min(page, part.end - 1));
  return result;
}

// walk_page_range_mm() with guard_install_walk_ops.
Install InstallMarkers(const Thread& t, PageRange vma) {
  World& world = t.world();
  for (int page = vma.begin; page < vma.end;) {
    const Pte pud = LoadEntry(t, Point::pud_read, kRootFrame, page).entry;
    if (pud.none() && !LinkTable(t, kRootFrame, page)) return Install::kNoMemory;
    const FrameId pmd_table = PmdTableOf(world, page);
    const int pud_end = std::min(RoundDown(page, kPagesPerPud) + kPagesPerPud, vma.end);
    while (page < pud_end) {
      const Pte pmd = LoadEntry(t, Point::pmd_read, pmd_table, page).entry;
      if (pmd.none()) {
        if (!LinkTable(t, pmd_table, page)) return Install::kNoMemory;
        continue;
      }
      if (!pmd.table()) return Install::kInTheWay;
      const PageRange part = PartAt(page, vma);
      const Install result = InstallInTable(t, pmd_table, pmd.frame, part);
      if (result == Install::kTableGone) continue;
      if (result != Install::kDone) return result;
      page = part.end;
    }
  }
  return Install::kDone;
}

constexpr int kTries = 3;  // MAX_MADVISE_GUARD_RETRIES

// madvise_guard_install(); false if it gives up.
bool GuardVma(const Thread& t, PageRange vma) {
  const GatherProtocol& protocol = *t.system.protocol;
  for (int tries = 0; tries < kTries; ++tries) {
    protocol.GuardWalkBegins(t, vma);
    const Install result = InstallMarkers(t, vma);
    protocol.GuardWalkEnds(t, vma);
    if (result != Install::kInTheWay) return true;
    protocol.Gather(t, vma);
    ZapVma(t, vma);
    protocol.Finish(t);
  }
  return false;
}

// madvise_guard_remove().
void UnguardVma(const Thread& t, PageRange vma) {
  for (int page = vma.begin; page < vma.end;) {
    const Pte pud = LoadEntry(t, Point::pud_read, kRootFrame, page).entry;
    const int pud_end = std::min(RoundDown(page, kPagesPerPud) + kPagesPerPud, vma.end);
    if (pud.none()) {
      page = pud_end;
      continue;
    }
    const FrameId pmd_table = pud.frame;
    while (page < pud_end) {
      const PageRange part = PartAt(page, vma);
      page = part.end;
      const Pte pmd = LoadEntry(t, Point::pmd_read, pmd_table, part.begin).entry;
      if (!pmd.table()) continue;
      if (!LockPteTable(t, pmd_table, pmd.frame, part.begin)) {
        page = part.begin;
        continue;
      }
      for (int at = part.begin; at < part.end; ++at) {
        if (LoadEntry(t, Point::pte_read, pmd.frame, at).entry.guard())
          DropMarker(t, pmd.frame, at);
      }
      UnlockTable(t, pmd.frame, part.end - 1);
    }
  }
}

}  // namespace

namespace {

// Under the lock of the VMA that the range is in (6.19), or under mmap_lock.
template <typename Apply>
void ForEachGuardedVma(const Thread& t, PageRange range, Apply apply) {
  if (t.system.kernel < KernelVersion::k7_1 || !VmaStartRead(t, range)) {
    return ForEachVma(t, range, UpToPfnMap(apply));
  }
  UpToPfnMap(apply)(t, range);
  VmaEndRead(t, range.begin);
}

}  // namespace

void GuardPath(const Thread& t, const Op& op) {
  bool goes_on = true;
  ForEachGuardedVma(t, op.range, [&](const Thread&, PageRange vma) {
    if (!goes_on || GuardVma(t, vma)) return;
    goes_on = false;
    // The kernel begins the call anew, so it has promised nothing yet.
    Call& call = t.self().call;
    call.kind = CallKind::kOther;
    call.examined = 0;
    call.moments = {};
  });
}
void UnguardPath(const Thread& t, const Op& op) { ForEachGuardedVma(t, op.range, UnguardVma); }

}  // namespace gatherfuzz
