// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/folio.h"

#include <bit>

#include "model/arch/arch.h"
#include "model/check.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {

Pte PtepClearFlush(const Thread& t, FrameId table, int page) {
  t.Step(Point::pte_clear, page);
  const Pte seen = EntryOf(t.world(), table, page);
  ClearLeaf(t.world(), table, page);
  if (seen.present() || Accessible(t, page)) Invalidate(t, t.system.arch->FlushPage(page));
  return seen;
}

std::optional<FrameId> TryLockFolio(const Thread& t, int page) {
  World& world = t.world();
  t.Step(Point::folio_trylock, page);
  const Pte leaf = EntryAt(world, page, Level::kPte);
  if (!leaf.there() || IsPfnMap(world, page) || world.folio(leaf.frame).lock_owner != 0)
    return std::nullopt;
  Folio& folio = world.folio(leaf.frame);
  folio.lock_owner = static_cast<uint8_t>(1 + Index(t.cpu));
  ++folio.refs;
  return leaf.frame;
}

void UnlockFolio(const Thread& t, FrameId frame, int page) {
  t.Step(Point::folio_unlock, page);
  GATHERFUZZ_CHECK_IN_ORDER(t.system, t.world().folio(frame).lock_owner == 1 + Index(t.cpu));
  t.world().folio(frame).lock_owner = 0;
}

void PutFolio(const Thread& t, FrameId frame, int page, int references) {
  t.Step(Point::free_page, page);
  for (; references > 0; --references) PutReference(t, frame, page);
}

void NoteWrite(World& world, CpuId cpu, int page, const Pte& entry) {
  const int offset = (world.at(cpu).tlb.small_valid & PageBit(page)) != 0 ? 0 : page % kPagesPerPmd;
  world.folio(MakeFrame(Index(entry.frame) + offset)).holds |= CpuBit(cpu);
}

void MarkFolioDirty(World& world, FrameId frame) {
  world.folio(frame).dirty = 1;
  if (!IsOfLargeFolio(world, frame)) return;
  for (unsigned parts = world.folio_frames; parts != 0; parts &= parts - 1) {
    world.folio(MakeFrame(world.folio_first + std::countr_zero(parts))).dirty = 1;
  }
}

}  // namespace gatherfuzz
