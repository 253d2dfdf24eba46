// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A recorded run: recording changes nothing, what its steps say, and how its switches are named.
#include "harness/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/bytes.h"
#include "harness/random.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using OrderLine = Run;  // the name Run is taken inside of a test

constexpr AgentId kCpu0 = CpuAgent(MakeCpu(0)), kCpu1 = CpuAgent(MakeCpu(1));

Trace Recorded(const Schedule& schedule, std::string_view policy, std::string_view arch,
               uint32_t ignored = 0) {
  static Execution execution;
  return Record(execution, schedule, *FindPolicy(policy), *FindArch(arch), ignored);
}
Trace Recorded(const std::string& text, std::string_view policy = "own-range",
               std::string_view arch = "x86") {
  return Recorded(FromText(text).schedule, policy, arch);
}

// The k-th step at `point`, of any agent.
const TraceStep& StepAt(const Trace& trace, Point point, int k = 1) {
  for (const TraceStep& step : trace.steps) {
    if (step.event.point == point && --k == 0) return step;
  }
  ADD_FAILURE() << "no such step: " << Info(point).name;
  static const TraceStep kNone;
  return kNone;
}

// --- Recording changes nothing ---

TEST(Record, GivesTheResultOfARunWithoutARecorder) {
  static Execution execution;
  Random random(3);
  int violations = 0;
  for (int i = 0; i < 100; ++i) {
    const Schedule schedule = RandomSchedule(random);
    for (const Policy* policy : Policies()) {
      for (const Arch* arch : Archs()) {
        const uint32_t ignored = i % 2 == 0 ? 0 : Bit(ViolationKind::kStaleAfterReturn);
        const RunResult plain = execution.Execute(schedule, *policy, *arch, {.ignored = ignored});
        const World end = execution.world();
        const Trace trace = Record(execution, schedule, *policy, *arch, ignored);
        ASSERT_EQ(trace.result.trace_hash, plain.trace_hash);
        ASSERT_EQ(trace.result.steps, plain.steps);
        ASSERT_EQ(trace.result.limit, plain.limit);
        ASSERT_EQ(trace.result.violation.kind, plain.violation.kind);
        ASSERT_EQ(trace.result.violation.page, plain.violation.page);
        ASSERT_EQ(trace.result.violation.step, plain.violation.step);
        ASSERT_EQ(trace.result.cost.invalidations, plain.cost.invalidations);
        ASSERT_EQ(trace.result.cost.needless, plain.cost.needless);
        ASSERT_EQ(trace.steps.size(), plain.steps);
        ASSERT_EQ(Digest(trace.end), Digest(end));
        violations += !plain.clean();
      }
    }
  }
  EXPECT_GT(violations, 20) << "abandoned runs are to be among them";
}

// --- What the steps say ---

const std::string kMailPrograms = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4
      cached cpu1 2..3
    cpu0
      read 1
      dontneed 1..3
    cpu1
      dontneed 2..4
)";
const std::string kMailRace =
    kMailPrograms + "order\n cpu0 until pte_clear(2)\n cpu1 until done\n rest\n";

TEST(TraceStep, SaysWhoseItIsAndOfWhichLineOfItsProgram) {
  const Trace trace = Recorded(kMailRace);
  EXPECT_EQ(trace.result.violation.kind, ViolationKind::kStaleAfterReturn);
  EXPECT_EQ(StepAt(trace, Point::access).event.op, 0);
  const StepEvent clear = StepAt(trace, Point::pte_clear, 2).event;
  EXPECT_EQ(clear.agent, kCpu0);
  EXPECT_EQ(clear.page, 2);
  EXPECT_EQ(clear.op, 1);
  EXPECT_FALSE(clear.lent);
  // cpu0 holds the lock that cpu1's run comes to.
  const StepEvent unlock = StepAt(trace, Point::pte_unlock).event;
  EXPECT_EQ(unlock.agent, kCpu0);
  EXPECT_TRUE(unlock.lent);
  EXPECT_EQ(trace.steps.back().event.point, Point::syscall_return);
  EXPECT_EQ(trace.steps.back().event.agent, kCpu1);
}

TEST(TraceStep, BelongsToAnOperationUnlessItIsADelivery) {
  const Schedule schedule = FromText(kMailPrograms + "walk1\n fill 3\n fill 1\n").schedule;
  const Trace trace = Recorded(schedule, "own-range", "x86");
  EXPECT_EQ(*StepAt(trace, Point::access).op, schedule.program[0].op);
  EXPECT_EQ(*StepAt(trace, Point::pending_inc).op, schedule.program[1].op);
  EXPECT_EQ(*StepAt(trace, Point::pending_inc, 2).op, schedule.program[2].op);
  EXPECT_FALSE(StepAt(trace, Point::deliver).op);
  const TraceStep& last = trace.steps.back();
  EXPECT_EQ(KindOf(last.event.agent), AgentKind::kWalker);
  EXPECT_EQ(last.op->kind, OpKind::kFill);
  EXPECT_EQ(last.op->range.begin, 1);
}

TEST(TraceStep, ShowsTheLeafBeforeAndAfter) {
  const Trace trace = Recorded(kMailRace);
  const TraceStep& clear = StepAt(trace, Point::pte_clear, 2);
  EXPECT_EQ(clear.leaf_before.mapping, 2);
  EXPECT_TRUE(clear.leaf_after.none());
  EXPECT_EQ(Describe(clear), "mapping 2");
  EXPECT_EQ(Describe(StepAt(trace, Point::pte_read)), "mapping 1");
  EXPECT_EQ(Describe(StepAt(trace, Point::pte_read, 3)), "none");  // what cpu1 saw
}

TEST(TraceStep, ShowsALeafThatOnlySoftwareSees) {
  const Trace trace = Recorded(R"(
    init
      map 0..4 rw huge
      present 0..4 dirty
    cpu0
      dontneed 1..2
)");
  const TraceStep& invalidate = StepAt(trace, Point::pmd_invalidate);
  EXPECT_TRUE(invalidate.leaf_before.present());
  EXPECT_FALSE(invalidate.leaf_after.present());
  EXPECT_FALSE(invalidate.leaf_after.none());
  EXPECT_EQ(Describe(invalidate), "mapping 1, dirty");
  EXPECT_EQ(StepAt(trace, Point::pmd_populate).leaf_after.mapping, 3);  // of page 1, the second
}

TEST(TraceStep, ShowsThePendingCountAfterIt) {
  const Trace trace = Recorded(kMailRace, "full-mm");
  std::vector<std::string> counts;
  for (const TraceStep& step : trace.steps) {
    const std::string name = Info(step.event.point).name;
    if (!name.starts_with("pending_")) continue;
    counts.push_back(name + " " + Describe(step));
    EXPECT_EQ(Describe(step), "= " + std::to_string(step.pending_after));
  }
  EXPECT_THAT(counts, ElementsAre("pending_inc = 1", "pending_inc = 2", "pending_read = 2",
                                  "pending_dec = 1", "pending_read = 1", "pending_dec = 0"));
}

TEST(TraceStep, ShowsARequestWhereItIsIssuedDeliveredAndComplete) {
  const Trace trace = Recorded(R"(
    cpus 2
    init
      map 0..4 rw
      present 0..3
      cached cpu1 1..3
    cpu0
      dontneed 1..3
    order
      rest
)",
                               "own-range", "arm64");
  const TraceStep& issue = StepAt(trace, Point::tlb_flush);
  EXPECT_EQ(issue.request.small, MaskOf({1, 3}));
  EXPECT_EQ(issue.request.undelivered, 0b11);
  EXPECT_EQ(Describe(issue), "1..3, leaf only, level PTE");
  const TraceStep& to_cpu0 = StepAt(trace, Point::deliver);
  EXPECT_THAT(to_cpu0.tlb, IsEmpty());
  EXPECT_EQ(Describe(to_cpu0), "drops nothing");
  const TraceStep& to_cpu1 = StepAt(trace, Point::deliver, 2);
  EXPECT_EQ(to_cpu1.event.page, 0);  // the CPU that issued it
  EXPECT_EQ(to_cpu1.request.small, MaskOf({1, 3}));
  ASSERT_EQ(to_cpu1.tlb.size(), 2u);
  EXPECT_EQ(to_cpu1.tlb[1].cpu, MakeCpu(1));
  EXPECT_EQ(to_cpu1.tlb[1].page, 2);
  EXPECT_EQ(to_cpu1.tlb[1].entry.mapping, 3);
  EXPECT_FALSE(to_cpu1.tlb[1].filled);
  EXPECT_EQ(Describe(to_cpu1), "drops page 1, page 2");
  EXPECT_EQ(StepAt(trace, Point::tlb_flush_done).request.small, MaskOf({1, 3}));
}

TEST(TraceStep, NamesTheKindOfARequest) {
  const auto flush = [](std::string_view pages, std::string_view arch) {
    std::string text = "init\n map 0..64 rw huge\n present 0..64\n cpu0\n dontneed ";
    return Describe(
        StepAt(Recorded(text + std::string(pages), "own-range", arch), Point::tlb_flush));
  };
  EXPECT_EQ(flush("4..12", "arm64"), "4..12, stride 4, leaf only, level PMD");
  EXPECT_EQ(flush("4..12", "x86"), "4..12, stride 4");
  EXPECT_EQ(flush("1..2", "x86"), "whole mm");  // to split a huge page
}

TEST(TraceStep, ShowsWhatAWalkFills) {
  const Trace trace = Recorded("init\n map 0..8 rw huge\n present 0..8\n cpu1\n read 5\n");
  EXPECT_EQ(StepAt(trace, Point::walk_pud).frame, 1);
  EXPECT_EQ(Describe(StepAt(trace, Point::walk_pud)), "");
  const TraceStep& leaf = StepAt(trace, Point::walk_pmd);
  EXPECT_EQ(leaf.frame, -1);
  ASSERT_EQ(leaf.tlb.size(), 1u);
  EXPECT_EQ(leaf.tlb[0].cpu, MakeCpu(1));
  EXPECT_EQ(leaf.tlb[0].page, 4);
  EXPECT_EQ(leaf.tlb[0].level, Level::kPmd);
  EXPECT_TRUE(leaf.tlb[0].filled);
  EXPECT_EQ(Describe(leaf), "fills TLB, mapping 2");
  EXPECT_EQ(PageName(5, Level::kPte), "page 5");
  EXPECT_EQ(PageName(4, Level::kPmd), "pages 4..8");
}

TEST(TraceStep, ShowsTheFrameThatIsTakenUnlinkedAndFreed) {
  const Trace trace = Recorded(R"(
    init
      map 0..1 rw
      present 0..1
      map 16..17 rw
    cpu0
      munmap 0..1
      read 16
)");
  EXPECT_EQ(StepAt(trace, Point::pte_table_unlink).frame, 2);  // root, PMD table, PTE table, page
  EXPECT_EQ(StepAt(trace, Point::pmd_table_unlink).frame, 1);
  EXPECT_EQ(Describe(StepAt(trace, Point::free_table)), "frame 2");
  EXPECT_EQ(Describe(StepAt(trace, Point::free_table, 2)), "frame 1");
  EXPECT_EQ(Describe(StepAt(trace, Point::free_page)), "frame 3");
  EXPECT_EQ(Describe(StepAt(trace, Point::alloc_page)), "frame 3");
  EXPECT_EQ(Describe(StepAt(trace, Point::pte_set)), "mapping 2");
}

TEST(TraceStep, TellsALocklessReadOfNothingFromOneOfATable) {
  const Trace trace = Recorded("init\n map 0..64 rw\n present 0..1\n cpu0\n dontneed 3..20\n");
  std::vector<std::string> reads;
  for (const TraceStep& step : trace.steps) {
    if (step.event.point != Point::pud_read && step.event.point != Point::pmd_read) continue;
    reads.push_back(Info(step.event.point).name + std::to_string(step.event.page) + Describe(step));
    EXPECT_EQ(step.saw_none, Describe(step) == "none");
  }
  // Page 3 is empty too, but its entry above is not.
  EXPECT_THAT(reads, ElementsAre("pud_read3", "pmd_read3", "pmd_read4none", "pmd_read8none",
                                 "pmd_read12none", "pud_read16none"));
}

// --- Switches ---

std::vector<std::string> OrderOf(const Schedule& schedule) {
  std::vector<std::string> runs;
  for (const auto& run : schedule.order) runs.push_back(PrintRun(run));
  return runs;
}

std::vector<std::string> NamedOrder(const std::string& text) {
  return OrderOf(NameSwitches(FromText(text).schedule, Recorded(text)));
}

// "cpu0 pte_clear(2)" of every step, whether it was lent or not.
std::vector<std::string> Interleaving(const Trace& trace) {
  std::vector<std::string> steps;
  for (const TraceStep& step : trace.steps) {
    steps.push_back(AgentName(step.event.agent) + " " + Info(step.event.point).name + "(" +
                    std::to_string(step.event.page) + ")");
  }
  return steps;
}

TEST(NameSwitches, NamesTheLastStepOfEachStretch) {
  const Schedule schedule = FromText(kMailRace).schedule;
  const Schedule named = NameSwitches(schedule, Recorded(kMailRace));
  // What cpu0 does under its lock in the middle of cpu1's run is lent to it, and not named.
  EXPECT_THAT(OrderOf(named),
              ElementsAre("cpu0 until pte_clear(2)", "cpu1 until syscall_return(2)"));
  EXPECT_EQ(named.program, schedule.program);
  EXPECT_EQ(named.init, schedule.init);
}

TEST(NameSwitches, TakesACountAndARandomTailAsWell) {
  const std::string text = kMailPrograms + "order\n cpu1 3\n cpu0 4\n rest runs 5\n";
  const Trace trace = Recorded(text);
  const Schedule named = NameSwitches(FromText(text).schedule, trace);
  EXPECT_EQ(named.tail, Tail{});
  EXPECT_EQ(PrintRun(named.order[0]), "cpu1 until pud_read(2)");
  EXPECT_EQ(Interleaving(Recorded(named, "own-range", "x86")), Interleaving(trace));
}

TEST(NameSwitches, NamesEachDeliveryByItself) {
  const std::string text = kMailPrograms +
                           "order\n cpu0 until tlb_flush\n cpu1 until tlb_flush\n"
                           "inv0 until deliver(1)\n inv0 1\n inv1 2\n cpu1 1\n";
  EXPECT_THAT(NamedOrder(text), IsSupersetOf({"inv0 until deliver(1)", "inv0 until deliver(0)",
                                              "inv1 until deliver(0)", "inv1 until deliver(1)"}));
}

TEST(NameSwitches, CountsTheOccurrencesWithinTheRun) {
  const std::string text = R"(
    init
      map 0..2 rw
    cpu0
      dontneed 0..1
      dontneed 0..1
      dontneed 0..1
    cpu1
      dontneed 1..2
    order
      cpu0 until pud_read(0)
      cpu1 1
      cpu0 until pud_read(0) #2
      cpu1 1
      rest
)";
  EXPECT_EQ(NamedOrder(text)[2], "cpu0 until pud_read(0) #2");
}

TEST(NameSwitches, NamesLentStepsIfTheLenderGetsNoFurther) {
  // The run of cpu1 waits for cpu0 to unlock, but what cpu0 does in its place ends the run: a page
  // is freed without the flush, which need-flush-all forgets beside cpu2's gather.
  const std::string text = R"(
    cpus 3
    init
      map 0..1 rw
      map 16..18 rw
      present 0..1
      cached cpu2 0..1
    cpu0
      dontneed 0..1
    cpu1
      munmap 17..18
    cpu2
      dontneed 16..17
    order
      cpu0 until pte_clear(0)
      cpu2 until pending_inc
      cpu1 until mmap_write_wait
      rest
)";
  const Trace trace = Recorded(text, "need-flush-all");
  ASSERT_EQ(trace.result.violation.kind, ViolationKind::kFreedPageCached);
  ASSERT_TRUE(trace.steps.back().event.lent);
  const Schedule named = NameSwitches(FromText(text).schedule, trace);
  EXPECT_EQ(Interleaving(Recorded(named, "need-flush-all", "x86")), Interleaving(trace));
}

// `calls` calls on each of `cpus` CPUs, with as many gathers as there can be VMAs in each.
std::string ManyGathers(int cpus, int calls) {
  std::string text = "cpus " + std::to_string(cpus) + "\ninit\n";
  for (int page = 0; page < static_cast<int>(kMaxInit); ++page) {
    text += "map " + std::to_string(page) + ".." + std::to_string(page + 1) + " r\n";
  }
  for (int i = 0; i < cpus * calls; ++i) {
    if (i % calls == 0) text += "cpu" + std::to_string(i / calls) + "\n";
    text += "dontneed 0..32\n";
  }
  return text + "order\n";
}

TEST(NameSwitches, LeavesOutTheEndIfAStepIsRepeatedTooOften) {
  const std::string far = ManyGathers(2, 10) + "cpu0 until pending_dec #255\n cpu1 1\n";
  EXPECT_EQ(NamedOrder(far)[0], "cpu0 until pending_dec #255");
  const std::string too_far =
      ManyGathers(2, 10) + "cpu0 until pending_dec #255\n cpu0 until pending_dec\n cpu1 1\n";
  EXPECT_THAT(NamedOrder(too_far), IsEmpty());
}

TEST(NameSwitches, LeavesOutTheEndIfThereAreTooManySwitches) {
  const std::string text = ManyGathers(8, 8) + "rest runs 1\n";
  const Trace trace = Recorded(text);
  const Schedule named = NameSwitches(FromText(text).schedule, trace);
  EXPECT_EQ(named.order.size(), kMaxRuns);
  const auto steps = Interleaving(trace), again = Interleaving(Recorded(named, "own-range", "x86"));
  const auto differ = std::mismatch(steps.begin(), steps.end(), again.begin(), again.end()).first;
  EXPECT_GE(differ - steps.begin(), static_cast<ptrdiff_t>(kMaxRuns));
  EXPECT_NE(differ, steps.end());
}

// --- Switches of random schedules ---

struct Target {
  std::string_view policy, arch;
  int count;  // violating schedules to look at
};

void PrintTo(const Target& at, std::ostream* out) { *out << at.policy << ", " << at.arch; }

class NamedSwitches : public ::testing::TestWithParam<Target> {};

Schedule ThroughText(const Schedule& schedule) {
  return std::get<ScheduleFile>(ParseText(PrintText({.schedule = schedule}))).schedule;
}

Schedule ThroughBytes(const Schedule& schedule) {
  const EncodedBytes bytes = EncodeBytes(schedule);
  Schedule decoded;
  DecodeBytes({bytes.begin(), bytes.size()}, decoded);
  return decoded;
}

TEST_P(NamedSwitches, EndTheSameWayByTheSameSteps) {
  const auto [policy, arch, count] = GetParam();
  Random random(7);
  int violating = 0, clean = 0;
  while (violating < count) {
    const Schedule schedule = RandomSchedule(random);
    const bool is_clean = Result(schedule, policy, arch).clean();
    if (is_clean && clean >= count / 10) continue;
    const Trace trace = Recorded(schedule, policy, arch);
    if (trace.steps.size() > 255) continue;  // more may be more than an order can say
    ++(is_clean ? clean : violating);
    const Schedule named = NameSwitches(schedule, trace);
    ASSERT_EQ(named.tail, Tail{});
    for (const auto& run : named.order) {
      const bool of_memory =
          run.kind == OrderLine::Kind::kOld || run.kind == OrderLine::Kind::kLate;
      ASSERT_TRUE(run.kind == OrderLine::Kind::kUntilPoint || of_memory);
    }
    const Trace again = Recorded(named, policy, arch);
    const auto texts = PrintText({.schedule = schedule}) + "as:\n" + PrintText({.schedule = named});
    ASSERT_EQ(again.result.violation.kind, trace.result.violation.kind) << texts;
    ASSERT_EQ(again.result.violation.page, trace.result.violation.page) << texts;
    ASSERT_EQ(Interleaving(again), Interleaving(trace)) << texts;
    ASSERT_EQ(again.result.trace_hash, trace.result.trace_hash);
    ASSERT_EQ(ThroughText(named), named) << texts;
    ASSERT_EQ(ThroughBytes(named), named) << texts;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, NamedSwitches,
                         ::testing::Values(Target{"own-range", "x86", 500},
                                           Target{"own-range", "arm64", 500},
                                           Target{"need-flush-all", "x86", 500},
                                           Target{"reset-range", "arm64", 500},
                                           Target{"sync-before-dec", "x86", 500}));

}  // namespace
}  // namespace gatherfuzz
