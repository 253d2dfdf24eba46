// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The allocators of ASIDs of arm64 and riscv, in every order: each defect is found in its program
// and full-mm is proven safe in the same; merging states is exact; and what is found is what trying
// every order by itself finds.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "explore/explore.h"
#include "explore/verify.h"
#include "harness/target.h"
#include "tests/explore/defects.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

#define ONE "; init; map 0..1 rw; present 0..1;"

constexpr Defect kDefects[] = {
    {"asids-not-flushed", "cpus 1; asids 1" ONE "cached cpu0 0..1; cpu0; switch mm1; switch mm2",
     ViolationKind::kAsidReused},
    {"flush-not-queued", "cpus 1; asids 1" ONE "cached cpu0 0..1; cpu0; switch mm1; switch mm2",
     ViolationKind::kAsidReused},
    {"flush-queued-here",
     "cpus 2; asids 2" ONE
     "cached cpu1 0..1; cpu0; switch mm2; switch mm3; cpu1; switch mm1; switch mm3",
     ViolationKind::kAsidReused},
    {"active-not-marked",
     "cpus 2; asids 1" ONE
     "cpu0; switch mm1; switch mm0; switch mm1; switch mm2; switch mm3; switch mm2; switch mm0;"
     "dontneed 0..1; cpu1; switch mm1; switch mm0; read 0",
     ViolationKind::kFreedPageCached},
    {"reserved-forgotten",
     "cpus 2; asids 1" ONE
     "cached cpu1 0..1; cpu0; switch mm1; switch mm2; switch mm3; switch mm0; dontneed 0..1",
     ViolationKind::kFreedPageCached},
    {"reserved-once",
     "cpus 2; asids 0" ONE
     "cached cpu1 0..1; cpu0; switch mm1; switch mm0; switch mm2; switch mm3; switch mm0;"
     "dontneed 0..1",
     ViolationKind::kFreedPageCached},
    {"zero-swapped",
     "cpus 2; asids 0" ONE
     "cpu0; switch mm1; switch mm2; switch mm3; cpu1; switch mm1; switch mm3; walk1; fill 0",
     ViolationKind::kAsidReused},
    {"active-stored",
     "cpus 2; asids 2" ONE
     "cached cpu1 0..1; cpu0; switch mm2; switch mm3; cpu1; switch mm1; switch mm0; switch mm3",
     ViolationKind::kAsidReused},
    {"generation-not-matched",
     "cpus 1; asids 1" ONE "cpu0; switch mm1; switch mm2; switch mm0; read 0; switch mm2",
     ViolationKind::kAsidReused},
    {"asid-looked-once",
     "cpus 2; asids 1" ONE
     "cpu0; switch mm1; switch mm2; switch mm0; read 0; cpu1; switch mm1; switch mm0;"
     "dontneed 0..1",
     ViolationKind::kFreedPageCached},
    {"root-before-asid",
     "cpus 1; asids 1" ONE "cpu0; switch mm1; switch mm0; switch mm1; walk0; fill 0",
     ViolationKind::kAsidReused},
    {"root-not-reserved", "cpus 1; asids 1" ONE "cpu0; switch mm1; walk0; fill 0",
     ViolationKind::kAsidReused},
    {"asid-before-clear",
     "cpus 1; asids 1" ONE "cpu0; switch mm1; switch mm2; switch mm0; read 0; kswapd; reclaim 0..1",
     ViolationKind::kFreedPageCached},
};

constexpr const char* kArchs[] = {"arm64", "riscv"};

ExploreResult ExploreAll(const Schedule& schedule, std::string_view policy,
                         std::string_view arch = "arm64") {
  return Explore(schedule, {.policy = FindPolicy(policy), .arch = FindArch(arch)});
}

TEST(EveryOrderOfAsids, EachDefectIsFoundWhereFullMmIsSafe) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  size_t variants = 0;
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    variants += policy->protocol().AllocatesAsids() != AsidAllocation{};
  }
  EXPECT_EQ(variants, std::size(kDefects) + 2)
      << "each has a line here, but flushed-before-root and repaired";
  for (const auto& [policy, program, kind] : kDefects) {
    Schedule schedule = FromLines(program);
    EXPECT_TRUE((ExploreAll(schedule, policy).kinds() & Bit(kind)) != 0) << policy;
    const ExploreResult right = ExploreAll(schedule, "full-mm");
    EXPECT_TRUE(right.complete() && right.kinds() == 0) << policy;
    // Where mms have tags for good, and on x86, it is of no concern.
    const ExploreResult x86 = ExploreAll(schedule, policy, "x86");
    EXPECT_TRUE(x86.complete() && x86.kinds() == 0) << policy;
    schedule.asids = kNoAsids;
    const ExploreResult tags = ExploreAll(schedule, policy);
    EXPECT_TRUE(tags.complete() && tags.kinds() == 0) << policy;
  }
}

// Of riscv. One write has the root and the ASID; what a CPU fills between that and the swap of 0 is
// dropped behind the write; and reclaim of 6.12 flushes its batch under every ASID.
TEST(EveryOrderOfAsids, RiscvHasTheSameDefectsButFour) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  constexpr std::string_view kNone[] = {"root-before-asid", "root-not-reserved", "zero-swapped",
                                        "asid-before-clear"};
  for (const auto& [policy, program, kind] : kDefects) {
    const Schedule schedule = FromLines(program);
    const bool none = std::ranges::find(kNone, policy) != std::end(kNone);
    const ExploreResult wrong = ExploreAll(schedule, policy, "riscv");
    EXPECT_TRUE(none ? wrong.complete() && wrong.kinds() == 0 : (wrong.kinds() & Bit(kind)) != 0)
        << policy;
    const ExploreResult right = ExploreAll(schedule, "full-mm", "riscv");
    EXPECT_TRUE(right.complete() && right.kinds() == 0) << policy;
  }
  // 6.1 flushes for each page, and names an ASID.
  Schedule reclaim = FromLines(kDefects[std::size(kDefects) - 1].program);
  reclaim.kernel = KernelVersion::k6_1;
  EXPECT_EQ(ExploreAll(reclaim, "asid-before-clear", "riscv").kinds(),
            Bit(ViolationKind::kFreedPageCached));
  const ExploreResult right = ExploreAll(reclaim, "full-mm", "riscv");
  EXPECT_TRUE(right.complete() && right.kinds() == 0);
}

// S11: riscv loads the ASID first, and then drops what is cached under it.
TEST(EveryOrderOfAsids, RiscvLoadsAnAsidBeforeItIsFlushed) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const Schedule schedule = FromLines("cpus 2; asids 1" ONE
                                      "cached cpu0 0..1; cpu0; switch mm1; switch mm3; cpu1;"
                                      "switch mm2; switch mm3; switch mm0; munmap 0..1");
  EXPECT_EQ(ExploreAll(schedule, "full-mm", "riscv").kinds(),
            Bit(ViolationKind::kFreedTableCached));
  EXPECT_FALSE(HeldSafe(*FindPolicy("full-mm"), *FindArch("riscv"), schedule));
  for (const char* mended : {"flushed-before-root", "repaired"}) {
    const ExploreResult before = ExploreAll(schedule, mended, "riscv");
    EXPECT_TRUE(before.complete() && before.kinds() == 0) << mended;
  }
  EXPECT_TRUE(HeldSafe(*FindPolicy("repaired"), *FindArch("riscv"), schedule));
  const ExploreResult arm64 = ExploreAll(schedule, "full-mm");
  EXPECT_TRUE(arm64.complete() && arm64.kinds() == 0);
  EXPECT_TRUE(HeldSafe(*FindPolicy("full-mm"), *FindArch("arm64"), schedule));
}

// One munmap, and three CPUs of which each switches: with a rollover at once, later, or never.
TEST(EveryOrderOfAsids, SafePoliciesAreSafeBesideASwitchOfEachCpu) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const char* asids : {"asids 0", "asids 1", "asids 3"}) {
    const Schedule schedule = FromLines(
        std::string("cpus 3;") + asids +
        "; init; map 0..2 rw; present 0..2; cached cpu0 0..2; cached cpu1 0..2; cached cpu2 0..2;"
        "cpu0; munmap 0..2; switch mm1; cpu1; switch mm1; cpu2; switch mm1");
    for (const Policy* policy : Policies()) {
      for (const char* arch : kArchs) {
        if (!policy->AlwaysSafeOn(arch) || policy->foreign()) continue;
        const ExploreResult all = ExploreAll(schedule, policy->name(), arch);
        EXPECT_TRUE(all.complete() && all.kinds() == 0)
            << policy->name() << " " << arch << " " << asids;
      }
    }
  }
}

// CPU 0 has the ASID that it goes to, and still walks the tables of mm0; another CPU rolls over, so
// mm0 has a new one, and frees a table of it. RCU waits for CPU 0, whose interrupts are off.
TEST(EveryOrderOfAsids, ATableWaitsForWhoIsInTheMiddleOfASwitch) {
  Schedule schedule = FromLines(
      "cpus 3; asids 2; init; map 0..4 r huge; present 0..4; cached cpu0 0..1; cpu0; switch mm2;"
      "cpu1; switch mm3; cpu2; switch mm2; switch mm1; switch mm0; munmap 0..4");
  const auto until = [&](int cpu, Point point) {
    const AgentId agent = CpuAgent(MakeCpu(cpu));
    schedule.order.push_back({.kind = Run::Kind::kUntilPoint, .agent = agent, .point = point});
  };
  until(0, Point::cpu_asid_unlock);
  until(1, Point::resume_user);
  until(2, Point::free_table);
  Execution execution;
  for (const bool rcu : {false, true}) {
    schedule.rcu = rcu;
    const RunResult result =
        execution.Execute(schedule, *FindPolicy("full-mm"), *FindArch("arm64"));
    EXPECT_TRUE(result.clean()) << rcu << Info(result.violation.kind).name;
  }
}

// A small program whose CPUs also go from mm to mm, with few ASIDs.
Schedule RollingProgram(Random& random) {
  Schedule schedule = SmallProgram(random);
  const auto below = [&](uint32_t bound) { return static_cast<int>(random.Below(bound)); };
  schedule.asids = below(3);
  for (int i = 1 + below(3); i > 0; --i) {
    const AgentId agent = CpuAgent(MakeCpu(below(static_cast<uint32_t>(schedule.cpus))));
    const int mm = below(kUserMms);
    const auto at = static_cast<size_t>(below(static_cast<uint32_t>(schedule.program.size() + 1)));
    schedule.program.insert(at, {agent, Op{OpKind::kSwitch, {mm, mm + 1}, {}}});
  }
  Canonicalize(schedule);
  return schedule;
}

// The program in which a defect is found; any, for another policy.
Schedule ProgramAgainst(const Policy& policy) {
  for (const Defect& defect : kDefects) {
    if (policy.name() == defect.policy) return FromLines(defect.program);
  }
  return FromLines(kDefects[0].program);
}

std::vector<const Policy*> Concerned() {
  return SomePolicies(
      [](const Policy& policy) { return policy.protocol().AllocatesAsids() != AsidAllocation{}; });
}

TEST(EveryOrderOfAsids, MergesAreExactInRandomPrograms) {
  uint64_t merges = 0;
  int seed = 0;
  for (const Policy* policy : Concerned()) {
    for (int i = 0; i < 4; ++i) {
      Random random(static_cast<uint64_t>(++seed));
      const Schedule schedule = RollingProgram(random);
      const VerifyResult verified = Verify(schedule,
                                           {.policy = policy,
                                            .arch = FindArch(kArchs[i % 2]),
                                            .limits = {.states = kFibersCanGoBack ? 3000u : 50u}},
                                           kNever);
      merges += verified.merges;
      ASSERT_EQ(verified.fault, "") << policy->name() << "\n" << PrintText({.schedule = schedule});
    }
  }
  EXPECT_GT(merges, 1000u);
}

TEST(EveryOrderOfAsids, EveryOrderByItselfFindsTheSame) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const char* arch : kArchs) ExpectEveryOrderFindsTheSame(kDefects, arch);
}

TEST(EveryOrderOfAsids, RandomOrdersFindNothingThatExplorationDoesNot) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const char* arch : kArchs) {
    ExpectRandomOrdersFindNoMore(Concerned(), arch,
                                 [](const Policy& policy, int i, Random& random) {
                                   return i == 0 ? ProgramAgainst(policy) : RollingProgram(random);
                                 });
  }
}

}  // namespace
}  // namespace gatherfuzz
