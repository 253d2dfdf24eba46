// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Stepping is what an execution does: a walk as an order makes the same trace and the same end, and
// so does an execution as a walk; and who can move is who moves when asked to.
#include "explore/stepper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "explore/key.h"
#include "tests/explore/walks.h"
#include "tests/prober.h"

namespace gatherfuzz {
namespace {

// One run for each action.
Schedule AsOrder(const Schedule& programs, const Path& path) {
  Schedule schedule = programs;
  schedule.order.clear();
  schedule.tail = {};
  for (const Action action : path) {
    Run run{.agent = AgentOf(action)};
    if (IsDelivery(action)) {
      run.kind = Run::Kind::kUntilPoint;
      run.point = Point::deliver;
      run.page = static_cast<int8_t>(Index(IssuerOf(action)));
    }
    if (IsLate(action)) run.kind = Run::Kind::kLate;
    if (IsOld(action)) {
      run.kind = Run::Kind::kOld;
      run.count = static_cast<uint16_t>(OldOf(action));
    }
    if (!schedule.order.push_back(run)) std::abort();
  }
  return schedule;
}

// Before its first step a thread notes what its call is and, from kernel 6.17 on, what its gather's
// caller announces, which nobody else sees: in an execution when it is first tried, in a stepper at
// once.
World WithoutCallsNotBegun(World world, const Path& path) {
  for (int i = 0; i < world.cpu_count; ++i) {
    const Action thread = ActionOf(CpuAgent(MakeCpu(i)));
    const bool begun = std::any_of(path.begin(), path.end(),
                                   [&](Action action) { return MoverOf(action) == thread; });
    if (begun) continue;
    world.at(MakeCpu(i)).call.kind = CallKind::kNone;
    world.at(MakeCpu(i)).gather = MmuGather{};
  }
  return world;
}

// What is seen on the way and at the end of a walk.
struct Seen {
  std::set<ViolationKind> kinds;
  PointMask points = 0;
  int walks = 0, deliveries_out_of_order = 0;
};

class StepperTest : public ::testing::Test {
 protected:
  void Note(Action action) {
    seen_.points |= MaskOf(stepper_.Next(action).point);
    if (!IsDelivery(action)) return;
    const DeliveryQueue& queue = stepper_.world().at(TargetOf(action)).deliveries;
    seen_.deliveries_out_of_order += queue.issuers[0] != IssuerOf(action);
  }

  // Makes the steps, and judges the end; as clean as it can be, or the violation.
  Violation Follow(const Path& path) {
    for (size_t i = 0; i < path.size(); ++i) {
      EXPECT_TRUE(stepper_.Able(path[i])) << "at step " << i;
      if (HasFailure()) return {};
      Note(path[i]);
      if (stepper_.Step(path[i])) continue;
      EXPECT_EQ(i + 1, path.size());
      return stepper_.violation();
    }
    EXPECT_TRUE(stepper_.Able().empty());
    return stepper_.Judge() ? Violation{} : stepper_.violation();
  }

  // What is left of a walk and of an execution is the same.
  void ExpectSame(const Path& path, const Violation& violation, const RunResult& run) {
    EXPECT_EQ(Text(violation), Text(run.violation));
    EXPECT_EQ(path.size(), run.steps);
    EXPECT_EQ(stepper_.steps(), run.steps);
    // What an execution adds to the hash of its steps.
    const uint64_t end =
        static_cast<uint64_t>(violation.kind) << 32 | static_cast<uint32_t>(violation.page);
    EXPECT_EQ(Mix(Mix(stepper_.trace_hash(), end), stepper_.world().mm.next_mapping),
              run.trace_hash);
    EXPECT_TRUE(SameState(WithoutCallsNotBegun(stepper_.world(), path),
                          WithoutCallsNotBegun(execution_.world(), path)));
    EXPECT_EQ(Text(stepper_.cost()), Text(run.cost));
  }

  Stepper stepper_;
  Execution execution_;
  Seen seen_;
};

TEST_F(StepperTest, SoDoesOneUnderWeakerMemory) {
  int olds = 0, walker_olds = 0, late = 0;
  ForAnyPrograms(
      3000, 5,
      [&](const Schedule& programs, const Policy& policy, const Arch& arch, Random& random) {
        Schedule schedule = programs;
        constexpr MemoryModel kModels[] = {MemoryModel::kTso, MemoryModel::kWeak,
                                           MemoryModel::kLate};
        schedule.memory = kModels[random.Below(3)];
        Canonicalize(schedule);
        stepper_.Begin(schedule, policy, arch);
        AnyWay way(random);
        Path path;
        bool clean = true;
        while (clean && !stepper_.Able().empty()) {
          path.push_back(way.Choose(stepper_.Able()));
          if (path.size() > kMaxRuns) return;
          olds += IsOld(path.back());
          walker_olds += IsOld(path.back()) && KindOf(AgentOf(path.back())) == AgentKind::kWalker;
          late += IsLate(path.back());
          clean = stepper_.Step(path.back());
        }
        if (!clean && stepper_.out_of_stores()) return;
        if (clean) clean = stepper_.Judge();
        const Violation violation = clean ? Violation{} : stepper_.violation();
        ExpectSame(path, violation, execution_.Execute(AsOrder(schedule, path), policy, arch));
        ++seen_.walks;
      });
  EXPECT_GT(seen_.walks, 2000);
  EXPECT_GT(olds, 100);
  EXPECT_GT(walker_olds, 10);
  EXPECT_GT(late, 200);
}

TEST_F(StepperTest, AWalkAsAnOrderMakesTheSameTraceAndEnd) {
  ForAnyPrograms(
      9000, 1,
      [&](const Schedule& schedule, const Policy& policy, const Arch& arch, Random& random) {
        const uint32_t ignored = random.Below(4) == 0 ? static_cast<uint32_t>(random.Next()) : 0;
        stepper_.Begin(schedule, policy, arch, ignored);
        AnyWay way(random);
        Path path;
        bool clean = true;
        while (clean && !stepper_.Able().empty()) {
          path.push_back(way.Choose(stepper_.Able()));
          if (path.size() > kMaxRuns) return;
          Note(path.back());
          clean = stepper_.Step(path.back());
        }
        if (!clean && stepper_.out_of_stores()) return;
        if (clean) clean = stepper_.Judge();
        const Violation violation = clean ? Violation{} : stepper_.violation();
        ExpectSame(path, violation,
                   execution_.Execute(AsOrder(schedule, path), policy, arch, {.ignored = ignored}));
        seen_.kinds.insert(violation.kind);
        ++seen_.walks;
      });
  EXPECT_GT(seen_.walks, 5000);
  EXPECT_GE(seen_.kinds.size(), 6u);
  EXPECT_GT(seen_.deliveries_out_of_order, 500);
  constexpr PointMask kElsewhere = kOwnCodePoints | kSplitPoints | kLatePoints | kRcuPoints |
                                   kPfnPoints | kInvlpgbPoints | MaskOf(Point::tlbi_local) |
                                   MaskOf(Point::fault_retry);
  const PointMask all = ((PointMask{1} << kPointCount) - 1) & ~kElsewhere;
  EXPECT_EQ(all & ~seen_.points, 0) << "each step was among them";
}

TEST_F(StepperTest, AnExecutionAsAWalkMakesTheSameTraceAndEnd) {
  for (const KnownProgram& known : KnownPrograms()) {
    const Schedule schedule = FromText(known.text).schedule;
    const Policy& policy = *FindPolicy(known.policy);
    const Arch& arch = *FindArch(known.arch);
    SCOPED_TRACE(Text(schedule, policy, arch));
    OrderOf order;
    const RunResult run =
        execution_.Execute(schedule, policy, arch, {.ignored = known.ignored, .observer = &order});
    EXPECT_EQ(run.violation.kind, known.kind);
    Path path;
    for (const ProbedStep& step : order.steps) {
      path.push_back(ActionOf(step.agent, step.step.point, step.step.page));
    }
    stepper_.Begin(schedule, policy, arch, known.ignored);
    const Violation violation = Follow(path);
    ExpectSame(path, violation, run);
    seen_.kinds.insert(violation.kind);
  }
  // All but livelock, which no policy here comes to (spinning_test).
  EXPECT_EQ(seen_.kinds.size(), static_cast<size_t>(kViolationCount - 1));
  EXPECT_TRUE(seen_.points & MaskOf(Point::fault_retry));
}

TEST_F(StepperTest, WhoIsAbleIsWhoMovesWhenAskedTo) {
  int states = 0;
  ForAnyPrograms(
      60, 2, [&](const Schedule& schedule, const Policy& policy, const Arch& arch, Random& random) {
        stepper_.Begin(schedule, policy, arch);
        Prober prober(schedule, policy, arch);
        AnyWay way(random);
        std::vector<AgentId> order;
        for (;;) {
          // Of deliveries: whether one can be made, and what the oldest is.
          std::vector<std::string> expected, found;
          for (const ProbedStep& step : prober.After(order)) {
            expected.push_back(AgentName(step.agent) + " " + Info(step.step.point).name + " " +
                               std::to_string(step.step.page));
          }
          Actions able = stepper_.Able(), oldest;
          while (!able.empty()) {
            const Action action = able.TakeFirst();
            if (IsDelivery(action) &&
                stepper_.world().at(TargetOf(action)).deliveries.issuers[0] != IssuerOf(action)) {
              continue;
            }
            oldest.Add(action);
            const PendingStep next = stepper_.Next(action);
            found.push_back(AgentName(AgentOf(action)) + " " + Info(next.point).name + " " +
                            std::to_string(next.page));
          }
          ++states;
          std::sort(expected.begin(), expected.end());  // detours stand elsewhere in the two
          std::sort(found.begin(), found.end());
          ASSERT_EQ(found, expected);
          if (oldest.empty() || order.size() > 80) return;
          const Action action = way.Choose(oldest);
          order.push_back(AgentOf(action));
          if (!stepper_.Step(action)) return;
        }
      });
  EXPECT_GT(states, 1500);
}

TEST_F(StepperTest, OneByOneAndTogetherTheSameAreAble) {
  ForAnyPrograms(
      300, 3,
      [&](const Schedule& schedule, const Policy& policy, const Arch& arch, Random& random) {
        stepper_.Begin(schedule, policy, arch);
        AnyWay way(random);
        for (;;) {
          const Actions able = stepper_.Able();
          int count = 0;
          for (int i = 0; i < kActions; ++i) {
            const Action action = static_cast<Action>(i);
            ASSERT_EQ(stepper_.Able(action), able.contains(action)) << "action " << i;
            count += able.contains(action);
          }
          ASSERT_EQ(able.size(), count);
          if (able.empty() || !stepper_.Step(way.Choose(able))) return;
        }
      });
}

TEST_F(StepperTest, BeginningAgainLeadsToTheSame) {
  const auto writer = std::make_unique<StateWriter>();
  ForAnyPrograms(
      300, 5,
      [&](const Schedule& schedule, const Policy& policy, const Arch& arch, Random& random) {
        const auto walk = [&](uint64_t seed) {
          Random own(seed);
          AnyWay way(own);
          while (!stepper_.Able().empty()) {
            if (!stepper_.Step(way.Choose(stepper_.Able()))) break;
          }
          return stepper_.trace_hash();
        };
        const uint64_t seed = random.Next();
        stepper_.Begin(schedule, policy, arch);
        const Key start = writer->KeyOf(stepper_);
        const uint64_t trace = walk(seed);
        const uint64_t digest = Digest(stepper_.world());
        stepper_.Restart();
        walk(seed + 1);
        stepper_.Restart();
        EXPECT_EQ(writer->KeyOf(stepper_), start);
        EXPECT_EQ(walk(seed), trace);
        EXPECT_EQ(Digest(stepper_.world()), digest);
      });
}

}  // namespace
}  // namespace gatherfuzz
