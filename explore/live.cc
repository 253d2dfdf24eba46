// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/live.h"

#include <algorithm>

#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// Of each four bits that follow each other, whether one is set: pages to blocks, blocks to the next
// level.
static_assert(kPagesPerPmd == 4 && kPagesPerPud == 16 && kPages == 64);
unsigned FoursOf(uint64_t bits) {
  bits |= bits >> 1;
  bits = (bits | bits >> 2) & 0x1111111111111111u;
  bits = (bits | bits >> 3) & 0x0303030303030303u;
  bits = (bits | bits >> 6) & 0x000f000f000f000fu;
  bits = (bits | bits >> 12) & 0x000000ff000000ffu;
  return static_cast<unsigned>((bits | bits >> 24) & 0xffff);
}

// Whether so many calls of others may yet complete while the finish of `cpu` waits that it starves.
bool MayStarve(const Stepper& stepper, CpuId cpu) {
  const Call& waiter = stepper.world().at(cpu).call;
  int calls = waiter.overtaken;
  for (int i = 0; i < stepper.world().cpu_count; ++i) {
    if (MakeCpu(i) == cpu || !stepper.ThreadLeft(MakeCpu(i))) continue;
    const uint16_t number = stepper.world().at(MakeCpu(i)).call.number;
    calls += stepper.OpsLeft(MakeCpu(i)) + (number == 0 || number > waiter.wait_since);
  }
  return calls >= kStarvationBound;
}

}  // namespace

Live::Live(const Stepper& stepper) {
  starves_ = 0;
  for (int i = 0; i < stepper.world().cpu_count; ++i) {
    const bool waits = stepper.world().at(MakeCpu(i)).call.waiting != 0;
    if (waits && MayStarve(stepper, MakeCpu(i))) starves_ |= CpuBit(MakeCpu(i));
  }
  const Policy& policy = stepper.policy();
  // An entry that sleeps is judged when its CPU wakes, whoever looks. What an owner frees, it is
  // not said to.
  const World& world = stepper.world();
  if ((world.switches | world.threads | world.decides | world.pfn) != 0) return;
  if (world.hugetlb != 0) return;  // what the other mm frees is looked for everywhere
  if (policy.peeks() || (stepper.ignored() & kDisorder) != 0) return;
  const Futures& futures = stepper.futures();
  // Where the hardware sets neither A nor D, whether a walk faults depends on them.
  if (!policy.foreign() && stepper.hardware().sets_accessed_and_dirty) {
    cleans_ = futures.cleans();
    writes_ = futures.writes();
  }
  const int cpus = stepper.world().cpu_count;
  std::array<uint64_t, kMaxCpus> accesses;
  uint64_t zaps = 0, unmaps = 0;
  for (int i = 0; i < cpus; ++i) {
    const Future thread = futures.OfThread(stepper, MakeCpu(i));
    accesses[static_cast<size_t>(i)] = thread.accesses;
    zaps |= thread.zaps;
    unmaps |= thread.unmaps;
  }
  for (size_t i = 0; world.rcu != 0 && i < world.callbacks.count; ++i) {
    const Callback& it = world.callbacks.queue[i];
    const int span = kEntriesPerTable * PagesAt(it.level);
    // The page may be the one behind the span (TableReclaim::behind_span).
    unmaps |= MaskOf(PageRange{std::max(it.page - span, 0), it.page + span});
  }
  for (int i = 0; i < cpus; ++i) {
    const uint64_t walks =
        accesses[static_cast<size_t>(i)] | futures.OfWalker(stepper, MakeCpu(i)).fills;
    LiveOfCpu& live = cpus_[i];
    live.small = walks | zaps;
    live.huge = static_cast<uint16_t>(FoursOf(walks | zaps));
    live.pte_tables = static_cast<uint16_t>(FoursOf(walks | unmaps));
    live.pmd_tables = static_cast<uint8_t>(FoursOf(live.pte_tables));
  }
}

}  // namespace gatherfuzz
