// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/link_table.h"

#include "model/kernel/locks.h"
#include "model/kernel/page_table.h"
#include "model/kernel/shared.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

bool LinkTable(const Thread& t, FrameId table, int page) {
  const bool locked = table != kRootFrame;
  const Point populate = locked ? Point::pmd_populate : Point::pud_populate;
  if (locked) LockTable(t, table, page);
  t.Step(populate, page);
  const bool empty = EntryOf(t.world(), table, page).none();
  if (empty) StoresEntry(t, populate, table, page);
  const bool linked = !empty || PopulateTable(t.world(), table, page);
  if (locked) UnlockTable(t, table, page);
  if (!linked) CheckTableLeak(t.system, t.cpu, page);
  return linked;
}

}  // namespace gatherfuzz
