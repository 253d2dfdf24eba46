// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/walk.h"

#include "model/check.h"
#include "model/machine/tlb.h"

namespace gatherfuzz {
namespace {

TablePointer PointerTo(const World& world, FrameId table, int prefix) {
  return {.generation = world.at(table).generation,
          .frame = table,
          .prefix = static_cast<uint8_t>(prefix)};
}

Pte& EntryAt(World& world, const Walk& walk) {
  return world.at(walk.at.frame).entries[EntryIndex(walk.page, walk.level)];
}

// Follows the table pointer `entry` down to `level`, and remembers it in the walk cache.
void Descend(World& world, CpuId cpu, Walk& walk, Pte entry, uint16_t generation, Level level) {
  WalkCache& cache = world.at(cpu).walk_cache;
  const int covered = PagesAt(level) * kEntriesPerTable;
  walk.at = {.generation = generation,
             .frame = entry.frame,
             .prefix = static_cast<uint8_t>(walk.page / covered)};
  walk.level = level;
  if (level == Level::kPte) {
    cache.pte_tables[walk.at.prefix] = walk.at;
    cache.pte_valid |= static_cast<uint16_t>(1u << walk.at.prefix);
  } else {
    cache.pmd_tables[walk.at.prefix] = walk.at;
    cache.pmd_valid |= static_cast<uint8_t>(1u << walk.at.prefix);
  }
}

bool IsLeaf(const Walk& walk, Pte entry) {
  // A table pointer is one only above the lowest level: there, the hardware takes any present entry
  // for a leaf, also in a frame that has become another kind of table.
  return walk.level == Level::kPte || (walk.level == Level::kPmd && !entry.table());
}

bool LacksAccessedOrDirty(const Walk& walk, Pte leaf) {
  return !leaf.accessed() || (walk.write && !leaf.dirty());
}

// The leaf `entry` as the walk found it: sets A and D in memory, fills the TLB.
WalkResult ReachLeaf(World& world, CpuId cpu, const Walk& walk, Pte& entry, Hardware hardware) {
  if (walk.write && !entry.writable()) return WalkResult::kFaulted;
  if (LacksAccessedOrDirty(walk, entry) && !hardware.sets_accessed_and_dirty) {
    return WalkResult::kFaulted;
  }
  entry.flags |= Pte::kAccessed;
  if (walk.write) entry.flags |= Pte::kDirty;
  Fill(world.at(cpu).tlb, walk.page, walk.level, entry, walk.write != 0);
  return WalkResult::kFilled;
}

// The walk stands at `entry`, and goes down or ends there. `generation`: of the table that it
// points at.
WalkResult Follow(World& world, CpuId cpu, Walk& walk, Pte& entry, uint16_t generation,
                  Hardware hardware) {
  if (!entry.present()) {
    if (hardware.caches_absent_entries) FillAbsent(world.at(cpu).tlb, walk.page);
    return WalkResult::kFaulted;
  }
  if (IsLeaf(walk, entry)) return ReachLeaf(world, cpu, walk, entry, hardware);
  const Level below = walk.level == Level::kPud ? Level::kPmd : Level::kPte;
  Descend(world, cpu, walk, entry, generation, below);
  return WalkResult::kGoesOn;
}

WalkResult ReadEntry(World& world, CpuId cpu, Walk& walk, Hardware hardware) {
  // Of another mm, in which nothing is mapped.
  if (walk.level == Level::kPud && !WalksMm0(world, cpu)) return WalkResult::kFaulted;
  Pte& entry = EntryAt(world, walk);
  return Follow(world, cpu, walk, entry, world.at(entry.frame).generation, hardware);
}

}  // namespace

Walk NewWalk(const World& world, CpuId cpu, int page, bool write) {
  GATHERFUZZ_CHECK(0 <= page && page < kPages);
  Walk walk{};
  walk.page = static_cast<uint8_t>(page);
  walk.write = write;
  const WalkCache& cache = world.at(cpu).walk_cache;
  if ((cache.pte_valid >> page / kPagesPerPmd & 1) != 0) {
    walk.at = cache.pte_tables[page / kPagesPerPmd];
    walk.level = Level::kPte;
  } else if ((cache.pmd_valid >> page / kPagesPerPud & 1) != 0) {
    walk.at = cache.pmd_tables[page / kPagesPerPud];
    walk.level = Level::kPmd;
  } else {
    walk.at = PointerTo(world, kRootFrame, 0);
    walk.level = Level::kPud;
  }
  return walk;
}

void BeginWalk(World& world, CpuId cpu, int which, int page, bool write) {
  world.at(cpu).walks[which] = NewWalk(world, cpu, page, write);
}

Point FirstPoint(const World& world, CpuId cpu, int page) {
  const WalkCache& cache = world.at(cpu).walk_cache;
  if ((cache.pte_valid >> page / kPagesPerPmd & 1) != 0) return Point::walk_pte;
  return (cache.pmd_valid >> page / kPagesPerPud & 1) != 0 ? Point::walk_pmd : Point::walk_pud;
}

bool ChangesLeaf(const Walk& walk, Pte entry, Hardware hardware) {
  const bool faults = !entry.present() || (walk.write && !entry.writable());
  return !faults && IsLeaf(walk, entry) && hardware.sets_accessed_and_dirty &&
         LacksAccessedOrDirty(walk, entry);
}

WalkResult AdvanceWalk(System& system, CpuId cpu, int which, int old) {
  World& world = system.world;
  Walk& walk = world.at(cpu).walks[which];
  GATHERFUZZ_CHECK(walk.active());
  system.judge.walk_read(system, cpu, walk);
  const Walk at_leaf = walk;
  const Location at = LocationOfWalk(walk);
  KeptValue taken;
  Pte leaf;
  WalkResult result;
  if (old != 0) {
    taken = ValueAt(world, at, old);
    leaf = EntryIn(taken.value);
    result = Follow(world, cpu, walk, leaf, GenerationIn(taken.value), system.hardware);
  } else {
    result = ReadEntry(world, cpu, walk, system.hardware);
    leaf = EntryAt(world, at_leaf);
  }
  if (!world.sc()) [[unlikely]]
    NoteLoad(world, WalkerOf(cpu), at, MemoryOrder::relaxed, old);
  if (result == WalkResult::kGoesOn) return result;
  walk = Walk{};
  if (result == WalkResult::kFilled) system.judge.filled(system, cpu, at_leaf, leaf);
  return result;
}

bool StepWalker(System& system, CpuId cpu, int page, int old) {
  World& world = system.world;
  const Walk& walk = world.at(cpu).walks[kWalkerWalk];
  if (!walk.active()) {
    Evict(world.at(cpu).tlb, page);
    BeginWalk(world, cpu, kWalkerWalk, page, false);
  }
  system.steps->NoteOld(WalkerAgent(cpu), NextPoint(walk), page, old);
  return AdvanceWalk(system, cpu, kWalkerWalk, old) != WalkResult::kGoesOn;
}

void FillAtOnce(World& world, CpuId cpu, PageRange range) {
  Walk& walk = world.at(cpu).walks[kWalkerWalk];
  for (int page = range.begin; page < range.end; ++page) {
    BeginWalk(world, cpu, kWalkerWalk, page, false);
    WalkResult result = WalkResult::kGoesOn;
    while (result == WalkResult::kGoesOn) result = ReadEntry(world, cpu, walk, {});
    // One walk serves all pages of a huge leaf, or of a hole as large.
    if (walk.level != Level::kPte) page = RoundUp(page + 1, PagesAt(walk.level)) - 1;
  }
  walk = Walk{};
}

}  // namespace gatherfuzz
