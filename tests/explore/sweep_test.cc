// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Sweeps: what they add up is what a plain loop adds up, with any number of threads, and however
// often they are interrupted.
#include "explore/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kBounds =
    "pages=2 kinds=munmap,dontneed; cpus=3 ops=2 pages=1 kinds=dontneed";

ProgramList List(std::string_view text) {
  auto list = ProgramList::Parse(text);
  const auto* wrong = std::get_if<std::string>(&list);
  EXPECT_EQ(wrong, nullptr) << *wrong;
  return std::get<ProgramList>(std::move(list));
}

std::string WhatIsWrongWith(std::string_view text) {
  auto list = ProgramList::Parse(text);
  const auto* wrong = std::get_if<std::string>(&list);
  return wrong == nullptr ? "" : *wrong;
}

SweepSettings Settings(const char* policy, const char* arch, bool to_first = true) {
  return {.each = {.policy = FindPolicy(policy), .arch = FindArch(arch), .to_first = to_first}};
}

Checkpoint SweepAll(const ProgramList& programs, const SweepSettings& settings) {
  const std::atomic<bool> never = false;
  Checkpoint checkpoint;
  EXPECT_EQ(Sweep(programs, settings, checkpoint, never), Stop::kNo);
  EXPECT_THAT(checkpoint.ahead, SizeIs(0));
  return checkpoint;
}

TEST(ProgramListTest, IsItsPartsOneAfterTheOther) {
  const ProgramList list = List(" pages=2 walkers=1 ;\n cpus=3 ops=2 pages=1 kinds=dontneed");
  const ProgramList first = List("pages=2 walkers=1");
  const ProgramList second = List("cpus=3 ops=2 pages=1 kinds=dontneed");
  ASSERT_THAT(list.parts(),
              ElementsAre(Field(&ProgramList::Part::given, "pages=2 walkers=1"),
                          Field(&ProgramList::Part::given, "cpus=3 ops=2 pages=1 kinds=dontneed")));
  ASSERT_EQ(list.size(), first.size() + second.size());
  EXPECT_EQ(list.At(first.size() - 1), first.At(first.size() - 1));
  EXPECT_EQ(list.At(first.size()), second.At(0));
  EXPECT_EQ(list.At(list.size() - 1), second.At(second.size() - 1));
  EXPECT_EQ(list.PartOf(first.size()).given, "cpus=3 ops=2 pages=1 kinds=dontneed");
  EXPECT_EQ(list.before_symmetry(), first.before_symmetry() + second.before_symmetry());
  EXPECT_EQ(List(list.Print()).Print(), list.Print());
}

TEST(ProgramListTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhatIsWrongWith("pages=2;pages=9"), HasSubstr("pages=9: expected"));
  EXPECT_THAT(WhatIsWrongWith("tiny"), HasSubstr("tiny: expected"));
}

TEST(ProgramListTest, NamesLists) {
  for (const NamedBounds& named : AllNamedBounds()) {
    EXPECT_EQ(List(named.name).Print(), List(named.bounds).Print()) << named.name;
  }
}

// What a sweep of a policy must come to, by a loop over Explore().
SweepTotals PlainLoop(const ProgramList& programs, const SweepSettings& settings) {
  SweepTotals totals;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    const ExploreResult one = Explore(programs.At(i), settings.each);
    ++totals.programs;
    ++totals.explored;
    totals.states += one.states;
    totals.steps += one.steps;
    totals.executions += one.executions;
    totals.overtaken = std::max(totals.overtaken, one.overtaken);
    if (one.states > totals.largest) {
      totals.largest = one.states;
      totals.largest_program = i;
    }
    for (size_t kind = 1; kind < one.violations.size(); ++kind) {
      totals.by_kind[kind] += one.violations[kind] != 0 ? 1 : 0;
    }
    if (!one.violated()) continue;
    ++totals.broken;
    if (!totals.first) totals.first = i;
    if (settings.each.to_first) break;
  }
  return totals;
}

TEST(SweepTest, AddsUpWhatALoopAddsUp) {
  const ProgramList programs = List(kBounds);
  for (const char* policy : {"full-mm", "reset-range", "sync-before-dec"}) {
    for (const bool to_first : {true, false}) {
      const SweepSettings settings = Settings(policy, "arm64", to_first);
      EXPECT_EQ(SweepAll(programs, settings).totals, PlainLoop(programs, settings)) << policy;
    }
  }
}

TEST(SweepTest, IsTheSameForAnyNumberOfThreads) {
  const ProgramList programs = List(kBounds);
  for (const int price_runs : {0, 2}) {
    for (const char* policy : {"full-mm", "own-range", "reset-range"}) {
      SweepSettings settings = Settings(policy, "arm64");
      settings.price_runs = price_runs;
      const Checkpoint alone = SweepAll(programs, settings);
      for (const int jobs : {2, 7}) {
        settings.each.jobs = jobs;
        EXPECT_EQ(SweepAll(programs, settings), alone) << policy << ", " << jobs;
      }
    }
  }
}

TEST(SweepTest, IsTheSameWhenThreadsTakeProgramsAtOnce) {
  const ProgramList programs = List("pages=3 walkers=1");
  SweepSettings settings = Settings("own-range", "x86");
  settings.price_runs = 1;  // of all programs behind the first few there is nothing else
  const Checkpoint alone = SweepAll(programs, settings);
  settings.each.jobs = 8;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(SweepAll(programs, settings), alone);
}

// Sweeps to the end in many parts. What is gone on with is what the sweep left; or, if it is
// `killed`, as by kill -9, what it saved some time before that.
Checkpoint SweepInParts(const ProgramList& programs, SweepSettings settings, bool killed,
                        int& parts) {
  settings.save_every = 0;
  Checkpoint checkpoint;
  for (;; ++parts) {
    settings.each.jobs = 1 + parts % 3;
    std::atomic<bool> stop = false;
    int ticks = 0;
    Checkpoint saved = checkpoint;
    const Stop stopped = Sweep(
        programs, settings, checkpoint, stop,
        [&](const Checkpoint& now) {
          if (ticks == 0) saved = now;
          return true;
        },
        [&](const SweepProgress&) { stop = ++ticks > (killed ? 1 : 0); });
    if (stopped == Stop::kNo) return checkpoint;
    EXPECT_EQ(stopped, Stop::kAsked);
    if (killed) checkpoint = saved;
  }
}

TEST(SweepTest, GoesOnFromWhereItWas) {
  const ProgramList programs = List("pages=2 walkers=1; pages=3 walkers=0");
  int parts = 0;
  for (const bool killed : {false, true}) {
    for (const bool to_first : {true, false}) {
      SweepSettings settings = Settings("reset-range", "arm64", to_first);
      settings.each.reduce = false;  // to have time enough
      settings.price_runs = to_first ? 100 : 1;
      EXPECT_EQ(SweepInParts(programs, settings, killed, parts), SweepAll(programs, settings));
    }
  }
  EXPECT_GT(parts, 4);
}

TEST(SweepTest, CountsProgramsThatReachALimit) {
  const ProgramList programs = List("pages=2 walkers=1");
  SweepSettings settings = Settings("full-mm", "x86");
  uint64_t above = 0;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    above += Explore(programs.At(i), settings.each).states > 300 ? 1 : 0;
  }
  settings.each.limits.states = 300;
  const SweepTotals totals = SweepAll(programs, settings).totals;
  EXPECT_GT(totals.incomplete, 0u);
  EXPECT_LE(totals.incomplete, above);
  EXPECT_EQ(totals.explored, programs.size());
}

// A thread's share of the memory is not what a program is held to.
TEST(SweepTest, IsTheSameWhenThreadsShareTheMemory) {
  const ProgramList programs = List("pages=2 walkers=2 kinds=munmap,dontneed");
  SweepSettings settings = Settings("full-mm", "x86");
  settings.each.jobs = 1;
  settings.each.limits.bytes = 600'000;
  const Checkpoint alone = SweepAll(programs, settings);
  settings.each.jobs = 4;
  EXPECT_EQ(SweepAll(programs, settings).totals, alone.totals);
  settings.each.limits.bytes /= 4;
  settings.each.jobs = 1;
  EXPECT_GT(SweepAll(programs, settings).totals.incomplete, alone.totals.incomplete);
}

TEST(SweepTest, StopsAtItsLimitOfSeconds) {
  SweepSettings settings = Settings("full-mm", "x86");
  settings.each.limits.seconds = 0.01;
  const std::atomic<bool> never = false;
  Checkpoint checkpoint;
  EXPECT_EQ(Sweep(List("pages=4 walkers=2"), settings, checkpoint, never), Stop::kSeconds);
  EXPECT_GT(checkpoint.totals.programs, 0u);
}

TEST(PriceTest, IsOverTheSameRunsForEveryPolicy) {
  const ProgramList programs = List("pages=1 walkers=1; pages=2 walkers=0 kinds=dontneed");
  std::set<uint64_t> invalidations;
  for (const Policy* policy : Policies()) {
    SweepSettings settings = Settings(std::string(policy->name()).c_str(), "x86");
    settings.price_runs = 3;
    const Price price = SweepAll(programs, settings).totals.price;
    EXPECT_EQ(price.runs, 3 * programs.size()) << policy->name();
    EXPECT_EQ(price.deadlocks != 0, policy->name() == "sync-before-dec") << policy->name();
    EXPECT_GT(price.calls, price.runs) << policy->name();
    EXPECT_GE(price.invalidations, price.whole) << policy->name();
    invalidations.insert(price.invalidations);
  }
  EXPECT_GT(invalidations.size(), 2u);
}

}  // namespace
}  // namespace gatherfuzz
