// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reap: the OOM reaper frees the memory of a process whose threads may still run.
//
// Faithful to __oom_reap_task_mm() of 6.12 (mm/oom_kill.c): mmap_lock for reading, and a gather of
// its own for each VMA, which is no fullmm one. It promises nothing when it is done; what it frees
// is held to what every free is. Simplified: it waits for mmap_lock, and does not give up; it runs
// on a CPU of the mm; the victim's page faults go on to be served.
#include "model/kernel/mmu_gather.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/walk_range.h"
#include "model/kernel/zap.h"

namespace gatherfuzz {

namespace {

// What it was before it had a gather for each VMA (Protection::reaps_whole).
void ReapWhole(const Thread& t, PageRange all) {
  const GatherProtocol& protocol = *t.system.protocol;
  MmapReadLock(t);
  protocol.GatherFullmm(t);
  const auto zap = [](const Thread& thread, PageRange vma) { ZapVma(thread, vma); };
  ForEachVmaLocked(t, all, ButPfnMaps(zap));
  protocol.Finish(t);
  MmapReadUnlock(t);
}

}  // namespace

void ReapPath(const Thread& t, const Op& op) {
  const GatherProtocol& protocol = *t.system.protocol;
  if (protocol.Protects().reaps_whole) return ReapWhole(t, op.range);
  const auto zap = [&](const Thread&, PageRange vma) {
    protocol.Gather(t, vma);
    ZapVma(t, vma);
    protocol.Finish(t);
  };
  ForEachVma(t, op.range, ButPfnMaps(zap));
}

}  // namespace gatherfuzz
