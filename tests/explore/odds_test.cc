// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Odds, held against every order of tiny programs, one by one, and against real executions.
#include "explore/odds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <string>

#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;
constexpr uint64_t kEnough = 100'000'000;

struct Subject {
  Subject(std::string_view text, std::string_view policy_name, std::string_view arch_name)
      : schedule(FromText(text).schedule),
        policy(*FindPolicy(policy_name)),
        arch(*FindArch(arch_name)) {}

  DrawnGraph Graph() const { return *DrawnGraph::Make(schedule, policy, arch, 0, kEnough, kNever); }
  uint32_t StepsOfPlainRun() const {
    return std::make_unique<Execution>()->Execute(schedule, policy, arch, {.ignored = ~0u}).steps;
  }

  Schedule schedule;
  const Policy& policy;
  const Arch& arch;
};

// --- Every order, one by one ---

// A run: who made each step, and who could have.
struct Order {
  struct Step {
    AgentId agent{};
    uint32_t able = 0;
  };
  std::vector<Step> steps;
  ViolationKind kind = ViolationKind::kNone;
};

// Makes orders step by step, each state anew.
class Plain {
 public:
  explicit Plain(const Subject& subject) {
    stepper_->Begin(subject.schedule, subject.policy, subject.arch);
  }

  void Begin() {
    stepper_->Restart();
    order_ = {};
  }
  // The agents that can move, as a mask; 0 when the order is at its end.
  uint32_t Able() {
    if (order_.kind != ViolationKind::kNone) return 0;
    uint32_t able = 0;
    for (Actions actions = stepper_->Able(); !actions.empty();) {
      able |= 1u << Index(AgentOf(actions.TakeFirst()));
    }
    if (able == 0 && !stepper_->Judge()) order_.kind = stepper_->violation().kind;
    return able;
  }
  void Step(AgentId agent, uint32_t able) {
    order_.steps.push_back({agent, able});
    Action action = ActionOf(agent);
    if (KindOf(agent) == AgentKind::kInvalidation) {
      const CpuId cpu = CpuOf(agent);
      action = Delivery(cpu, stepper_->world().at(cpu).deliveries.issuers[0]);
    }
    if (!stepper_->Step(action)) order_.kind = stepper_->violation().kind;
  }
  const Order& order() const { return order_; }

 private:
  const std::unique_ptr<Stepper> stepper_ = std::make_unique<Stepper>();
  Order order_;
};

void ForEachOrder(const Subject& subject, const std::function<void(const Order&)>& callback) {
  Plain plain(subject);
  std::vector<uint32_t> left;  // by step: who is still to be tried there
  do {
    plain.Begin();
    for (size_t i = 0;; ++i) {
      const uint32_t able = plain.Able();
      if (able == 0) break;
      if (i == left.size()) left.push_back(able);
      plain.Step(AgentId(std::countr_zero(left[i])), able);
    }
    callback(plain.order());
    while (!left.empty() && (left.back() &= left.back() - 1) == 0) left.pop_back();
  } while (!left.empty());
}

Chance ByRandom(const Order& order) {
  Chance chance = 1;
  for (const Order::Step& step : order.steps) chance /= std::popcount(step.able);
  return chance;
}

Chance OfLength(int steps) {
  Chance chance = 0;
  for (const int most : {2, 4, 8, 16, 32}) chance += steps <= most ? Chance{1} / most / 5 : 0;
  return chance;
}

// Over all ways to cut the order into runs.
Chance ByRuns(const Order& order) {
  const auto& steps = order.steps;
  const int count = static_cast<int>(steps.size());
  std::vector<Chance> begins(steps.size() + 1);  // that a run begins with that step
  begins[0] = 1;
  for (int i = 0; i < count; ++i) {
    const Chance drawn = begins[i] / std::popcount(steps[i].able);
    for (int end = i + 1; end <= count; ++end) {
      if (steps[end - 1].agent != steps[i].agent) break;
      const bool can_go_on = end < count && (steps[end].able >> Index(steps[i].agent) & 1) != 0;
      for (int length = end - i; length <= (can_go_on ? end - i : 32); ++length) {
        begins[end] += drawn * OfLength(length);
      }
    }
  }
  return begins[count];
}

Odds OverAllOrders(const Subject& subject, Chance (*chance)(const Order&)) {
  Odds odds;
  ForEachOrder(subject, [&](const Order& order) {
    odds.of[static_cast<size_t>(order.kind)] += chance(order);
  });
  return odds;
}

// One order, from priorities (of `agents`, highest first) and drops: after so many steps, by place.
ViolationKind RunPct(Plain& plain, const std::vector<int>& agents, const std::vector<int>& drops) {
  std::array<int, kMaxAgents> priority{};
  for (size_t i = 0; i < agents.size(); ++i) priority[agents[i]] = 100 - static_cast<int>(i);
  plain.Begin();
  for (int made = 1;; ++made) {
    const uint32_t able = plain.Able();
    if (able == 0) return plain.order().kind;
    int mover = std::countr_zero(able);
    for (const int agent : agents) {
      if ((able >> agent & 1) != 0 && priority[agent] > priority[mover]) mover = agent;
    }
    plain.Step(AgentId(mover), able);
    for (size_t place = 0; place < drops.size(); ++place) {
      if (drops[place] == made) priority[mover] = static_cast<int>(place);
    }
  }
}

// All orders of priorities, with all drops.
Odds OverAllPriorities(const Subject& subject, std::vector<int> agents, int depth, int steps) {
  Odds odds;
  Plain plain(subject);
  Chance runs = 0;
  do {
    std::vector<int> drops(static_cast<size_t>(depth - 1), 1);
    for (bool more = true; more; ++runs) {
      odds.of[static_cast<size_t>(RunPct(plain, agents, drops))] += 1;
      more = false;
      for (int& after : drops) {
        if (more = ++after <= steps; more) break;
        after = 1;
      }
    }
  } while (std::next_permutation(agents.begin(), agents.end()));
  for (Chance& chance : odds.of) chance /= runs;
  return odds;
}

std::vector<int> AgentsOf(const DrawnGraph& graph) {
  std::vector<int> agents;
  for (int i = 0; i < kMaxAgents; ++i) {
    if ((graph.AgentsFrom(DrawnGraph::kStart) >> i & 1) != 0) agents.push_back(i);
  }
  return agents;
}

void ExpectSame(const Odds& got, const Odds& expected) {
  for (size_t kind = 0; kind < got.of.size(); ++kind) {
    EXPECT_NEAR(static_cast<double>(got.of[kind]), static_cast<double>(expected.of[kind]), 1e-14)
        << kViolations[kind].name;
  }
}

// Clears a page that its CPU's walker reads, or that another CPU's thread does.
constexpr std::string_view kWalker = R"(
cpus 1
init
  map 0..4 rw
  present 2..3
cpu0
  dontneed 2..3
walk0
  fill 2
)";
// The walk caches know the page table, so that a fill is one step, as is an access.
constexpr std::string_view kTwoWalkers = R"(
cpus 2
init
  map 0..4 rw
  present 1..3
  cached cpu0 1..2
  cached cpu1 1..2
cpu0
  dontneed 2..3
walk0
  fill 2
walk1
  fill 2
)";
constexpr std::string_view kReader = R"(
cpus 2
init
  map 0..4 rw
  present 1..3
  cached cpu1 1..2
cpu0
  dontneed 2..3
cpu1
  read 2
)";
// The zap may stop before its second page, and go on before or after the fill.
constexpr std::string_view kDetour = R"(
cpus 1
init
  map 0..4 rw
  present 2..4
  cached cpu0 3..4
cpu0
  dontneed 2..4
walk0
  fill 2
)";
std::vector<Subject> Tiny() {
  return {{kWalker, "canary", "x86"},
          {kDetour, "canary", "x86"},
          {kWalker, "mask-at-gather", "x86"},
          {kTwoWalkers, "canary", "arm64"},
          {kReader, "canary", "x86"}};
}

TEST(Odds, OfARandomWalkAreThoseOfItsOrdersOneByOne) {
  for (const Subject& subject : Tiny()) {
    ExpectSame(OddsOfRandom(subject.Graph()), OverAllOrders(subject, ByRandom));
  }
}

TEST(Odds, OfRunsAreThoseOfItsOrdersOneByOne) {
  for (const Subject& subject : Tiny()) {
    ExpectSame(OddsOfRuns(subject.Graph()), OverAllOrders(subject, ByRuns));
  }
}

TEST(Odds, OfPctAreThoseOfAllPrioritiesAndDrops) {
  for (const Subject& subject : Tiny()) {
    const DrawnGraph graph = subject.Graph();
    for (const auto& [depth, steps] : {std::pair{2, 20}, {3, 15}, {4, 7}, {5, 4}, {6, 3}}) {
      SCOPED_TRACE(depth);
      const auto odds = OddsOfPct(graph, depth, static_cast<uint32_t>(steps), kEnough, kNever);
      ASSERT_TRUE(odds);
      ExpectSame(*odds, OverAllPriorities(subject, AgentsOf(graph), depth, steps));
    }
  }
}

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
// The same of one page, which leaves a zap no place to stop.
constexpr std::string_view kOnePage = R"(
cpus 2
init
  map 0..4 rw
  present 1..4
  cached cpu1 2..3
cpu0
  dontneed 2..3
cpu1
  dontneed 2..3
)";
// Both CPUs walk for themselves, too.
const std::string kMailAndWalkers = std::string(kMail) + R"(
walk0
  fill 2
walk1
  fill 2
)";
// A page table goes; the third CPU's thread begins with a lock that it may not get.
constexpr std::string_view kTables = R"(
cpus 3
init
  map 0..4 rw
  map 16..20 rw
  present 0..2
  present 16..17
cpu0
  munmap 0..4
cpu1
  dontneed 16..17
cpu2
  munmap 16..20
walk1
  fill 1
)";
// The last page of a wide range is cleared just before it is flushed.
std::string Needle(int width) {
  const std::string last = std::to_string(width - 1) + ".." + std::to_string(width);
  const std::string all = "0.." + std::to_string(width);
  return "cpus 2\ninit\n  map " + all + " rw\n  present " + all + "\n  cached cpu1 " + last +
         "\ncpu0\n  dontneed " + all + "\ncpu1\n  dontneed " + last + "\n";
}

TEST(Odds, OfPctAreThoseOfAllPrioritiesAndDropsForTwoCpus) {
  const auto expect_same = [](const Subject& subject, int depth, int steps) {
    const DrawnGraph graph = subject.Graph();
    const auto odds = OddsOfPct(graph, depth, static_cast<uint32_t>(steps), kEnough, kNever);
    ASSERT_TRUE(odds);
    ExpectSame(*odds, OverAllPriorities(subject, AgentsOf(graph), depth, steps));
  };
  const Subject one_page(kOnePage, "own-range", "x86");
  expect_same(one_page, 2, 36);
  expect_same(one_page, 3, 36);
  // Drops often come after one step, and agents are dropped again.
  expect_same({Needle(1), "own-range", "x86"}, 4, 18);
}

TEST(Odds, AreExactWhereNoSamplingGets) {
  const Subject subject(Needle(60), "own-range", "x86");
  const DrawnGraph graph = subject.Graph();
  std::vector<Chance> from(graph.states());  // the other way round: of a violation from there on
  for (auto state = graph.states(); state-- > 0;) {
    const auto edges = graph.EdgesOf(state);
    for (const DrawnGraph::Edge& edge : edges) {
      from[state] += edge.kind == ViolationKind::kNone ? from[edge.to] : 1;
    }
    if (!edges.empty()) from[state] /= static_cast<Chance>(edges.size());
  }
  const Chance odds = OddsOfRandom(graph).violation();
  EXPECT_GT(odds, 1e-82L);
  EXPECT_LT(odds, 1e-79L);
  EXPECT_NEAR(static_cast<double>(odds / from[DrawnGraph::kStart]), 1, 1e-12);
}

TEST(Odds, AreNoneWhereNoOrderViolates) {
  const DrawnGraph graph = Subject(kMail, "full-mm", "x86").Graph();
  const auto pct = OddsOfPct(graph, 3, 36, kEnough, kNever);
  ASSERT_TRUE(pct);
  for (const Odds& odds : {OddsOfRandom(graph), OddsOfRuns(graph), *pct}) {
    EXPECT_EQ(odds.violation(), 0);
    EXPECT_NEAR(static_cast<double>(odds.of[0]), 1, 1e-15);
  }
}

TEST(Odds, AreNotGivenIfTheyWouldTakeTooMuch) {
  const Subject subject(kMail, "own-range", "x86");
  const std::atomic<bool> stop = true;
  const auto make = [&](uint64_t most_states, const std::atomic<bool>& asked) {
    return DrawnGraph::Make(subject.schedule, subject.policy, subject.arch, 0, most_states, asked);
  };
  EXPECT_FALSE(make(100, kNever));
  EXPECT_FALSE(make(kEnough, stop));
  const DrawnGraph graph = *make(kEnough, kNever);
  EXPECT_FALSE(OddsOfPct(graph, 4, 36, 1000, kNever));
  EXPECT_FALSE(OddsOfPct(graph, 4, 36, kEnough, stop));
}

// Its thread goes on before its flush is delivered; an Execution then asks nobody who is higher.
TEST(Odds, OfPctAreNotGivenForAThreadThatGoesOnUndelivered) {
  const DrawnGraph graph = Subject(kMail, "dec-before-delivery", "x86").Graph();
  EXPECT_TRUE(graph.goes_on_undelivered());
  EXPECT_FALSE(OddsOfPct(graph, 2, 36, kEnough, kNever));
  EXPECT_FALSE(Subject(kMail, "own-range", "x86").Graph().goes_on_undelivered());
}

// --- Real executions ---

struct Measured {
  std::array<int, kViolationCount> of{};
  int executions = 0;
};

// With seeds that leave `rest` when divided by 5, which is what pct takes its depth from; -1: any.
Measured Measure(const Subject& subject, Tail tail, int rest) {
  static const auto execution = std::make_unique<Execution>();
  Measured measured{.executions = kFibersCanGoBack ? 200'000 : 20'000};
  Schedule schedule = subject.schedule;
  execution->Load(schedule);
  Random random(2019);
  for (int i = 0; i < measured.executions; ++i) {
    tail.seed = static_cast<uint32_t>(random.Next() >> 32);
    if (rest >= 0) tail.seed = tail.seed / 5 * 5 + static_cast<uint32_t>(rest);
    const RunResult result = execution->RunLoaded(subject.policy, subject.arch, {0, tail});
    ++measured.of[static_cast<size_t>(result.violation.kind)];
  }
  return measured;
}

// Each kind within four standard deviations, or so few that they are as likely.
void ExpectAgrees(const Measured& measured, const Odds& odds) {
  for (size_t kind = 0; kind < odds.of.size(); ++kind) {
    const double p = static_cast<double>(odds.of[kind]), n = measured.executions;
    EXPECT_NEAR(measured.of[kind], n * p, 4 * std::sqrt(n * p * (1 - p)) + (n * p < 1 ? 4 : 0))
        << kViolations[kind].name;
    if (p == 0) EXPECT_EQ(measured.of[kind], 0) << kViolations[kind].name;
  }
}

class MeasuredOdds
    : public testing::TestWithParam<std::tuple<std::string, const char*, const char*>> {
 protected:
  const Subject subject_{std::get<0>(GetParam()), std::get<1>(GetParam()), std::get<2>(GetParam())};
  const DrawnGraph graph_ = subject_.Graph();
};

TEST_P(MeasuredOdds, OfARandomWalk) {
  ExpectAgrees(Measure(subject_, {Tail::Kind::kUniform}, -1), OddsOfRandom(graph_));
}
TEST_P(MeasuredOdds, OfRuns) {
  ExpectAgrees(Measure(subject_, {Tail::Kind::kRuns}, -1), OddsOfRuns(graph_));
}
TEST_P(MeasuredOdds, OfPct) {
  const uint32_t steps = subject_.StepsOfPlainRun();
  const int most = graph_.states() > 10'000 ? 4 : kMostPctDepth;  // else it takes seconds
  for (int depth = kLeastPctDepth; depth <= most; ++depth) {
    SCOPED_TRACE(depth);
    const auto odds = OddsOfPct(graph_, depth, steps, kEnough, kNever);
    ASSERT_TRUE(odds);
    const Tail tail{Tail::Kind::kPct, 0, static_cast<uint16_t>(steps)};
    ExpectAgrees(Measure(subject_, tail, depth - 2), *odds);
  }
}
INSTANTIATE_TEST_SUITE_P(All, MeasuredOdds,
                         testing::Values(std::tuple{kMail, "own-range", "x86"},
                                         std::tuple{kMail, "sync-before-dec", "x86"},
                                         std::tuple{kMail, "need-flush-all", "arm64"},
                                         std::tuple{kMailAndWalkers, "own-range", "arm64"},
                                         std::tuple{kTables, "need-flush-all", "x86"},
                                         std::tuple{Needle(4), "own-range", "x86"},
                                         std::tuple{kMailAndWalkers, "full-mm", "x86"}));

}  // namespace
}  // namespace gatherfuzz
