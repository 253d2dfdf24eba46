// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// exit: a thread ends; the last one to do so tears the mm down.
//
// Faithful to exit_mm(), mmput() and exit_mmap() of 6.1, 6.12 and 7.1 (kernel/exit.c, mm/mmap.c):
// who lowers mm_users to 0 has the only gather that begins with fullmm set, whose pages go under
// mmap_lock for reading and whose tables go under it for writing, beside nobody but the OOM reaper
// and reclaim. From there on no CPU runs user code of the mm, so no translation counts any more
// (asleep.h); the hardware of CPUs that have the mm loaded, lazily, still walks, so pointers to
// tables do. arm64 flushes nothing for a fullmm gather until it has freed tables.
//
// Simplified: a thread that is over without `exit` stays in user space, so the mm lives on; a CPU
// whose program is nothing but `reap` has no thread of the mm; the VMAs are out of the mm before
// its tables are unlinked, where nobody can look any more.
#include "model/kernel/hugetlb.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/munmap.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/walk_range.h"
#include "model/kernel/zap.h"

namespace gatherfuzz {
namespace {

void ExitMmap(const Thread& t) {
  const GatherProtocol& protocol = *t.system.protocol;
  MmapReadLock(t);
  const PageRange all{0, kPages};
  if (t.world().mm.vma_pages == 0 && !OfHugetlb(t.world(), all)) return MmapReadUnlock(t);
  protocol.GatherFullmm(t);
  ForEachVmaLocked(t, all, [](const Thread& thread, PageRange vma) {
    ZapVma(thread, vma, {.markers = Markers::kDrop});
  });
  UnmapHugetlb(t, all);
  MmapReadUnlock(t);
  MmapWriteLock(t);
  const uint64_t pages = TakeOutAll(t);
  protocol.FreeVmas(t);
  UnlinkPfnMaps(t, pages, 0);
  UnlinkFromRmap(t, pages, 0);
  FreePgtables(t, pages);
  FreeHugetlbTables(t, all);
  protocol.Finish(t);
  MmapWriteUnlock(t);
}

}  // namespace

void ExitPath(const Thread& t, const Op&) {
  World& world = t.world();
  t.Step(Point::exit_mm);
  world.exited |= CpuBit(t.cpu);
  if (world.mm_users_gone()) ExitMmap(t);
}

}  // namespace gatherfuzz
