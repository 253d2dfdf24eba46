// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/page_table.h"

#include <algorithm>
#include <bit>

#include "model/check.h"
#include "model/machine/frames.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

void SetMapped(World& world, Pte leaf, Level level, bool mapped) {
  const bool counts = world.decides != 0;
  for (int i = 0; i < PagesAt(level); ++i) {
    uint8_t& count = world.at(MakeFrame(Index(leaf.frame) + i)).mapped;
    const int before = counts ? count : 0;  // else it is one at most
    count = static_cast<uint8_t>(mapped ? before + 1 : std::max(before - 1, 0));
  }
  const int change = mapped ? PagesAt(level) : -PagesAt(level);
  world.mm.mapped_frames = static_cast<uint16_t>(world.mm.mapped_frames + change);
}

}  // namespace

void InstallLeaf(World& world, FrameId table, int page, FrameId frame, uint8_t flags) {
  GATHERFUZZ_CHECK(world.at(table).level != Level::kPud);
  Pte& entry = EntryOf(world, table, page);
  entry = {.mapping = world.mm.next_mapping++, .frame = frame, .flags = flags};
  SetMapped(world, entry, world.at(table).level, true);
}

void ChangeLeaf(World& world, FrameId table, int page, Pte leaf, uint8_t flags) {
  InstallLeaf(world, table, page, leaf.frame, flags);
}

void InvalidateLeaf(World& world, FrameId table, int page) {
  Pte& entry = EntryOf(world, table, page);
  entry.flags = Hidden(entry.flags);
}

Pte ClearLeaf(World& world, FrameId table, int page) {
  Pte& entry = EntryOf(world, table, page);
  Pte cleared = entry;
  if ((cleared.flags & Pte::kInvalid) != 0) cleared.flags ^= Pte::kInvalid | Pte::kPresent;
  entry = Pte{};
  SetMapped(world, cleared, world.at(table).level, false);
  return cleared;
}

Pte TakeLeaf(const Thread& t, FrameId table, int page) {
  const Pte entry = EntryOf(t.world(), table, page);
  if (entry.there() && !entry.table()) [[likely]]
    return ClearLeaf(t.world(), table, page);
  CheckRemovedTwice(t.system, t.cpu, page);
  return {};
}

bool PopulateTable(World& world, FrameId table, int page) {
  const Level below = world.at(table).level == Level::kPud ? Level::kPmd : Level::kPte;
  const std::optional<FrameId> child = TakeTable(world, below);
  if (!child) return false;
  world.at(*child).mapped = 1;
  ++world.mm.linked_tables;
  EntryOf(world, table, page) = {
      .mapping = 0, .frame = *child, .flags = Pte::kPresent | Pte::kTable};
  return true;
}

namespace {

// All leaves below a table are new mappings.
void NumberAnew(World& world, FrameId table) {
  for (Pte& entry : world.at(table).entries) {
    if (entry.table()) {
      NumberAnew(world, entry.frame);
    } else if (entry.there()) {
      entry.mapping = world.mm.next_mapping++;
    }
  }
}

}  // namespace

FrameId UnlinkTable(World& world, FrameId table, int page) {
  Pte& entry = EntryOf(world, table, page);
  const FrameId child = entry.frame;
  entry = Pte{};
  world.at(child).mapped = 0;
  --world.mm.linked_tables;
  return child;
}

void MoveTableTo(World& world, FrameId pmd_table, int page, FrameId new_pmd_table, int to) {
  LinkTableAgain(world, UnlinkTable(world, pmd_table, page), new_pmd_table, to);
}

void LinkTableAgain(World& world, FrameId table, FrameId upper, int page) {
  world.at(table).mapped = 1;
  ++world.mm.linked_tables;
  EntryOf(world, upper, page) = {
      .mapping = 0, .frame = table, .flags = Pte::kPresent | Pte::kTable};
  NumberAnew(world, table);
}

FrameId PmdTableOf(const World& world, int page) { return EntryAt(world, page, Level::kPud).frame; }

PageRange VmaAround(const Mm& mm, int page, PageRange within) {
  if (!within.contains(page) || (mm.vma_pages & PageBit(page)) == 0) return {};
  // It begins at the last start up to the page, and ends before the next page that begins a VMA or
  // has none.
  const uint64_t up_to_page = PageBit(page) | (PageBit(page) - 1);
  const uint64_t starts = mm.vma_starts & up_to_page;
  const uint64_t ends = (mm.vma_starts | ~mm.vma_pages) & ~up_to_page;
  const int begin = starts == 0 ? 0 : kPages - 1 - std::countl_zero(starts);
  const int end = ends == 0 ? kPages : std::countr_zero(ends);
  return {std::max(begin, within.begin), std::min(end, within.end)};
}

}  // namespace gatherfuzz
