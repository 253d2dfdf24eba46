// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/callers/room.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "model/callers/facade.h"
#include "model/callers/view.h"
#include "model/kernel/page_table.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

constinit Room* current_room_of_callers = nullptr;

namespace {

std::mutex kernel_memory;

void Begin(Room& room) {
  kernel_memory.lock();
  current_room_of_callers = &room;
  ShowWorld(room);
}

uint8_t FieldOf(unsigned long address, int page) {
  return address == ~0ul ? MmuGather::kWholeMm : static_cast<uint8_t>(page);
}

void Mirror(const Room& room) {
  gfc_gather fields;
  gfc_look(room.tlb, &fields);
  MmuGather& to = room.t().gather();
  to.start = FieldOf(fields.start, PageAt(fields.start));
  to.end = FieldOf(fields.end, PageBehind(fields.end));
  to.fullmm = fields.fullmm;
  to.need_flush_all = fields.need_flush_all;
  to.freed_tables = fields.freed_tables;
  to.cleared_ptes = fields.cleared_ptes;
  to.cleared_pmds = fields.cleared_pmds;
  to.cleared_puds = fields.cleared_puds;
}

// What the code has done is in World before the next step of anybody.
void End(Room& room) {
  const EntryPlace written = std::exchange(room.written, {});
  const uint64_t value = written.memory != nullptr ? *written.memory : 0;
  const bool counts = std::exchange(room.counts, false);
  const int count = *gfc_count();
  if (room.tlb != nullptr) Mirror(room);
  kernel_memory.unlock();
  if (written.memory != nullptr) TakeOver(room, written, value);
  if (counts && count != room.world().mm.tlb_flush_pending) {
    room.t().system.Report({.kind = ViolationKind::kProtocolError,
                            .cpu = Index(room.t().cpu),
                            .detail = "tlb_flush_pending changed by other than one"});
  }
}

}  // namespace

PageRange Room::VmaAround(int page) const {
  return has_taken ? gatherfuzz::VmaAround(taken, page, taken_range)
                   : gatherfuzz::VmaAround(world().mm, page, {0, kPages});
}

PageRange Room::PieceBehind(int page) const {
  const PageRange range = has_taken ? taken_range : op->range;
  for (; page < range.end; ++page) {
    const PageRange vma = VmaAround(page);
    if (!vma.empty()) return {std::max(vma.begin, range.begin), std::min(vma.end, range.end)};
  }
  return {range.end, range.end};
}

Room::Wanted Room::WantedOf(int first, int pages) const {
  const auto of = [&](int from) {
    const PageRange piece = PieceBehind(std::max(at, from));
    return PageRange{std::max({piece.begin, at, from}), std::min(piece.end, from + pages)};
  };
  const PageRange here = of(first);
  if (!here.empty() || by == 0) return {here, true};
  const PageRange moved = of(first - by);
  return {{moved.begin + by, moved.end + by}, false};
}

KernelCode::KernelCode(Room& room) : room_(room) { Begin(room_); }
KernelCode::~KernelCode() { End(room_); }

Hook::Hook() : room_(*current_room_of_callers) { End(room_); }
Hook::~Hook() { Begin(room_); }

void Hook::Report(const char* what) {
  t().system.Report({.kind = ViolationKind::kProtocolError, .cpu = Index(t().cpu), .detail = what});
}

}  // namespace gatherfuzz
