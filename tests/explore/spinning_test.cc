// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Exploration of policies that wait by looking: it ends, says livelock where it is, and nowhere
// else.
#include <gtest/gtest.h>

#include "explore/answer.h"
#include "explore/explore.h"
#include "explore/verify.h"
#include "tests/spinning.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

Schedule Overlap(int cpus = 2) {
  std::string text = "cpus " + std::to_string(cpus) + "\ninit\n map 0..3 rw\n present 0..3\n";
  for (int cpu = 0; cpu < cpus; ++cpu) {
    text += "cpu" + std::to_string(cpu) + "\n dontneed " + (cpu == 0 ? "0..2\n" : "1..2\n");
  }
  return FromText(text).schedule;
}

ExploreSettings Under(std::string_view policy) {
  return {.policy = &Spinning(policy), .arch = FindArch("x86")};
}

uint32_t KindsOf(const Schedule& schedule, std::string_view policy, bool reduce = true) {
  ExploreSettings settings = Under(policy);
  settings.reduce = reduce;
  const ExploreResult result = Explore(schedule, settings);
  EXPECT_TRUE(result.complete()) << policy;
  return result.kinds();
}

class Spinners : public testing::Test {
 protected:
  void SetUp() override {
    if (!kFibersCanGoBack) GTEST_SKIP() << "nobody is known to go round";
  }
};

TEST_F(Spinners, OneThatOthersReleaseIsExploredToTheEnd) {
  for (const bool reduce : {true, false}) {
    const uint32_t kinds = KindsOf(Overlap(), "test-spins-after", reduce);
    EXPECT_EQ(kinds & Bit(ViolationKind::kLivelock), 0u) << reduce;
    EXPECT_EQ(kinds,
              KindsOf(Overlap(), "test-spins-before", reduce) & ~Bit(ViolationKind::kLivelock));
  }
}

TEST_F(Spinners, WhoeverWaitsForAWaiterIsFound) {
  for (const bool reduce : {true, false}) {
    for (const int cpus : {2, 3}) {
      const uint32_t kinds = KindsOf(Overlap(cpus), "test-spins-before", reduce);
      EXPECT_NE(kinds & Bit(ViolationKind::kLivelock), 0u) << reduce << " " << cpus;
      if (!reduce) break;
    }
  }
}

TEST_F(Spinners, AWideRoundIsFoundToo) {
  EXPECT_NE(KindsOf(Overlap(), "test-spins-wide") & Bit(ViolationKind::kLivelock), 0u);
}

TEST_F(Spinners, OneThatGivesUpIsNoLivelock) {
  ExploreSettings settings = Under("test-gives-up");
  settings.limits.states = 300'000;
  EXPECT_EQ(Explore(Overlap(), settings).kinds() & Bit(ViolationKind::kLivelock), 0u);
}

TEST_F(Spinners, ARoundThatChangesTheStateIsNoLivelockAndEnds) {
  EXPECT_EQ(KindsOf(Overlap(), "test-spins-locked") & Bit(ViolationKind::kLivelock), 0u);
}

TEST_F(Spinners, TheirStatesAreMergedExactly) {
  for (const char* policy : {"test-spins-before", "test-spins-after", "test-spins-locked"}) {
    ExploreSettings settings = Under(policy);
    settings.limits.states = 20'000;
    EXPECT_EQ(Verify(Overlap(), settings, kNever).fault, "") << policy;
  }
}

TEST_F(Spinners, TheCounterexampleRunsIntoIt) {
  ExploreSettings settings = Under("test-spins-before");
  settings.ignored = ~Bit(ViolationKind::kLivelock);
  const Answer answer = Settle(Overlap(), settings, kNever);
  ASSERT_EQ(answer.kind(), ViolationKind::kLivelock);
  EXPECT_TRUE(answer.proven);
  EXPECT_EQ(Verdict(answer.schedule, "test-spins-before", "x86"), "livelock");
}

// --- What never comes back ---

TEST(ALongWay, IsGivenUpAtTheLimitOfSteps) {
  ExploreSettings settings = Under("test-never-again");
  settings.limits.steps = 500;
  const ExploreResult result = Explore(Overlap(), settings);
  EXPECT_EQ(result.stopped, Stop::kSteps);
  EXPECT_LE(result.depth, 500);
}

}  // namespace
}  // namespace gatherfuzz
