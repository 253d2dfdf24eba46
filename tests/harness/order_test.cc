// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The order of a schedule: who moves when, and in whose place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using StepList = std::vector<std::string>;

// The steps of a schedule that is expected to run to its end without a violation.
StepList StepsOf(const Schedule& schedule, std::string_view policy = "own-range") {
  StepNames recorder;
  const RunResult result = Result(schedule, policy, "x86", {.observer = &recorder});
  EXPECT_TRUE(result.clean()) << Info(result.violation.kind).name;
  EXPECT_EQ(result.steps, recorder.steps.size());
  return recorder.steps;
}
StepList StepsOf(const std::string& text, std::string_view policy = "own-range") {
  return StepsOf(FromText(text).schedule, policy);
}

// Consecutive steps of one agent as one string: "cpu0 access(0) access(1)".
StepList Stretches(const StepList& steps) {
  StepList stretches;
  std::string last;
  for (const std::string& step : steps) {
    const std::string agent = step.substr(0, step.rfind(' '));
    if (agent != last) stretches.push_back(agent);
    stretches.back() += step.substr(agent.size());
    last = agent;
  }
  return stretches;
}

// The stretches from the first step `begin` to the first step `end` after it, both with.
StepList Between(const StepList& steps, std::string_view begin, std::string_view end) {
  const auto first = std::find(steps.begin(), steps.end(), begin);
  const auto last = std::find(first, steps.end(), end);
  EXPECT_NE(last, steps.end()) << ::testing::PrintToString(steps);
  return last == steps.end() ? StepList{} : Stretches({first, last + 1});
}

// The pages are cached where they are read: each read is one step, access(PAGE).
const std::string kReaders = R"(
    cpus 3
    init
      map 0..4 rw
      present 0..4
      cached cpu0 0..4
      cached cpu1 0..4
    cpu0
      read 0
      read 1
      read 0
      read 1
    cpu1
      read 0
      read 1
      read 2
    walk2
      fill 0
    order
)";

StepList Readers(const std::string& order) { return Stretches(StepsOf(kReaders + order)); }

// --- Runs ---

TEST(Order, ACountIsSoManySteps) {
  EXPECT_THAT(Readers("cpu0 2\n cpu1 1\n cpu0 1\n cpu1 2\n walk2 1\n cpu0 1\n rest"),
              ElementsAre("cpu0 access(0) access(1)", "cpu1 access(0)", "cpu0 access(0)",
                          "cpu1 access(1) access(2)", "walk2 walk_pud(0)", "cpu0 access(1)",
                          "walk2 walk_pmd(0) walk_pte(0)"));
}

TEST(Order, UntilAPointIsUpToAndWithIt) {
  EXPECT_THAT(
      Readers("cpu1 until access(1)\n walk2 until walk_pmd\n cpu0 until access\n cpu1 1\n"),
      ElementsAre("cpu1 access(0) access(1)", "walk2 walk_pud(0) walk_pmd(0)", "cpu0 access(0)",
                  "cpu1 access(2)", "cpu0 access(1) access(0) access(1)", "walk2 walk_pte(0)"));
}

TEST(Order, AnOccurrenceIsOneOfThisRunAndOnThisPage) {
  EXPECT_THAT(Readers("cpu0 until access(0)\n cpu1 1\n cpu0 until access(1) #2\n"
                      "cpu1 until access #2\n walk2 until done"),
              ElementsAre("cpu0 access(0)", "cpu1 access(0)", "cpu0 access(1) access(0) access(1)",
                          "cpu1 access(1) access(2)", "walk2 walk_pud(0) walk_pmd(0) walk_pte(0)"));
}

TEST(Order, UntilDoneAndARunThatNeverGetsThereEndWithTheProgram) {
  for (const char* const run :
       {"until done", "until access(3)", "until access(1) #2", "until pte_clear", "9"}) {
    EXPECT_THAT(Readers("cpu0 1\n cpu1 " + std::string(run) + "\n walk2 2\n cpu0 1\n rest"),
                ElementsAre("cpu0 access(0)", "cpu1 access(0) access(1) access(2)",
                            "walk2 walk_pud(0) walk_pmd(0)", "cpu0 access(1) access(0) access(1)",
                            "walk2 walk_pte(0)"));
  }
}

TEST(Order, RunsOfAgentsThatCannotMoveArePassedOver) {
  // No invalidation is pending, walk0 and cpu2 have no program, and cpu1 is done when it is named.
  const StepList without = Readers("cpu1 until done\n walk2 1\n rest");
  EXPECT_EQ(Readers("inv0 1\n cpu1 until done\n inv1 until done\n walk0 3\n cpu2 until access\n"
                    "cpu1 1\n walk2 1\n inv2 until deliver\n cpu1 until done\n rest"),
            without);
  // Nor does the machine have a fourth CPU. Text cannot say this; a mutator may.
  Schedule schedule = FromText(kReaders + "cpu1 until done\n walk2 1\n rest").schedule;
  const auto order = schedule.order;
  schedule.order.clear();
  for (const auto make_agent : {CpuAgent, WalkerAgent, DeliveryAgent}) {
    schedule.order.push_back({.agent = make_agent(MakeCpu(3))});
  }
  for (const auto& run : order) schedule.order.push_back(run);
  EXPECT_EQ(Stretches(StepsOf(schedule)), without);
}

// --- Deliveries and locks ---

const std::string kTwoZaps = R"(
    init
      map 0..4 rw
      present 0..4
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    order
)";

TEST(Order, DeliveriesComeWhenTheOrderSaysSo) {
  const StepList steps =
      StepsOf(kTwoZaps + "cpu0 until tlb_flush\n inv1 until deliver\n cpu1 1\n inv0 5\n rest");
  EXPECT_THAT(Between(steps, "cpu0 tlb_flush(0)", "cpu0 tlb_flush_done(0)"),
              ElementsAre("cpu0 tlb_flush(0)", "inv1 deliver(0)", "cpu1 mmap_read_lock",
                          "inv0 deliver(0)",  // five were asked for, one is pending
                          "cpu0 tlb_flush_done(0)"));
}

TEST(Order, AnIssuerLendsItsTurnToItsDeliveriesLowestCpuFirst) {
  for (const char* const order : {"cpu0 until done\n rest", "cpu0 100\n rest", "rest"}) {
    EXPECT_THAT(
        Between(StepsOf("cpus 3\n" + kTwoZaps + order), "cpu0 tlb_flush(0)", "cpu0 free_page(0)"),
        ElementsAre("cpu0 tlb_flush(0)", "lent inv0 deliver(0)", "lent inv1 deliver(0)",
                    "lent inv2 deliver(0)", "cpu0 tlb_flush_done(0) free_page(0)"))
        << order;
  }
}

TEST(Order, AnIssuerLendsItsTurnToNoDeliveryOfAnother) {
  // Each request of cpu0 was issued first, but is still pending when cpu1 returns.
  const StepList steps = StepsOf(kTwoZaps + "cpu0 until tlb_flush\n cpu1 until done\n cpu0 1");
  EXPECT_THAT(Between(steps, "cpu1 tlb_flush(1)", "cpu1 free_page(1)"),
              ElementsAre("cpu1 tlb_flush(1)", "lent inv0 deliver(1)", "lent inv1 deliver(1)",
                          "cpu1 tlb_flush_done(1) free_page(1)"));
  EXPECT_THAT(Between(steps, "cpu1 syscall_return(1)", "cpu0 tlb_flush_done(0)"),
              ElementsAre("cpu1 syscall_return(1)", "lent inv0 deliver(0)", "lent inv1 deliver(0)",
                          "cpu0 tlb_flush_done(0)"));
}

TEST(Order, ADeliveryIsTheOldestUnlessItIsNamedByItsIssuer) {
  const auto deliveries = [](const std::string& runs) {
    return Between(StepsOf(kTwoZaps + "cpu1 until tlb_flush\n cpu0 until tlb_flush\n" + runs +
                           "cpu1 until done\n"),
                   "cpu0 tlb_flush(0)", "cpu1 tlb_flush_done(1)");
  };
  for (const char* const run : {"inv0 2\n", "inv0 until done\n", "inv0 until deliver #2\n"}) {
    EXPECT_THAT(deliveries(run), ElementsAre("cpu0 tlb_flush(0)", "inv0 deliver(1) deliver(0)",
                                             "lent inv1 deliver(1)", "cpu1 tlb_flush_done(1)"))
        << run;
  }
  EXPECT_THAT(deliveries("inv0 until deliver(0)\n inv1 until deliver(1)\n inv0 1\n"),
              ElementsAre("cpu0 tlb_flush(0)", "inv0 deliver(0)", "inv1 deliver(1)",
                          "inv0 deliver(1)", "cpu1 tlb_flush_done(1)"));
  // If the one that is named is not pending, the oldest is delivered, up to the last.
  EXPECT_THAT(deliveries("inv0 until deliver(0)\n inv0 until deliver(0)\n"),
              ElementsAre("cpu0 tlb_flush(0)", "inv0 deliver(0) deliver(1)", "lent inv1 deliver(1)",
                          "cpu1 tlb_flush_done(1)"));
}

TEST(Order, ABlockedAgentLendsItsTurnToTheHolderUntilTheLockIsFree) {
  const StepList steps = StepsOf(kTwoZaps + "cpu0 until pte_lock\n cpu1 until done");
  EXPECT_THAT(
      Between(steps, "cpu0 pte_lock(0)", "cpu1 pte_read(1)"),
      ElementsAre("cpu0 pte_lock(0)", "cpu1 mmap_read_lock pending_inc pud_read(1) pmd_read(1)",
                  "lent cpu0 pte_read(0) pte_clear(0) pte_unlock(0)",
                  "cpu1 pte_lock(1) pte_read(1)"));
}

TEST(Order, LentStepsAreNeitherCountedNorThePointThatIsWaitedFor) {
  // Six steps of cpu1's own: four, then those of cpu0, then two.
  StepList steps = StepsOf(kTwoZaps + "cpu0 until pte_lock\n cpu1 6\n cpu0 1");
  EXPECT_THAT(Between(steps, "cpu1 pmd_read(1)", "cpu0 tlb_flush(0)"),
              ElementsAre("cpu1 pmd_read(1)", "lent cpu0 pte_read(0) pte_clear(0) pte_unlock(0)",
                          "cpu1 pte_lock(1) pte_read(1)", "cpu0 tlb_flush(0)"));
  steps = StepsOf(kTwoZaps + "cpu0 until pte_lock\n cpu1 until pte_unlock\n cpu0 1");
  EXPECT_THAT(
      Between(steps, "lent cpu0 pte_unlock(0)", "cpu0 tlb_flush(0)"),
      ElementsAre("lent cpu0 pte_unlock(0)",
                  "cpu1 pte_lock(1) pte_read(1) pte_clear(1) pte_unlock(1)", "cpu0 tlb_flush(0)"));
}

TEST(Order, AHolderThatIsBlockedLendsOn) {
  // A batch of one page makes cpu0 flush under its lock: cpu1 waits for it, and it for deliveries.
  const StepList steps = StepsOf("batch 1\n" + kTwoZaps + "cpu0 until tlb_flush\n cpu1 until done");
  EXPECT_THAT(Between(steps, "cpu1 pmd_read(1)", "cpu1 pte_lock(1)"),
              ElementsAre("cpu1 pmd_read(1)", "lent inv0 deliver(0)", "lent inv1 deliver(0)",
                          "lent cpu0 tlb_flush_done(0) pte_unlock(0)", "cpu1 pte_lock(1)"));
}

const std::string kWriterAndReaders = R"(
    cpus 3
    init
      map 0..4 rw
      present 0..1
      cached cpu0 0..1
    cpu0
      read 0
      map 8..9 r
    cpu1
      dontneed 1..2
      dontneed 2..3
    cpu2
      read 3
    order
)";

TEST(Order, AReaderLendsItsTurnToTheWriter) {
  const StepList steps = StepsOf(kWriterAndReaders + "cpu0 until vma_link\n cpu2 until pud_read");
  EXPECT_THAT(Between(steps, "cpu2 fault(3)", "cpu2 pud_read(3)"),
              ElementsAre("cpu2 fault(3)", "lent cpu0 mmap_write_unlock",
                          "cpu2 mmap_read_lock pud_read(3)"));
}

TEST(Order, AWriterLendsItsTurnToEachReaderOnlyUntilThatOneUnlocks) {
  EXPECT_THAT(Between(StepsOf(kWriterAndReaders +
                              "cpu1 until pending_dec\n cpu2 until pte_unlock\n cpu0 3"),
                      "cpu2 pte_unlock(3)", "cpu0 mmap_write_wait"),
              ElementsAre("cpu2 pte_unlock(3)", "cpu0 access(0) mmap_write_lock",
                          "lent cpu1 mmap_read_unlock", "lent cpu2 mmap_read_unlock",
                          "cpu0 mmap_write_wait"));
}

TEST(Order, ARunWhoseAgentIsBlockedWhenItsTurnComesLendsItFromItsStart) {
  // The first run of cpu1 leaves it blocked, at pte_lock; the second begins with steps of cpu0.
  EXPECT_THAT(
      Between(StepsOf(kTwoZaps + "cpu0 until pte_lock\n cpu1 4\n cpu1 until pte_lock\n cpu0 1"),
              "cpu1 pmd_read(1)", "cpu0 tlb_flush(0)"),
      ElementsAre("cpu1 pmd_read(1)", "lent cpu0 pte_read(0) pte_clear(0) pte_unlock(0)",
                  "cpu1 pte_lock(1)", "cpu0 tlb_flush(0)"));
}

TEST(Order, ARunWhoseAgentIsBlockedAtItsVeryFirstStepLendsItToo) {
  EXPECT_THAT(
      Between(StepsOf(kWriterAndReaders + "cpu0 until vma_link\n cpu1 until pending_inc\n cpu0 1"),
              "cpu0 vma_link(8)", "cpu0 syscall_return(8)"),
      ElementsAre("cpu0 vma_link(8)", "lent cpu0 mmap_write_unlock",
                  "cpu1 mmap_read_lock pending_inc", "cpu0 syscall_return(8)"));
}

TEST(Order, ARunWhoseAgentWaitsForItsInvalidationBeginsWithTheDeliveries) {
  EXPECT_THAT(Between(StepsOf(kTwoZaps + "cpu0 until tlb_flush\n inv0 1\n cpu0 1\n cpu1 1"),
                      "cpu0 tlb_flush(0)", "cpu1 mmap_read_lock"),
              ElementsAre("cpu0 tlb_flush(0)", "inv0 deliver(0)", "lent inv1 deliver(0)",
                          "cpu0 tlb_flush_done(0)", "cpu1 mmap_read_lock"));
}

TEST(Order, WhoWaitsForAFinishMakesNoStepsAndLendsNoTurn) {
  // cpu1 waits for cpu0's gather: its runs end or are passed over until that is gone.
  const StepList steps = StepsOf(
      kTwoZaps + "cpu0 until pending_inc\n cpu1 until done\n cpu0 1\n cpu1 50\n cpu0 until done",
      "sync-finish");
  EXPECT_THAT(Between(steps, "cpu1 free_page(1)", "cpu0 pte_read(0)"),
              ElementsAre("cpu1 free_page(1) pending_dec",
                          "cpu0 pud_read(0) pmd_read(0) pte_lock(0) pte_read(0)"));
  EXPECT_EQ(steps.size(), StepsOf(kTwoZaps + "rest", "sync-finish").size());
}

TEST(Order, WhoWaitsForSomebodyWhoCannotMoveEitherIsPassedOver) {
  // cpu2's munmap queues behind cpu0's lock, but cpu0 waits in its finish for cpu1's gather: the
  // run of cpu2 ends there, and the next one is that of cpu1.
  const std::string text = R"(
    cpus 3
    init
      map 0..4 rw
      present 0..4
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    cpu2
      munmap 2..3
    order
      cpu1 until pud_read
      cpu0 until done
      cpu2 until done
      cpu1 until pte_lock
)";
  EXPECT_THAT(
      Between(StepsOf(text, "sync-finish"), "cpu0 pending_dec", "cpu1 pte_lock(1)"),
      ElementsAre("cpu0 pending_dec", "cpu2 mmap_write_lock", "cpu1 pmd_read(1) pte_lock(1)"));
}

// --- The tail ---

TEST(Tail, RestGoesOnWithTheRunningAgentThenTheLowestThatCanMove) {
  EXPECT_THAT(Readers("cpu1 1\n rest"), ElementsAre("cpu1 access(0) access(1) access(2)",
                                                    "cpu0 access(0) access(1) access(0) access(1)",
                                                    "walk2 walk_pud(0) walk_pmd(0) walk_pte(0)"));
}

TEST(Tail, RestLendsNothingToTheHolderOfALock) {
  // cpu1 blocks, so its turn ends: cpu0 goes on to its own end, as the lowest that can move.
  const StepList steps = StepsOf(kTwoZaps + "cpu0 until pte_lock\n cpu1 1\n rest");
  EXPECT_THAT(
      Between(steps, "cpu1 pmd_read(1)", "cpu1 pte_lock(1)"),
      ElementsAre("cpu1 pmd_read(1)", "cpu0 pte_read(0) pte_clear(0) pte_unlock(0) tlb_flush(0)",
                  "lent inv0 deliver(0)", "lent inv1 deliver(0)",
                  "cpu0 tlb_flush_done(0) free_page(0) pending_dec mmap_read_unlock "
                  "syscall_return(0)",
                  "cpu1 pte_lock(1)"));
}

TEST(Tail, RestRandomIsAsManyOrdersAsSeedsAndLendsNothing) {
  std::set<StepList> orders;
  StepList plain = StepsOf(kTwoZaps + "rest");
  for (std::string& step : plain) step.erase(0, step.starts_with("lent ") ? 5 : 0);
  for (int seed = 0; seed < 100; ++seed) {
    const std::string text = kTwoZaps + "cpu1 2\n rest runs " + std::to_string(seed);
    const StepList steps = StepsOf(text);
    ASSERT_EQ(StepsOf(text), steps);
    ASSERT_EQ(steps[1], "cpu1 pending_inc") << "the tail comes after the order";
    // In another order, but the same steps: all agents end, and none moves in another's place.
    ASSERT_THAT(steps, ::testing::UnorderedElementsAreArray(plain));
    orders.insert(steps);
  }
  EXPECT_GT(orders.size(), 80u);
}

}  // namespace
}  // namespace gatherfuzz
