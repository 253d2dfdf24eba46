// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The engine of `gatherfuzz search`: the same for any number of threads, and what it counts is so.
#include "explore/search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/prober.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

SearchSettings Settings(std::string_view policy, std::string_view arch, std::string_view strategy) {
  return {.policy = FindPolicy(policy),
          .arch = FindArch(arch),
          .strategy = FindStrategy(strategy),
          .executions = 10000};
}

SearchResult SearchAll(const SearchSettings& settings) {
  const std::atomic<bool> stop{false};
  return Search(settings, stop, [](const SearchResult&) {});
}

Schedule Mail() {
  return FromText(R"(
      cpus 2
      init
        map 0..4 rw
        present 1..4
        cached cpu1 2..3
      cpu0
        dontneed 1..3
      cpu1
        dontneed 2..4
      order
        cpu0 until done
        rest
  )")
      .schedule;
}

// Two walkers of three steps each: 20 orders.
Schedule Walkers() {
  return FromText(R"(
      cpus 2
      init
        map 0..32 rw
        present 0..1
        present 16..17
      walk0
        fill 0
      walk1
        fill 16
  )")
      .schedule;
}

TEST(Search, IsTheSameForAnyNumberOfThreads) {
  const Schedule mail = Mail();
  for (const bool keep_going : {false, true}) {
    for (const Schedule* schedule : {static_cast<const Schedule*>(nullptr), &mail}) {
      SearchSettings settings = Settings("own-range", "arm64", "pos");
      settings.schedule = schedule;
      settings.keep_going = keep_going;
      settings.seed = 5;
      const SearchResult one = SearchAll(settings);
      ASSERT_TRUE(one.first);
      EXPECT_EQ(one.executions, keep_going ? 10000 : *one.first + 1);
      for (const int jobs : {2, 5}) {
        settings.jobs = jobs;
        const SearchResult more = SearchAll(settings);
        EXPECT_EQ(more.first, one.first);
        EXPECT_EQ(more.executions, one.executions);
        EXPECT_EQ(more.distinct, one.distinct);
        EXPECT_EQ(more.steps, one.steps);
        EXPECT_EQ(more.hits, one.hits);
      }
    }
  }
}

TEST(Search, IsWhatItsExecutionsAreOneByOne) {
  SearchSettings settings = Settings("need-flush-all", "arm64", "pct");
  settings.executions = 3000;
  settings.keep_going = true;
  settings.seed = 9;
  std::array<uint64_t, kViolationCount> hits{};
  std::set<uint64_t> hashes;
  std::optional<uint64_t> first;
  uint64_t steps = 0;
  for (uint64_t i = 0; i < settings.executions; ++i) {
    const Schedule schedule = ScheduleOfExecution(settings, i);
    EXPECT_TRUE(schedule.order.empty());
    const RunResult run = Result(schedule, "need-flush-all", "arm64");
    ++hits[static_cast<size_t>(run.violation.kind)];
    hashes.insert(run.trace_hash);
    steps += run.steps;
    if (!first && !run.clean()) first = i;
  }
  const SearchResult result = SearchAll(settings);
  EXPECT_EQ(result.hits, hits);
  EXPECT_EQ(result.distinct, hashes.size());
  EXPECT_FALSE(result.distinct_at_least);
  EXPECT_EQ(result.steps, steps);
  EXPECT_EQ(result.first, first);
}

TEST(Search, TakesTheProgramsOfASchedule) {
  const Schedule mail = Mail();
  SearchSettings settings = Settings("own-range", "x86", "pct");
  settings.schedule = &mail;
  const Schedule third = ScheduleOfExecution(settings, 2);
  EXPECT_EQ(third.program, mail.program);
  EXPECT_EQ(third.init, mail.init);
  EXPECT_TRUE(third.order.empty()) << "its order is not used";
  EXPECT_EQ(third.tail.kind, Tail::Kind::kPct);
  Schedule plain = mail;
  plain.order.clear();
  EXPECT_EQ(third.tail.steps, Result(plain, "own-range", "x86", {.ignored = ~0u}).steps);
  EXPECT_NE(third.tail.seed, ScheduleOfExecution(settings, 3).tail.seed);
  settings.seed = 1;
  EXPECT_NE(third.tail.seed, ScheduleOfExecution(settings, 2).tail.seed);
}

TEST(Search, StopsWhenItIsToldTo) {
  SearchSettings settings = Settings("full-mm", "x86", "uniform");
  settings.executions = 1'000'000'000;
  std::atomic<bool> stop{false};
  const SearchResult result = Search(settings, stop, [&](const SearchResult& so_far) {
    if (so_far.executions > 5000) stop = true;
  });
  EXPECT_TRUE(result.stopped);
  EXPECT_GT(result.executions, 5000u);
  EXPECT_LT(result.executions, 100'000u);
  EXPECT_FALSE(result.first);
}

// The probabilities of all orders of a uniform walk from `order` on.
void OrdersFrom(Prober& prober, std::vector<AgentId>& order, double p, std::vector<double>& all) {
  const std::vector<ProbedStep> able = prober.After(order);
  if (able.empty()) all.push_back(p);
  for (const ProbedStep& next : able) {
    order.push_back(next.agent);
    OrdersFrom(prober, order, p / static_cast<double>(able.size()), all);
    order.pop_back();
  }
}

// So many runs that one of the orders is missed with a probability below 10^-6.
uint64_t RunsToSeeAll(const std::vector<double>& all) {
  for (uint64_t runs = 16;; runs += runs / 4) {
    double missed = 0;
    for (const double p : all) missed += std::pow(1 - p, static_cast<double>(runs));
    if (missed < 1e-6) return runs;
  }
}

void ExpectEachOrderSeen(const Schedule& schedule, size_t count) {
  Prober prober(schedule, *FindPolicy("full-mm"), *FindArch("x86"));
  std::vector<AgentId> order;
  std::vector<double> all;
  OrdersFrom(prober, order, 1, all);
  EXPECT_EQ(all.size(), count);
  SearchSettings settings = Settings("full-mm", "x86", "uniform");
  settings.schedule = &schedule;
  settings.executions = RunsToSeeAll(all);
  ASSERT_LT(settings.executions, 200'000u);
  EXPECT_EQ(SearchAll(settings).distinct, count);
}

TEST(Distinct, IsEachOrderThatThereIsAndNoOther) {
  ExpectEachOrderSeen(Walkers(), 20);
  // Two calls that find nothing to unmap, beside a walk. The first one returns at any of 4 places
  // among the steps of the second; either is first. If the second comes when the lock is free,
  // there are 84 ways to put the walk in; if it queues, it makes one step more, and there are 120.
  const Schedule calls = FromText(R"(
      cpus 2
      init
        map 0..4 rw
        present 1..2
      cpu0
        munmap 8..9
      cpu1
        munmap 9..10
      walk0
        fill 1
  )")
                             .schedule;
  ExpectEachOrderSeen(calls, 2 * 4 * (84 + 120));
}

// Of two random programs, few have the same run: what little there is repeats those of a few steps.
TEST(Distinct, RandomProgramsHardlyRepeat) {
  for (const StrategyInfo& info : Strategies()) {
    SearchSettings settings = Settings("full-mm", "x86", info.name);
    settings.executions = 20000;
    const SearchResult result = SearchAll(settings);
    std::set<uint64_t> long_ones;
    uint64_t long_count = 0;
    for (uint64_t i = 0; i < 2000; ++i) {
      const RunResult run = Result(ScheduleOfExecution(settings, i), "full-mm", "x86");
      if (run.steps < 40) continue;
      ++long_count;
      long_ones.insert(run.trace_hash);
    }
    EXPECT_GT(long_count, 1200u) << info.name;
    EXPECT_EQ(long_ones.size(), long_count) << info.name;
    EXPECT_GE(result.distinct, settings.executions * 97 / 100) << info.name;
  }
}

TEST(Wilson, IsTheScoreInterval) {
  // Of published tables: 10 of 20 is 0.299 to 0.701; 0 of 10 is 0 to 0.278.
  EXPECT_NEAR(WilsonInterval(10, 20).low, 0.2993, 0.0001);
  EXPECT_NEAR(WilsonInterval(10, 20).high, 0.7007, 0.0001);
  EXPECT_EQ(WilsonInterval(0, 10).low, 0);
  EXPECT_NEAR(WilsonInterval(0, 10).high, 0.2775, 0.0001);
  EXPECT_EQ(WilsonInterval(0, 0).high, 1);
}

}  // namespace
}  // namespace gatherfuzz
