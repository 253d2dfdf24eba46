// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Exploration where VMAs are PFN maps and their owner revokes them: every order of small programs,
// what is safe and what is not, and that merges of states are exact.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "explore/explore.h"
#include "explore/verify.h"
#include "harness/execution.h"
#include "tests/explore/defects.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

ExploreResult ExploreAll(const Schedule& schedule, const Policy& policy, const Arch& arch) {
  return Explore(schedule, {.policy = &policy, .arch = &arch});
}

constexpr const char* kPrograms[] = {
    "cpus 2; init; pfnmap 0..1; cached cpu0 0..1; cached cpu1 0..1;"
    "cpu0; munmap 0..1; cpu1; revoke 0..1",
    "cpus 2; init; pfnmap 0..1; map 1..2 rw; present 1..2; cached cpu0 0..2;"
    "cpu0; munmap 0..2; cpu1; revoke 0..1; dontneed 1..2",
    "cpus 2; init; pfnmap 0..2; cached cpu1 0..2;"
    "cpu0; revoke 0..1; read 0; cpu1; protect 0..2 r; write 1; walk0; fill 0",
    "cpus 3; init; pfnmap 0..1; cached cpu2 0..1;"
    "cpu0; revoke 0..1; cpu1; revoke 0..1; cpu2; read 0",
};

// A small program, of which some VMAs are PFN maps, and some calls those of an owner.
Schedule SmallRevoke(Random& random) {
  Schedule schedule = SmallProgram(random);
  for (InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kMap) item.flags.pfn = random.Below(2) == 0;
  }
  for (ProgramLine& line : schedule.program) {
    const bool call = line.op.kind == OpKind::kDontneed || line.op.kind == OpKind::kFree;
    if (call && random.Below(2) == 0) line.op.kind = OpKind::kRevoke;
  }
  Canonicalize(schedule);
  return schedule;
}

TEST(Revoke, WhatIsSafeStaysSafeInEveryOrderUnlessItWaits) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  int deadlocks = 0;
  for (const char* program : kPrograms) {
    for (const KernelVersion kernel : {KernelVersion::k6_12, KernelVersion::k7_1}) {
      Schedule schedule = FromLines(program);
      schedule.kernel = kernel;
      for (const Policy* policy : Policies(PolicyGroup::kPublished)) {
        for (const Arch* arch : Archs()) {
          if (!policy->SafeOn(arch->name())) continue;
          const ExploreResult all = ExploreAll(schedule, *policy, *arch);
          ASSERT_TRUE(all.complete()) << policy->name() << ": " << program;
          const uint32_t may = policy->waits() ? Bit(ViolationKind::kDeadlock) : 0;
          EXPECT_EQ(all.kinds() & ~may, 0u)
              << policy->name() << " " << arch->name() << ": " << program;
          deadlocks += all.kinds() != 0;
        }
      }
    }
  }
  EXPECT_GT(deadlocks, 0) << "the lock of a mapping, held by one whose finish waits";
}

TEST(Revoke, WhatIsUnlinkedBeforeItIsFlushedIsFound) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const Policy& policy = *FindPolicy("pfn-not-flushed");
  for (const KernelVersion kernel : {KernelVersion::k6_12, KernelVersion::k7_1}) {
    Schedule schedule = FromLines(kPrograms[0]);
    schedule.kernel = kernel;
    EXPECT_EQ(ExploreAll(schedule, policy, *FindArch("x86")).kinds(),
              Bit(ViolationKind::kFreedPageCached));
    EXPECT_EQ(ExploreAll(schedule, policy, *FindArch("arm64")).kinds(), 0u);
  }
}

TEST(Revoke, MergesAreExact) {
  const uint64_t most_states = kFibersCanGoBack ? 2500 : 60;
  uint64_t merges = 0;
  const auto verify = [&](const Schedule& schedule, const Policy& policy, const Arch& arch) {
    const VerifyResult result = Verify(
        schedule, {.policy = &policy, .arch = &arch, .limits = {.states = most_states}}, kNever);
    merges += result.merges;
    ASSERT_EQ(result.fault, "") << policy.name() << " " << arch.name() << "\n"
                                << PrintText({.schedule = schedule});
  };
  int seed = 0;
  for (const char* policy : {"full-mm", "own-range", "epoch-sync", "pfn-not-flushed"}) {
    for (const Arch* arch : Archs()) {
      for (const char* program : kPrograms) {
        for (const KernelVersion kernel : {KernelVersion::k6_12, KernelVersion::k7_1_vma}) {
          Schedule schedule = FromLines(program);
          schedule.kernel = kernel;
          verify(schedule, *FindPolicy(policy), *arch);
        }
      }
      for (int i = 0; i < 4; ++i) {
        Random random(static_cast<uint64_t>(++seed));
        verify(SmallRevoke(random), *FindPolicy(policy), *arch);
      }
    }
  }
  EXPECT_GT(merges, 20 * most_states);
}

// What random orders come to, exploration comes to as well.
TEST(Revoke, RandomOrdersFindNothingThatExplorationDoesNot) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const Policy* const policies[] = {FindPolicy("own-range"), FindPolicy("pfn-not-flushed"),
                                    FindPolicy("sync-finish"), FindPolicy("full-mm")};
  for (const Arch* arch : Archs()) {
    ExpectRandomOrdersFindNoMore(policies, arch->name(), [](const Policy&, int i, Random& random) {
      return i < 4 ? FromLines(kPrograms[i]) : SmallRevoke(random);
    });
  }
}

}  // namespace
}  // namespace gatherfuzz
