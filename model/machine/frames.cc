// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/frames.h"

#include <bit>

#include "model/check.h"
#include "model/machine/memory.h"

namespace gatherfuzz {
namespace {

constexpr int kDataFramesMax = kFrames - 1 - kMaxTables;

// What is given out anew is no part of a large folio any more.
void LeaveFolio(World& world, FrameId frame) {
  const int at = Index(frame) - world.folio_first;
  if (0 <= at && at < kPagesPerPmd) world.folio_frames &= static_cast<uint8_t>(~(1u << at));
}

void Take(World& world, FrameId frame, FrameState state) {
  GATHERFUZZ_CHECK(0 <= Index(frame) && Index(frame) < kFrames);
  GATHERFUZZ_CHECK(world.at(frame).state == FrameState::kFree);
  const int index = Index(frame);
  world.free_frames[index / 64] &= ~(uint64_t{1} << index % 64);
  world.at(frame).state = state;
  ++world.at(frame).generation;
  if (world.decides != 0) [[unlikely]] {
    world.folio(frame) = {};
    LeaveFolio(world, frame);
  }
}

int LowestBit(const std::array<uint64_t, 2>& words) {
  if (words[0] != 0) return std::countr_zero(words[0]);
  if (words[1] != 0) return 64 + std::countr_zero(words[1]);
  return -1;
}

// Bits of frames that begin kPagesPerPmd free, aligned ones.
uint64_t FreeBlocks(uint64_t free) {
  static_assert(kPagesPerPmd == 4);
  return free & free >> 1 & free >> 2 & free >> 3 & 0x1111111111111111u;
}

}  // namespace

int LowestFree(const World& world, Level level) {
  const auto [low, high] = world.free_frames;
  return level == Level::kPte ? LowestBit({low, high})
                              : LowestBit({FreeBlocks(low), FreeBlocks(high)});
}

int DataRoom(const World& world) { return kDataFramesMax - world.mm.data_frames; }

int UnlinkedTables(const World& world) {
  int tables = world.rcu != 0 ? world.callbacks.count : 0;
  for (int i = 0; i < world.cpu_count; ++i) {
    const MmuGather& gather = world.cpus[i].gather;
    tables += world.cpus[i].table_in_hand;
    for (int k = 0; k < gather.table_count; ++k) tables += gather.tables[k].frame != kRootFrame;
  }
  return tables;
}

bool HasTable(const World& world) {
  const int most = kMaxTables;  // without the root
  const bool full =
      world.mm.table_frames > most && world.mm.table_frames > most + UnlinkedTables(world);
  return !full && LowestFree(world, Level::kPte) >= 0;
}

std::optional<FrameId> TakeTable(World& world, Level level) {
  if (!HasTable(world)) return std::nullopt;
  const FrameId frame = MakeFrame(LowestFree(world, Level::kPte));
  Take(world, frame, FrameState::kTable);
  world.at(frame).level = level;
  ++world.mm.table_frames;
  return frame;
}

std::optional<FrameId> TakeData(World& world, Level level) {
  const int count = PagesAt(level);
  if (count > DataRoom(world)) return std::nullopt;
  const int first = LowestFree(world, level);
  if (first < 0) return std::nullopt;
  for (int i = 0; i < count; ++i) Take(world, MakeFrame(first + i), FrameState::kData);
  world.mm.data_frames = static_cast<uint16_t>(world.mm.data_frames + count);
  return MakeFrame(first);
}

void GiveBack(World& world, FrameId frame) {
  GATHERFUZZ_CHECK(Index(frame) < kFrames);
  Frame& freed = world.at(frame);
  if (freed.state == FrameState::kFree) return;
  --(freed.state == FrameState::kTable ? world.mm.table_frames : world.mm.data_frames);
  if (world.decides != 0) [[unlikely]]
    world.folio(frame) = {};
  const uint16_t generation = freed.generation;
  freed = Frame{};
  freed.generation = generation;
  world.free_frames[Index(frame) / 64] |= uint64_t{1} << Index(frame) % 64;
  if (!world.sc()) [[unlikely]]
    NoteFreed(world, frame);
}

}  // namespace gatherfuzz
