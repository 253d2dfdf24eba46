// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the tree's side calls (facade.h).
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "model/arch/arch.h"
#include "model/callers/callers.h"
#include "model/callers/facade.h"
#include "model/callers/room.h"
#include "model/callers/view.h"
#include "model/check.h"
#include "model/kernel/examine.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/protect.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/remap.h"
#include "model/kernel/switch_mm.h"
#include "model/kernel/vma_lock.h"
#include "model/linux/cpu_room.h"
#include "model/linux/facade.h"
#include "model/linux/queues.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

Room& Current() { return *current_room_of_callers; }

// Where the call works in a table. Looks at the kernel's memory, so not in a hook.
Room::Wanted InTable(const Room& room, FrameId table) {
  const std::optional<PageRange> span = SpanOf(room, table);
  if (!span) return {{room.at, room.at + 1}, true};
  const Room::Wanted wanted = room.WantedOf(span->begin, span->end - span->begin);
  return wanted.range.empty() ? Room::Wanted{*span, true} : wanted;
}

FinishPart& FinishOf(const Thread& t) {
  return t.system.finish_part[static_cast<size_t>(Index(t.cpu))];
}

}  // namespace
}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

GATHERFUZZ_FROM_KERNEL unsigned gfc_cpu() {
  return static_cast<unsigned>(Index(Current().t().cpu));
}

GATHERFUZZ_FROM_KERNEL int gfc_vma_behind(unsigned long address) {
  for (int page = PageAt(address); page < kPages; ++page) {
    const PageRange vma = Current().VmaAround(page);
    if (!vma.empty()) return vma.begin;
  }
  return -1;
}

GATHERFUZZ_FROM_KERNEL int gfc_vma_before(unsigned long address) {
  for (int page = PageBehind(address) - 1; page >= 0; --page) {
    const PageRange vma = Current().VmaAround(page);
    if (!vma.empty()) return vma.begin;
  }
  return -1;
}

GATHERFUZZ_FROM_KERNEL void gfc_modify_vma(unsigned long start, unsigned long end, int writes,
                                           int none) {
  Hook hook;
  const PageRange piece{PageBehind(start), PageBehind(end)};
  hook.room().at = piece.begin;
  VmaStartWrite(hook.t(), piece.begin);
  hook.t().Step(Point::vma_protect, piece.begin);
  SetAllows(hook.t().world().mm, piece, {.write = writes != 0, .none = none != 0});
}

GATHERFUZZ_FROM_KERNEL int gfc_is_free(unsigned long start, unsigned long end) {
  return (Current().world().mm.vma_pages & MaskOf({PageBehind(start), PageBehind(end)})) == 0;
}

GATHERFUZZ_FROM_KERNEL void gfc_copy_vma(unsigned long from, unsigned long start,
                                         unsigned long end) {
  Hook hook;
  const PageRange to{PageBehind(start), PageBehind(end)};
  VmaStartWrite(hook.t(), PageAt(from));
  hook.t().Step(Point::vma_link, to.begin);
  CopyVma(hook.t().world(), PageAt(from), to);
  VmaStartWriteNew(hook.t(), to);
  hook.room().moved = true;
}

GATHERFUZZ_FROM_KERNEL void gfc_munmap(unsigned long start, unsigned long end) {
  UnmapWithinCall(Current(), {PageBehind(start), PageBehind(end)});
}

GATHERFUZZ_FROM_KERNEL void gfc_mmap_lock(gfc_lock what) {
  Hook hook;
  const Thread& t = hook.t();
  switch (what) {
    case GFC_READ: return MmapReadLock(t);
    case GFC_WRITE_: return MmapWriteLock(t);
    case GFC_DOWNGRADE: return MmapWriteDowngrade(t);
    case GFC_READ_UNLOCK: return MmapReadUnlock(t);
    case GFC_WRITE_UNLOCK: break;
  }
  const Room& room = hook.room();
  // As long as the lock is held, nobody maps anything where a move was from.
  if (room.moves() && room.moved) ExaminedGone(t, room.op->range);
  MmapWriteUnlock(t);
}

GATHERFUZZ_FROM_KERNEL void gfc_table_lock(int frame) {
  const FrameId table = MakeFrame(frame);
  const Room::Wanted at = InTable(Current(), table);
  Hook hook;
  Room& room = hook.room();
  if (at.here && room.world().at(table).level == Level::kPte) room.at = at.range.begin;
  LockTable(hook.t(), table, at.range.begin);
}

GATHERFUZZ_FROM_KERNEL void gfc_table_unlock(int frame) {
  const FrameId table = MakeFrame(frame);
  const Room::Wanted at = InTable(Current(), table);
  Hook hook;
  Room& room = hook.room();
  room.reads = -1;
  const bool of_ptes = room.world().at(table).level == Level::kPte;
  const int last =
      of_ptes ? std::max(room.last_page, room.at) + (at.here ? 0 : room.by) : at.range.begin;
  UnlockTable(hook.t(), table, last);
  if (at.here && of_ptes) room.at = last + 1;
}

GATHERFUZZ_FROM_KERNEL void gfc_begins() {
  Hook hook;
  const Room& room = hook.room();
  const bool whole = room.has_taken || room.does(effect::kProtects);
  const PageRange range = whole ? room.op->range : room.PieceBehind(room.at);
  MmuGather& gather = hook.t().gather();
  gather = MmuGather{};
  gather.caller_start = static_cast<uint8_t>(range.begin);
  gather.caller_end = static_cast<uint8_t>(range.end);
  ResetRange(gather);
}

GATHERFUZZ_FROM_KERNEL void gfc_gathers(const void* tlb) {
  Hook hook;
  hook.room().tlb = tlb;
}

GATHERFUZZ_FROM_KERNEL void gfc_finishes() {
  Hook hook;
  FinishOf(hook.t()) = FinishPart::kFlushes;
}

GATHERFUZZ_FROM_KERNEL void gfc_finished() {
  Hook hook;
  const Thread& t = hook.t();
  Room& room = hook.room();
  room.tlb = nullptr;
  room.at = room.PieceBehind(t.gather().caller_start).end;
  t.gather() = MmuGather{};
  FinishOf(t) = FinishPart::kNone;
}

GATHERFUZZ_FROM_KERNEL unsigned gfc_batch() { return Current().world().mm.batch; }

GATHERFUZZ_FROM_KERNEL void gfc_frees_tables(int on) { Current().frees_tables = on != 0; }

GATHERFUZZ_FROM_KERNEL void* gfc_table_batch() {
  Room& room = Current();
  return room.frees_tables ? room.table_batch.data() : nullptr;
}

GATHERFUZZ_FROM_KERNEL void gfc_flush(unsigned long start, unsigned long end, unsigned stride_shift,
                                      int freed_tables) {
  Hook hook;
  const auto scaled = [](unsigned long address, int page) {
    return address == ~0ul ? address : static_cast<unsigned long>(page) << GF_PAGE_SHIFT;
  };
  const unsigned levels = (stride_shift - GF_PAGE_SHIFT) / 9;
  Invalidation request = RequestFor(scaled(start, PageAt(start)), scaled(end, PageBehind(end)),
                                    GF_PAGE_SHIFT + levels * GF_LEVEL_SHIFT);
  if (CountsGenerations(hook.t().world())) request.freed_tables = freed_tables != 0;
  Invalidate(hook.t(), request);
}

GATHERFUZZ_FROM_KERNEL void gfc_flush_batched_pending() {
  Hook hook;
  const Room& room = hook.room();
  const unsigned at = room.moves() && !room.has_taken ? UnmapBatching::kMove
                      : room.does(effect::kProtects)  ? UnmapBatching::kProtect
                      : room.does(effect::kCleans)    ? UnmapBatching::kMadvise
                                                      : UnmapBatching::kZap;
  FlushBatchedPending(hook.t(), at, room.at);
}

GATHERFUZZ_FROM_KERNEL void gfc_unlink_from_rmap(unsigned long start, unsigned long end) {
  Hook hook;
  const PageRange vma{PageBehind(start), PageBehind(end)};
  if (!hook.room().has_taken) return;
  UnlinkFromRmap(hook.t(), MaskOf(vma), hook.room().taken_range.begin);
}

GATHERFUZZ_FROM_KERNEL void gfc_grace_period() {
  Hook hook;
  if (hook.t().world().switches != 0) BeginGrace(hook.t());
}

GATHERFUZZ_FROM_KERNEL void gfc_free(unsigned frame) {
  if (frame >= GFC_FRAMES) return;  // a table that was never linked
  Hook hook;
  const Thread& t = hook.t();
  MmuGather& gather = t.gather();
  if (Queued* const page = FindQueued(gather.pages, gather.page_count, frame)) {
    FreePage(t, *page);
    return Unqueue(gather.pages, gather.page_count, *page);
  }
  if (Queued* const table = FindQueued(gather.tables, gather.table_count, frame)) {
    FreeTable(t, *table);
    return Unqueue(gather.tables, gather.table_count, *table);
  }
  hook.Report("freed a page that is not queued");
}

GATHERFUZZ_FROM_KERNEL int gfc_alloc_table() {
  Room& room = Current();
  const World& world = room.world();
  if ((world.free_frames[0] | world.free_frames[1]) == 0 || room.spares == 2) return -1;
  return GFC_FRAMES + 2 * Index(room.t().cpu) + room.spares++;
}

GATHERFUZZ_FROM_KERNEL void gfc_unexpected(const char* symbol) {
  std::fprintf(stderr,
               "gatherfuzz: the tree's callers came to %s, for which model/callers/facade.c has "
               "nothing\n",
               symbol);
  std::exit(2);
}
