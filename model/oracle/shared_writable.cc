// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// shared-writable: a PTE that lets write maps what is the mm's alone.
//
// What another mm shares since fork(), or KSM has merged, is not exclusive (PageAnonExclusive): a
// write has to fault first, and to copy it. Where a PTE lets it write, the other mm reads what was
// written, and nobody is told. The page table itself is wrong, whatever TLBs hold. Judged where a
// PTE comes to let write what was there before: by a page fault, mprotect(), the end of a
// migration, or reclaim that puts back what it has cleared. The kernel's own check of it is in
// CONFIG_PAGE_TABLE_CHECK (mm/page_table_check.c: an anonymous page that is mapped writable is
// mapped once).
#include "model/kernel/folio.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckExclusive(System& system, CpuId cpu, int page) {
  const World& world = system.world;
  if (world.decides == 0) return;
  const Pte leaf = EntryAt(world, page, Level::kPte);
  if (!leaf.leaf() || !leaf.writable() || IsExclusive(world, leaf)) return;
  system.Report({.kind = ViolationKind::kSharedWritable,
                 .page = page,
                 .frame = Index(leaf.frame),
                 .cpu = Index(cpu),
                 .mapping = leaf.mapping,
                 .detail = "somebody else shares it"});
}

}  // namespace gatherfuzz
