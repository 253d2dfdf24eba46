// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/conflict.h"

#include <array>

namespace gatherfuzz {
namespace {

constexpr ThingMask kPlaced = MaskOf(Thing::kPte) | MaskOf(Thing::kPmd) | MaskOf(Thing::kPud) |
                              MaskOf(Thing::kPteLock) | MaskOf(Thing::kPmdLock);

constexpr ThingMask kOfCpu = MaskOf(Thing::kTlb) | MaskOf(Thing::kWalkCache);

constexpr PointMask kOnOwnCpu = MaskOf(Point::walk_pud) | MaskOf(Point::walk_pmd) |
                                MaskOf(Point::walk_pte) | MaskOf(Point::access) |
                                MaskOf(Point::deliver);

constexpr std::array<Touches, kPointCount> MakeTable() {
  std::array<Touches, kPointCount> table{};
  const auto add_to = [](ThingMask& mask, auto... things) {
    mask = static_cast<ThingMask>(mask | (MaskOf(things) | ...));
  };
  const auto reads = [&](Point point, auto... things) {
    add_to(table[static_cast<size_t>(point)].reads, things...);
  };
  const auto writes = [&](Point point, auto... things) {
    add_to(table[static_cast<size_t>(point)].writes, things...);
  };
  const auto adds = [&](Point point, auto... things) {
    add_to(table[static_cast<size_t>(point)].adds, things...);
    writes(point, things...);
  };
  using enum Point;
  using enum Thing;
  for (Point p : {mmap_write_lock, mmap_write_wait, mmap_write_downgrade, mmap_write_unlock}) {
    writes(p, kMmapLock);
  }
  for (Point p : {mmap_read_lock, mmap_read_unlock}) adds(p, kMmapLock);
  writes(mmap_read_lock, kMmapTurn);
  for (Point p : {pmd_lock, pmd_unlock}) writes(p, kPmdLock);
  for (Point p : {pte_lock, pte_unlock}) writes(p, kPteLock);

  reads(pud_read, kPud);
  reads(pmd_read, kPmd);
  reads(pte_read, kPte);
  writes(pmd_table_unlink, kPud);
  writes(pud_populate, kPud, kAllocator);
  for (Point p : {pmd_set, pmd_invalidate, pmd_clear, pte_table_unlink}) writes(p, kPmd);
  writes(pmd_populate, kPmd, kAllocator);
  for (Point p : {pte_clear, pte_set}) writes(p, kPte);

  // A walk reads the frame of a table, which may be one no more; at a leaf it sets A or D. One that
  // nobody asked for begins by evicting.
  for (Point p : {walk_pud, walk_pmd, walk_pte}) reads(p, kAllocator, kWalkCache);
  reads(walk_pud, kPud);
  writes(walk_pud, kWalkCache, kTlb);
  writes(walk_pmd, kPmd, kWalkCache, kTlb);
  writes(walk_pte, kPte, kTlb);
  reads(access, kTlb, kWalkCache);

  writes(alloc_page, kAllocator);
  for (Point p : {free_page, free_table}) adds(p, kAllocator);
  for (Point p : {free_page, free_table, syscall_return}) reads(p, kTlb);
  reads(free_table, kWalkCache);

  for (Point p : {pending_inc, pending_dec}) adds(p, kCounter);
  for (Point p : {pending_read, finish_wait}) reads(p, kCounter);
  for (Point p : {policy_read, finish_wait}) reads(p, kPolicy);
  for (Point p : {policy_write, policy_rmw}) writes(p, kPolicy);

  writes(tlb_flush, kQueue);
  adds(deliver, kRequest);
  writes(deliver, kTlb, kWalkCache);
  reads(tlb_flush_done, kRequest);
  return table;
}

constexpr PointMask TellingPoints() {
  using enum Point;
  PointMask mask = 0;
  for (Point p : {pte_clear,        pte_read,         pte_set,        pte_unlock,
                  pmd_clear,        pmd_read,         pmd_unlock,     pmd_invalidate,
                  pte_table_unlink, pmd_table_unlink, free_page,      free_table,
                  pending_inc,      pending_read,     pending_dec,    policy_read,
                  policy_write,     policy_rmw,       tlb_flush,      deliver,
                  walk_pmd,         walk_pte,         syscall_return, mmap_write_downgrade,
                  need_resched,     split_folio}) {
    mask |= MaskOf(p);
  }
  return mask;
}

bool IsOnOwnCpu(Point point) { return (kOnOwnCpu & MaskOf(point)) != 0; }

}  // namespace

const PointMask kTellingPoints = TellingPoints();

constexpr std::array<Touches, kPointCount> kTouches = MakeTable();

bool Conflict(PendingStep a, PendingStep b, bool same_cpu) {
  const Touches x = TouchesOf(a.point), y = TouchesOf(b.point);
  int shared = (x.writes & (y.reads | y.writes)) | (y.writes & x.reads);
  shared &= ~(x.adds & y.adds);
  if (shared == 0) return false;
  if (!same_cpu && IsOnOwnCpu(a.point) && IsOnOwnCpu(b.point)) shared &= ~kOfCpu;
  if ((shared & ~kPlaced) != 0) return true;
  const int pmd = MaskOf(Thing::kPmd) | MaskOf(Thing::kPteLock);
  if ((shared & MaskOf(Thing::kPte)) != 0 && a.page == b.page) return true;
  if ((shared & pmd) != 0 && a.page / kPagesPerPmd == b.page / kPagesPerPmd) return true;
  return (shared & (MaskOf(Thing::kPud) | MaskOf(Thing::kPmdLock))) != 0 &&
         a.page / kPagesPerPud == b.page / kPagesPerPud;
}

}  // namespace gatherfuzz
