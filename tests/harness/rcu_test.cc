// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Page tables that RCU frees: who frees them and when, for whom they wait, and what the form of a
// schedule says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/bytes.h"
#include "harness/trace.h"
#include "model/kernel/rcu.h"
#include "model/machine/frames.h"
#include "tests/small_program.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Ran = TracedRun;

// A page whose tables go with it, and one elsewhere.
std::string Two(const std::string& rest, const std::string& head = "rcu\n") {
  return "cpus 3\n" + head +
         "init\n map 0..1 rw\n map 16..17 rw\n present 0..1\n present 16..17\n"
         " cached cpu1 0..1\ncpu0\n munmap 0..1\n" +
         rest;
}

TEST(Rcu, ACallReturnsBeforeItsTablesAreFreed) {
  for (const char* arch : {"x86", "arm64"}) {
    const Ran ran(Two("order\n cpu0 until done\n rest\n"), "full-mm", arch);
    EXPECT_EQ(ran.verdict(), "none");
    EXPECT_EQ(ran.Count("cpu0 call_rcu(0)"), 1) << "for both tables";
    EXPECT_LT(ran.At("cpu0 tlb_flush_done(0)"), ran.At("cpu0 call_rcu(0)"));
    // A plain rest does it in the place of the last to move.
    EXPECT_EQ(ran.Count("lent rcu0 rcu_free(0)"), 2);
    EXPECT_LT(ran.At("cpu0 syscall_return(0)"), ran.At("lent rcu0 rcu_free(0)"));
    EXPECT_EQ(ran.mm().table_frames, ran.mm().linked_tables + 1);
  }
}

TEST(Rcu, WithoutTheLineThereIsNone) {
  const Ran ran(Two("", ""));
  EXPECT_EQ(ran.Count("cpu0 free_table(0)"), 2);
  for (const std::string& step : ran.steps()) EXPECT_THAT(step, Not(HasSubstr("rcu")));
}

TEST(Rcu, FreesAsSoonAsTheOrderSays) {
  const Ran ran(Two("order\n cpu0 until call_rcu(0)\n rcu0\n cpu0 until done\n rest\n"));
  EXPECT_LT(ran.At("rcu0 rcu_free(0)"), ran.At("cpu0 syscall_return(0)"));
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Rcu, WaitsForWhoHoldsALockAndForNobodyWhoComesLater) {
  const std::string programs =
      "cpu1\n dontneed 16..17\ncpu2\n dontneed 16..17\norder\n"
      " cpu0 until mmap_write_downgrade\n cpu1 until pte_lock(16)\n cpu0 until done\n rcu0\n";
  const Ran ran(Two(programs + " cpu1 until pte_unlock(16)\n rcu0\n rest\n"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.At("rcu0 rcu_free(0)"), ran.At("cpu1 pte_unlock(16)") + 1)
      << "not where the order said it first, but then at once";
  const Ran later(
      Two("cpu1\n dontneed 16..17\norder\n cpu0 until done\n"
          " cpu1 until pte_lock(16)\n rcu0\n rest\n"));
  EXPECT_EQ(later.At("rcu0 rcu_free(0)"), later.At("cpu1 pte_lock(16)") + 1);
}

TEST(Rcu, WaitsForACpuInTheMiddleOfASwitch) {
  const std::string programs =
      "cpu1\n switch mm1\norder\n cpu1 until mm_cpumask_clear\n cpu0 until done\n rcu0\n"
      " cpu1 until loaded_mm_set\n rcu0\n rest\n";
  const Ran ran(Two(programs));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.At("rcu0 rcu_free(0)"), ran.At("cpu1 loaded_mm_set") + 1);
  EXPECT_EQ(Ran(Two(programs), "tables-at-once").verdict(), "freed-table-cached");
}

TEST(Rcu, EachCpuFreesWhatItHasHandedOverInItsOrder) {
  const std::string two = Two("cpu1\n munmap 16..17\norder\n cpu0 until done\n cpu1 until done\n");
  const Ran ran(two + " rcu1\n rcu0\n rest\n");
  EXPECT_LT(ran.At("rcu1 rcu_free(16)"), ran.At("rcu0 rcu_free(0)"));
  const Schedule schedule = FromText(two + " rcu1\n rest\n").schedule;
  Execution execution;
  const Trace trace = Record(execution, schedule, *FindPolicy("full-mm"), *FindArch("x86"));
  std::vector<std::string> told;
  for (const TraceStep& step : trace.steps) {
    if ((kRcuPoints & MaskOf(step.event.point)) != 0) told.push_back(Describe(step));
  }
  ASSERT_EQ(told.size(), 6u);
  EXPECT_EQ(told[0], "frame 2, 1");
  EXPECT_THAT(told[2], HasSubstr(", of step "));
  // By its steps it is the same run.
  const Schedule named = NameSwitches(schedule, trace);
  EXPECT_THAT(PrintText({.schedule = named}), HasSubstr("\n  rcu1\n"));
  const Trace again = Record(execution, named, *FindPolicy("full-mm"), *FindArch("x86"));
  EXPECT_EQ(again.result.trace_hash, trace.result.trace_hash);
}

TEST(Rcu, IsJudgedAtTheFree) {
  const std::string early = "order\n cpu0 until call_rcu(0)\n rcu0\n rest\n";
  const std::string late = "order\n cpu0 until done\n rest\n";
  const Ran broken(Two(early), "table-before-flush");
  EXPECT_EQ(broken.verdict(), "freed-table-cached");
  EXPECT_EQ(broken.violation().cpu, 0);
  EXPECT_EQ(broken.violation().holder, 1);
  EXPECT_EQ(Ran(Two(late), "table-before-flush").verdict(), "none") << "the flush came in time";
}

// Memory may be short as long as RCU has tables; nothing is lost.
TEST(Rcu, TablesThatPileUpAreAllFreedAtTheEnd) {
  std::string program;
  for (int i = 0; i < 6; ++i)
    program += " map 0..64 rw\n write 3\n write 20\n write 60\n munmap 0..64\n";
  const Ran ran("rcu\ncpu0\n" + program + "order\n cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.mm().table_frames, 1);
  EXPECT_EQ(ran.world().callbacks.count, 0);
}

TEST(Rcu, EveryStrategyFreesAll) {
  Execution execution;
  int freed = 0;
  for (uint64_t seed = 1; seed <= 600; ++seed) {
    Random random(seed);
    Schedule schedule = SmallProgram(random);
    schedule.rcu = true;
    Canonicalize(schedule);
    schedule.tail = {.kind = static_cast<Tail::Kind>(1 + seed % (kTailKinds - 1)),
                     .seed = static_cast<uint32_t>(seed)};
    for (const char* arch : {"x86", "arm64"}) {
      const RunResult result = execution.Execute(schedule, *FindPolicy("full-mm"), *FindArch(arch));
      EXPECT_TRUE(result.clean()) << PrintText({.schedule = schedule});
      EXPECT_EQ(execution.world().callbacks.count, 0);
    }
    StepNames names;
    execution.Execute(schedule, *FindPolicy("full-mm"), *FindArch("x86"), {.observer = &names});
    for (const std::string& step : names.steps) freed += step.find("rcu_free") != step.npos;
  }
  EXPECT_GT(freed, 100);
}

// --- The form ---

std::string Expected(const char* text) {
  return std::get<TextError>(ParseText(text, nullptr)).expected;
}

TEST(Rcu, RoundTripsThroughTextAndBytes) {
  ScheduleFile file =
      FromText(Two("cpu1\n munmap 16..17\norder\n cpu0 until call_rcu(0)\n"
                   " rcu0\n cpu0 until done\n rcu1\n rest\n"));
  const std::string text = PrintText(file);
  EXPECT_THAT(text, HasSubstr("\nrcu\n"));
  EXPECT_THAT(text, HasSubstr("\n  rcu0\n"));
  EXPECT_EQ(PrintText(FromText(text)), text);
  for (const int cpus : {2, 3, 8}) {
    file.schedule.cpus = cpus;
    Schedule decoded;
    EXPECT_EQ(DecodeBytes(EncodeBytes(file.schedule, 3), decoded), 3);
    EXPECT_EQ(decoded, file.schedule);
  }
  Schedule switches = FromText(Two("cpu1\n switch mm1\n")).schedule;
  for (switches.asids = kNoAsids; switches.asids <= kMaxFreeAsids; ++switches.asids) {
    Schedule decoded;
    DecodeBytes(EncodeBytes(switches, 1), decoded);
    EXPECT_EQ(decoded, switches) << switches.asids;
  }
}

TEST(Rcu, IsOfOneMemoryModel) {
  EXPECT_THAT(Expected("gatherfuzz 1\nmemory weak\nrcu\n"),
              HasSubstr("no 'rcu' under 'memory weak'"));
  EXPECT_THAT(Expected("gatherfuzz 1\nrcu\nmemory tso\n"),
              HasSubstr("no 'rcu' under 'memory tso'"));
  EXPECT_THAT(Expected("gatherfuzz 1\ncpu0\n dontneed 0..1\norder\n rcu0\n rest\n"),
              HasSubstr("a line 'rcu'"));
}

}  // namespace
}  // namespace gatherfuzz
