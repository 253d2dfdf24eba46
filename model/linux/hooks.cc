// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What kernel code calls (facade.h): each touch of shared state is a step.
#include <algorithm>

#include "model/kernel/mmu_gather.h"
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
  // What was issued without a barrier is under way all the same.
  void IssueLeftOver() {
    if (!room_.tlbi.empty()) IssueInvalidation(t(), room_.tlbi.Take());
  }

 private:
  Room& room_;
};

}  // namespace
}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

void gf_count_inc() {
  Hook hook;
  hook.IssueLeftOver();
  RaisePending(hook.t());
}

void gf_count_dec() {
  Hook hook;
  hook.IssueLeftOver();
  LowerPending(hook.t());
}

int gf_count_read() {
  Hook hook;
  hook.IssueLeftOver();
  hook.t().Step(Point::pending_read);
  return hook.t().world().mm.tlb_flush_pending;
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
  hook.IssueLeftOver();
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
  hook.IssueLeftOver();
  MmuGather& gather = hook.t().gather();
  Queued* const table = FindQueued(gather.tables, gather.table_count, frame);
  if (table == nullptr) {
    return hook.Report("freed a page table that is not queued", static_cast<int>(frame));
  }
  FreeTable(hook.t(), *table);
  Unqueue(gather.tables, gather.table_count, *table);
}

void gf_grace_period() {
  const Thread& t = *current_room->thread;
  if (t.world().switches != 0) BeginGrace(t);
}

void gf_free_unknown() { Hook().Report("freed what is neither a page nor a page table"); }

void gf_flush_range(unsigned long start, unsigned long end, unsigned stride_shift,
                    int freed_tables) {
  Hook hook;
  const Thread& t = hook.t();
  const bool counts = CountsGenerations(t.world());
  if (counts && hook.room().tree->cpu_code != nullptr) {
    return LinuxCpu(*hook.room().tree).FlushRange(t, start, end, stride_shift, freed_tables != 0);
  }
  Invalidation request = RequestFor(start, end, stride_shift);
  if (counts) request.freed_tables = freed_tables != 0;
  Invalidate(t, request);
}

void gf_tlbi(gf_tlbi_op op, unsigned long operand) {
  current_room->tlbi.Add(DecodeTlbi(op, operand));
}

void gf_dsb(gf_barrier barrier) {
  if (barrier != GF_DSB_ish && barrier != GF_DSB_sy) return;  // the others complete no TLBI
  Hook hook;
  hook.IssueLeftOver();
  if (hook.t().self().invalidation.undelivered != 0) AwaitInvalidation(hook.t());
}

void gf_bug(const char* text) { Hook().Report(text); }
