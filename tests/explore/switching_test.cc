// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// CPUs that switch and sleep, in every order: each defect of the CPU side is found in its smallest
// program and full-mm is proven safe in the same; merging states is exact; and what is found is
// what trying every order by itself finds.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/verify.h"
#include "model/kernel/cpu_code.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"
#include "tests/explore/containment.h"
#include "tests/explore/defects.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

// One page, which cpu1 has cached.
#define ONE "cpus 2; init; map 0..1 rw; present 0..1; cached cpu1 0..1;"
#define TSO "memory tso;"
// Two gathers, and three CPUs that have both pages cached.
#define TWO "cpus 3; init; map 0..2 rw; present 0..2; cached cpu2 0..2;"

constexpr Defect kDefects[] = {
    {"lazy-skipped", ONE "cpu0; munmap 0..1; cpu1; idle", ViolationKind::kFreedTableCached},
    {"lazy-untouched", ONE "cpu0; munmap 0..1; cpu1; idle", ViolationKind::kFreedTableCached},
    {"switching-not-told", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"switching-not-said", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"root-before-mask", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"generation-before-mask", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"told-before-raise", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"wakes-blindly", ONE "cpu0; dontneed 0..1; cpu1; idle; wake", ViolationKind::kFreedPageCached},
    {"lazy-until-end", ONE "cpu0; dontneed 0..1; cpu1; idle; wake",
     ViolationKind::kFreedPageCached},
    {"slot-reused-blindly", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"slot-not-flushed", ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm2",
     ViolationKind::kFreedPageCached},
    {"partial-of-any", TWO "cpu0; dontneed 0..1; cpu1; dontneed 1..2; idle",
     ViolationKind::kFreedPageCached},
    {"partial-of-old", TWO "cpu0; dontneed 0..1; cpu1; dontneed 1..2; idle",
     ViolationKind::kFreedPageCached},
    {"generation-too-high",
     "cpus 2; init; map 0..2 rw; present 0..2; cached cpu1 0..2;"
     "cpu0; dontneed 0..1; dontneed 1..2; idle",
     ViolationKind::kFreedPageCached},
    {"generation-zero-old",
     "cpus 1; init; map 0..1 rw; present 0..1; cached cpu0 0..1;"
     "cpu0; idle; wake; kswapd; reclaim 0..1",
     ViolationKind::kFreedPageCached},
    {"range-one-short", ONE "cpu0; dontneed 0..1; idle", ViolationKind::kFreedPageCached},
    {"own-cpu-not-flushed",
     "cpus 2; init; map 0..1 rw; present 0..1; cached cpu0 0..1; cpu0; dontneed 0..1; cpu1; idle",
     ViolationKind::kFreedPageCached},
    {"wakes-unordered", TSO ONE "cpu0; dontneed 0..1; cpu1; idle; wake",
     ViolationKind::kFreedPageCached},
    {"joined-unordered", TSO "kernel 6.17;" ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"raised-unordered", TSO ONE "cpu0; dontneed 0..1; cpu1; switch mm1; switch mm0",
     ViolationKind::kFreedPageCached},
    {"tables-at-once", ONE "cpu0; munmap 0..1; cpu1; switch mm1", ViolationKind::kFreedTableCached},
};

ExploreResult ExploreAll(const Schedule& schedule, std::string_view policy,
                         std::string_view arch = "x86") {
  return Explore(schedule, {.policy = FindPolicy(policy), .arch = FindArch(arch)});
}

TEST(Switching, EachDefectIsFoundWhereFullMmIsSafe) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  size_t variants = 0;
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    const MmSwitching rules = policy->protocol().SwitchesMms();
    variants += rules != MmSwitching{} && !rules.of_invlpgb();  // those: broadcast_test.cc
  }
  EXPECT_EQ(variants, std::size(kDefects)) << "each has a line here";
  for (const auto& [policy, program, kind] : kDefects) {
    const Schedule schedule = FromLines(program);
    EXPECT_TRUE((ExploreAll(schedule, policy).kinds() & Bit(kind)) != 0) << policy;
    const ExploreResult right = ExploreAll(schedule, "full-mm");
    EXPECT_TRUE(right.complete() && right.kinds() == 0) << policy;
    // Broadcast does not go by any of it.
    const ExploreResult arm64 = ExploreAll(schedule, policy, "arm64");
    EXPECT_TRUE(arm64.complete() && arm64.kinds() == 0) << policy;
  }
}

// What the two lose where they answer to another gather is of no use where no CPU is lazy.
TEST(Switching, LazyCpusTellWhatForgetsFreedTables) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const std::string nested =
      "cpus 3; init; map 0..1 rw; map 16..17 rw; present 0..1; present 16..17; cached cpu2 0..1;"
      "cpu0; munmap 0..1; cpu1; dontneed 16..17; cpu2; ";
  const Schedule lazy = FromLines(nested + "idle"), awake = FromLines(nested + "read 16");
  for (const char* policy : {"reset-range", "full-mm-leaf"}) {
    EXPECT_EQ(ExploreAll(lazy, policy).kinds(), Bit(ViolationKind::kFreedTableCached)) << policy;
    EXPECT_EQ(ExploreAll(awake, policy).kinds(), 0u) << policy;
    EXPECT_FALSE(FindPolicy(policy)->safe_asleep());
  }
  for (const Policy* policy : Policies()) {
    if (!policy->AlwaysSafeOn("x86")) continue;
    const ExploreResult all = ExploreAll(lazy, policy->name());
    EXPECT_TRUE(all.complete() && all.kinds() == 0) << policy->name();
  }
}

// One munmap, and three CPUs of which each switches or sleeps.
TEST(Switching, SafePoliciesAreSafeBesideASwitchOfEachCpu) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const std::string init =
      "cpus 3; init; map 0..2 rw; present 0..2; cached cpu0 0..2; cached cpu1 0..2;"
      "cached cpu2 0..2;";
  for (const char* program : {
           "cpu0; munmap 0..2; switch mm1; cpu1; switch mm1; switch mm0; cpu2; idle; wake",
           "cpu0; munmap 0..2; idle; cpu1; idle; switch mm2; cpu2; switch mm1; idle; switch mm0",
           "cpu0; switch mm1; switch mm0; munmap 0..2; cpu1; idle; wake; cpu2; idle; wake",
       }) {
    for (const Policy* policy : Policies()) {
      for (const Arch* arch : Archs()) {
        if (!policy->AlwaysSafeOn(arch->name()) || policy->foreign()) continue;
        const ExploreResult all =
            ExploreAll(FromLines(init + program), policy->name(), arch->name());
        EXPECT_TRUE(all.complete() && all.kinds() == 0)
            << policy->name() << " " << arch->name() << ": " << program;
      }
    }
  }
}

// --- Memory ---

constexpr const char* kBesides[] = {
    "switch mm1; switch mm0",       "idle; wake",
    "idle; switch mm1; switch mm0", "switch mm1; idle; switch mm0;",
    "idle; wake; idle; wake",
};

// One call of CPU 0 beside what CPU 1 does; each has what goes away cached, or fills it.
std::vector<Schedule> Besides() {
  std::vector<Schedule> schedules;
  for (const char* kernel : {"6.12", "6.17", "7.1"}) {
    for (const std::string call : {"dontneed 0..1", "munmap 0..1"}) {
      for (const std::string besides : kBesides) {
        for (const std::string walk : {"", "; walk1; fill 0"}) {
          schedules.push_back(FromLines(std::string(TSO "kernel ") + kernel + ";" ONE "cpu0; " +
                                        call + "; cpu1; " + besides + walk));
        }
      }
    }
  }
  return schedules;
}

TEST(Switching, TheKernelsBarriersAreEnoughUnderTso) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const Schedule& schedule : Besides()) {
    for (const char* policy : {"full-mm", "sync-finish", "epoch-sync"}) {
      const ExploreResult all = ExploreAll(schedule, policy);
      EXPECT_TRUE(all.complete() && all.kinds() == 0) << policy << "\n"
                                                      << PrintText({.schedule = schedule});
    }
  }
}

// smp_mb() stands on the way back from lazy mode, and from 6.17 on in a switch where no atomic is.
TEST(Switching, WithoutTheBarrierBeforeTlbGenTheyAreNot) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const auto kinds = [](const char* kernel, const char* besides) {
    Schedule schedule = FromLines(std::string(TSO "kernel ") + kernel +
                                  ";" ONE "cpu0; dontneed 0..1; cpu1; " + besides);
    schedule.orders.weaker = MaskOf(Point::tlb_gen_read);
    return ExploreAll(schedule, "full-mm").kinds();
  };
  constexpr const char *kSwitch = "switch mm1; switch mm0", *kWake = "idle; wake";
  EXPECT_EQ(kinds("6.12", kSwitch), 0u);
  EXPECT_EQ(kinds("6.12", kWake), Bit(ViolationKind::kFreedPageCached));
  for (const char* kernel : {"6.17", "7.1"}) {
    EXPECT_EQ(kinds(kernel, kSwitch), Bit(ViolationKind::kFreedPageCached));
    EXPECT_EQ(kinds(kernel, kWake), Bit(ViolationKind::kFreedPageCached));
  }
}

// Without a word of it no load is old.
TEST(Switching, NeedsWeakerMemoryForWhatABarrierDoes) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const auto& [policy, program, kind] : kDefects) {
    Schedule schedule = FromLines(program);
    if (schedule.memory == MemoryModel::kSc) continue;
    schedule.memory = MemoryModel::kSc;
    const ExploreResult all = ExploreAll(schedule, policy);
    EXPECT_TRUE(all.complete() && all.kinds() == 0) << policy;
  }
}

// A kernel's own code, which asserts where an interrupt runs it.
class AssertsWhereTold final : public CpuCode {
 public:
  void SwitchMm(const Thread&, MmId) const override {}
  void EnterLazyTlb(const Thread&) const override {}
  void LeaveMm(const Thread&) const override {}
  void FlushTlbMmRange(const Thread& t, const Invalidation& request) const override {
    t.Step(Point::tlb_flush, request.start);
    t.self().invalidation = request;
    SendInvalidation(t.world(), t.cpu, 0b11);
    AwaitInvalidation(t);
  }
  void FlushTlbFunc(System& system, CpuId target, CpuId) const override {
    ReportAssertion(system, target, "told");
  }
  bool ShouldDefer(const Thread&) const override { return false; }
  void AddToBatch(const Thread&, int) const override {}
  void FlushBatch(const Thread&) const override {}
};
class WithThatCode final : public GatherProtocol {
 public:
  const CpuCode* cpu_code(const System&) const override { return &code_; }

 protected:
  void Finishing(const Thread&) const override {}

 private:
  const AssertsWhereTold code_{};
};
const WithThatCode kWithThatCode{};
constexpr Policy kAssertsWhereTold("test-asserts-where-told", "asserts in interrupts", "this test",
                                   kWithThatCode);
const RegisterPolicy kRegistered(&kAssertsWhereTold);

TEST(Switching, AnAssertionInAnInterruptEndsTheRun) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const Schedule schedule = FromLines(ONE "cpu0; dontneed 0..1; cpu1; idle");
  EXPECT_EQ(ExploreAll(schedule, "test-asserts-where-told").kinds(),
            Bit(ViolationKind::kKernelAssertion));
}

// A small program in which CPUs also switch, sleep, and at times come back.
Schedule SwitchingProgram(Random& random) {
  Schedule schedule = SmallProgram(random);
  const auto below = [&](uint32_t bound) { return static_cast<int>(random.Below(bound)); };
  for (int i = 1 + below(2); i > 0; --i) {
    const AgentId agent = CpuAgent(MakeCpu(below(static_cast<uint32_t>(schedule.cpus))));
    const bool sleeps = below(2) == 0;
    const int mm = 1 + below(2);
    const ProgramLine there{
        agent, sleeps ? Op{OpKind::kIdle, {0, 1}, {}} : Op{OpKind::kSwitch, {mm, mm + 1}, {}}};
    const ProgramLine back{agent, {sleeps ? OpKind::kWake : OpKind::kSwitch, {0, 1}, {}}};
    const auto at = static_cast<size_t>(below(static_cast<uint32_t>(schedule.program.size() + 1)));
    if (below(3) != 0) schedule.program.insert(at, back);
    schedule.program.insert(at, there);
  }
  if (below(4) == 0) schedule.kernel = KernelVersion::k6_17;
  if (below(2) == 0) schedule.memory = MemoryModel::kTso;
  Canonicalize(schedule);
  return schedule;
}

std::vector<const Policy*> Concerned() {
  return SomePolicies([](const Policy& policy) {
    const MmSwitching rules = policy.protocol().SwitchesMms();
    return rules != MmSwitching{} && !rules.of_invlpgb();
  });
}

TEST(Switching, MergesAreExactInRandomPrograms) {
  uint64_t merges = 0;
  int seed = 0;
  for (const Policy* policy : Concerned()) {
    for (const Arch* arch : Archs()) {
      for (int i = 0; i < 4; ++i) {
        Random random(static_cast<uint64_t>(++seed));
        const Schedule schedule = SwitchingProgram(random);
        const VerifyResult verified = Verify(
            schedule,
            {.policy = policy, .arch = arch, .limits = {.states = kFibersCanGoBack ? 3000u : 50u}},
            kNever);
        merges += verified.merges;
        ASSERT_EQ(verified.fault, "") << policy->name() << " " << arch->name() << "\n"
                                      << PrintText({.schedule = schedule});
      }
    }
  }
  EXPECT_GT(merges, 1000u);
}

TEST(Switching, EveryOrderByItselfFindsTheSame) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  ExpectEveryOrderFindsTheSame(kDefects, "x86");
}

TEST(Switching, RandomOrdersFindNothingThatExplorationDoesNot) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  ExpectRandomOrdersFindNoMore(Concerned(), "x86", [](const Policy&, int, Random& random) {
    return SwitchingProgram(random);
  });
}

// (That it reaches more takes a barrier less: the variants above.)
TEST(Switching, TsoReachesWhatScDoes) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  Random random(23);
  const std::vector<const Policy*> policies = Concerned();
  int compared = 0, violated = 0;
  for (size_t i = 0; i < 400; ++i) {
    const Schedule schedule = SwitchingProgram(random);
    const Policy& policy = *policies[i % policies.size()];
    ExploreSettings settings{.policy = &policy, .arch = FindArch("x86")};
    settings.limits.states = 8000;
    const Containment it = Contain(schedule, settings);
    ASSERT_EQ(it.lost, "") << policy.name() << "\n" << PrintText({.schedule = schedule});
    if (it.stopped != Stop::kNo) continue;
    ++compared;
    violated += it.kinds[0] != 0;
  }
  EXPECT_GT(compared, 50);
  EXPECT_GT(violated, 3);
}

}  // namespace
}  // namespace gatherfuzz
