// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The limit of memory holds for all that a search holds: each runs in a process of its own, whose
// peak is measured. Under a policy whose ways never end, so that there is no end to what is held.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "explore/explore.h"
#include "explore/shortest.h"
#include "explore/sweep.h"
#include "explore/verify.h"
#include "tests/spinning.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;
constexpr uint64_t kLimit = 192 << 20;
// Of the program and its stacks, and what an allocator keeps.
constexpr uint64_t kOfAllElse = 64 << 20;

Schedule Overlap() {
  return FromText(R"(
cpus 3
init
  map 0..3 rw
  present 0..3
cpu0
  dontneed 0..2
cpu1
  dontneed 1..2
cpu2
  dontneed 0..1
)")
      .schedule;
}

ExploreSettings Settings() {
  ExploreSettings settings{.policy = &Spinning("test-never-again"), .arch = FindArch("x86")};
  settings.reduce = false;
  settings.limits.bytes = kLimit;
  settings.limits.steps = 1u << 30;
  return settings;
}

// The peak of a process that does this; it has to say that it was stopped for its memory.
uint64_t PeakOf(const std::function<Stop()>& search) {
  const pid_t child = fork();
  if (child == 0) _exit(search() == Stop::kMemory ? 0 : 1);
  int status = 0;
  rusage usage{};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  EXPECT_EQ(status, 0) << "it did not stop for its memory";
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    if (!kFibersCanGoBack) GTEST_SKIP() << "there are no snapshots, and memory is the sanitizer's";
  }
};

TEST_F(Memory, OfTheWayAndItsSnapshots) {
  EXPECT_LT(PeakOf([] { return Explore(Overlap(), Settings()).stopped; }),
            kLimit + kLimit / 10 + kOfAllElse);
}

TEST_F(Memory, OfSeveralThreads) {
  EXPECT_LT(PeakOf([] {
              ExploreSettings settings = Settings();
              settings.jobs = 4;
              return Explore(Overlap(), settings).stopped;
            }),
            kLimit + kLimit / 10 + kOfAllElse);
}

TEST_F(Memory, OfTheGraph) {
  EXPECT_LT(PeakOf([] {
              const ExploreSettings settings = Settings();
              const Schedule schedule = Overlap();
              Graph graph(schedule, *settings.policy, *settings.arch);
              return FindShortest(graph, Bit(ViolationKind::kDeadlock), -1, settings.limits, kNever)
                  .stopped;
            }),
            kLimit + kLimit / 10 + kOfAllElse);
}

// It goes by recursion, so its ways are bounded; their snapshots are more than this.
TEST_F(Memory, OfTheVerifier) {
  constexpr uint64_t kLess = 48 << 20;
  EXPECT_LT(PeakOf([] {
              ExploreSettings settings = Settings();
              settings.limits.bytes = kLess;
              return Verify(Overlap(), settings, kNever).stopped;
            }),
            kLess + kLess / 10 + kOfAllElse);
}

// Each program of the list comes to the limit.
TEST_F(Memory, OfTheThreadsOfASweep) {
  EXPECT_LT(PeakOf([] {
              SweepSettings settings{.each = Settings()};
              settings.each.ignored = ~0u;
              settings.each.jobs = 4;
              const auto programs = ProgramList::Parse("pages=2 walkers=0 kinds=dontneed");
              Checkpoint checkpoint;
              Sweep(std::get<ProgramList>(programs), settings, checkpoint, kNever);
              const SweepTotals& totals = checkpoint.totals;
              return totals.incomplete > 1 ? Stop::kMemory : Stop::kNo;
            }),
            kLimit + kLimit / 10 + kOfAllElse);
}

}  // namespace
}  // namespace gatherfuzz
