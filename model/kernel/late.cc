// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/late.h"

#include "model/kernel/shared.h"
#include "model/machine/memory.h"

namespace gatherfuzz {

PointMask WaitersForLate(const Orders& orders) {
  const auto order = [&](Point point) { return orders[static_cast<size_t>(point)]; };
  if (order(Point::pending_inc) != MemoryOrder::relaxed) return 0;
  if (order(Point::deliver) != MemoryOrder::relaxed) return 0;
  PointMask waits = 0;
  for (int i = 0; i < kPointCount; ++i) {
    const auto point = static_cast<Point>(i);
    const Touches touches = Info(point).touches;
    // A wait that looks at the policy's bytes only does not touch it.
    const bool counts = ((touches.reads | touches.writes) & MaskOf(Thing::kCounter)) != 0 &&
                        point != Point::finish_wait;
    const bool orders_it =
        order(point) == MemoryOrder::release || order(point) == MemoryOrder::full;
    if (counts || orders_it) waits |= MaskOf(point);
  }
  return waits;
}

void RaiseNowOrLater(const Thread& t) {
  World& world = t.world();
  if (!t.StepOr(Point::pending_inc, Point::pending_inc_later, kNoPage)) {
    Updates(t, Point::pending_inc, kCountAt);
    ++world.mm.tlb_flush_pending;
    return;
  }
  NoteLeftForLater(world, t.cpu);
  // Whatever loads it next waits, and so is sure to see all there is.
  NoteAsks(world, t.cpu, false, (world.weak.asks_policy & CpuBit(t.cpu)) != 0);
}

void RaiseAtLast(System& system, CpuId cpu) {
  system.steps->Note(DetourAgent(cpu), Point::pending_inc_done, kNoPage);
  StoresLate(system, cpu);
  ++system.world.mm.tlb_flush_pending;
}

}  // namespace gatherfuzz
