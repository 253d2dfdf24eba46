// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A busy wait: a livelock if no order of the others can end it, and no turn of it is without end.
#include <gtest/gtest.h>

#include "harness/cause.h"
#include "harness/search/strategy.h"
#include "harness/trace.h"
#include "tests/spinning.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr std::string_view kOverlap = R"(
    cpus 2
    init
      map 0..2 rw
      present 0..2
    cpu0
      dontneed 0..1
    cpu1
      dontneed 0..1
)";

// Both gathers are live before either finishes.
constexpr std::string_view kBothLive = R"(
    order
      cpu0 until pending_inc
      cpu1 until done
      rest
)";
constexpr std::string_view kOneByOne = R"(
    order
      cpu0 until done
      cpu1 until done
      rest
)";

std::vector<Tail::Kind> AllTails() {
  std::vector<Tail::Kind> kinds;
  for (const StrategyInfo& info : Strategies()) kinds.push_back(info.kind);
  return kinds;
}

Schedule Drawn(Tail::Kind kind, uint64_t seed) {
  Schedule schedule = FromText(std::string(kOverlap) + "order\n cpu0 until pending_inc\n").schedule;
  schedule.order.push_back({.kind = Run::Kind::kUntilPoint,
                            .agent = CpuAgent(MakeCpu(1)),
                            .point = Point::pending_inc,
                            .count = 1});
  schedule.tail = {.kind = kind, .seed = static_cast<uint32_t>(seed)};
  return schedule;
}

// --- The two sides of the line ---

TEST(Livelock, TwoFinishersThatSpinForEachOther) {
  const std::string text = std::string(kOverlap) + std::string(kBothLive);
  for (const std::string_view arch : {"x86", "arm64"}) {
    const RunResult result = Result(FromText(text).schedule, "test-spins-before", arch);
    EXPECT_EQ(Info(result.violation.kind).name, "livelock") << arch;
    EXPECT_STREQ(result.violation.detail, "pending_read");
    EXPECT_EQ(result.violation.cpu, 0);
    EXPECT_EQ(result.looking, 3);
    EXPECT_LT(result.steps, 500u);
  }
}

TEST(Livelock, ASpinThatAnotherThreadEndsIsNone) {
  EXPECT_EQ(Verdict(std::string(kOverlap) + std::string(kBothLive), "test-spins-after", "x86"),
            "none");
  EXPECT_EQ(Verdict(std::string(kOverlap) + std::string(kOneByOne), "test-spins-before", "x86"),
            "none");
}

TEST(Livelock, ASpinThatEndsByItselfIsNone) {
  EXPECT_EQ(Verdict(std::string(kOverlap) + std::string(kBothLive), "test-gives-up", "x86"),
            "none");
}

TEST(Livelock, IsFoundInAnyTail) {
  for (const Tail::Kind kind : AllTails()) {
    for (uint64_t seed = 0; seed < 40; ++seed) {
      const Schedule schedule = Drawn(kind, seed);
      const std::string_view name = Info(kind).name;
      EXPECT_EQ(Verdict(schedule, "test-spins-before", "x86"), "livelock") << name << " " << seed;
      EXPECT_EQ(Verdict(schedule, "test-spins-wide", "x86"), "livelock") << name << " " << seed;
      EXPECT_EQ(Verdict(schedule, "test-spins-after", "x86"), "none") << name << " " << seed;
      EXPECT_EQ(Verdict(schedule, "test-gives-up", "x86"), "none") << name << " " << seed;
    }
  }
}

TEST(Livelock, EndsTheRunAlsoIfItIsIgnored) {
  EXPECT_EQ(Verdict(std::string(kOverlap) + std::string(kBothLive), "test-spins-before", "x86",
                    {.ignored = Bit(ViolationKind::kLivelock)}),
            "livelock");
}

// Each round changes the state, so what the other would find depends on the order: no verdict.
TEST(Livelock, RoundsThatChangeTheStateAreNotJudgedIfThereAreOthers) {
  const std::string verdict =
      Verdict(std::string(kOverlap) + std::string(kBothLive), "test-spins-locked", "x86");
  EXPECT_EQ(verdict, "limit");
}

TEST(Livelock, ASpinThatNeverRecursComesToTheLimit) {
  const RunResult result = Result(FromText(std::string(kOverlap) + std::string(kBothLive)).schedule,
                                  "test-never-again", "x86");
  EXPECT_TRUE(result.limit);
  EXPECT_EQ(result.steps, kStepLimit);
}

// --- Every turn is bounded ---

TEST(StepLimit, HoldsInAnyTail) {
  for (const Tail::Kind kind : AllTails()) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      const RunResult result = Result(Drawn(kind, seed), "test-never-again", "x86");
      EXPECT_TRUE(result.limit) << Info(kind).name;
      EXPECT_EQ(result.steps, kStepLimit) << Info(kind).name;
    }
  }
}

// --- What is said of it ---

TEST(Livelock, IsNamedAfterWhatTheyLookAt) {
  Execution execution;
  for (const Tail::Kind kind : AllTails()) {
    const Schedule schedule = Drawn(kind, 7);
    const Trace trace = Record(execution, schedule, Spinning("test-spins-wide"), *FindArch("x86"));
    EXPECT_EQ(Signature(schedule, trace), "livelock+pending_read") << Info(kind).name;
  }
}

TEST(Livelock, NamedSwitchesMakeTheSameRun) {
  Execution execution;
  for (const Tail::Kind kind : AllTails()) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Schedule schedule = Drawn(kind, seed);
      const Policy& policy = Spinning("test-spins-before");
      const Trace trace = Record(execution, schedule, policy, *FindArch("x86"));
      const Schedule named = NameSwitches(schedule, trace);
      const RunResult again = execution.Execute(named, policy, *FindArch("x86"));
      EXPECT_EQ(again.violation.kind, ViolationKind::kLivelock);
      if (named.order.size() < kMaxRuns) {
        EXPECT_EQ(again.trace_hash, trace.result.trace_hash) << Info(kind).name << " " << seed;
      }
    }
  }
}

TEST(Livelock, AReusedExecutionMakesTheSameRun) {
  Execution used;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Schedule schedule = Drawn(Tail::Kind::kPct, seed);
    Execution fresh;
    const Policy& policy = Spinning(seed % 2 == 0 ? "test-spins-before" : "test-spins-after");
    EXPECT_EQ(used.Execute(schedule, policy, *FindArch("arm64")).trace_hash,
              fresh.Execute(schedule, policy, *FindArch("arm64")).trace_hash);
  }
}

}  // namespace
}  // namespace gatherfuzz
