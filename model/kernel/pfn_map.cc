// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/pfn_map.h"

#include <algorithm>
#include <bit>

#include "model/kernel/paths.h"
#include "model/machine/frames.h"

namespace gatherfuzz {
namespace {

bool NobodyRevokes(const World& world, int) { return world.pfn_maps.readers == 0; }

}  // namespace

void InitPfnMap(World& world, PageRange range) {
  world.pfn = 1;
  if ((world.mm.vma_pages & MaskOf(range)) != 0) return;
  InitMap(world, range, {.write = true});
  InitPresent(world, range, false);
  world.pfn_maps.linked |= MaskOf(range);
  for (int page = range.begin; page < range.end; ++page) {
    world.pfn_maps.frames[static_cast<size_t>(page)] = CurrentLeaf(world, page).frame;
  }
}

void UnlinkPfnMaps(const Thread& t, uint64_t pages, int page) {
  if (t.world().pfn == 0 || (t.world().pfn_maps.linked & pages) == 0) return;
  t.StepWhen(Point::i_mmap_unlink, page, NobodyRevokes, 0);
  t.world().pfn_maps.linked &= ~pages;
}

bool IsOwnersFrame(const World& world, FrameId frame) {
  return world.pfn != 0 && frame != kRootFrame &&
         std::ranges::find(world.pfn_maps.frames, frame) != world.pfn_maps.frames.end();
}

}  // namespace gatherfuzz
