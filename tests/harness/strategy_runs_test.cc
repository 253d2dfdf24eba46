// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Strategies in real runs: probabilities of violations, PCT's bound, windows that get narrower,
// strict priorities, and nothing odd over many random schedules.
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "harness/bytes.h"
#include "harness/random.h"
#include "tests/prober.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr std::string_view kMail = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4
      cached cpu1 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
)";

// How many of `count` orders, with seeds first, first + stride, ..., end in a violation.
int Hits(Schedule schedule, std::string_view policy, std::string_view arch, Tail tail, int count,
         uint32_t stride = 1) {
  int hits = 0;
  for (int i = 0; i < count; ++i, tail.seed += stride) {
    schedule.tail = tail;
    hits += Result(schedule, policy, arch).violation.kind != ViolationKind::kNone;
  }
  return hits;
}

double SixSigma(int n, double p) { return 6 * std::sqrt(n * p * (1 - p)); }

// All that a uniform walk can do from `order` on, to its ends.
double ViolationProbability(Prober& prober, std::vector<AgentId>& order, int& ends) {
  if (prober.Run(order, nullptr) != ViolationKind::kNone) return ++ends, 1;
  const std::vector<ProbedStep> able = prober.After(order);
  if (able.empty()) return ++ends, 0;
  double p = 0;
  for (const ProbedStep& next : able) {
    order.push_back(next.agent);
    p += ViolationProbability(prober, order, ends) / static_cast<double>(able.size());
    order.pop_back();
  }
  return p;
}

TEST(UniformWalk, FindsAViolationAsOftenAsItsWholeDecisionTreeSays) {
  Schedule schedule = FromText(R"(
      cpus 2
      init
        map 0..4 rw
        present 2..3
        cached cpu1 2..3
      cpu0
        dontneed 2..3
      cpu1
        dontneed 2..3
      order
        cpu0 7
        cpu1 4
  )")
                          .schedule;
  std::vector<AgentId> order(7, CpuAgent(MakeCpu(0)));
  order.resize(7 + 4, CpuAgent(MakeCpu(1)));
  Prober prober(schedule, *FindPolicy("own-range"), *FindArch("x86"));
  int ends = 0;
  const double p = ViolationProbability(prober, order, ends);
  RecordProperty("ends", ends);
  RecordProperty("probability", std::to_string(p));
  EXPECT_GT(ends, 500);
  EXPECT_GT(p, 0.01);
  EXPECT_LT(p, 0.5);
  constexpr int kExecutions = 100000;
  const int hits = Hits(schedule, "own-range", "x86", {Tail::Kind::kUniform, 1}, kExecutions);
  EXPECT_NEAR(hits, kExecutions * p, SixSigma(kExecutions, p))
      << "p = " << p << " of " << ends << " ends";
}

TEST(Pct, KeepsItsBoundOnTheMailsRace) {
  Schedule schedule = FromText(kMail).schedule;
  const uint32_t steps = Result(schedule, "own-range", "x86", {.ignored = ~0u}).steps;
  constexpr int kExecutions = 20000;
  for (uint32_t d = 2; d <= 4; ++d) {
    // Two CPUs and the deliveries to each. Depth 2, so deeper drops are at least no harm.
    const double bound = 1 / (4.0 * std::pow(steps, d - 1));
    const int hits = Hits(schedule, "own-range", "x86",
                          {Tail::Kind::kPct, d - 2, static_cast<uint16_t>(steps)}, kExecutions, 5);
    EXPECT_GE(hits, kExecutions * bound - SixSigma(kExecutions, bound)) << "depth " << d;
    EXPECT_GE(hits, kExecutions / 20) << "far above the bound, as others have measured";
  }
}

// CPU 0 zaps `width` pages, and CPU 1 looks at the last of them between its PTE and its flush.
Schedule Needle(int width) {
  const std::string all = "0.." + std::to_string(width);
  const std::string last = std::to_string(width - 1) + ".." + std::to_string(width);
  return FromText("cpus 2\n batch 8\n init\n map 0..64 rw\n present " + all + "\n cached cpu1 " +
                  last + "\n cpu0\n dontneed " + all + "\n cpu1\n dontneed " + last + "\n")
      .schedule;
}

TEST(Needle, UniformDiesWhereOthersStayFlat) {
  constexpr int kExecutions = 4000;
  const auto hits = [](int width, Tail::Kind kind) {
    const uint32_t steps = Result(Needle(width), "own-range", "x86", {.ignored = ~0u}).steps;
    return Hits(Needle(width), "own-range", "x86",
                {kind, 1, kind == Tail::Kind::kPct ? static_cast<uint16_t>(steps) : uint16_t{0}},
                kExecutions);
  };
  using enum Tail::Kind;
  for (const Tail::Kind kind : {kUniform, kSurw}) {
    EXPECT_GT(hits(1, kind), 100);
    EXPECT_EQ(hits(17, kind), 0) << Info(kind).name;
  }
  EXPECT_GT(hits(1, kRuns), 500);
  EXPECT_EQ(hits(33, kRuns), 0);
  EXPECT_GT(hits(49, kPos), 5);
  // PCT falls with the length of the run; landmark does not.
  for (const int width : {5, 17, 49}) {
    const uint32_t steps = Result(Needle(width), "own-range", "x86", {.ignored = ~0u}).steps;
    EXPECT_GT(hits(width, kPct), 2 * kExecutions / (4 * steps)) << width;
  }
  EXPECT_GT(hits(49, kPct), 30);
  EXPECT_GT(hits(49, kLandmark), 150);
  EXPECT_GT(hits(49, kLandmark), hits(5, kLandmark) / 4);
  EXPECT_GT(hits(49, kLandmark), 2 * hits(49, kPct));
}

Schedule RandomSchedule(uint64_t seed, Tail::Kind kind) {
  Random random(seed);
  std::array<uint8_t, 64> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next() >> 40);
  Schedule schedule;
  DecodeBytes(bytes, schedule);
  schedule.order.clear();
  schedule.tail = {.kind = kind, .seed = static_cast<uint32_t>(random.Next())};
  return schedule;
}

// With all drops after the first step, priorities do not change any more: who moved before another
// that could have moved never waits for it later.
TEST(Pct, PrioritiesAreStrict) {
  int compared = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Schedule schedule = RandomSchedule(seed, Tail::Kind::kPct);
    schedule.tail.steps = 1;
    OrderOf observer;
    const RunResult result = Result(schedule, "sync-finish", "arm64", {.observer = &observer});
    if (observer.steps.size() > 300 || !result.clean()) continue;
    Prober prober(schedule, *FindPolicy("sync-finish"), *FindArch("arm64"));
    std::vector<AgentId> order;
    bool above[kMaxAgents][kMaxAgents] = {};
    for (const ProbedStep& step : observer.steps) {
      const std::vector<ProbedStep> able =
          order.empty() ? std::vector<ProbedStep>{} : prober.After(order);
      for (const ProbedStep& other : able) {
        if (other.agent == step.agent) continue;
        ++compared;
        above[Index(step.agent)][Index(other.agent)] = true;
        ASSERT_FALSE(above[Index(other.agent)][Index(step.agent)])
            << "seed " << seed << ", step " << order.size() + 1 << ": " << AgentName(step.agent)
            << " moved, and " << AgentName(other.agent) << " could have";
      }
      order.push_back(step.agent);
    }
  }
  EXPECT_GT(compared, 5000);
}

TEST(Strategies, EndInAllPoliciesAndFindNothingInSafeOnes) {
  static Execution execution;
  for (const StrategyInfo& info : Strategies()) {
    for (uint64_t seed = 0; seed < 2000; ++seed) {
      const Schedule schedule = RandomSchedule(seed, info.kind);
      execution.Load(schedule);
      for (const Policy* policy : Policies()) {
        for (const Arch* arch : Archs()) {
          const RunResult result = execution.RunLoaded(*policy, *arch);
          ASSERT_FALSE(result.limit) << info.name << " " << policy->name() << " " << seed;
          if (!policy->SafeOn(arch->name())) continue;
          ASSERT_TRUE(result.clean()) << info.name << " " << policy->name() << " " << seed << ": "
                                      << Info(result.violation.kind).name;
        }
      }
    }
  }
}

TEST(Strategies, AreFunctionsOfTheSeed) {
  const Policy& policy = *FindPolicy("full-mm");
  const Arch& arch = *FindArch("x86");
  const auto used = std::make_unique<Execution>();
  const Schedule mail = FromText(kMail).schedule;
  for (const StrategyInfo& info : Strategies()) {
    const auto fresh = std::make_unique<Execution>();
    std::set<uint64_t> hashes;
    for (uint32_t seed = 0; seed < 200; ++seed) {
      Schedule schedule = mail;
      schedule.tail = {.kind = info.kind, .seed = seed};
      const uint64_t hash = used->Execute(schedule, policy, arch).trace_hash;
      EXPECT_EQ(fresh->Execute(schedule, policy, arch).trace_hash, hash);
      EXPECT_EQ(used->Execute(schedule, policy, arch).trace_hash, hash);
      hashes.insert(hash);
    }
    EXPECT_GT(hashes.size(), 60u) << info.name;
  }
}

}  // namespace
}  // namespace gatherfuzz
