// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What reduction leaves out tells nothing: with all rules, with some and with none, exploration
// comes to the same ends. (That each rule is right is clash_test's business.)
#include "explore/independence.h"

#include <gtest/gtest.h>

#include <string>

#include "explore/explore.h"
#include "tests/explore/known_programs.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

std::string RuleNames(RuleMask rules) {
  std::string names;
  for (int i = 0; i < kRules; ++i) {
    if ((rules >> i & 1) != 0) names += std::string(NameOf(static_cast<Rule>(i))) + " ";
  }
  return names;
}

struct Compared {
  int programs = 0, violated = 0, overtaken = 0, several_ends = 0;
  uint32_t kinds = 0;
  uint64_t all = 0, reduced = 0;  // states
};

// Explores without rules, if that is no more than `most` states, and with each of those.
void Compare(const Schedule& schedule, ExploreSettings settings, uint64_t most,
             std::initializer_list<RuleMask> some, Compared& compared) {
  settings.finals = true;
  settings.forget = false;
  settings.reduce = false;
  settings.limits.states = most;
  const ExploreResult all = Explore(schedule, settings);
  if (!all.complete()) return;
  settings.reduce = true;
  for (const RuleMask rules : some) {
    SCOPED_TRACE(std::string(settings.policy->name()) + " " + std::string(settings.arch->name()) +
                 ", rules " + RuleNames(rules) + "\n" + PrintText({.schedule = schedule}));
    settings.rules = rules;
    const ExploreResult reduced = Explore(schedule, settings);
    ASSERT_TRUE(reduced.complete());
    ASSERT_EQ(reduced.kinds(), all.kinds());
    ASSERT_TRUE(reduced.finals == all.finals);
    ASSERT_EQ(reduced.overtaken, all.overtaken);
    ASSERT_LE(reduced.states, all.states);
    ExploreSettings forgetful = settings;
    forgetful.forget = true;
    const ExploreResult forgotten = Explore(schedule, forgetful);
    ASSERT_EQ(forgotten.kinds(), all.kinds());
    ASSERT_EQ(forgotten.overtaken, all.overtaken);
    ASSERT_LE(forgotten.states, all.states);
    if (rules == kAllRules) compared.reduced += reduced.states;
  }
  ++compared.programs;
  compared.violated += all.violated();
  compared.kinds |= all.kinds();
  compared.overtaken += all.overtaken > 0;
  compared.several_ends += all.finals.size() > 1;
  compared.all += all.states;
}

constexpr uint64_t kMost = kFibersCanGoBack ? 12000 : 1000;

TEST(Independence, RandomProgramsComeToTheSameEnds) {
  Compared compared;
  Random random(11);
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (const Arch* arch : Archs()) {
        const int programs = group == PolicyGroup::kPublished ? 14 : 6;
        for (int i = 0; i < programs && !testing::Test::HasFailure(); ++i) {
          const Schedule schedule = SmallProgram(random);
          const RuleMask some = random.Below(kAllRules + 1);
          Compare(schedule, {.policy = policy, .arch = arch, .jobs = 1 + i % 2}, kMost,
                  {kAllRules, some}, compared);
        }
      }
    }
  }
  if (testing::Test::HasFailure() || !kFibersCanGoBack) return;
  EXPECT_GE(compared.programs, 500);
  EXPECT_GT(compared.violated, 50);
  EXPECT_GT(compared.overtaken, 20);
  EXPECT_GT(compared.several_ends, 200);
  EXPECT_GT(compared.all, 2 * compared.reduced);
}

class IndependenceUnderWeakMemory : public testing::TestWithParam<MemoryModel> {};

TEST_P(IndependenceUnderWeakMemory, RandomProgramsComeToTheSameEnds) {
  Compared compared;
  Random random(12);
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (int i = group == PolicyGroup::kPublished ? 10 : 4; i > 0; --i) {
        Schedule schedule = SmallProgram(random);
        schedule.memory = GetParam();
        const RuleMask some = random.Below(kAllRules + 1);
        Compare(schedule, {.policy = policy, .arch = FindArch("arm64")}, kMost, {kAllRules, some},
                compared);
      }
    }
  }
  if (testing::Test::HasFailure() || !kFibersCanGoBack) return;
  EXPECT_GE(compared.programs, 100);
  EXPECT_GT(compared.violated, 10);
  EXPECT_GT(compared.all, 3 * compared.reduced / 2);
}
INSTANTIATE_TEST_SUITE_P(, IndependenceUnderWeakMemory,
                         testing::Values(MemoryModel::kWeak, MemoryModel::kLate));

TEST(Independence, EachKindOfViolationIsStillFound) {
  Compared compared;
  for (const KnownProgram& known : KnownPrograms()) {
    const Schedule schedule = FromText(known.text).schedule;
    Compare(schedule,
            {.policy = FindPolicy(known.policy),
             .arch = FindArch(known.arch),
             .ignored = known.ignored},
            kFibersCanGoBack ? 400000 : 1000, {kAllRules}, compared);
  }
  if (!kFibersCanGoBack) return;
  for (const ViolationKind kind :
       {ViolationKind::kStaleAfterReturn, ViolationKind::kStaleDirtyAfterReturn,
        ViolationKind::kFreedPageCached, ViolationKind::kFreedTableCached, ViolationKind::kDeadlock,
        ViolationKind::kStarvation, ViolationKind::kProtocolError}) {
    EXPECT_TRUE(compared.kinds & Bit(kind)) << Info(kind).name;
  }
}

// --- When there are no rules ---

const char* const kTwoCalls = R"(
cpus 2
init
  map 0..4 rw
  present 0..4
cpu0
  dontneed 0..2
cpu1
  dontneed 1..3
order
  rest
)";

uint64_t StatesOf(ExploreSettings settings) {
  const Schedule schedule = FromText(kTwoCalls).schedule;
  settings.arch = FindArch("x86");
  return Explore(schedule, settings).states;
}

TEST(Independence, EveryRuleIsOneThatCanBeLeftOut) {
  const Policy* const policy = FindPolicy("full-mm");
  const uint64_t none = StatesOf({.policy = policy, .reduce = false});
  EXPECT_EQ(StatesOf({.policy = policy, .rules = 0}), none);
  const uint64_t all = StatesOf({.policy = policy});
  EXPECT_LT(3 * all, none);
  for (const Rule rule : {Rule::kFlush, Rule::kFree, Rule::kPte, Rule::kDelivery}) {
    EXPECT_GT(StatesOf({.policy = policy, .rules = kAllRules & ~MaskOf(rule)}), all)
        << NameOf(rule);
  }
}

TEST(Independence, NothingIsLeftOutWhereRulesHaveNothingToLeanOn) {
  const Policy* const peeks = FindPolicy("mask-at-gather");
  ASSERT_TRUE(peeks->peeks());
  EXPECT_EQ(StatesOf({.policy = peeks}), StatesOf({.policy = peeks, .reduce = false}));
  const Policy* const policy = FindPolicy("full-mm");
  const uint32_t disorder = Bit(ViolationKind::kWalkedDeadTable);
  const uint32_t order = Bit(ViolationKind::kStaleAfterReturn);
  const uint64_t all = StatesOf({.policy = policy, .reduce = false});
  EXPECT_EQ(StatesOf({.policy = policy, .ignored = disorder}), all);
  EXPECT_LT(StatesOf({.policy = policy, .ignored = order}), all);
}

// Waits, and does not say so in its traits.
class Secretive final : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
  void AfterDec(const Thread& t) const override {
    WaitInFinish(t, [](const World& world, int) { return world.mm.tlb_flush_pending == 0; });
  }
};

TEST(IndependenceDeathTest, APolicyThatWaitsHasToSaySo) {
  const Secretive protocol;
  const Policy silent("silent", "", "", protocol), open("open", "", "", protocol, {.waits = true});
  EXPECT_DEATH(StatesOf({.policy = &silent}), "set .waits = true");
  EXPECT_GT(StatesOf({.policy = &open}), 100u);
  EXPECT_GT(StatesOf({.policy = &silent, .reduce = false}), 100u) << "without rules it may";
}

}  // namespace
}  // namespace gatherfuzz
