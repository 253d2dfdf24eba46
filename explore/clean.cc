// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/clean.h"

#include <algorithm>
#include <bit>

#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// Whether a TLB translates to one of the frames.
bool Cached(const World& world, FrameId frame, Level level) {
  const auto overlaps = [&](Pte entry, int count) {
    return Index(frame) < Index(entry.frame) + count &&
           Index(entry.frame) < Index(frame) + PagesAt(level);
  };
  for (int i = 0; i < world.cpu_count; ++i) {
    const Tlb& tlb = world.at(MakeCpu(i)).tlb;
    for (uint64_t bits = tlb.small_valid; bits != 0; bits &= bits - 1) {
      if (overlaps(tlb.small[std::countr_zero(bits)], 1)) return true;
    }
    for (uint64_t bits = tlb.huge_valid; bits != 0; bits &= bits - 1) {
      if (overlaps(tlb.huge[std::countr_zero(bits)], kPagesPerPmd)) return true;
    }
  }
  return false;
}

// Whether a walk cache, or a walk in flight, points at the table.
bool PointedAt(const World& world, FrameId table) {
  const auto points = [&](const TablePointer& pointer) {
    return pointer.valid() && pointer.frame == table;
  };
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuState& cpu = world.at(MakeCpu(i));
    const WalkCache& cache = cpu.walk_cache;
    for (unsigned bits = cache.pte_valid; bits != 0; bits &= bits - 1) {
      if (points(cache.pte_tables[std::countr_zero(bits)])) return true;
    }
    for (unsigned bits = cache.pmd_valid; bits != 0; bits &= bits - 1) {
      if (points(cache.pmd_tables[std::countr_zero(bits)])) return true;
    }
    if (points(cpu.walks[kOwnWalk].at) || points(cpu.walks[kWalkerWalk].at)) return true;
  }
  return false;
}

// Whether the frames (one for a table) are in use as `state`, and nothing maps them or holds a
// lock.
bool InUse(const World& world, FrameId first, Level level, FrameState state) {
  for (int i = 0; i < PagesAt(level); ++i) {
    const Frame& frame = world.at(MakeFrame(Index(first) + i));
    if (frame.state != state || frame.mapped != 0 || frame.lock_owner != 0) return false;
  }
  return true;
}

}  // namespace

bool PageFreesClean(const World& world, Queued page) {
  return InUse(world, page.frame, page.level, FrameState::kData) &&
         !Cached(world, page.frame, page.level);
}

bool TableFreesClean(const World& world, Queued table) {
  const auto& entries = world.at(table.frame).entries;
  const auto none = [](Pte entry) { return entry.none(); };
  return InUse(world, table.frame, Level::kPte, FrameState::kTable) &&
         std::all_of(entries.begin(), entries.end(), none) && !PointedAt(world, table.frame);
}

bool IoStartsClean(const World& world, CpuId cpu) {
  const MmuGather& batch = world.at(cpu).gather;
  return batch.page_count != 0 &&
         !Cached(world, batch.pages[batch.page_count - 1].frame, Level::kPte);
}

bool ReturnsClean(const World& world, CpuId cpu) {
  const Call& call = world.at(cpu).call;
  if (call.examined == 0) return true;
  const auto stale = [&](Pte entry, int page) { return AnswersFor(call, entry, page); };
  for (int i = 0; i < world.cpu_count; ++i) {
    const Tlb& tlb = world.at(MakeCpu(i)).tlb;
    for (uint64_t pages = tlb.small_valid & call.examined; pages != 0; pages &= pages - 1) {
      const int page = std::countr_zero(pages);
      if (stale(tlb.small[page], page)) return false;
    }
    if (tlb.huge_valid == 0) continue;
    for (uint64_t pages = call.examined; pages != 0; pages &= pages - 1) {
      const int page = std::countr_zero(pages);
      const int block = page / kPagesPerPmd;
      if ((tlb.huge_valid & PageBit(block)) != 0 && stale(tlb.huge[block], page)) return false;
    }
  }
  return true;
}

bool Overtakes(const World& world, const Call& call) {
  for (int i = 0; i < world.cpu_count; ++i) {
    const Call& other = world.at(MakeCpu(i)).call;
    if (other.waiting && call.number > other.wait_since) return true;
  }
  return false;
}

}  // namespace gatherfuzz
