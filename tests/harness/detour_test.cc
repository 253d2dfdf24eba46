// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Where the kernel drops a page-table lock in the middle of a walk: need_resched() in a zap, a
// large folio that cannot be split in MADV_FREE. The order decides, and by itself takes no detour.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/search/strategy.h"
#include "harness/trace.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;

constexpr const char* kZap =
    "cpus 1\n init\n map 0..6 rw\n present 0..2\n present 3..6\n cpu0\n dontneed 0..6\n";
constexpr const char* kFree =
    "cpus 1\n init\n map 0..6 rw\n present 0..6 dirty\n cpu0\n free 0..6\n";

std::vector<std::string> StepsOf(const std::string& text) {
  StepNames names;
  Result(FromText(text).schedule, "own-range", "x86", {.observer = &names});
  return names.steps;
}

// Steps of the page-table locks and of PTEs, without the name of the agent.
std::vector<std::string> PteStepsOf(const std::string& text) {
  std::vector<std::string> steps;
  for (const std::string& step : StepsOf(text)) {
    const std::string name = step.substr(step.find(' ') + 1);
    if (name.starts_with("pte_") || name.starts_with("pmd_read") || name.starts_with("need_") ||
        name.starts_with("split_")) {
      steps.push_back(name);
    }
  }
  return steps;
}

int Count(const std::vector<std::string>& steps, std::string_view name) {
  return static_cast<int>(std::count_if(steps.begin(), steps.end(), [&](const std::string& step) {
    return step.find(name) != step.npos;
  }));
}

TEST(Detour, IsNotTakenUnlessTheOrderSaysSo) {
  for (const std::string order : {"", "order\n cpu0 20\n rest\n", "order\n cpu0 until done\n",
                                  "order\n cpu0 until pte_clear(4)\n rest\n"}) {
    EXPECT_EQ(Count(StepsOf(kZap + order), "need_resched"), 0) << order;
    EXPECT_EQ(Count(StepsOf(kFree + order), "split_folio"), 0) << order;
  }
}

TEST(Detour, StopsAZapBeforeThePteAndGoesBackToIt) {
  EXPECT_THAT(
      PteStepsOf(std::string(kZap) + "order\n cpu0 until need_resched(1)\n rest\n"),
      ElementsAre("pmd_read(0)", "pte_lock(0)", "pte_read(0)", "pte_clear(0)", "pte_read(1)",
                  "need_resched(1)", "pte_unlock(0)",  //
                  "pmd_read(1)", "pte_lock(1)", "pte_read(1)", "pte_clear(1)", "pte_read(2)",
                  "pte_read(3)", "pte_clear(3)", "pte_unlock(3)", "pmd_read(4)", "pte_lock(4)",
                  "pte_read(4)", "pte_clear(4)", "pte_unlock(4)", "pmd_read(5)", "pte_lock(5)",
                  "pte_read(5)", "pte_clear(5)", "pte_unlock(5)"));
}

TEST(Detour, IsThereAtEveryPteThatIsNotNoneButTheFirstUnderTheLock) {
  for (const int page : {1, 3}) {
    const std::string named = "need_resched(" + std::to_string(page) + ")";
    EXPECT_EQ(
        Count(StepsOf(std::string(kZap) + "order\n cpu0 until " + named + "\n rest\n"), named), 1)
        << page;
  }
  for (const int page : {0, 2, 4}) {  // the first, a hole, the first of the next table
    const std::string named = "need_resched(" + std::to_string(page) + ")";
    EXPECT_EQ(Count(StepsOf(std::string(kZap) + "order\n cpu0 until " + named + "\n rest\n"),
                    "need_resched"),
              0)
        << page;
  }
}

TEST(Detour, IsTakenAsOftenAsTheRunCounts) {
  const auto steps =
      StepsOf("batch 8\n" + std::string(kZap) + "order\n cpu0 until need_resched #2\n rest\n");
  EXPECT_EQ(Count(steps, "need_resched(1)"), 1);
  EXPECT_EQ(Count(steps, "need_resched(3)"), 1);
  EXPECT_EQ(Count(steps, "need_resched"), 2);
}

TEST(Detour, MakesNoneFlushAndLeavesTheGatherLive) {
  const std::string text = "batch 8\n" + std::string(kZap) + "order\n cpu0 until need_resched(3)\n";
  EXPECT_EQ(Count(StepsOf(text), "tlb_flush("), 1);
  EXPECT_EQ(Count(StepsOf(text), "pending_inc"), 1);
  EXPECT_EQ(Verdict(text, "own-range", "x86"), "none");
}

TEST(Detour, SkipsAPteThatMadvFreeCannotSplitAndTakesTheLockAgain) {
  const std::string text = std::string(kFree) + "order\n cpu0 until split_folio(1)\n rest\n";
  const auto steps = PteStepsOf(text);
  EXPECT_EQ(Count(steps, "pte_clear"), 5);
  EXPECT_EQ(Count(steps, "pte_clear(1)"), 0);
  const auto at = std::find(steps.begin(), steps.end(), "split_folio(1)");
  ASSERT_NE(at, steps.end());
  EXPECT_THAT(std::vector<std::string>(at, at + 4),
              ElementsAre("split_folio(1)", "pte_unlock(1)", "pte_lock(1)", "pte_read(2)"));
  Execution execution;
  const Schedule schedule = FromText(text).schedule;
  execution.Execute(schedule, *FindPolicy("own-range"), *FindArch("x86"));
  EXPECT_FALSE(CurrentLeaf(execution.world(), 0).dirty());
  EXPECT_TRUE(CurrentLeaf(execution.world(), 1).dirty());
  EXPECT_FALSE(CurrentLeaf(execution.world(), 2).dirty());
}

TEST(Detour, IsARunOfOneStepToo) {
  const std::string head = std::string("gatherfuzz 1\n") + kZap;
  const std::string text =
      head + "order\n cpu0 until pte_read(1)\n cpu0 detour\n cpu0 detour\n rest\n";
  EXPECT_EQ(Count(StepsOf(text), "need_resched(1)"), 1);  // the second finds no place for it
  const Schedule schedule = FromText(text).schedule;
  EXPECT_EQ(FromText(PrintText({.schedule = schedule})).schedule, schedule);
}

// Whoever draws orders meets detours: each strategy takes them, and leaves them.
TEST(Detour, IsDrawnByEveryStrategy) {
  for (const StrategyInfo& strategy : Strategies()) {
    Schedule schedule = FromText(std::string(kZap) + " free 0..6\n").schedule;
    int taken = 0, zaps = 0;
    for (uint32_t seed = 0; seed < 200; ++seed) {
      schedule.tail = {.kind = strategy.kind, .seed = seed};
      StepNames names;
      Result(schedule, "full-mm", "x86", {.observer = &names});
      const int here = Count(names.steps, "need_resched");
      taken += here;
      zaps += here != 0;
    }
    EXPECT_GT(taken, 0) << strategy.name;
    EXPECT_LT(zaps, 200) << strategy.name;
  }
}

TEST(Detour, IsKeptWhenSwitchesAreNamed) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Schedule schedule = FromText(
                            "cpus 2\n init\n map 0..6 rw\n present 0..6 dirty\n cached cpu1 0..4\n"
                            "cpu0\n dontneed 0..4\n free 3..6\n"
                            "cpu1\n free 0..6\n munmap 2..6\n")
                            .schedule;
    schedule.tail = {.kind = Tail::Kind::kUniform, .seed = seed};
    Execution execution;
    const Trace trace = Record(execution, schedule, *FindPolicy("full-mm"), *FindArch("x86"), 0);
    const Schedule named = NameSwitches(schedule, trace);
    EXPECT_EQ(Result(named, "full-mm", "x86").trace_hash, trace.result.trace_hash) << seed;
  }
}

// The race of need-resched.gather, by hand: with the lock dropped another call sees the PTE empty.
TEST(Detour, OpensTheRaceThatAFullBatchHid) {
  const std::string text =
      "cpus 2\n batch 4\n init\n map 0..4 rw\n present 0..4\n cached cpu1 0..4\n"
      "cpu0\n dontneed 0..4\n cpu1\n dontneed 0..4\n order\n";
  EXPECT_EQ(
      Verdict(text + "cpu0 until pte_unlock(3)\n cpu1 until done\n rest\n", "own-range", "x86"),
      "none");
  const std::string dropped =
      text + "cpu0 until need_resched(3)\n cpu0 until pte_unlock(2)\n cpu1 until done\n rest\n";
  EXPECT_EQ(Verdict(dropped, "own-range", "x86"), "stale-after-return");
  EXPECT_EQ(Verdict(dropped, "full-mm", "x86"), "none");
}

}  // namespace
}  // namespace gatherfuzz
