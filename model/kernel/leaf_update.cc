// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/leaf_update.h"

#include "model/kernel/page_table.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

Pte ReadLeaf(const Thread& t, FrameId table, int page) {
  t.Step(Point::ptep_get, page);
  return EntryOf(t.world(), table, page);
}

void ForgetSince(const Thread& t, FrameId table, int page, Pte read) {
  World& world = t.world();
  Pte& leaf = EntryOf(world, table, page);
  const bool forgets = leaf.dirty() && !read.dirty();
  constexpr unsigned kSet =
      Pte::kAccessed | Pte::kDirty;  // by the hardware, while the lock is held
  leaf.flags = static_cast<uint8_t>((leaf.flags & ~kSet) | (read.flags & kSet));
  // What has PG_dirty is written out, whatever its PTE says.
  if (!forgets || (world.decides != 0 && world.folio(leaf.frame).dirty != 0)) return;
  CheckDecision(t.system, t.cpu, leaf.frame, page, "is taken for clean by a read that is old");
}

}  // namespace gatherfuzz
