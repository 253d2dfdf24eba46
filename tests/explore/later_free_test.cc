// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Exploration where RCU frees page tables: every order of small programs, what is safe and what is
// not, and that merges of states are exact.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "explore/explore.h"
#include "explore/verify.h"
#include "harness/execution.h"
#include "tests/explore/defects.h"
#include "tests/explore/walks.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

ExploreResult ExploreAll(const Schedule& schedule, std::string_view policy,
                         std::string_view arch = "x86") {
  return Explore(schedule, {.policy = FindPolicy(policy), .arch = FindArch(arch)});
}

Schedule WithRcu(Schedule schedule) {
  schedule.rcu = true;
  Canonicalize(schedule);
  return schedule;
}

Run AsRun(Action action) {
  Run run{.agent = AgentOf(action)};
  if (IsLate(action)) run.kind = Run::Kind::kLate;
  if (IsDelivery(action)) {
    run.kind = Run::Kind::kUntilPoint;
    run.point = Point::deliver;
    run.page = static_cast<int8_t>(Index(IssuerOf(action)));
  }
  return run;
}

// Programs in which tables go: one munmap, beside what looks, walks, locks or switches.
constexpr const char* kPrograms[] = {
    "cpus 2; init; map 0..1 rw; map 16..17 rw; present 0..1; present 16..17; cached cpu1 0..1;"
    "cpu0; munmap 0..1; cpu1; dontneed 16..17",
    "cpus 2; init; map 0..1 rw; map 4..5 rw; present 0..1; present 4..5; cached cpu1 0..1;"
    "cpu0; munmap 0..1; cpu1; munmap 4..5; walk1; fill 0",
    "cpus 2; init; map 0..2 rw; present 0..2; cached cpu1 0..2;"
    "cpu0; munmap 0..2; map 0..2 rw; write 0; cpu1; read 1",
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu1 0..1; cpu0; munmap 0..1; cpu1; switch "
    "mm1;"
    "switch mm0",
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu1 0..1; cpu0; munmap 0..1; cpu1; idle; "
    "wake",
};

TEST(Rcu, WhatIsSafeStaysSafeInEveryOrder) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const char* program : kPrograms) {
    const Schedule schedule = WithRcu(FromLines(program));
    for (const Policy* policy : Policies(PolicyGroup::kPublished)) {
      for (const Arch* arch : Archs()) {
        const bool sleeps = std::string(program).find("idle") != std::string::npos;
        if (!policy->AlwaysSafeOn(arch->name()) || (sleeps && !policy->safe_asleep())) continue;
        const ExploreResult all = ExploreAll(schedule, policy->name(), arch->name());
        EXPECT_TRUE(all.complete() && all.kinds() == 0)
            << policy->name() << " " << arch->name() << ": " << program;
      }
    }
  }
}

TEST(Rcu, WhatIsWrongWithTablesIsFound) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const uint32_t kind = Bit(ViolationKind::kFreedTableCached);
  EXPECT_EQ(ExploreAll(WithRcu(FromLines(kPrograms[0])), "table-before-flush").kinds() & kind,
            kind);
  EXPECT_EQ(ExploreAll(WithRcu(FromLines(kPrograms[3])), "tables-at-once").kinds() & kind, kind);
  EXPECT_EQ(ExploreAll(WithRcu(FromLines(kPrograms[3])), "full-mm").kinds(), 0u);
}

TEST(Rcu, MergesAreExact) {
  const uint64_t most_states = kFibersCanGoBack ? 2500 : 60;
  uint64_t merges = 0;
  const auto verify = [&](const Schedule& schedule, const Policy& policy, const Arch& arch) {
    const VerifyResult result = Verify(
        schedule, {.policy = &policy, .arch = &arch, .limits = {.states = most_states}}, kNever);
    merges += result.merges;
    ASSERT_EQ(result.fault, "") << policy.name() << " " << arch.name() << "\n"
                                << PrintText({.schedule = schedule});
  };
  const char* const policies[] = {"full-mm", "own-range", "epoch-sync", "table-before-flush",
                                  "tables-at-once"};
  int seed = 0;
  for (const char* policy : policies) {
    for (const Arch* arch : Archs()) {
      for (const char* program : kPrograms) {
        verify(WithRcu(FromLines(program)), *FindPolicy(policy), *arch);
      }
      for (int i = 0; i < 4; ++i) {
        Random random(static_cast<uint64_t>(++seed));
        Schedule schedule = SmallProgram(random);
        if (i % 2 != 0) schedule.kernel = KernelVersion::k7_1;
        verify(WithRcu(schedule), *FindPolicy(policy), *arch);
      }
    }
  }
  EXPECT_GT(merges, 20 * most_states);
}

// What random orders come to, exploration comes to as well.
TEST(Rcu, RandomOrdersFindNothingThatExplorationDoesNot) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const Policy* const policies[] = {FindPolicy("own-range"), FindPolicy("reset-range"),
                                    FindPolicy("table-before-flush"), FindPolicy("full-mm")};
  for (const Arch* arch : Archs()) {
    ExpectRandomOrdersFindNoMore(policies, arch->name(), [](const Policy&, int, Random& random) {
      return WithRcu(SmallProgram(random));
    });
  }
}

// A sequence of actions is an order, and makes the same trace in an Execution.
TEST(Rcu, ASteppersWayIsAnOrder) {
  Execution execution;
  Stepper stepper;
  int freed = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Schedule schedule =
        WithRcu(seed % 4 == 0 ? FromLines(kPrograms[seed / 4 % 5]) : SmallProgram(random));
    const Policy& policy = *FindPolicy(seed % 2 != 0 ? "full-mm" : "table-before-flush");
    const Arch& arch = *FindArch(seed % 3 != 0 ? "x86" : "arm64");
    stepper.Begin(schedule, policy, arch);
    AnyWay way(random);
    bool clean = true;
    for (Actions able; clean && !(able = stepper.Able()).empty();) {
      const Action action = way.Choose(able);
      freed += IsLate(action);
      if (!schedule.order.push_back(AsRun(action))) break;
      clean = stepper.Step(action);
    }
    if (schedule.order.full()) continue;
    if (clean) clean = stepper.Judge();
    const RunResult result = execution.Execute(schedule, policy, arch);
    ASSERT_EQ(result.clean(), clean) << PrintText({.schedule = schedule});
    ASSERT_EQ(result.steps, stepper.steps()) << PrintText({.schedule = schedule});
    if (clean) ASSERT_EQ(Digest(execution.world()), Digest(stepper.world()));
  }
  EXPECT_GT(freed, 50);
}

}  // namespace
}  // namespace gatherfuzz
