// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/callers/callers.h"

#include "model/callers/facade.h"
#include "model/callers/room.h"
#include "model/callers/trap.h"
#include "model/callers/view.h"
#include "model/kernel/examine.h"
#include "model/kernel/locks.h"
#include "model/kernel/munmap.h"
#include "model/kernel/page_table.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

uint64_t Bytes(PageRange range) { return gfc_address(range.end) - gfc_address(range.begin); }

// Whether an address moves as its page does, all over the range.
bool MovesEvenly(PageRange from, int to) {
  const auto moved = [&](int page) { return gfc_address(page + to - from.begin); };
  for (int page = from.begin; page <= from.end; ++page) {
    if (moved(page) - moved(from.begin) != gfc_address(page) - gfc_address(from.begin)) {
      return false;
    }
  }
  return true;
}

// free_pgtables() keeps off what other VMAs may need: where they end before the range, and begin
// behind it. Below the first and above the last there is something, so the table of PUDs stays.
uint64_t Floor(const Mm& mm, PageRange range) {
  for (int page = range.begin - 1; page >= 0; --page) {
    if ((mm.vma_pages & PageBit(page)) != 0) return gfc_address(page + 1);
  }
  return GFC_ADDRESSES - GFC_PAGE_BYTES;
}
uint64_t Ceiling(const Mm& mm, PageRange range) {
  for (int page = range.end; page < kPages; ++page) {
    if ((mm.vma_pages & PageBit(page)) != 0) return gfc_address(page);
  }
  return gfc_address(kPages);
}

// The VMAs of the range are out of the mm, as `taken` says.
void Take(Room& room, PageRange range, const Taken& taken) {
  room.has_taken = true;
  room.taken = taken.before;
  room.taken_range = range;
  room.at = range.begin;
  room.by = 0;
}

void ClearPtes(const Room& room, PageRange range) {
  const Mm& mm = room.world().mm;
  gfc_clear_ptes(room.PieceBehind(range.begin).begin, gfc_address(range.begin),
                 gfc_address(range.end), Floor(mm, range), Ceiling(mm, range));
}

// do_vmi_align_munmap(): the model's, but for vms_clear_ptes().
void Munmap(Room& room, PageRange range) {
  const Thread& t = room.t();
  MmapWriteLock(t);
  if ((t.world().mm.vma_pages & MaskOf(range)) == 0) return MmapWriteUnlock(t);
  Take(room, range, TakeOut(t, range));
  MmapWriteDowngrade(t);
  {
    const KernelCode runs(room);
    ClearPtes(room, range);
  }
  MmapReadUnlock(t);
}

}  // namespace

void UnmapWithinCall(Room& room, PageRange range) {
  {
    Hook hook;
    if (room.moves()) ExaminedGone(room.t(), room.op->range);
    Take(room, range, TakeOut(room.t(), range));
  }
  ClearPtes(room, range);
  {
    const Hook hook;
    room.has_taken = false;
  }
}

bool MayCall(const Thread& t, const Op& op) {
  constexpr uint32_t kCalls =
      Bit(OpKind::kDontneed) | Bit(OpKind::kFree) | Bit(OpKind::kMunmap) | Bit(OpKind::kProtect);
  if (op.kind == OpKind::kRemap) return t.world().reclaims == 0 && MovesEvenly(op.range, op.to);
  return (Bit(op.kind) & kCalls) != 0;
}

void Callers::Run(const Thread& t, const Op& op, Path path) const {
  if (!MayCall(t, op)) return path(t, op);
  BootKernel();
  CatchTraps();
  Room room;
  room.thread = &t;
  room.op = &op;
  room.at = op.range.begin;
  if (op.kind == OpKind::kMunmap) return Munmap(room, op.range);
  if (op.kind == OpKind::kRemap) room.by = op.to - op.range.begin;
  const uint64_t start = gfc_address(op.range.begin), bytes = Bytes(op.range);
  const KernelCode runs(room);
  if (op.kind == OpKind::kProtect) {
    gfc_mprotect(start, bytes, op.flags.write, op.flags.none);
  } else if (op.kind == OpKind::kRemap) {
    gfc_mremap(start, bytes, gfc_address(op.to), op.flags.stays);
  } else {
    gfc_madvise(start, bytes, op.kind == OpKind::kFree);
  }
}

void Callers::Finishing(const Thread& t) const {
  if (!FlushNested(t)) return;
  t.gather().fullmm = 1;
  ResetRange(t.gather());
  t.gather().freed_tables = 1;
}

namespace {

const Callers kProtocol{};
constexpr Policy kPolicy("callers", "what mm/ of a kernel tree does", "a kernel tree", kProtocol,
                         {.peeks = true, .foreign = true, .own_calls = true, .runs_on = "x86"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace

}  // namespace gatherfuzz
