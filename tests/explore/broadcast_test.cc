// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// INVLPGB and global ASIDs, in every order: each defect is found in its smallest program and
// full-mm is proven safe in the same; what leave_mm() warns of is all that z61 comes to; merging
// states is exact; and what is found is what trying every order by itself finds.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/verify.h"
#include "tests/explore/defects.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

// Two pages, both cached by CPU 1. The first call gives mm0 a global ASID, the second uses it.
#define TWO \
  "cpus 2; kernel 7.1; hardware invlpgb; init; map 0..2 rw; present 0..2; cached cpu1 0..2;"

constexpr Defect kDefects[] = {
    {"tlbsync-dropped", TWO "cpu0; dontneed 0..1; idle; wake; read 1; dontneed 1..2; cpu1; idle",
     ViolationKind::kFreedPageCached},
    {"transition-dropped", TWO "cpu0; dontneed 0..1; dontneed 1..2; cpu1; idle; wake",
     ViolationKind::kFreedPageCached},
    {"switch-not-awaited",
     TWO "cpu0; dontneed 0..1; idle; wake; dontneed 1..2; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
};

// ... and where one CPU does it all, so that every order can be tried by itself. The other has a
// thread that does nothing.
constexpr Defect kTiny[] = {
    {"tlbsync-dropped", TWO "cpu0; dontneed 0..1; idle; wake; read 1; dontneed 1..2",
     ViolationKind::kFreedPageCached},
    {"tlbsync-dropped", TWO "cpu0; dontneed 0..1; dontneed 1..2; read 0; dontneed 0..1; idle",
     ViolationKind::kFreedPageCached},
    {"transition-dropped", TWO "cpu0; dontneed 0..1; idle; wake; dontneed 1..2",
     ViolationKind::kFreedPageCached},
    {"transition-dropped", TWO "cpu0; dontneed 0..1; dontneed 1..2; idle",
     ViolationKind::kFreedPageCached},
    {"transition-dropped", TWO "cpu0; munmap 0..1; munmap 1..2; idle",
     ViolationKind::kFreedPageCached},
};

ExploreResult ExploreAll(const Schedule& schedule, std::string_view policy, uint32_t ignored = 0) {
  return Explore(schedule,
                 {.policy = FindPolicy(policy), .arch = FindArch("x86"), .ignored = ignored});
}

TEST(EveryOrderOfInvlpgb, EachDefectIsFoundWhereFullMmIsSafe) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  size_t variants = 0;
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    variants += !policy->safe_later() && policy->protocol().SwitchesMms().of_invlpgb();
  }
  EXPECT_EQ(variants, std::size(kDefects) + 1)
      << "each has a line here, but for lazy-before-global";
  for (const auto& [policy, program, kind] : kDefects) {
    Schedule schedule = FromLines(program);
    EXPECT_TRUE((ExploreAll(schedule, policy).kinds() & Bit(kind)) != 0) << policy;
    for (const char* safe : {"full-mm", "lazy-before-global", "repaired"}) {
      const ExploreResult right = ExploreAll(schedule, safe);
      EXPECT_TRUE(right.complete() && right.kinds() == 0) << policy << " " << safe;
    }
    // Without INVLPGB, and in kernels from before 6.15, it is of no concern.
    Schedule other = schedule;
    other.hardware = HardwareKind::kPlain;
    EXPECT_EQ(ExploreAll(other, policy).kinds(), 0u) << policy;
    other = schedule;
    other.kernel = KernelVersion::k6_12;
    EXPECT_EQ(ExploreAll(other, policy).kinds(), 0u) << policy;
  }
}

constexpr const char* kLeaves[] = {
    TWO "cpu0; dontneed 0..1; dontneed 1..2; cpu1; idle; leave",
    TWO "cpu0; munmap 0..1; munmap 1..2; cpu1; idle; leave; wake; read 1",
    TWO "cpu0; dontneed 0..1; dontneed 1..2; read 0; dontneed 0..1; cpu1; idle; wake; idle; leave",
    TWO "cpu0; dontneed 0..1; dontneed 1..2; cpu1; idle; leave; switch mm1; idle; leave",
};

// z61: 6.18 and 7.1 ask for the global ASID first. Nothing but the warning comes of it here.
TEST(EveryOrderOfInvlpgb, LeaveMmWarnsUnlessLazyComesFirst) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  constexpr uint32_t kWarns = Bit(ViolationKind::kKernelAssertion);
  for (const char* program : kLeaves) {
    const Schedule schedule = FromLines(program);
    EXPECT_EQ(ExploreAll(schedule, "full-mm").kinds(), kWarns) << program;
    const ExploreResult others = ExploreAll(schedule, "full-mm", kWarns);
    EXPECT_TRUE(others.complete() && others.kinds() == 0) << program;
    const ExploreResult fixed = ExploreAll(schedule, "lazy-before-global");
    EXPECT_TRUE(fixed.complete() && fixed.kinds() == 0) << program;
    Schedule plain = schedule;
    plain.hardware = HardwareKind::kPlain;
    EXPECT_EQ(ExploreAll(plain, "full-mm").kinds(), 0u) << program;
  }
}

constexpr const char* kBesides[] = {
    "switch mm1; switch mm0",       "idle; wake",        "idle; switch mm1; switch mm0",
    "switch mm1; idle; switch mm0", "idle; leave; wake", "read 1; idle; wake; read 1",
};

// Two calls of one CPU, or one each of two, beside what a CPU does.
TEST(EveryOrderOfInvlpgb, SafePoliciesAreSafeBesideWhatACpuDoes) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  constexpr uint32_t kWarns = Bit(ViolationKind::kKernelAssertion);
  for (const char* kernel : {"6.17", "7.1"}) {
    for (const std::string calls :
         {"cpu0; dontneed 0..1; munmap 0..2", "cpu0; munmap 0..1; read 1; dontneed 1..2"}) {
      for (const std::string besides : kBesides) {
        Schedule schedule = FromLines(TWO + calls + "; cpu1; " + besides);
        schedule.kernel = *ParseKernelVersion(kernel);
        for (const char* policy : {"full-mm", "sync-finish", "lazy-before-global"}) {
          const ExploreResult all = ExploreAll(schedule, policy, kWarns);
          EXPECT_TRUE(all.complete() && all.kinds() == 0) << policy << "\n"
                                                          << PrintText({.schedule = schedule});
        }
      }
    }
  }
}

// A table is freed, which the CPU that sleeps may walk under its own ASID or the global one.
TEST(EveryOrderOfInvlpgb, ATableIsDroppedUnderEachAsid) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const char* program : {
           "cpus 2; kernel 7.1; hardware invlpgb; init; map 0..1 rw; map 16..17 rw; present 0..1;"
           "present 16..17; cached cpu1 0..1; cached cpu1 16..17; cpu0; munmap 0..1; munmap 16..17;"
           "cpu1; idle; walk1; fill 16",
           "cpus 2; kernel 7.1; hardware invlpgb; init; map 0..1 rw; map 16..17 rw; present 0..1;"
           "present 16..17; cached cpu1 0..1; cached cpu1 16..17; cpu0; dontneed 0..1;"
           "munmap 16..17; cpu1; read 16; idle; leave",
       }) {
    for (const char* policy : {"full-mm", "lazy-before-global", "repaired"}) {
      const ExploreResult all =
          ExploreAll(FromLines(program), policy, Bit(ViolationKind::kKernelAssertion));
      EXPECT_TRUE(all.complete() && all.kinds() == 0) << policy << " " << program;
    }
  }
}

// A small program in which CPUs also switch, sleep, leave, and at times come back.
Schedule ProgramWithInvlpgb(Random& random) {
  Schedule schedule = SmallProgram(random);
  const auto below = [&](uint32_t bound) { return static_cast<int>(random.Below(bound)); };
  schedule.kernel = below(2) == 0 ? KernelVersion::k6_17 : KernelVersion::k7_1;
  schedule.hardware = HardwareKind::kInvlpgb;
  for (int i = 1 + below(2); i > 0; --i) {
    const AgentId agent = CpuAgent(MakeCpu(below(static_cast<uint32_t>(schedule.cpus))));
    const bool sleeps = below(3) != 0;
    const Op there = sleeps ? Op{OpKind::kIdle, {0, 1}, {}} : Op{OpKind::kSwitch, {1, 2}, {}};
    const auto at = static_cast<size_t>(below(static_cast<uint32_t>(schedule.program.size() + 1)));
    if (below(3) != 0) {
      const OpKind back = sleeps ? OpKind::kWake : OpKind::kSwitch;
      schedule.program.insert(at, {agent, {back, {0, 1}, {}}});
    }
    if (sleeps && below(3) == 0) schedule.program.insert(at, {agent, {OpKind::kLeave, {0, 1}, {}}});
    schedule.program.insert(at, {agent, there});
  }
  Canonicalize(schedule);
  return schedule;
}

// The n-th program in which a defect is found; any, for another policy.
Schedule ProgramAgainst(const Policy& policy, int n) {
  for (const Defect& defect : kTiny) {
    if (policy.name() == defect.policy && n-- == 0) return FromLines(defect.program);
  }
  return FromLines(policy.name() == "switch-not-awaited" ? kDefects[2].program : kLeaves[n & 1]);
}

std::vector<const Policy*> Concerned() {
  return SomePolicies(
      [](const Policy& policy) { return policy.protocol().SwitchesMms().of_invlpgb(); });
}

TEST(EveryOrderOfInvlpgb, MergesAreExactInRandomPrograms) {
  uint64_t merges = 0;
  int seed = 0;
  for (const Policy* policy : Concerned()) {
    for (int i = 0; i < 8; ++i) {
      Random random(static_cast<uint64_t>(++seed));
      const Schedule schedule = i == 0 ? ProgramAgainst(*policy, i) : ProgramWithInvlpgb(random);
      const VerifyResult verified = Verify(schedule,
                                           {.policy = policy,
                                            .arch = FindArch("x86"),
                                            .limits = {.states = kFibersCanGoBack ? 3000u : 50u}},
                                           kNever);
      merges += verified.merges;
      ASSERT_EQ(verified.fault, "") << policy->name() << "\n" << PrintText({.schedule = schedule});
    }
  }
  EXPECT_GT(merges, 1000u);
}

TEST(EveryOrderOfInvlpgb, EveryOrderByItselfFindsTheSame) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  ExpectEveryOrderFindsTheSame(kTiny, "x86");
}

TEST(EveryOrderOfInvlpgb, RandomOrdersFindNothingThatExplorationDoesNot) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  ExpectRandomOrdersFindNoMore(Concerned(), "x86", [](const Policy& policy, int i, Random& random) {
    return i < 2 ? ProgramAgainst(policy, i) : ProgramWithInvlpgb(random);
  });
}

}  // namespace
}  // namespace gatherfuzz
