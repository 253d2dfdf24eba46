// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/callers/view.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "model/callers/facade.h"
#include "model/check.h"
#include "model/kernel/examine.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"

namespace gatherfuzz {

static_assert(GFC_PAGES == kPages && GFC_FRAMES == kFrames && GFC_CPUS == kMaxCpus);
static_assert(GFC_ENTRIES == kEntriesPerTable);
static_assert(GFC_PRESENT == Pte::kPresent && GFC_WRITE == Pte::kWrite);
static_assert(GFC_ACCESSED == Pte::kAccessed && GFC_DIRTY == Pte::kDirty);
static_assert(GFC_TABLE == Pte::kTable && GFC_HIDDEN == Pte::kInvalid);

namespace {

constexpr uint8_t kNotLinked = 255;

// Of the kernel's memory, as it was shown last.
std::array<uint8_t, kFrames> first_page;  // that a table covers; kNotLinked
std::array<uint8_t, kFrames> shown;       // 1 + its level; 0: all its entries are 0

unsigned FirstSlot(FrameId table, Level level) {
  return table == kRootFrame ? GFC_ROOT_SLOT : level == Level::kPte ? GFC_PTE_SLOT : 0;
}

// The kernel's memory is where it is. NOLINTBEGIN(performance-no-int-to-ptr)
uint64_t* MemoryOf(FrameId frame) {
  return reinterpret_cast<uint64_t*>(GFC_MEMORY +
                                     static_cast<uint64_t>(Index(frame)) * GFC_PAGE_BYTES);
}
const uint64_t* PointerTo(uintptr_t address) { return reinterpret_cast<const uint64_t*>(address); }
// NOLINTEND(performance-no-int-to-ptr)

// Leaves nothing of what was shown in a frame, unless it was the same.
void Clear(FrameId frame, int now) {
  uint8_t& before = shown[static_cast<size_t>(Index(frame))];
  if (before != 0 && before != now) {
    std::fill_n(MemoryOf(frame), kEntriesPerTable, 0);
    std::fill_n(MemoryOf(frame) + GFC_PTE_SLOT, kEntriesPerTable, 0);
  }
  before = static_cast<uint8_t>(now);
}

[[noreturn]] void Refuse() {
  std::fprintf(stderr,
               "gatherfuzz: policy callers has no huge pages, guard markers and migration entries: "
               "leave 'huge', 'guard' and 'migrate' out of the program (docs/callers.md)\n");
  std::exit(2);
}

void ShowTable(const World& world, FrameId table, int first) {
  const Frame& frame = world.at(table);
  first_page[static_cast<size_t>(Index(table))] = static_cast<uint8_t>(first);
  Clear(table, 1 + static_cast<int>(frame.level));
  gfc_set_page(static_cast<unsigned>(Index(table)), 1);
  uint64_t* const entries = MemoryOf(table) + FirstSlot(table, frame.level);
  for (int i = 0; i < kEntriesPerTable; ++i) {
    const Pte entry = frame.entries[static_cast<size_t>(i)];
    if (entry.none()) {
      entries[i] = 0;
      continue;
    }
    if (!entry.table() && (frame.level != Level::kPte || !entry.there())) Refuse();
    entries[i] = gfc_entry(static_cast<unsigned>(Index(entry.frame)), entry.flags);
    if (entry.table()) {
      ShowTable(world, entry.frame, first + i * PagesAt(frame.level));
    } else {
      gfc_set_page(static_cast<unsigned>(Index(entry.frame)), 0);
    }
  }
}

void ShowTables(const World& world) {
  first_page.fill(kNotLinked);
  ShowTable(world, kRootFrame, 0);
  for (size_t i = 0; i < shown.size(); ++i) {
    if (first_page[i] == kNotLinked && shown[i] != 0) Clear(MakeFrame(static_cast<int>(i)), 0);
  }
}

void ShowVmas(const Room& room) {
  const Mm& mm = room.has_taken ? room.taken : room.world().mm;
  for (int page = 0; page < kPages; ++page) {
    const PageRange vma = room.VmaAround(page);
    if (vma.empty()) continue;
    gfc_set_vma(static_cast<unsigned>(Index(room.t().cpu)), page, vma.end,
                (mm.vma_write & PageBit(page)) != 0, (mm.vma_none & PageBit(page)) != 0);
    page = vma.end - 1;
  }
}

void TakeOverLeaf(Room& room, const EntryPlace& at, uint8_t flags, FrameId frame) {
  const Thread& t = room.t();
  World& world = room.world();
  const Pte before = EntryOf(world, at.table, at.page);
  const PageRange page{at.page, at.page + 1};
  GATHERFUZZ_CHECK(Index(frame) < kFrames);
  if (flags == 0) {
    if (before.none()) return;
    const Pte leaf = TakeLeaf(t, at.table, at.page);
    if (!room.does(effect::kZaps | effect::kUnmaps) && !room.has_taken) return;
    ExaminedGone(t, page);
    MmuGather& gather = t.gather();
    if (gather.live && gather.page_count < kMaxBatch) {
      gather.pages[gather.page_count++] = {leaf.frame, static_cast<uint8_t>(at.page), Level::kPte};
    }
    return;
  }
  if (before.there() && before.flags == flags && before.frame == frame) return;
  if (!before.none()) TakeLeaf(t, at.table, at.page);
  InstallLeaf(world, at.table, at.page, frame, flags);
  if (t.self().call.kind == CallKind::kOther || room.moves()) return;
  ExaminedClean(t, page, EntryOf(world, at.table, at.page).mapping);
}

void TakeOverTable(Room& room, const EntryPlace& at, bool there, unsigned frame) {
  const Thread& t = room.t();
  World& world = room.world();
  const Pte before = EntryOf(world, at.table, at.page);
  if (before.none() == !there) return;
  if (!there) {
    const Level level = world.at(before.frame).level;
    UnlinkTable(world, at.table, at.page);
    MmuGather& gather = t.gather();
    if (room.frees_tables && gather.table_count < kMaxTables) {
      gather.tables[gather.table_count++] = {before.frame, static_cast<uint8_t>(at.page), level};
    }
    return;
  }
  if (frame < GFC_FRAMES)
    return LinkTableAgain(world, MakeFrame(static_cast<int>(frame)), at.table, at.page);
  GATHERFUZZ_CHECK(PopulateTable(world, at.table, at.page));
  room.spares = 0;
}

}  // namespace

void BootKernel() {
  static const bool done = [] {
    void* const at = reinterpret_cast<void*>(GFC_MEMORY);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (mmap(at, GFC_ALL_FRAMES * GFC_PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0) != at) {
      std::fprintf(stderr, "gatherfuzz: no memory for page tables at %p\n", at);
      std::exit(2);
    }
    gfc_boot();
    return true;
  }();
  (void)done;
}

void ShowWorld(const Room& room) {
  ShowTables(room.world());
  ShowVmas(room);
  *gfc_count() = room.world().mm.tlb_flush_pending;
  gfc_set_resched(0);
}

std::optional<EntryPlace> EntryPlaceAt(const Room& room, uintptr_t address) {
  const uintptr_t offset = address - GFC_MEMORY;
  const FrameId table = MakeFrame(static_cast<int>(offset / GFC_PAGE_BYTES));
  const uint8_t first = first_page[static_cast<size_t>(Index(table))];
  if (first == kNotLinked) return {};
  const Level level = room.world().at(table).level;
  const auto slot =
      static_cast<unsigned>(offset % GFC_PAGE_BYTES / sizeof(uint64_t)) - FirstSlot(table, level);
  if (slot >= kEntriesPerTable) return {};
  return EntryPlace{table, first + static_cast<int>(slot) * PagesAt(level), PointerTo(address)};
}

std::optional<PageRange> SpanOf(const Room& room, FrameId table) {
  const int first = first_page[static_cast<size_t>(Index(table))];
  if (first == kNotLinked) return {};
  return PageRange{first, first + kEntriesPerTable * PagesAt(room.world().at(table).level)};
}

void TakeOver(Room& room, const EntryPlace& at, uint64_t value) {
  const bool leaf = room.world().at(at.table).level == Level::kPte;
  unsigned frame = 0;
  const unsigned flags = gfc_flags_of(value, leaf, &frame);
  if (leaf) {
    TakeOverLeaf(room, at, static_cast<uint8_t>(flags), MakeFrame(static_cast<int>(frame)));
  } else {
    TakeOverTable(room, at, flags != 0, frame);
  }
}

namespace {

// By the last of all the pages that begin up to an address, and how far it is behind that.
struct Nearest {
  int page;
  bool behind;
};

Nearest UpTo(uint64_t address) {
  if (address <= GFC_ADDRESSES) return {0, false};
  const uint64_t offset = address - GFC_ADDRESSES;
  const uint64_t pud = offset >> 30, pmd = offset >> 21 & 511, pte = offset >> 12 & 511;
  if (pud >= kPuds) return {kPages, false};
  const int first = static_cast<int>(pud) * kPagesPerPud;
  if (pmd >= kEntriesPerTable) return {first + kPagesPerPud - 1, true};
  const int in_table = pte < GFC_PTE_SLOT ? 0 : static_cast<int>(pte) - GFC_PTE_SLOT;
  const int page = first + static_cast<int>(pmd) * kPagesPerPmd + in_table;
  return {page, address != gfc_address(page)};
}

}  // namespace

int PageAt(uint64_t address) { return UpTo(address).page; }

int PageBehind(uint64_t address) {
  const Nearest nearest = UpTo(address);
  return nearest.page + (nearest.behind ? 1 : 0);
}

}  // namespace gatherfuzz
