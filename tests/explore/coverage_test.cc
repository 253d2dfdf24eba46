// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Coverage: all there is to see, held against every order one by one; and what orders see of it.
#include "explore/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "explore/preemption.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::atomic<bool> kNever = false;
constexpr uint64_t kEnough = 1'000'000;
constexpr AgentId kCpu0 = CpuAgent(MakeCpu(0));
constexpr AgentId kWalk0 = WalkerAgent(MakeCpu(0));

Coverage CoverageOf(const Schedule& schedule, std::string_view policy) {
  return *Coverage::Make(schedule, *FindPolicy(policy), *FindArch("x86"), 0, kEnough, kNever);
}

void Follow(Coverage& coverage, const Schedule& schedule, std::string_view policy) {
  coverage.BeginExecution();
  Result(schedule, policy, "x86", {.observer = &coverage});
}

// One step of each: the page table is in the walk cache, and page 1 in the TLB.
Schedule TwoSteps(const std::string& order) {
  return FromText(R"(
cpus 1
init
  map 0..4 rw
  present 1..3
  cached cpu0 1..2
cpu0
  read 1
walk0
  fill 2
order
)" + order)
      .schedule;
}

const StepPair kAccessLast{{kWalk0, 0, Point::walk_pte, 2}, {kCpu0, 0, Point::access, 1}};
const StepPair kWalkLast{kAccessLast.second, kAccessLast.first};

MATCHER_P2(Is, seen, all, "") {
  *result_listener << arg.seen << " of " << arg.all;
  return arg.seen == static_cast<uint64_t>(seen) && arg.all == static_cast<uint64_t>(all);
}

TEST(Coverage, OfTwoStepsIsFourStatesAndTwoPairs) {
  Coverage coverage = CoverageOf(TwoSteps("  rest\n"), "own-range");
  EXPECT_THAT(coverage.States(), Is(0, 4));
  EXPECT_THAT(coverage.Pairs(), Is(0, 2));
  EXPECT_THAT(coverage.StatesByPreemptions(), ElementsAre(Is(0, 4)));
  EXPECT_THAT(coverage.MissedPairs(), ElementsAre(kWalkLast, kAccessLast));
}

TEST(Coverage, OfOneOrderIsItsOwnStatesAndPairs) {
  Coverage coverage = CoverageOf(TwoSteps("  rest\n"), "own-range");
  Follow(coverage, TwoSteps("  cpu0 1\n  walk0 1\n"), "own-range");
  EXPECT_THAT(coverage.States(), Is(3, 4));
  EXPECT_THAT(coverage.Pairs(), Is(1, 2));
  EXPECT_THAT(coverage.MissedPairs(), ElementsAre(kAccessLast));
  Follow(coverage, TwoSteps("  cpu0 1\n  walk0 1\n"), "own-range");
  EXPECT_THAT(coverage.States(), Is(3, 4));
  EXPECT_THAT(coverage.Pairs(), Is(1, 2));
  Follow(coverage, TwoSteps("  walk0 1\n  cpu0 1\n"), "own-range");
  EXPECT_THAT(coverage.States(), Is(4, 4));
  EXPECT_THAT(coverage.Pairs(), Is(2, 2));
  EXPECT_THAT(coverage.MissedPairs(), IsEmpty());
}

// Every order, step by step, no two states merged.
class EveryOrder {
 public:
  EveryOrder(const Schedule& schedule, std::string_view policy, Coverage& coverage)
      : coverage_(coverage) {
    stepper_->Begin(schedule, *FindPolicy(policy), *FindArch("x86"));
    GoOn(kNoAction, 0, {});
  }

  std::map<Key, int> states;  // and the fewest preemptions on the way there
  std::set<StepPair> pairs;
  int orders = 0;

 private:
  void GoOn(Action last, int preemptions, StepName before) {
    const Key key = writer_->KeyOf(*stepper_);
    const auto [at, added] = states.try_emplace(key, preemptions);
    at->second = std::min(at->second, preemptions);
    const Actions able = stepper_->Able();
    if (able.empty()) Feed();
    for (Actions rest = able; !rest.empty(); GoBack()) {
      const Action action = rest.TakeFirst();
      const PendingStep step = stepper_->Next(action);
      const StepName name{AgentOf(action), static_cast<int8_t>(stepper_->LineOf(action)),
                          step.point, step.page};
      const bool same_cpu = CpuOf(name.agent) == CpuOf(before.agent);
      if (!path_.empty() && name.agent != before.agent &&
          Conflict({before.point, before.page}, step, same_cpu)) {
        pairs.insert({before, name});
      }
      path_.push_back(action);
      names_.push_back(name);
      if (stepper_->Step(action)) {
        GoOn(LastAfter(last, action), preemptions + Preempts(last, able, action), name);
      } else {
        Feed();
      }
      path_.pop_back();
      names_.pop_back();
    }
  }
  void GoBack() {
    stepper_->Restart();
    for (const Action action : path_) stepper_->Step(action);
  }
  void Feed() {
    ++orders;
    coverage_.BeginExecution();
    for (const StepName& name : names_) {
      coverage_.OnStep({.agent = name.agent, .point = name.point, .page = name.page},
                       stepper_->world());
    }
  }

  Coverage& coverage_;
  const std::unique_ptr<Stepper> stepper_ = std::make_unique<Stepper>();
  const std::unique_ptr<StateWriter> writer_ = std::make_unique<StateWriter>();
  Path path_;
  std::vector<StepName> names_;
};

TEST(Coverage, OfEveryOrderIsAllThereIs) {
  const auto programs = [](const std::string& init) {
    return FromText("cpus 1\ninit\n  map 0..4 rw\n  present 2..3\n" + init +
                    "cpu0\n  dontneed 2..3\n  dontneed 2..3\nwalk0\n  fill 2\n")
        .schedule;
  };
  // The second may be violated. The third always is, so that nothing comes right after that.
  const std::pair<const char*, Schedule> cases[] = {{"own-range", programs("")},
                                                    {"canary", programs("")},
                                                    {"canary", programs("  cached cpu0 2..3\n")}};
  for (const auto& [policy, schedule] : cases) {
    Coverage coverage = CoverageOf(schedule, policy);
    const EveryOrder every(schedule, policy, coverage);
    EXPECT_GE(every.orders, 10);
    const std::set<StepPair> none;
    EXPECT_THAT(coverage.States(), Is(every.states.size(), every.states.size()));
    EXPECT_THAT(coverage.Pairs(), Is(every.pairs.size(), every.pairs.size()));
    EXPECT_THAT(coverage.MissedPairs(), IsEmpty());

    const Coverage unseen = CoverageOf(schedule, policy);
    const std::vector<StepPair> missed = unseen.MissedPairs();
    EXPECT_EQ(std::set(missed.begin(), missed.end()), every.pairs);
    std::vector<uint64_t> by_preemptions;
    for (const auto& [key, preemptions] : every.states) {
      by_preemptions.resize(std::max(by_preemptions.size(), static_cast<size_t>(preemptions) + 1));
      ++by_preemptions[static_cast<size_t>(preemptions)];
    }
    const std::vector<Share> shares = unseen.StatesByPreemptions();
    ASSERT_EQ(shares.size(), by_preemptions.size());
    for (size_t i = 0; i < shares.size(); ++i) EXPECT_THAT(shares[i], Is(0, by_preemptions[i]));
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
walk1
  fill 2
)";

TEST(Coverage, GrowsWithEachStrategyAndNamesWhatTellsMostFirst) {
  Schedule schedule = FromText(kMail).schedule;
  Coverage coverage = CoverageOf(schedule, "own-range");
  uint64_t states = 0, pairs = 0;
  for (const StrategyInfo& strategy : Strategies()) {
    for (uint32_t seed = 1; seed <= 100; ++seed) {
      schedule.tail = {strategy.kind, seed};
      Follow(coverage, schedule, "own-range");
    }
    EXPECT_GT(coverage.States().seen, states) << strategy.name;
    EXPECT_GE(coverage.Pairs().seen, pairs) << strategy.name;
    states = coverage.States().seen;
    pairs = coverage.Pairs().seen;
  }
  EXPECT_LT(states, coverage.States().all);
  const std::vector<StepPair> missed = coverage.MissedPairs();
  EXPECT_EQ(missed.size(), coverage.Pairs().all - pairs);
  for (size_t i = 1; i < missed.size(); ++i) {
    EXPECT_GE(missed[i - 1].telling(), missed[i].telling());
    if (missed[i - 1].telling() == missed[i].telling()) EXPECT_LT(missed[i - 1], missed[i]);
  }
}

TEST(Coverage, IsNotGivenIfThereIsTooMuch) {
  const Schedule schedule = FromText(kMail).schedule;
  const auto make = [&](uint64_t most_states) {
    return Coverage::Make(schedule, *FindPolicy("own-range"), *FindArch("x86"), 0, most_states,
                          kNever);
  };
  EXPECT_FALSE(make(100));
  EXPECT_TRUE(make(kEnough));
}

}  // namespace
}  // namespace gatherfuzz
