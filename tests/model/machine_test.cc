// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The machine: the hardware rules (the numbers are those of docs/model.md), huge pages, full
// batches, and what a run leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/kernel/page_table.h"
#include "model/machine/tlb.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr CpuId kCpu0 = MakeCpu(0);
constexpr CpuId kCpu1 = MakeCpu(1);

// The steps of a run, as the order of a schedule would name them, and what a test looks at between.
class Watch final : public StepObserver {
 public:
  using Look = std::function<void(const StepEvent&, const World&)>;
  explicit Watch(Look look = nullptr) : look_(std::move(look)) {}

  void OnStep(const StepEvent& event, const World& before) override {
    std::string step = AgentName(event.agent) + " " + Info(event.point).name;
    if (event.page != kNoPage) step += "(" + std::to_string(event.page) + ")";
    steps.push_back(std::move(step));
    if (look_) look_(event, before);
  }

  // The place of a step in the run; past the end if it did not occur.
  size_t At(std::string_view step) const {
    return static_cast<size_t>(std::find(steps.begin(), steps.end(), step) - steps.begin());
  }
  std::vector<std::string> steps;

 private:
  const Look look_;
};

struct Ran {
  RunResult result;
  World world;  // at the end
};

Ran Execute(std::string_view text, std::string_view arch, Watch* watch = nullptr,
            std::string_view policy = "full-mm") {
  static Execution execution;
  const ScheduleFile file = FromText(text);
  const RunResult result =
      execution.Execute(file.schedule, *FindPolicy(policy), *FindArch(arch), {.observer = watch});
  EXPECT_TRUE(result.clean()) << Info(result.violation.kind).name;
  return {result, execution.world()};
}

// --- H2, H7, H9, H10 ---

constexpr std::string_view kRemoveOnePage = R"(
    cpus 2
    init
      map 0..4 rw
      present 0..2
      cached cpu1 0..1
    cpu0
      dontneed 0..1
)";

TEST(H2, AnInvalidationOfTheLeafLeavesTheWalkCache) {
  const World arm64 = Execute(kRemoveOnePage, "arm64").world;
  EXPECT_EQ(arm64.at(kCpu1).tlb.small_valid, 0u);
  EXPECT_TRUE(arm64.at(kCpu1).walk_cache.pte_tables[0].valid());
  EXPECT_TRUE(arm64.at(kCpu1).walk_cache.pmd_tables[0].valid());
  const World x86 = Execute(kRemoveOnePage, "x86").world;
  EXPECT_EQ(x86.at(kCpu1).tlb.small_valid, 0u);
  EXPECT_FALSE(x86.at(kCpu1).walk_cache.pte_tables[0].valid());
  EXPECT_FALSE(x86.at(kCpu1).walk_cache.pmd_tables[0].valid());
}

TEST(H7, AnEntryThatIsNotPresentIsNotCached) {
  // The walker looks at an empty PTE, and at an empty PMD entry. Both are populated without any
  // invalidation, and it finds them.
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..8 rw
      present 0..1
    cpu0
      read 1
      read 4
    walk1
      fill 1
      fill 4
      fill 1
      fill 4
    order
      walk1 until walk_pte(1)
      walk1 until walk_pmd(4)
      cpu0 until done
      rest
)";
  bool cached_too_early = false;
  Watch watch([&](const StepEvent& event, const World& before) {
    if (event.agent == CpuAgent(kCpu0)) cached_too_early |= before.at(kCpu1).tlb.small_valid != 0;
  });
  const Ran ran = Execute(kText, "x86", &watch);
  EXPECT_FALSE(cached_too_early);
  EXPECT_EQ(ran.world.at(kCpu1).tlb.small_valid, PageBit(1) | PageBit(4));
  EXPECT_EQ(ran.result.cost.invalidations, 0u);
}

TEST(H9, AWriteThroughACleanEntrySetsTheDirtyBitInThePte) {
  constexpr std::string_view kText = R"(
    cpus 1
    init
      map 0..1 rw
      present 0..1
      cached cpu0 0..1
    cpu0
      write 0
)";
  Watch watch([](const StepEvent& event, const World& before) {
    if (event.point == Point::walk_pte) EXPECT_FALSE(CurrentLeaf(before, 0).dirty());
  });
  const World world = Execute(kText, "x86", &watch).world;
  EXPECT_THAT(watch.steps, ElementsAre("cpu0 access(0)", "cpu0 walk_pte(0)", "cpu0 access(0)"));
  EXPECT_TRUE(CurrentLeaf(world, 0).dirty());
  EXPECT_EQ(world.at(kCpu0).tlb.small[0], CurrentLeaf(world, 0));
}

// CPU 1 writes through its entry after CPU 0 has cleared the PTE.
std::string WriteAfterClear(std::string_view present) {
  return R"(
    cpus 2
    init
      map 0..1 rw
      present )" +
         std::string(present) + R"(
      cached cpu1 0..1
    cpu0
      dontneed 0..1
    cpu1
      write 0
    order
      cpu0 until pte_unlock(0)
      cpu1 until done
      rest
)";
}

TEST(H9, AWriteThroughACleanEntryFaultsIfThePteIsGone) {
  Watch watch;
  Execute(WriteAfterClear("0..1"), "x86", &watch);
  EXPECT_THAT(watch.steps, Contains("cpu1 fault(0)"));
}

TEST(H9, AWriteThroughADirtyEntryTouchesNoPte) {
  Watch watch;
  const World world = Execute(WriteAfterClear("0..1 dirty"), "x86", &watch).world;
  EXPECT_THAT(watch.steps, Contains("cpu1 access(0)").Times(1));
  EXPECT_THAT(watch.steps, Not(Contains("cpu1 walk_pte(0)")));
  EXPECT_THAT(watch.steps, Not(Contains("cpu1 fault(0)")));
  EXPECT_TRUE(CurrentLeaf(world, 0).none());
}

TEST(H10, TheIssuerWaitsForTheDeliveryOnEveryCpu) {
  // Whatever the order, nothing is pending for an issuer that goes on, and nobody's entry is left.
  std::string text = R"(
    cpus 3
    init
      map 0..4 rw
      present 0..4
      cached cpu0 0..4
      cached cpu1 0..4
      cached cpu2 0..4
    cpu0
      dontneed 0..2
    cpu1
      dontneed 2..4
    order
      rest runs )";
  for (int seed = 0; seed < 100; ++seed) {
    int completed = 0;
    Watch watch([&](const StepEvent& event, const World& before) {
      if (event.point != Point::tlb_flush_done) return;
      ++completed;
      EXPECT_EQ(before.at(CpuOf(event.agent)).invalidation.undelivered, 0);
    });
    const World world = Execute(text + std::to_string(seed), "arm64", &watch).world;
    EXPECT_GE(completed, 2);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(world.at(MakeCpu(i)).tlb.small_valid, 0u);
  }
}

TEST(H10, ACountOfDeliveriesTakesTheOldestFirst) {
  constexpr std::string_view kText = R"(
    cpus 3
    init
      map 0..4 rw
      present 0..4
      cached cpu2 0..4
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    order
      cpu1 until tlb_flush
      cpu0 until tlb_flush
      inv2 1
      cpu0 until done
      rest
)";
  std::vector<uint64_t> held;  // by CPU 2, before each delivery to it and after the last
  Watch watch([&](const StepEvent& event, const World& before) {
    if (event.agent == DeliveryAgent(MakeCpu(2)) || event.point == Point::syscall_return) {
      held.push_back(before.at(MakeCpu(2)).tlb.small_valid);
    }
  });
  Execute(kText, "arm64", &watch, "own-range");
  const uint64_t all = MaskOf({0, 4});
  EXPECT_THAT(held, ElementsAre(all, all & ~PageBit(1), MaskOf({2, 4}), MaskOf({2, 4})));
}

// --- Faults ---

TEST(Fault, LinksAPteTableUnderTheLockOfThePmdTable) {
  const std::string text = "cpus 1\n init\n map 0..8 rw\n present 0..1\n cpu0\n";
  Watch watch;
  Execute(text + "read 4\n", "x86", &watch);
  const auto begin = watch.steps.begin() + static_cast<ptrdiff_t>(watch.At("cpu0 pmd_read(4)"));
  EXPECT_THAT(std::vector<std::string>(begin, begin + 5),
              ElementsAre("cpu0 pmd_read(4)", "cpu0 pmd_lock(4)", "cpu0 pmd_populate(4)",
                          "cpu0 pmd_unlock(4)", "cpu0 pte_lock(4)"));
  // Where the table is there already, nobody takes that lock.
  Watch beside;
  Execute(text + "read 1\n", "x86", &beside);
  EXPECT_THAT(beside.steps, Contains("cpu0 pte_lock(1)"));
  EXPECT_THAT(beside.steps, Not(Contains("cpu0 pmd_lock(1)")));
}

// --- Huge pages, and full batches ---

TEST(HugePage, IsFlushedBeforeItsPartsAreMapped) {
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..4 rw huge
      present 0..4
      cached cpu1 0..4
    cpu0
      dontneed 1..2
)";
  for (const std::string_view arch : {"x86", "arm64"}) {
    Watch watch([](const StepEvent& event, const World& before) {
      if (event.point == Point::pmd_invalidate) {
        EXPECT_EQ(before.at(kCpu1).tlb.huge_valid, 1u);
        EXPECT_EQ(CurrentLeaf(before, 1).frame, MakeFrame(4));
      }
      if (event.point == Point::pmd_populate) {
        // Gone for the hardware and from every TLB; still there for who looks at the entry.
        EXPECT_EQ(before.at(kCpu1).tlb.huge_valid, 0u);
        EXPECT_TRUE(CurrentLeaf(before, 1).none());
        EXPECT_FALSE(before.at(PmdTableOf(before, 0)).entries[0].none());
      }
    });
    const World world = Execute(kText, arch, &watch).world;
    EXPECT_LT(watch.At("cpu0 tlb_flush_done(0)"), watch.At("cpu0 pmd_populate(1)"));
    EXPECT_LT(watch.At("cpu0 pmd_populate(1)"), watch.At("cpu0 pte_clear(1)"));
    for (const int page : {0, 2, 3}) {
      EXPECT_EQ(CurrentLeaf(world, page).frame, MakeFrame(4 + page)) << page;
      EXPECT_TRUE(CurrentLeaf(world, page).writable());
    }
    EXPECT_TRUE(CurrentLeaf(world, 1).none());
    EXPECT_EQ(world.at(MakeFrame(5)).state, FrameState::kFree);
  }
}

TEST(HugePage, WhoFaultsInTheMiddleOfASplitWaitsForIt) {
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..4 rw huge
      present 0..4
    cpu0
      dontneed 1..2
    cpu1
      read 2
    order
      cpu0 until pmd_invalidate(1)
      cpu1 until done
      rest
)";
  Watch watch;
  const World world = Execute(kText, "x86", &watch).world;
  EXPECT_LT(watch.At("cpu1 fault(2)"), watch.At("cpu0 pmd_populate(1)"));
  EXPECT_LT(watch.At("cpu0 pmd_unlock(1)"), watch.At("cpu1 pmd_lock(2)"));
  EXPECT_EQ(CurrentLeaf(world, 2).frame, MakeFrame(6));  // what was there, not a new page
}

TEST(Batch, AFullOneIsFlushedBeforeTheLockIsDroppedAndFreedAfter) {
  const auto text = [](std::string_view batch) {
    return "cpus 1\n batch " + std::string(batch) +
           "\n init\n map 0..3 rw\n present 0..3\n cpu0\n dontneed 0..3\n";
  };
  Watch watch;
  EXPECT_EQ(Execute(text("2"), "x86", &watch).result.cost.invalidations, 2u);
  const std::vector<size_t> order = {
      watch.At("cpu0 pte_clear(1)"),      watch.At("cpu0 tlb_flush(0)"),
      watch.At("cpu0 tlb_flush_done(0)"), watch.At("cpu0 pte_unlock(1)"),
      watch.At("cpu0 free_page(0)"),      watch.At("cpu0 free_page(1)"),
      watch.At("cpu0 pte_lock(2)"),       watch.At("cpu0 pte_clear(2)"),
      watch.At("cpu0 free_page(2)"),      watch.steps.size()};
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end(), std::less_equal<>()))
      << ::testing::PrintToString(watch.steps);
  EXPECT_EQ(Execute(text("4"), "x86").result.cost.invalidations, 1u);
}

// --- Equal states are equal bytes ---

bool SameBytes(const World& a, const World& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// Whether every part that is not in use is zero, which is what makes equal states equal bytes.
bool UnusedIsZero(const World& world) {
  bool zero = true;
  const auto check = [&](const auto& part, bool used) {
    const std::decay_t<decltype(part)> nothing{};
    zero &= used || std::memcmp(&part, &nothing, sizeof part) == 0;
  };
  for (int i = 0; i < kMaxCpus; ++i) {
    const CpuState& cpu = world.at(MakeCpu(i));
    for (int page = 0; page < kPages; ++page) {
      check(cpu.tlb.small[page], cpu.tlb.small_valid & PageBit(page));
    }
    for (int block = 0; block < kPmds; ++block) {
      check(cpu.tlb.huge[block], cpu.tlb.huge_valid & PageBit(block));
    }
    for (int k = 0; k < kMaxBatch; ++k) check(cpu.gather.pages[k], k < cpu.gather.page_count);
    for (int k = 0; k < kMaxTables; ++k) check(cpu.gather.tables[k], k < cpu.gather.table_count);
    for (int k = 0; k < kMaxCpus; ++k) check(cpu.deliveries.issuers[k], k < cpu.deliveries.count);
    for (const Walk& walk : cpu.walks) check(walk, walk.active());
    check(cpu, i < world.cpu_count);
  }
  for (Frame frame : world.frames) {
    frame.generation = 0;
    check(frame, frame.state != FrameState::kFree);
    for (const Pte& entry : frame.entries) check(entry, entry.flags != 0);
  }
  return zero;
}

TEST(State, WhatIsUnmappedLeavesNothingBehind) {
  constexpr std::string_view kText = R"(
    cpus 3
    batch 2
    init
      map 0..8 rw
      map 32..36 rw huge
      present 0..3 dirty
      cached cpu1 0..4
    cpu0
      write 5
      read 33
      free 0..6
      dontneed 1..3
      dontneed 34..35
      munmap 0..64
    cpu1
      dontneed 2..6
    cpu2
      read 2
    walk1
      fill 1
      fill 33
    order
      rest runs )";
  for (const std::string_view policy : {"full-mm", "sync-finish", "epoch-sync", "overlap-list"}) {
    for (int seed = 0; seed < 20; ++seed) {
      Watch watch([](const StepEvent&, const World& before) { ASSERT_TRUE(UnusedIsZero(before)); });
      const World world =
          Execute(std::string(kText) + std::to_string(seed), "x86", &watch, policy).world;
      World empty{};
      Reset(empty, 3, 2);
      // All that may tell the two apart are the numbers that only grow.
      empty.mm.next_mapping = world.mm.next_mapping;
      empty.mm.calls_begun = world.mm.calls_begun;
      if (policy == "epoch-sync") {
        // Its tickets do, too: the first two bytes are the newest one.
        std::copy_n(world.mm.policy_state.begin(), 2, empty.mm.policy_state.begin());
      }
      for (int frame = 0; frame < kFrames; ++frame) {
        empty.frames[frame].generation = world.frames[frame].generation;
      }
      EXPECT_TRUE(SameBytes(world, empty)) << policy << ", seed " << seed;
      EXPECT_EQ(Digest(world), Digest(empty));
      EXPECT_NE(world.mm.next_mapping, 1);
    }
  }
}

TEST(State, TheOrderOfIndependentCallsDoesNotShow) {
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..4 rw
      map 16..20 rw
      present 0..4
      present 16..20
      cached cpu0 0..4
      cached cpu1 16..20
    cpu0
      dontneed 0..4
    cpu1
      dontneed 16..20
    order
      )";
  const auto end = [&](std::string_view first) {
    return Execute(std::string(kText) + std::string(first) + " until done\n rest\n", "x86").world;
  };
  EXPECT_TRUE(SameBytes(end("cpu0"), end("cpu1")));
  EXPECT_EQ(Digest(end("cpu0")), Digest(end("cpu1")));
}

}  // namespace
}  // namespace gatherfuzz
