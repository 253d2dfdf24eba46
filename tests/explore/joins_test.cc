// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Where drawn orders make no choice, none can matter: exploration that makes none there comes to
// the same violations and the same final states. And what a strategy draws makes none there.
#include "harness/joins.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "explore/explore.h"
#include "harness/execution.h"
#include "harness/search/strategy.h"
#include "tests/explore/known_programs.h"
#include "tests/explore/pairs.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

struct Compared {
  int programs = 0, violated = 0, several_ends = 0;
  uint32_t kinds = 0;
};

void Compare(const Schedule& schedule, ExploreSettings settings, uint64_t most,
             Compared& compared) {
  SCOPED_TRACE(std::string(settings.policy->name()) + " " + std::string(settings.arch->name()) +
               "\n" + PrintText({.schedule = schedule}));
  settings.finals = true;
  settings.forget = false;
  settings.limits.states = most;
  const ExploreResult all = Explore(schedule, settings);
  if (!all.complete()) return;
  settings.join = true;
  settings.reduce = false;
  settings.limits.states = 6 * most;  // nothing else is left out, and states differ by who moved
  ExploreResult joined = Explore(schedule, settings);
  const auto twice = std::unique(joined.finals.begin(), joined.finals.end());
  joined.finals.erase(twice, joined.finals.end());
  if (!joined.complete()) return;
  ASSERT_EQ(joined.kinds(), all.kinds());
  ASSERT_TRUE(joined.finals == all.finals);
  ASSERT_EQ(joined.overtaken, all.overtaken);
  ++compared.programs;
  compared.violated += all.violated();
  compared.kinds |= all.kinds();
  compared.several_ends += all.finals.size() > 1;
}

constexpr int kPairs = 400;
constexpr uint64_t kMost = kFibersCanGoBack ? 12000 : 1000;

TEST(Joins, RandomProgramsComeToTheSameEnds) {
  Compared compared;
  Random random(21);
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (const Arch* arch : Archs()) {
        const int programs = group == PolicyGroup::kPublished ? 8 : 3;
        for (int i = 0; i < programs && !testing::Test::HasFailure(); ++i) {
          Schedule schedule = SmallProgram(random);
          Compare(schedule, {.policy = policy, .arch = arch}, kMost, compared);
        }
      }
    }
  }
  if (testing::Test::HasFailure() || !kFibersCanGoBack) return;
  EXPECT_GE(compared.programs, 250);
  EXPECT_GT(compared.violated, 25);
  EXPECT_GT(compared.several_ends, 100);
}

// Of all operations with which there are joins: any two, and a third CPU that looks, or a walker.
TEST(Joins, PairsOfOperationsComeToTheSameEnds) {
  Compared compared;
  Random random(23);
  const auto any = [&](uint32_t n) { return random.Below(n); };
  for (int i = 0; i < 5 * kPairs / 2 && !testing::Test::HasFailure(); ++i) {
    const KernelVersion kernel = any(2) != 0 ? KernelVersion::k6_12 : KernelVersion::k6_17;
    const auto first = static_cast<OpKind>(any(kOpCount));
    const auto second = static_cast<OpKind>(any(kOpCount));
    if (!IsPair(first, second, kernel)) continue;
    Schedule schedule = Pair(first, second, kernel, any(4) == 0);
    if (OnlySc(schedule)) continue;
    const auto page = static_cast<int>(any(2)) + schedule.init[0].range.begin;
    const AgentId agent = any(2) != 0 ? WalkerAgent(MakeCpu(1)) : CpuAgent(MakeCpu(1));
    const OpKind kind = KindOf(agent) == AgentKind::kWalker ? OpKind::kFill : OpKind::kRead;
    if (any(2) != 0) schedule.program.push_back({agent, {.kind = kind, .range = {page, page + 1}}});
    Canonicalize(schedule);
    const Policy* const tree = FindPolicy("linux");  // where a kernel tree is built in
    const auto policies = Policies(PolicyGroup::kPublished);
    const Policy* const any_policy = policies[any(static_cast<uint32_t>(policies.size()))];
    Compare(schedule,
            {.policy = tree != nullptr ? tree : any_policy,
             .arch = Archs()[any(static_cast<uint32_t>(Archs().size()))]},
            kMost, compared);
  }
  if (testing::Test::HasFailure() || !kFibersCanGoBack) return;
  EXPECT_GE(compared.programs, kPairs / 2);
  EXPECT_GT(compared.violated, kPairs / 50);
}

TEST(Joins, EachKindOfViolationIsStillFound) {
  Compared compared;
  for (const KnownProgram& known : KnownPrograms()) {
    const Schedule schedule = FromText(known.text).schedule;
    Compare(schedule,
            {.policy = FindPolicy(known.policy),
             .arch = FindArch(known.arch),
             .ignored = known.ignored},
            kFibersCanGoBack ? 400000 : 1000, compared);
  }
  if (!kFibersCanGoBack) return;
  for (const ViolationKind kind :
       {ViolationKind::kStaleAfterReturn, ViolationKind::kStaleDirtyAfterReturn,
        ViolationKind::kFreedPageCached, ViolationKind::kFreedTableCached, ViolationKind::kDeadlock,
        ViolationKind::kStarvation, ViolationKind::kProtocolError}) {
    EXPECT_TRUE(compared.kinds & Bit(kind)) << Info(kind).name;
  }
}

// Sees whether a thread is left right behind pte_lock, or before pte_unlock.
class Left final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World&) override {
    if (has_last_ && event.agent != last_.agent) {
      at_lock_ |= last_.point == Point::pte_lock;
      left_ |= 1u << Index(last_.agent);
    }
    const uint32_t mover = 1u << Index(event.agent);
    at_unlock_ |= (left_ & mover) != 0 && event.point == Point::pte_unlock;
    left_ &= ~mover;
    has_last_ = true;
    last_ = event;
  }
  bool any() const { return at_lock_ || at_unlock_; }

 private:
  StepEvent last_;
  uint32_t left_ = 0;  // who has made a step, but not the last one
  bool has_last_ = false, at_lock_ = false, at_unlock_ = false;
};

TEST(Joins, ADrawnOrderLeavesNobodyAtALock) {
  Random random(22);
  Execution execution;
  int left = 0;
  for (int i = 0; i < 400; ++i) {
    Schedule schedule = SmallProgram(random);
    for (const StrategyInfo& info : Strategies()) {
      for (const bool joined : {false, true}) {
        schedule.tail = {info.kind, static_cast<uint32_t>(i), 0, joined};
        Left seen;
        execution.Execute(schedule, *FindPolicy("full-mm"), *FindArch("arm64"),
                          {.observer = &seen});
        if (joined) ASSERT_FALSE(seen.any()) << PrintText({.schedule = schedule});
        left += seen.any();
      }
    }
  }
  EXPECT_GT(left, 500);
}

}  // namespace
}  // namespace gatherfuzz
