// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// KCSAN's hooks: kernel code is about to touch memory. Of page-table entries, tlb_flush_pending and
// what need_resched() looks at, that is a step; of everything else nothing.
//
// An atomic access is announced twice, by instrument_atomic_*() and by the volatile access below
// it, unless that is in assembly; so of the former only those count that read and write at once.
#include <algorithm>
#include <utility>

#include "model/callers/facade.h"
#include "model/callers/room.h"
#include "model/callers/view.h"
#include "model/kernel/examine.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/shared.h"

extern "C" const char gfc_stubs_begin[], gfc_stubs_end[];

namespace gatherfuzz {
namespace {

enum class Touch : uint8_t { kRead, kWrite, kExchange };

// The kernel's memory that is shared, but for page tables.
struct Watched {
  const void* count = gfc_count();
  const void* thread_flags = gfc_thread_flags();
};
const Watched kWatched;

// The call has seen that entry: how far it has come, and what the oracle may hold it to.
void Sees(const Thread& t, Room& room, const EntryPlace& at, PageRange wanted, Pte entry) {
  const Level level = t.world().at(at.table).level;
  if (room.frees_tables || wanted.empty()) return;
  if (entry.none()) {
    const bool judged = t.self().call.kind != CallKind::kOther && !room.moves();
    if (judged && !room.does(effect::kCleans)) ExaminedGone(t, wanted);
    // Of a page that reclaim has taken, MADV_FREE discards what it has written out.
    if (room.does(effect::kCleans) && level == Level::kPte && t.world().reclaims != 0 &&
        HeldByReclaim(t.world(), at.page)) {
      ExaminedClean(t, wanted, t.world().mm.next_mapping);
    }
    if (level != Level::kPte && room.op->range.contains(wanted.begin)) room.at = wanted.end;
  } else if (level == Level::kPte && room.does(effect::kCleans) &&
             (entry.flags & (Pte::kAccessed | Pte::kDirty)) == 0) {
    ExaminedClean(t, wanted, entry.mapping);
  }
}

GATHERFUZZ_FROM_KERNEL void BeforeRead(const EntryPlace& at) {
  static constexpr Point kPoints[] = {Point::pte_read, Point::pmd_read, Point::pud_read};
  Hook hook;
  Room& room = hook.room();
  const Level level = room.world().at(at.table).level;
  if (level == Level::kPte) room.TouchesPte(at.page);
  const PageRange wanted = level == Level::kPte ? PageRange{at.page, at.page + 1}
                                                : room.WantedOf(at.page, PagesAt(level)).range;
  const int page = wanted.empty() ? at.page : wanted.begin;
  const Look look = LoadEntry(hook.t(), kPoints[static_cast<int>(level)], at.table, page);
  Sees(hook.t(), room, at, wanted, look.entry);
  room.reads = level == Level::kPte && look.entry.there() ? at.page : -1;
}

Point PointOfWrite(const Room& room, const EntryPlace& at, Touch touch) {
  const World& world = room.world();
  const Frame& table = world.at(at.table);
  if (table.level == Level::kPte) {
    return touch == Touch::kExchange ? Point::pte_clear : Point::pte_set;
  }
  const bool is_pmd = table.level == Level::kPmd;
  const bool none = table.entries[static_cast<size_t>(EntryIndex(at.page, table.level))].none();
  if (none) return is_pmd ? Point::pmd_populate : Point::pud_populate;
  if (room.moves() && !room.frees_tables) return Point::pmd_move;
  return is_pmd ? Point::pte_table_unlink : Point::pmd_table_unlink;
}

GATHERFUZZ_FROM_KERNEL void BeforeWrite(const EntryPlace& at, Touch touch) {
  Hook hook;
  Room& room = hook.room();
  const Level level = room.world().at(at.table).level;
  if (level == Level::kPte) room.TouchesPte(at.page);
  const Point point = PointOfWrite(room, at, touch);
  const bool made = point == Point::pte_clear && room.cleared_already;
  room.cleared_already = false;
  room.reads = -1;
  const bool unlinks = point == Point::pte_table_unlink || point == Point::pmd_table_unlink;
  const PageRange wanted = room.WantedOf(at.page, PagesAt(level)).range;
  const bool whole = level == Level::kPte || unlinks || wanted.empty();
  const int page = whole ? at.page : wanted.begin;
  if (!made) hook.t().Step(point, page);
  room.written = at;
}

// It is raised once by a gather, and lowered once. What the code makes of the value is looked at as
// the next hook begins.
GATHERFUZZ_FROM_KERNEL void BeforeCount(Touch touch) {
  Room* counting = nullptr;
  int change = 0;
  {
    Hook hook;
    const Thread& t = hook.t();
    if (touch == Touch::kRead) return t.Step(Point::pending_read);
    counting = &hook.room();
    change = t.gather().live ? -1 : 1;
    if (change > 0) {
      RaisePending(t);
    } else {
      t.system.finish_part[static_cast<size_t>(Index(t.cpu))] = FinishPart::kCompletes;
      LowerPending(t);
    }
  }
  *gfc_count() -= change;
  counting->counts = true;
}

// need_resched(), between the look at a PTE and its clear: where the order may have the code stop.
// The first PTE under a lock is not stopped before, as nothing is done by then.
GATHERFUZZ_FROM_KERNEL void MayStop() {
  bool stops = false;
  {
    Hook hook;
    Room& room = hook.room();
    const int page = std::exchange(room.reads, -1);
    const Thread& t = hook.t();
    if (!(room.does(effect::kZaps) || room.has_taken) || page <= room.at) return;
    stops = t.StepOr(Point::pte_clear, Point::need_resched, page);
    room.cleared_already = !stops;
    if (stops) room.last_page = page - 1;
  }
  gfc_set_resched(stops);
}

inline void Announced(const volatile void* address, Touch touch) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  if (at - GFC_MEMORY < uintptr_t{GFC_FRAMES} * GFC_PAGE_BYTES) {
    const auto entry = EntryPlaceAt(*current_room_of_callers, at);
    if (!entry) return;
    return touch == Touch::kRead ? BeforeRead(*entry) : BeforeWrite(*entry, touch);
  }
  if (address == kWatched.count) return BeforeCount(touch);
  if (address == kWatched.thread_flags && touch == Touch::kRead) return MayStop();
  const auto stubs = reinterpret_cast<uintptr_t>(gfc_stubs_begin);
  if (at - stubs < static_cast<uintptr_t>(gfc_stubs_end - gfc_stubs_begin)) {
    gfc_unexpected("a variable that is not there (see the linker map)");
  }
}

}  // namespace
}  // namespace gatherfuzz

using gatherfuzz::Announced;
using gatherfuzz::Touch;

#define GATHERFUZZ_HOOK(name, touch)                      \
  extern "C" void kernel_##name(const volatile void* at); \
  extern "C" void kernel_##name(const volatile void* at) { Announced(at, Touch::touch); }
#define GATHERFUZZ_HOOKS(size)                       \
  GATHERFUZZ_HOOK(__tsan_read##size, kRead)          \
  GATHERFUZZ_HOOK(__tsan_write##size, kWrite)        \
  GATHERFUZZ_HOOK(__tsan_volatile_read##size, kRead) \
  GATHERFUZZ_HOOK(__tsan_volatile_write##size, kWrite)
GATHERFUZZ_HOOKS(1)
GATHERFUZZ_HOOKS(2)
GATHERFUZZ_HOOKS(4)
GATHERFUZZ_HOOKS(8)
GATHERFUZZ_HOOKS(16)

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the names that compilers call
// Ranges are structures on the stack.
void kernel___tsan_read_range(const volatile void*, unsigned long);
void kernel___tsan_read_range(const volatile void*, unsigned long) {}
void kernel___tsan_write_range(const volatile void*, unsigned long);
void kernel___tsan_write_range(const volatile void*, unsigned long) {}

void kernel___kcsan_check_access(const volatile void*, unsigned long, int);
void kernel___kcsan_check_access(const volatile void* at, unsigned long, int type) {
  constexpr int kWrite = 1, kCompound = 2;  // KCSAN_ACCESS_*
  if ((type & (kWrite | kCompound)) == (kWrite | kCompound)) Announced(at, Touch::kExchange);
}

#define GATHERFUZZ_NOTHING(name) \
  void kernel_##name();          \
  void kernel_##name() {}
GATHERFUZZ_NOTHING(__tsan_init)
GATHERFUZZ_NOTHING(kcsan_atomic_next)
GATHERFUZZ_NOTHING(kcsan_disable_current)
GATHERFUZZ_NOTHING(kcsan_enable_current)
GATHERFUZZ_NOTHING(kcsan_enable_current_nowarn)
GATHERFUZZ_NOTHING(kcsan_nestable_atomic_begin)
GATHERFUZZ_NOTHING(kcsan_nestable_atomic_end)

// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
