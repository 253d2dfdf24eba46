// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Exploration where writes fault on what is cached: what is safe and what is not in every order of
// small programs, and that merges of states are exact.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "explore/explore.h"
#include "explore/verify.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

constexpr const char* kPrograms[] = {
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu1 0..1;"
    "cpu0; uffdwp 0..1; write 0; cpu1; read 0; write 0",
    "cpus 2; init; map 0..1 rw; present 0..1;"
    "cpu0; protect 0..1 r; protect 0..1 rw; cpu1; read 0; write 0; walk0; fill 0",
    "cpus 2; init; map 0..4 rw huge; present 0..4; cached cpu1 0..4;"
    "cpu0; uffdwp 0..4; cpu1; write 1; write 2",
};

Schedule Faulting(const char* lines, KernelVersion kernel) {
  std::string text = lines;
  std::replace(text.begin(), text.end(), ';', '\n');
  Schedule schedule = FromText(text + "\norder\n rest\n").schedule;
  schedule.kernel = kernel;
  schedule.hardware = HardwareKind::kFaults;
  return schedule;
}

constexpr KernelVersion kKernels[] = {KernelVersion::k6_12, KernelVersion::k7_1};

TEST(Spurious, AWriteGetsThroughInEveryOrder) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  for (const char* program : kPrograms) {
    for (const KernelVersion kernel : kKernels) {
      const ExploreResult all = Explore(
          Faulting(program, kernel), {.policy = FindPolicy("full-mm"), .arch = FindArch("arm64")});
      EXPECT_TRUE(all.complete() && all.kinds() == 0) << NameOf(kernel) << ": " << program;
    }
  }
}

TEST(Spurious, WhatIsLeftInPlaceIsFound) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "takes every order";
  const ExploreResult all =
      Explore(Faulting(kPrograms[0], KernelVersion::k7_1),
              {.policy = FindPolicy("spurious-not-flushed"), .arch = FindArch("arm64")});
  EXPECT_EQ(all.kinds(), Bit(ViolationKind::kEndlessFault));
}

TEST(Spurious, MergesAreExact) {
  const uint64_t most_states = kFibersCanGoBack ? 2500 : 60;
  uint64_t merges = 0;
  int seed = 0;
  for (const char* policy : {"full-mm", "own-range", "spurious-not-flushed"}) {
    for (const KernelVersion kernel : kKernels) {
      const auto verify = [&](const Schedule& schedule) {
        const VerifyResult result = Verify(schedule,
                                           {.policy = FindPolicy(policy),
                                            .arch = FindArch("arm64"),
                                            .limits = {.states = most_states}},
                                           kNever);
        merges += result.merges;
        ASSERT_EQ(result.fault, "") << policy << "\n" << PrintText({.schedule = schedule});
      };
      for (const char* program : kPrograms) verify(Faulting(program, kernel));
      for (int i = 0; i < 6; ++i) {
        Random random(static_cast<uint64_t>(++seed));
        Schedule schedule = SmallProgram(random);
        for (ProgramLine& line : schedule.program) {
          if (line.op.kind == OpKind::kDontneed) line.op.kind = OpKind::kUffdwp;
        }
        schedule.kernel = kernel;
        schedule.hardware = HardwareKind::kFaults;
        Canonicalize(schedule);
        verify(schedule);
      }
    }
  }
  EXPECT_GT(merges, 10 * most_states);
}

}  // namespace
}  // namespace gatherfuzz
