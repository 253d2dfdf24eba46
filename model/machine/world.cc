// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/world.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "model/check.h"
#include "model/machine/frames.h"

namespace gatherfuzz {

void Reset(World& world, int cpu_count, int batch) {
  GATHERFUZZ_CHECK(1 <= cpu_count && cpu_count <= kMaxCpus);
  GATHERFUZZ_CHECK(1 <= batch && batch <= kMaxBatch);
  // CPUs beyond those that the last run had are zero already.
  const int used = std::max<int>(world.cpu_count, cpu_count);
  if (!world.sc()) world.weak = {};
  if (world.switches != 0) world.switching = {};
  if (world.decides != 0) world.folios = {};
  if (world.rcu != 0) world.callbacks = {};
  if (world.pfn != 0) world.pfn_maps = {};
  if (world.invlpgb != 0) world.broadcast = {};
  std::memset(&world, 0, offsetof(World, cpus) + static_cast<size_t>(used) * sizeof(CpuState));
  world.cpu_count = static_cast<uint8_t>(cpu_count);
  world.mm.batch = static_cast<uint8_t>(batch);
  world.mm.next_mapping = 1;
  static_assert(kFrames > 64 && kFrames <= 128);
  world.free_frames = {~uint64_t{0}, (uint64_t{1} << (kFrames - 64)) - 1};
  TakeTable(world, Level::kPud);
}

void CopyState(const World& from, World& to) {
  const auto bytes = [](int cpus) {
    return offsetof(World, cpus) + static_cast<size_t>(cpus) * sizeof(CpuState);
  };
  if (!from.sc() || !to.sc()) [[unlikely]]
    to.weak = from.weak;
  if ((from.switches | to.switches) != 0) [[unlikely]]
    to.switching = from.switching;
  if ((from.decides | to.decides) != 0) [[unlikely]]
    to.folios = from.folios;
  if ((from.rcu | to.rcu) != 0) [[unlikely]]
    to.callbacks = from.callbacks;
  if ((from.pfn | to.pfn) != 0) [[unlikely]]
    to.pfn_maps = from.pfn_maps;
  if ((from.invlpgb | to.invlpgb) != 0) [[unlikely]]
    to.broadcast = from.broadcast;
  const int before = to.cpu_count, now = from.cpu_count;
  std::memcpy(&to, &from, bytes(now));
  if (before > now) std::memset(&to.cpus[now], 0, bytes(before) - bytes(now));
}

GATHERFUZZ_WRAPS uint64_t Digest(const World& world) {
  static_assert(sizeof world % 8 == 0 && offsetof(World, weak) % 8 == 0);
  static_assert(offsetof(World, switching) % 8 == 0 && offsetof(World, folios) % 8 == 0);
  static_assert(offsetof(World, callbacks) % 8 == 0 && offsetof(World, pfn_maps) % 8 == 0);
  static_assert(offsetof(World, broadcast) % 8 == 0);
  const size_t size = world.invlpgb != 0    ? sizeof world
                      : world.pfn != 0      ? offsetof(World, broadcast)
                      : world.rcu != 0      ? offsetof(World, pfn_maps)
                      : world.decides != 0  ? offsetof(World, callbacks)
                      : world.switches != 0 ? offsetof(World, folios)
                      : world.sc()          ? offsetof(World, weak)
                                            : offsetof(World, switching);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&world);
  uint64_t hash = 0x2545f4914f6cdd1du;
  for (size_t i = 0; i < size; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

namespace {

struct Found {
  Pte entry;
  Level level;
};

// Goes down to the entry for `page` at `lowest`, or to the first that points at no table.
Found Descend(const World& world, int page, Level lowest) {
  FrameId table = kRootFrame;
  for (const Level level : {Level::kPud, Level::kPmd}) {
    const Pte entry = world.at(table).entries[EntryIndex(page, level)];
    if (level == lowest || !entry.table()) return {entry, level};
    table = entry.frame;
  }
  return {world.at(table).entries[EntryIndex(page, Level::kPte)], Level::kPte};
}

}  // namespace

Pte EntryAt(const World& world, int page, Level level) {
  const Found found = Descend(world, page, level);
  return found.level == level ? found.entry : Pte{};
}

Pte LastEntry(const World& world, int page) { return Descend(world, page, Level::kPte).entry; }

Pte CurrentLeaf(const World& world, int page) {
  const Pte entry = LastEntry(world, page);
  return entry.present() ? entry : Pte{};
}

}  // namespace gatherfuzz
