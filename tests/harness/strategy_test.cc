// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Each strategy against the distribution that its definition gives, worked out here in another way:
// all choices of a small case, each with its probability.
#include "harness/search/strategy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "harness/search/estimate.h"
#include "tests/prober.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using Programs = std::vector<std::vector<PendingStep>>;  // of agents 0, 1, ...; nothing blocks
using Order = std::string;                               // 'a' moves, then 'b', ...
using Distribution = std::map<Order, double>;

// --- What strategies do: on programs alone, and in an execution ---

struct PendingSteps {
  std::array<PendingStep, kMaxCpus> pending_{};
};

class Toy final : private PendingSteps, public Situation {
 public:
  explicit Toy(const Programs& programs)
      : Situation(pending_.data()), programs_(programs), at_(programs.size()) {}

  Order Run(Strategy& strategy, const Schedule& schedule, const Tail& tail) {
    Order order;
    strategy.Begin(schedule, tail);
    unspent = 0;
    while (SetRunnable()) {
      const Move move = strategy.Next(*this);
      unspent = move.steps;
      const auto agent = static_cast<size_t>(Index(move.agent));
      EXPECT_NE(runnable >> agent & 1, 0u);
      while (unspent != 0 && at_[agent] < programs_[agent].size()) {
        last = programs_[agent][at_[agent]].point;
        unspent -= move.counted == nullptr || Has(*move.counted, last);
        ++at_[agent];
        order += static_cast<char>('a' + agent);
      }
    }
    return order;
  }

 private:
  bool SetRunnable() {
    runnable = 0;
    for (size_t i = 0; i < programs_.size(); ++i) {
      const bool left = at_[i] < programs_[i].size();
      runnable |= static_cast<uint32_t>(left) << i;
      pending_[i] = left ? programs_[i][at_[i]] : PendingStep{};
    }
    return runnable != 0;
  }
  PendingStep PendingOfOther(AgentId) const override { return {}; }  // there are threads only

  const Programs& programs_;
  std::vector<size_t> at_;
};

// Seeds first, first + stride, ...
struct Seeds {
  int count;
  uint32_t first = 0, stride = 1;
};

std::map<Order, int> Draw(Tail::Kind kind, const Programs& programs, Seeds seeds,
                          uint16_t steps = 0, const Schedule& schedule = {}) {
  std::map<Order, int> counts;
  const auto strategy = Info(kind).make();
  for (int i = 0; i < seeds.count; ++i) {
    const Tail tail{kind, seeds.first + static_cast<uint32_t>(i) * seeds.stride, steps};
    ++counts[Toy(programs).Run(*strategy, schedule, tail)];
  }
  return counts;
}

// Two walkers, three steps each, in different parts of the tree.
std::map<Order, int> DrawWalks(Tail::Kind kind, Seeds seeds, uint16_t steps = 0) {
  Schedule schedule = FromText(R"(
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
  std::map<Order, int> counts;
  for (int i = 0; i < seeds.count; ++i) {
    schedule.tail = {kind, seeds.first + static_cast<uint32_t>(i) * seeds.stride, steps};
    OrderOf observer;
    Result(schedule, "full-mm", "x86", {.observer = &observer});
    Order order;
    for (const AgentId agent : observer.Agents()) {
      order += agent == WalkerAgent(MakeCpu(0)) ? 'a' : 'b';
    }
    ++counts[order];
  }
  return counts;
}

// By chance, one in 10^9 fails, times the number of orders.
void ExpectDistribution(const std::map<Order, int>& counts, const Distribution& exact) {
  double total = 0, sum = 0;
  for (const auto& [order, count] : counts) {
    EXPECT_TRUE(exact.contains(order)) << order << " cannot be";
    total += count;
  }
  for (const auto& [order, p] : exact) {
    sum += p;
    const auto it = counts.find(order);
    const double count = it == counts.end() ? 0 : it->second;
    EXPECT_NEAR(count, total * p, 1 + 6 * std::sqrt(total * p * (1 - p))) << order;
  }
  EXPECT_NEAR(sum, 1, 1e-9);
}

Programs Quiet(std::initializer_list<size_t> lengths) {
  Programs programs;
  for (const size_t length : lengths) programs.emplace_back(length, PendingStep{Point::fault, 0});
  return programs;
}

// --- The definitions ---

void Walk(const Programs& programs, const Order& order, double p, Distribution& exact) {
  std::vector<char> able;
  for (size_t i = 0; i < programs.size(); ++i) {
    const char agent = static_cast<char>('a' + i);
    const auto made = static_cast<size_t>(std::count(order.begin(), order.end(), agent));
    if (made < programs[i].size()) able.push_back(agent);
  }
  if (able.empty()) exact[order] += p;
  for (const char agent : able) Walk(programs, order + agent, p / double(able.size()), exact);
}

// Algorithm of the paper: drop i of the d - 1, numbered as they were drawn, comes after step k_i
// and leaves its thread with priority d - i; threads begin above.
Order PctRun(const Programs& programs, std::vector<int> priority, const std::vector<int>& k) {
  Order order;
  std::vector<size_t> at(programs.size());
  const int d = static_cast<int>(k.size()) + 1;
  for (;;) {
    int best = -1;
    for (size_t i = 0; i < programs.size(); ++i) {
      if (at[i] == programs[i].size()) continue;
      if (best < 0 || priority[i] > priority[static_cast<size_t>(best)]) best = int(i);
    }
    if (best < 0) return order;
    ++at[static_cast<size_t>(best)];
    order += static_cast<char>('a' + best);
    for (int i = 1; i < d; ++i) {
      if (k[static_cast<size_t>(i - 1)] != int(order.size())) continue;
      priority[static_cast<size_t>(best)] = d - i;
    }
  }
}

Distribution PctExact(const Programs& programs, int d, int steps) {
  Distribution exact;
  std::vector<int> priority(programs.size());
  std::iota(priority.begin(), priority.end(), d);
  double total = 0;
  do {
    std::vector<int> k(static_cast<size_t>(d - 1), 1);
    for (size_t digit = 0; digit < k.size();) {
      exact[PctRun(programs, priority, k)] += 1;
      ++total;
      for (digit = 0; digit < k.size() && ++k[digit] > steps; ++digit) k[digit] = 1;
    }
  } while (std::next_permutation(priority.begin(), priority.end()));
  for (auto& [order, p] : exact) p /= total;
  return exact;
}

// Of two agents: every order of the values that can be drawn is as likely as any other.
Distribution PosExact(const Programs& programs, size_t draws_each) {
  Distribution exact;
  std::vector<int> value(2 * draws_each);
  std::iota(value.begin(), value.end(), 0);
  double total = 0;
  do {
    size_t at[2] = {}, draw[2] = {};
    Order order;
    while (at[0] < programs[0].size() || at[1] < programs[1].size()) {
      size_t best = at[0] < programs[0].size() ? 0 : 1;
      const bool both = best == 0 && at[1] < programs[1].size();
      if (both && value[draws_each + draw[1]] > value[draw[0]]) best = 1;
      const size_t other = 1 - best;
      if (both && Conflict(programs[best][at[best]], programs[other][at[other]], false)) {
        ++draw[other];
      }
      ++at[best], ++draw[best];
      order += static_cast<char>('a' + best);
    }
    EXPECT_LE(std::max(draw[0], draw[1]), draws_each);
    exact[order] += 1;
    ++total;
  } while (std::next_permutation(value.begin(), value.end()));
  for (auto& [order, p] : exact) p /= total;
  return exact;
}

// --- The tests ---

TEST(Uniform, IsTheUniformWalk) {
  for (const Programs& programs : {Quiet({3, 3}), Quiet({2, 1, 2}), Quiet({5, 1})}) {
    Distribution exact;
    Walk(programs, "", 1, exact);
    ExpectDistribution(Draw(Tail::Kind::kUniform, programs, {40000}), exact);
  }
  Distribution walks;
  Walk(Quiet({3, 3}), "", 1, walks);
  EXPECT_EQ(walks.size(), 20u);
  ExpectDistribution(DrawWalks(Tail::Kind::kUniform, {20000}), walks);
}

TEST(Pct, IsThePapersForEachDepth) {
  for (const Programs& programs : {Quiet({3, 3}), Quiet({2, 2, 2})}) {
    for (uint32_t d = 2; d <= 5; ++d) {
      SCOPED_TRACE(d);
      ExpectDistribution(Draw(Tail::Kind::kPct, programs, {40000, d - 2, 5}, 6),
                         PctExact(programs, int(d), 6));
    }
  }
  for (uint32_t d = 2; d <= 4; ++d) {
    ExpectDistribution(DrawWalks(Tail::Kind::kPct, {20000, d - 2, 5}, 6),
                       PctExact(Quiet({3, 3}), int(d), 6));
  }
}

TEST(Pct, SpreadsItsDropsOverTheStepsItIsTold) {
  // Told of 12, half of the drops come after the end.
  ExpectDistribution(Draw(Tail::Kind::kPct, Quiet({3, 3}), {40000, 0, 5}, 12),
                     PctExact(Quiet({3, 3}), 2, 12));
}

TEST(Pos, IsThePapersWithoutRaces) {
  ExpectDistribution(Draw(Tail::Kind::kPos, Quiet({3, 3}), {40000}), PosExact(Quiet({3, 3}), 3));
  ExpectDistribution(DrawWalks(Tail::Kind::kPos, {20000}), PosExact(Quiet({3, 3}), 3));
}

TEST(Pos, DrawsAnewWhatRacesWithTheStepThatWasMade) {
  const PendingStep quiet{Point::fault, 0}, clear{Point::pte_clear, 1}, read{Point::pte_read, 1};
  const Programs race = {{quiet, clear, quiet}, {quiet, read, quiet}};
  const Distribution exact = PosExact(race, 4);
  double difference = 0;
  for (const auto& [order, p] : PosExact(Quiet({3, 3}), 3)) {
    difference += std::abs(p - exact.at(order));
  }
  ASSERT_GT(difference, 0.05) << "the race tells";
  ExpectDistribution(Draw(Tail::Kind::kPos, race, {100000}), exact);
  const Programs elsewhere = {{quiet, clear, quiet}, {quiet, {Point::pte_read, 2}, quiet}};
  ExpectDistribution(Draw(Tail::Kind::kPos, elsewhere, {40000}), PosExact(Quiet({3, 3}), 3));
}

TEST(Surw, IsUniformOverTheOrdersOfTellingSteps) {
  const PendingStep quiet{Point::walk_pud, 0}, telling{Point::walk_pte, 0};
  const Schedule schedule = FromText(R"(
      cpus 2
      init
        map 0..4 rw
      cpu0
        map 4..5 rw
        map 5..6 rw
        map 6..7 rw
      cpu1
        map 7..8 rw
        map 8..9 rw
  )")
                                .schedule;
  ASSERT_EQ(ExpectedTellingSteps(schedule)[0], 3);
  ASSERT_EQ(ExpectedTellingSteps(schedule)[1], 2);
  // The projection on telling steps: 10 orders, whatever comes between and after.
  const Programs programs = {{quiet, telling, telling, quiet, telling, quiet},
                             {quiet, quiet, telling, quiet, telling}};
  std::map<Order, int> counts;
  std::map<Order, int> whole = Draw(Tail::Kind::kSurw, programs, {400000}, 0, schedule);
  for (const auto& [order, count] : whole) {
    size_t at[2] = {};
    Order projection;
    for (const char agent : order) {
      const auto i = static_cast<size_t>(agent - 'a');
      if (programs[i][at[i]++].point == Point::walk_pte) projection += agent;
    }
    counts[projection] += count;
  }
  Distribution exact;
  Order order = "aaabb";
  do exact[order] = 0.1;
  while (std::next_permutation(order.begin(), order.end()));
  ExpectDistribution(counts, exact);
  EXPECT_EQ(whole.size(), 462u) << "of 11 over 5: every order stays possible";
}

TEST(Landmark, DropsOnlyAfterTellingSteps) {
  // Without any, it is a random order of whole programs.
  const Distribution whole = {{"aaabbb", 0.5}, {"bbbaaa", 0.5}};
  ExpectDistribution(Draw(Tail::Kind::kLandmark, Quiet({3, 3}), {20000}), whole);
  const PendingStep quiet{Point::fault, 0}, clear{Point::pte_clear, 1};
  const Programs telling = {{quiet, clear, quiet}, {quiet, quiet, quiet}};
  const std::map<Order, int> counts = Draw(Tail::Kind::kLandmark, telling, {20000});
  EXPECT_EQ(counts.size(), 3u);
  EXPECT_GT(counts.at("aabbba"), 200);
}

TEST(Estimate, IsMostlyNoLessThanTheRunAndNotFarAbove) {
  const Schedule schedule = FromText(R"(
      cpus 2
      init
        map 0..8 rw
        present 0..8
      cpu0
        munmap 0..6
      cpu1
        dontneed 2..8
  )")
                                .schedule;
  const uint32_t steps = Result(schedule, "full-mm", "x86").steps;
  EXPECT_GE(ExpectedSteps(schedule), steps);
  EXPECT_LE(ExpectedSteps(schedule), 2 * steps);
}

}  // namespace
}  // namespace gatherfuzz
