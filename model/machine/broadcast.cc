// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/broadcast.h"

#include <utility>

#include "model/check.h"
#include "model/machine/world.h"

namespace gatherfuzz {
namespace {

enum class Place : uint8_t { kLoaded, kParked, kParkedToo };

// Of the tags that are not loaded, SwitchCpu has the lowest.
Place PlaceOf(uint8_t loaded, int slot) {
  if (slot == loaded) return Place::kLoaded;
  return slot == (loaded == 0 ? 1 : 0) ? Place::kParked : Place::kParkedToo;
}

}  // namespace

UnderTag CachedUnder(World& world, CpuId cpu, int slot) {
  SwitchCpu& self = world.switching.at(cpu);
  switch (PlaceOf(self.slot, slot)) {
    case Place::kLoaded: return {world.at(cpu).tlb, world.at(cpu).walk_cache};
    case Place::kParked: return {self.parked_tlb, self.parked_cache};
    case Place::kParkedToo: break;
  }
  GATHERFUZZ_CHECK(world.invlpgb != 0 && slot < kTags);
  return {world.broadcast.at(cpu).parked_tlb, world.broadcast.at(cpu).parked_cache};
}

const Tlb& TlbUnder(const World& world, CpuId cpu, int slot) {
  const SwitchCpu& self = world.switching.at(cpu);
  switch (PlaceOf(self.slot, slot)) {
    case Place::kLoaded: return world.at(cpu).tlb;
    case Place::kParked: return self.parked_tlb;
    case Place::kParkedToo: break;
  }
  return world.broadcast.at(cpu).parked_tlb;
}

const WalkCache& CacheUnder(const World& world, CpuId cpu, int slot) {
  const SwitchCpu& self = world.switching.at(cpu);
  switch (PlaceOf(self.slot, slot)) {
    case Place::kLoaded: return world.at(cpu).walk_cache;
    case Place::kParked: return self.parked_cache;
    case Place::kParkedToo: break;
  }
  return world.broadcast.at(cpu).parked_cache;
}

// Of three places in a row, loaded, parked, parked too, the tags behind the first are in order: so
// what is loaded now goes where it belongs among the others.
void LoadTag(World& world, CpuId cpu, uint8_t slot) {
  SwitchCpu& self = world.switching.at(cpu);
  const auto swap = [&](int a, int b) {
    const UnderTag left = CachedUnder(world, cpu, a), right = CachedUnder(world, cpu, b);
    std::swap(left.tlb, right.tlb);
    std::swap(left.cache, right.cache);
  };
  if (slot == self.slot) return;
  const uint8_t before = self.slot;
  const int third = kTags - before - slot;
  const bool has_third = world.invlpgb != 0;
  const Place third_now = PlaceOf(before, third);
  const Place third_then = PlaceOf(slot, third);
  swap(before, slot);  // the place of `slot` has `before` now
  // The third keeps its place, or changes it with `before`.
  if (has_third && third_now != third_then) swap(slot, third);
  self.slot = slot;
}

}  // namespace gatherfuzz
