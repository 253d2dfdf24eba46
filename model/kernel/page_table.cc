// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/page_table.h"

#include "model/machine/frames.h"

namespace gatherfuzz {
namespace {

void SetMapped(World& world, Pte leaf, Level level, bool mapped) {
  for (int i = 0; i < PagesAt(level); ++i) {
    world.at(MakeFrame(Index(leaf.frame) + i)).mapped = mapped;
  }
  const int change = mapped ? PagesAt(level) : -PagesAt(level);
  world.mm.mapped_frames = static_cast<uint16_t>(world.mm.mapped_frames + change);
}

}  // namespace

void InstallLeaf(World& world, FrameId table, int page, FrameId frame, uint8_t flags) {
  Pte& entry = EntryOf(world, table, page);
  entry = {.mapping = world.mm.next_mapping++, .frame = frame, .flags = flags};
  SetMapped(world, entry, world.at(table).level, true);
}

void ChangeLeaf(World& world, FrameId table, int page, Pte leaf, uint8_t flags) {
  InstallLeaf(world, table, page, leaf.frame, flags);
}

void InvalidateLeaf(World& world, FrameId table, int page) {
  Pte& entry = EntryOf(world, table, page);
  entry.flags = static_cast<uint8_t>((entry.flags & ~Pte::kPresent) | Pte::kInvalid);
}

Pte ClearLeaf(World& world, FrameId table, int page) {
  Pte& entry = EntryOf(world, table, page);
  Pte cleared = entry;
  if ((cleared.flags & Pte::kInvalid) != 0) cleared.flags ^= Pte::kInvalid | Pte::kPresent;
  entry = Pte{};
  SetMapped(world, cleared, world.at(table).level, false);
  return cleared;
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

FrameId UnlinkTable(World& world, FrameId table, int page) {
  Pte& entry = EntryOf(world, table, page);
  const FrameId child = entry.frame;
  entry = Pte{};
  world.at(child).mapped = 0;
  --world.mm.linked_tables;
  return child;
}

FrameId PmdTableOf(const World& world, int page) {
  return world.at(kRootFrame).entries[EntryIndex(page, Level::kPud)].frame;
}

PageRange VmaAround(const Mm& mm, int page, PageRange within) {
  if (!within.contains(page) || (mm.vma_pages & PageBit(page)) == 0) return {};
  PageRange vma{page, page + 1};
  while (vma.begin > within.begin && (mm.vma_starts & PageBit(vma.begin)) == 0) --vma.begin;
  while (vma.end < within.end && (mm.vma_pages & ~mm.vma_starts & PageBit(vma.end)) != 0) {
    ++vma.end;
  }
  return vma;
}

}  // namespace gatherfuzz
