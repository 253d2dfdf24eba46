// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A finish that waits, and an mmap_lock whose readers queue behind writers. 6.12 opens a gather
// under the lock, so whoever is waited for holds it already. 7.1 opens the gather of a madvise
// before it takes the lock (madvise_init_tlb(), then try_vma_read_lock() and its fallback): there a
// wait for that gather, under the lock and with a writer in between, is a ring.
#include <gtest/gtest.h>

#include "explore/explore.h"
#include "model/arch/arch.h"
#include "model/kernel/mmu_gather.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

// As `base`, with one gather for a whole madvise, opened before its lock and finished behind it.
class GathersFirst final : public GatherProtocol {
 public:
  explicit GathersFirst(const GatherProtocol& base) : base_(base) {}
  void Run(const Thread& t, const Op& op, Path path) const override {
    if (op.kind != OpKind::kDontneed && op.kind != OpKind::kFree) return path(t, op);
    base_.Gather(t, op.range);
    int inside = 0;
    path(Thread{t.system, t.cpu, &inside}, op);
    base_.Finish(t);
  }
  void Gather(const Thread& t, PageRange range) const override {
    if (t.room == nullptr) base_.Gather(t, range);
  }
  void Finish(const Thread& t) const override {
    if (t.room == nullptr) base_.Finish(t);
  }
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    base_.RemoveTlbEntry(t, page, level);
  }
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    return base_.RemovePage(t, frame, page, level);
  }
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    base_.RemoveTable(t, table, page, level);
  }
  void EndVma(const Thread& t) const override { base_.EndVma(t); }
  void FlushTlbOnly(const Thread& t) const override { base_.FlushTlbOnly(t); }
  void Flush(const Thread& t) const override { base_.Flush(t); }
  bool AtRest(const World& world) const override { return base_.AtRest(world); }

 protected:
  void Finishing(const Thread&) const override {}

 private:
  const GatherProtocol& base_;
};

// munmap waits in its finish for the madvise; the madvise waits for the lock behind mmap; mmap
// waits for munmap to give it up.
constexpr const char* kRing =
    "cpus 3\n init\n map 0..1 rw\n map 1..2 rw\n present 0..2\n"
    "cpu0\n munmap 0..1\n cpu1\n dontneed 0..2\n cpu2\n map 4..5 rw\n";

// Every order. Without reduction, whose rules lean on where the paths here open their gathers.
uint32_t KindsUnder(const Policy& policy, const Arch& arch) {
  const Schedule schedule = FromText(kRing).schedule;
  const ExploreResult result =
      Explore(schedule, {.policy = &policy, .arch = &arch, .reduce = false, .to_first = false});
  EXPECT_EQ(result.stopped, Stop::kNo);
  return result.kinds();
}

TEST(FairLock, EverySafePolicyIsFreeOfDeadlocksWhereTheGatherComesSecond) {
  for (const Arch* arch : Archs()) {
    for (const Policy* policy : Policies()) {
      if (!policy->SafeOn(arch->name())) continue;
      EXPECT_EQ(KindsUnder(*policy, *arch), 0u) << policy->name() << " " << arch->name();
    }
  }
}

TEST(FairLock, EveryWaitingPolicyDeadlocksWhereTheGatherComesFirst) {
  for (const Policy* base : Policies()) {
    if (!base->SafeOn("x86")) continue;
    const GathersFirst protocol(base->protocol());
    const Policy policy("gathers-first", "one gather a madvise, before its lock", "7.1", protocol,
                        {.waits = base->waits()});
    EXPECT_EQ(KindsUnder(policy, *FindArch("x86")),
              base->waits() ? Bit(ViolationKind::kDeadlock) : 0u)
        << base->name();
  }
}

}  // namespace
}  // namespace gatherfuzz
