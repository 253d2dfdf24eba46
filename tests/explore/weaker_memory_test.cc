// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What comes of weaker memory, on the project's own paths: a scene that only arm64's orders break,
// what closes it, and that a weaker model finds all that a stronger one does.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "explore/answer.h"
#include "explore/explore.h"
#include "harness/bytes.h"
#include "tests/explore/containment.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

// Two threads drop one huge page. The second finds the PMD empty, without a lock.
constexpr const char* kHuge =
    "cpus 2\ninit\n map 8..12 rw huge\n present 8..12\n cached cpu0 8..12\n"
    "cpu0\n dontneed 8..12\ncpu1\n dontneed 8..12\norder\n rest\n";
// They drop pages of one page table, which both hold the lock of.
constexpr const char* kOneTable =
    "cpus 2\ninit\n map 0..4 rw\n present 1..4\n cached cpu1 2..3\n"
    "cpu0\n dontneed 1..3\ncpu1\n dontneed 2..4\norder\n rest\n";
// ... of two.
constexpr const char* kTwoTables =
    "cpus 2\ninit\n map 0..8 rw\n present 2..6\n cached cpu1 2..6\n"
    "cpu0\n dontneed 2..6\ncpu1\n dontneed 3..5\norder\n rest\n";
// With walkers.
constexpr const char* kWalkers =
    "cpus 2\ninit\n map 0..4 rw\n present 1..3\n cached cpu1 1..2\n"
    "cpu0\n dontneed 1..2\ncpu1\n dontneed 1..3\nwalk0\n fill 1\nwalk1\n fill 1\norder\n rest\n";

ExploreResult Explored(const char* text, const char* policy, const char* arch, MemoryModel memory,
                       OrderChanges orders = {}, bool reduce = false) {
  Schedule schedule = FromText(text).schedule;
  schedule.memory = memory;
  schedule.orders = orders;
  return Explore(schedule,
                 {.policy = FindPolicy(policy), .arch = FindArch(arch), .reduce = reduce});
}

uint32_t Kinds(const char* text, const char* policy, const char* arch, MemoryModel memory,
               OrderChanges orders = {}) {
  const ExploreResult result = Explored(text, policy, arch, memory, orders);
  EXPECT_TRUE(result.complete());
  EXPECT_EQ(Explored(text, policy, arch, memory, orders, true).kinds(), result.kinds());
  return result.kinds();
}

// Both free the page table: one takes its lock, and that of the PMD table by a trylock, the other
// looks again under both.
constexpr const char* kReclaimedTable =
    "cpus 2\nkernel 6.17\ninit\n map 0..4 r\n present 1..2\n"
    "cpu0\n dontneed 0..4\ncpu1\n dontneed 0..4\norder\n rest\n";

constexpr uint32_t kStale = Bit(ViolationKind::kStaleAfterReturn);

TEST(WeakerMemory, TheMergedFixIsBrokenByALookWithoutALock) {
  for (const char* arch : {"arm64", "x86"}) {
    EXPECT_EQ(Kinds(kHuge, "full-mm", arch, MemoryModel::kSc), 0u);
    EXPECT_EQ(Kinds(kHuge, "full-mm", arch, MemoryModel::kTso), 0u);
  }
  EXPECT_EQ(Kinds(kHuge, "full-mm", "arm64", MemoryModel::kWeak), kStale);
}

// As few orders as close it: herd7 says of both on the kernel's model, and of each part alone, what
// weak_memory_test.cc has.
TEST(WeakerMemory, TwoOrdersTogetherCloseIt) {
  const auto stronger = [](std::initializer_list<Point> points) {
    OrderChanges orders;
    for (const Point point : points) orders.stronger |= MaskOf(point);
    return Kinds(kHuge, "full-mm", "arm64", MemoryModel::kWeak, orders);
  };
  using enum Point;
  EXPECT_EQ(stronger({pending_inc}), kStale);
  EXPECT_EQ(stronger({pmd_read}), kStale);
  EXPECT_EQ(stronger({pmd_clear}), kStale);
  EXPECT_EQ(stronger({pending_read}), kStale);
  EXPECT_EQ(stronger({pending_inc, pmd_read}), 0u);
  EXPECT_EQ(stronger({pmd_clear, pmd_read}), 0u);
}

TEST(WeakerMemory, LocksAndWaitsKeepOutOfIt) {
  for (const char* policy : {"full-mm", "sync-finish", "epoch-sync", "overlap-sync"}) {
    for (const char* text : {kOneTable, kTwoTables, kWalkers}) {
      for (const MemoryModel memory : {MemoryModel::kTso, MemoryModel::kWeak, MemoryModel::kLate}) {
        EXPECT_EQ(Kinds(text, policy, "arm64", memory), 0u) << policy << "\n" << text;
      }
    }
  }
  for (const char* policy : {"sync-finish", "epoch-sync", "overlap-sync"}) {
    EXPECT_EQ(Kinds(kHuge, policy, "arm64", MemoryModel::kWeak), 0u) << policy;
  }
}

// Reclaim, too, stores to entries, and has its invalidation show that to walkers, before it drops
// the lock.
TEST(WeakerMemory, ReclaimShowsWalkersWhatItHasTaken) {
  constexpr const char* kReclaimed[] = {
      "cpus 2\ninit\n map 0..1 rw\n present 0..1 dirty\n"
      "cpu0\n free 0..1\ncpu1\n reclaim 0..1\nwalk0\n fill 0\norder\n rest\n",
      "cpus 3\ninit\n map 0..2 rw\n present 0..2\n cached cpu1 0..2\n"
      "cpu0\n dontneed 0..1\ncpu1\n read 0\nkswapd\n reclaim 0..2\norder\n rest\n"};
  for (const char* text : kReclaimed) {
    for (const char* arch : {"arm64", "x86"}) {
      for (const MemoryModel memory : {MemoryModel::kTso, MemoryModel::kWeak, MemoryModel::kLate}) {
        EXPECT_EQ(Kinds(text, "full-mm", arch, memory), 0u) << arch << "\n" << text;
      }
    }
  }
  const OrderChanges orders{.weaker = MaskOf(Point::tlb_flush)};
  EXPECT_NE(Kinds(kReclaimed[0], "full-mm", "arm64", MemoryModel::kWeak, orders), 0u);
}

TEST(WeakerMemory, ATrylockHandsOnWhatItsHolderSaw) {
  EXPECT_EQ(Kinds(kReclaimedTable, "full-mm", "x86", MemoryModel::kWeak), 0u);
  const OrderChanges orders{.weaker = MaskOf(Point::pmd_unlock)};
  EXPECT_NE(Kinds(kReclaimedTable, "full-mm", "x86", MemoryModel::kWeak, orders), 0u);
}

// CPU 1 sees the huge page gone, and nobody in a gather: CPU 0 is to raise the count yet.
TEST(WeakerMemory, AnIncrementThatIsLateBreaksAWaitForOthers) {
  using enum Point;
  const auto under_late = [](const char* policy, PointMask stronger = 0) {
    return Kinds(kHuge, policy, "arm64", MemoryModel::kLate, {.stronger = stronger});
  };
  EXPECT_EQ(under_late("sync-finish"), kStale);
  EXPECT_EQ(under_late("epoch-sync"), 0u);
  EXPECT_EQ(under_late("overlap-sync"), 0u);
  // What closes it; what does not.
  EXPECT_EQ(under_late("sync-finish", MaskOf(pending_inc)), 0u);
  EXPECT_EQ(under_late("sync-finish", MaskOf(pmd_clear)), 0u);
  EXPECT_EQ(under_late("sync-finish", MaskOf(pmd_read)), kStale);
  // Locked operations are never late.
  EXPECT_EQ(Kinds(kHuge, "sync-finish", "x86", MemoryModel::kLate), 0u);
}

// What an order does not say is not late: it is as under kWeak, step by step.
TEST(WeakerMemory, WhatNobodyLeavesForLaterIsDoneAtOnce) {
  Random random(22);
  const auto policies = Policies();
  const auto execution = std::make_unique<Execution>();
  for (int i = 0; i < 2000; ++i) {
    Schedule schedule = SmallProgram(random);
    for (int runs = 0; runs < 12; ++runs) {
      const CpuId cpu =
          MakeCpu(static_cast<int>(random.Below(static_cast<uint32_t>(schedule.cpus))));
      const bool old = random.Below(4) == 0;
      schedule.order.push_back(
          {.kind = old ? Run::Kind::kOld : Run::Kind::kCount,
           .agent = old ? DetourAgent(cpu) : CpuAgent(cpu),
           .count = static_cast<uint16_t>(1 + random.Below(old ? kMaxOld : 9))});
    }
    const Policy& policy = *policies[static_cast<size_t>(i) % policies.size()];
    const Arch& arch = *FindArch(i % 3 == 0 ? "x86" : "arm64");
    const auto trace = [&](MemoryModel memory) {
      schedule.memory = memory;
      return execution->Execute(schedule, policy, arch).trace_hash;
    };
    ASSERT_EQ(trace(MemoryModel::kWeak), trace(MemoryModel::kLate))
        << policy.name() << "\n"
        << PrintText({.schedule = schedule});
  }
}

TEST(WeakerMemory, LocksThatOrderNothingAreSeen) {
  using enum Point;
  for (const Point point : {pte_lock, pte_unlock}) {
    const OrderChanges orders{.weaker = MaskOf(point)};
    EXPECT_NE(Kinds(kOneTable, "full-mm", "arm64", MemoryModel::kWeak, orders), 0u)
        << Info(point).name;
  }
  // A walk after the invalidation, for which nobody showed it the change.
  EXPECT_NE(Kinds(kWalkers, "full-mm", "arm64", MemoryModel::kWeak, {.weaker = MaskOf(tlb_flush)}),
            0u);
}

// What a stronger model reaches, a weaker one does: violations, and what programs end in.
// scripts/memories does the same with many more.
TEST(WeakerMemory, ReachesWhatStrongerMemoryDoes) {
  Random random(21);
  int violated = 0, compared = 0, more = 0;
  const auto policies = Policies();
  for (int i = 0; i < 260; ++i) {
    const Schedule schedule = SmallProgram(random);
    const Policy& policy = *policies[static_cast<size_t>(i) % policies.size()];
    const Arch& arch = *FindArch(i % 3 == 0 ? "arm64" : "x86");
    ExploreSettings settings{.policy = &policy, .arch = &arch};
    settings.limits.states = kFibersCanGoBack ? 40000 : 1000;
    const Containment it = Contain(schedule, settings);
    ASSERT_EQ(it.lost, "") << policy.name() << " " << arch.name() << "\n"
                           << PrintText({.schedule = schedule});
    if (it.stopped != Stop::kNo) continue;
    ++compared;
    violated += it.kinds[0] != 0;
    more += it.kinds[0] != it.kinds[2];
  }
  if (!kFibersCanGoBack) return;
  EXPECT_GT(compared, 150);
  EXPECT_GT(violated, 20);
  EXPECT_GT(more, 10);
}

// An order of the corpus is what it was: without a word of memory every load takes the newest.
TEST(WeakerMemory, AnOrderOfOldValuesRoundTrips) {
  ScheduleFile file = FromText(kHuge);
  file.schedule.memory = MemoryModel::kWeak;
  file.schedule.orders = {.weaker = MaskOf(Point::pte_unlock),
                          .stronger = MaskOf(Point::pmd_read),
                          .acquires = MaskOf(Point::pending_inc),
                          .releases = MaskOf(Point::pmd_clear)};
  file.schedule.order.push_back(
      {.kind = Run::Kind::kOld, .agent = DetourAgent(MakeCpu(1)), .count = 2});
  file.schedule.order.push_back({.kind = Run::Kind::kOld, .agent = WalkerAgent(MakeCpu(0))});
  const std::string text = PrintText(file);
  EXPECT_NE(text.find("\nmemory weak\nweaken pte_unlock\nstrengthen pmd_read pmd_clear:release "
                      "pending_inc:acquire\n"),
            text.npos)
      << text;
  EXPECT_NE(text.find("  cpu1 old 2\n  walk0 old\n"), text.npos) << text;
  EXPECT_EQ(PrintText(FromText(text)), text);
}

// Under each model, since one file may be run under all.
TEST(WeakerMemory, AnOrderOfLateIncrementsRoundTrips) {
  for (const std::string_view memory : kMemoryModels) {
    ScheduleFile file = FromText(kHuge);
    file.schedule.memory = *ParseMemoryModel(memory);
    file.schedule.order.push_back({.kind = Run::Kind::kUntilPoint,
                                   .agent = CpuAgent(MakeCpu(0)),
                                   .point = Point::pending_inc_later});
    file.schedule.order.push_back({.kind = Run::Kind::kOld, .agent = DetourAgent(MakeCpu(1))});
    file.schedule.order.push_back({.kind = Run::Kind::kLate, .agent = DetourAgent(MakeCpu(0))});
    const std::string text = PrintText(file);
    EXPECT_NE(text.find("  cpu0 until pending_inc_later\n  cpu1 old\n  late0\n"), text.npos)
        << text;
    EXPECT_EQ(PrintText(FromText(text)), text);
    Schedule decoded;
    EXPECT_EQ(DecodeBytes(EncodeBytes(file.schedule, 3), decoded), 3);
    EXPECT_EQ(decoded, file.schedule) << memory;
  }
}

}  // namespace
}  // namespace gatherfuzz
