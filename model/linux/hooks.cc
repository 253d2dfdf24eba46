// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What kernel code calls (facade.h): each touch of shared state is a step.
#include <algorithm>
#include <bit>
#include <utility>

#include "model/kernel/hugetlb.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/rcu.h"
#include "model/kernel/shared.h"
#include "model/kernel/switch_mm.h"
#include "model/linux/cpu_room.h"
#include "model/linux/linux_cpu.h"
#include "model/linux/queues.h"
#include "model/linux/room.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

thread_local constinit Room* current_room = nullptr;

namespace {

// One call from kernel code: what came before is in World, and the thread is the current one again
// when it is over.
class Hook {
 public:
  Hook() : room_(*current_room) { room_.Mirror(); }
  ~Hook() { current_room = &room_; }
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  Room& room() { return room_; }
  const Thread& t() { return *room_.thread; }

  void Report(const char* what, int frame = -1) {
    t().system.Report({.kind = ViolationKind::kProtocolError,
                       .frame = frame,
                       .cpu = Index(t().cpu),
                       .detail = what});
  }
  // The step `point` is about to be made. What was issued without a barrier is under way all the
  // same.
  void Before(Point point) {
    room_.IssueLeftOver();
    room_.Makes(point);
  }

 private:
  Room& room_;
};

MemoryOrder OrderOf(gf_order order) {
  switch (order) {
    case GF_relaxed: return MemoryOrder::relaxed;
    case GF_acquire: return MemoryOrder::acquire;
    case GF_release: return MemoryOrder::release;
    case GF_full: break;
  }
  return MemoryOrder::full;
}

}  // namespace

void Room::Makes(std::optional<Point> point) {
  last = point;
  for (unsigned left = std::exchange(fences, uint8_t{0}); left != 0; left &= left - 1) {
    Fence(static_cast<MemoryOrder>(std::countr_zero(left)));
  }
}

void Room::IssueLeftOver() {
  if (sfences.any) IssueFences(CpuBit(thread->cpu), true);
  const MemoryOrder order = std::exchange(dsb, MemoryOrder::relaxed);
  if (!tlbi.empty()) {
    Makes(Point::tlb_flush);
    IssueInvalidation(*thread, tlbi.Take(), thread->system.AskedOrder(Point::tlb_flush, order));
  } else if (order != MemoryOrder::relaxed && Counts(order)) {
    NoteDsb(thread->world(), thread->cpu, order);
    NoteWriteBarrier(thread->world(), thread->cpu);
  }
}

bool Room::Counts(MemoryOrder order) {
  if (thread->world().sc()) return false;
  if (!last) return true;
  thread->system.asked.Note(*last, order);
  return (thread->system.order_changes.weaker & MaskOf(*last)) == 0;
}

void Room::Fence(MemoryOrder order) {
  if (!Counts(order)) return;
  switch (order) {
    case MemoryOrder::acquire: return NoteReadBarrier(thread->world(), thread->cpu);
    case MemoryOrder::release: return NoteWriteBarrier(thread->world(), thread->cpu);
    case MemoryOrder::full: return NoteBarrier(thread->world(), thread->cpu);
    case MemoryOrder::relaxed: break;
  }
}

}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

void gf_count_inc(gf_order order) {
  Hook hook;
  hook.Before(Point::pending_inc);
  RaisePending(hook.t(), hook.t().system.AskedOrder(Point::pending_inc, OrderOf(order)));
}

void gf_count_dec(gf_order order) {
  Hook hook;
  hook.Before(Point::pending_dec);
  LowerPending(hook.t(), hook.t().system.AskedOrder(Point::pending_dec, OrderOf(order)));
}

int gf_count_read(gf_order order) {
  Hook hook;
  hook.Before(Point::pending_read);
  return LoadCount(hook.t(), Point::pending_read,
                   hook.t().system.AskedOrder(Point::pending_read, OrderOf(order)));
}

void gf_fence(gf_fence_kind kind) {
  Room& room = *current_room;
  const MemoryOrder order = kind == GF_FENCE_reads    ? MemoryOrder::acquire
                            : kind == GF_FENCE_writes ? MemoryOrder::release
                                                      : MemoryOrder::full;
  if (room.last) return room.Fence(order);
  room.fences = static_cast<uint8_t>(room.fences | 1u << static_cast<unsigned>(order));
}

unsigned long gf_alloc_batch() {
  Room& room = *current_room;
  switch (room.allocates) {
    case Room::For::kPageBatch:
      if (++room.page_batches_asked == room.geometry.refused) return 0;
      for (int i = 0; i < room.geometry.pages; ++i) {
        if (!room.page_batches[i].taken) return room.page_batches[i].Take();
      }
      return 0;
    case Room::For::kTableBatch:
      if (room.geometry.table_batch == 0 || room.table_batch.taken) return 0;
      return room.table_batch.Take();
    case Room::For::kNothing: return 0;
  }
  return 0;
}

void gf_free_batch(unsigned long address) {
  Room& room = *current_room;
  const auto give = [&](auto& page) {
    const bool is = page.taken && page.address() == address;
    if (is) page.Give();
    return is;
  };
  if (std::ranges::any_of(room.page_batches, give) || give(room.table_batch)) return;
  Hook().Report("freed a batch that is not there");
}

// Never zero: the kernel divides by it, also where there is no such page.
unsigned gf_page_batch_entries() {
  return std::max(1u, current_room->geometry.page_batch + current_room->tree->spare_entries);
}

unsigned gf_table_batch_entries() { return current_room->geometry.table_batch; }

void gf_free_page(unsigned frame) {
  Hook hook;
  hook.Before(Point::free_page);
  MmuGather& gather = hook.t().gather();
  Queued* const page = FindQueued(gather.pages, gather.page_count, frame);
  if (page == nullptr) {
    return hook.Report("freed a page that is not queued", static_cast<int>(frame));
  }
  FreePage(hook.t(), *page);
  Unqueue(gather.pages, gather.page_count, *page);
}

void gf_free_table(unsigned frame) {
  Hook hook;
  const bool hands_over = hook.room().hands_over;
  if (!hands_over) hook.Before(Point::free_table);
  MmuGather& gather = hook.t().gather();
  Queued* const table = FindQueued(gather.tables, gather.table_count, frame);
  if (table == nullptr) {
    return hook.Report("freed a page table that is not queued", static_cast<int>(frame));
  }
  hands_over ? HandOver(hook.t(), *table) : FreeTable(hook.t(), *table);
  Unqueue(gather.tables, gather.table_count, *table);
}

void gf_grace_period() {
  const Thread& t = *current_room->thread;
  if (current_room->unshares) {
    Hook hook;
    hook.Before(Point::tlb_remove_table_sync_one);
    return SyncOne(t);
  }
  if (t.world().switches != 0) BeginGrace(t);
}

void gf_synchronize_rcu() {
  const Thread& t = *current_room->thread;
  if (t.world().rcu != 0) return BeginSynchronize(t);
  gf_grace_period();
}

void gf_call_rcu_begin() {
  if (current_room->thread->world().rcu == 0) return gf_grace_period();
  Hook hook;
  hook.Before(Point::call_rcu);
  const MmuGather& gather = hook.t().gather();
  const auto first = std::ranges::find_if(
      gather.tables, [](const Queued& table) { return table.frame != kRootFrame; });
  CallRcu(hook.t(), first == gather.tables.end() ? 0 : first->page);
  hook.room().hands_over = true;
}

void gf_call_rcu_end() { current_room->hands_over = false; }

void gf_free_unknown() { Hook().Report("freed what is neither a page nor a page table"); }

void gf_flush_range(unsigned long start, unsigned long end, unsigned stride_shift,
                    int freed_tables) {
  Hook hook;
  const Thread& t = hook.t();
  const bool counts = CountsGenerations(t.world());
  hook.room().Makes(Point::tlb_flush);
  if (counts && hook.room().tree->cpu_code != nullptr) {
    return LinuxCpu(*hook.room().tree).FlushRange(t, start, end, stride_shift, freed_tables != 0);
  }
  Invalidation request = RequestFor(start, end, stride_shift);
  if (counts) request.freed_tables = freed_tables != 0;
  Invalidate(t, request);
}

namespace {

void CompleteLocal(Hook& hook) {
  if (hook.room().local.empty()) return;
  hook.room().Makes(Point::tlbi_local);
  InvalidateHere(hook.t(), hook.room().local.Take());
}

}  // namespace

void gf_tlbi(gf_tlbi_op op, unsigned long operand) {
  Room& room = *current_room;
  (IsLocal(op) ? room.local : room.tlbi).Add(DecodeTlbi(op, operand));
  if (room.tree->single_tlbi == 0) return;
  Hook hook;
  CompleteLocal(hook);
  hook.room().IssueLeftOver();
}

void gf_dsb(gf_barrier barrier) {
  const bool completes = barrier == GF_DSB_ish || barrier == GF_DSB_sy;
  if ((completes || barrier == GF_DSB_nsh) && !current_room->local.empty()) {
    Hook hook;
    CompleteLocal(hook);
  }
  // Under sequential consistency the others do nothing; those for this CPU alone never do.
  if (!completes && (barrier != GF_DSB_ishst || current_room->thread->world().sc())) return;
  Hook hook;
  hook.room().IssueLeftOver();
  if (completes && hook.t().self().invalidation.undelivered != 0) {
    hook.room().Makes(Point::tlb_flush_done);
    AwaitInvalidation(hook.t());
  } else {
    hook.room().dsb = completes ? MemoryOrder::full : MemoryOrder::release;
  }
}

void gf_bug(const char* text) { Hook().Report(text); }
