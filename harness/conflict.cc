// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/conflict.h"

#include <array>

namespace gatherfuzz {
namespace {

constexpr ThingMask kPlaced = MaskOf(Thing::kPte) | MaskOf(Thing::kPmd) | MaskOf(Thing::kPud) |
                              MaskOf(Thing::kPteLock) | MaskOf(Thing::kPmdLock);

constexpr std::array<Touches, kPointCount> MakeTable() {
  std::array<Touches, kPointCount> table{};
  const auto reads = [&](Point point, auto... things) {
    table[static_cast<size_t>(point)].reads = static_cast<ThingMask>((MaskOf(things) | ...));
  };
  const auto writes = [&](Point point, auto... things) {
    table[static_cast<size_t>(point)].writes = static_cast<ThingMask>((MaskOf(things) | ...));
  };
  using enum Point;
  using enum Thing;
  for (Point p : {mmap_write_lock, mmap_write_downgrade, mmap_read_unlock, mmap_write_unlock}) {
    writes(p, kMmapLock);
  }
  reads(mmap_read_lock, kMmapLock);
  for (Point p : {pud_read, walk_pud}) reads(p, kPud);
  for (Point p : {pmd_read, walk_pmd}) reads(p, kPmd);
  for (Point p : {pud_populate, pmd_table_unlink}) writes(p, kPud);
  for (Point p : {pmd_populate, pmd_set, pmd_invalidate, pmd_clear, pte_table_unlink}) {
    writes(p, kPmd);
  }
  for (Point p : {pmd_lock, pmd_unlock}) writes(p, kPmdLock);
  for (Point p : {pte_lock, pte_unlock}) writes(p, kPteLock);
  reads(pte_read, kPte);
  for (Point p : {pte_clear, pte_set}) writes(p, kPte);
  for (Point p : {alloc_page, free_page, free_table}) writes(p, kFrames);
  for (Point p : {free_page, free_table, syscall_return, access}) reads(p, kTlb);
  for (Point p : {pending_inc, pending_dec}) writes(p, kCounter);
  reads(pending_read, kCounter);
  reads(policy_read, kPolicy);
  for (Point p : {policy_write, policy_rmw}) writes(p, kPolicy);
  reads(finish_wait, kCounter, kPolicy);
  writes(tlb_flush, kRequest);
  reads(tlb_flush_done, kRequest);
  writes(deliver, kRequest, kTlb);
  reads(walk_pte, kPte);
  writes(walk_pte, kTlb);
  return table;
}

constexpr std::array<Touches, kPointCount> kTouches = MakeTable();

constexpr PointMask TellingPoints() {
  using enum Point;
  PointMask mask = 0;
  for (Point p : {pte_clear,   pte_read,     pte_set,        pte_unlock,          pmd_clear,
                  pmd_read,    pmd_unlock,   pmd_invalidate, pte_table_unlink,    pmd_table_unlink,
                  free_page,   free_table,   pending_inc,    pending_read,        pending_dec,
                  policy_read, policy_write, policy_rmw,     tlb_flush,           deliver,
                  walk_pmd,    walk_pte,     syscall_return, mmap_write_downgrade}) {
    mask |= MaskOf(p);
  }
  return mask;
}

}  // namespace

const PointMask kTellingPoints = TellingPoints();

Touches TouchesOf(Point point) {
  return point == kNoPoint ? Touches{} : kTouches[static_cast<size_t>(point)];
}

bool Conflict(PendingStep a, PendingStep b) {
  const Touches x = TouchesOf(a.point), y = TouchesOf(b.point);
  const int shared = (x.writes & (y.reads | y.writes)) | (y.writes & x.reads);
  if ((shared & ~kPlaced) != 0) return true;
  if (shared == 0) return false;
  const int pmd = MaskOf(Thing::kPmd) | MaskOf(Thing::kPteLock);
  if ((shared & MaskOf(Thing::kPte)) != 0) return a.page == b.page;
  return (shared & pmd) != 0 ? a.page / kPagesPerPmd == b.page / kPagesPerPmd
                             : a.page / kPagesPerPud == b.page / kPagesPerPud;
}

}  // namespace gatherfuzz
