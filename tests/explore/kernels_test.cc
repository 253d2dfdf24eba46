// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Programs of newer kernels, and with reclaim: merging states is exact, and leaving orders out
// loses no end and no kind of violation, with guard markers, with page tables that MADV_DONTNEED
// frees, beside kswapd, where access is taken away, and where VMAs have locks.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/programs.h"
#include "explore/verify.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

// Whether it differs from full-mm where reclaim is.
bool OfReclaim(const Policy& policy) {
  const std::string_view name = policy.name();
  const bool of_tables = name == "reclaim-at-start" || name == "reclaim-old-look";
  return (name.find("reclaim") != name.npos && !of_tables) || name.starts_with("fault-");
}
// ... or where access is.
bool OfAccess(const Policy& policy) {
  const std::string_view name = policy.name();
  return name == "prot-none-trusted" || name == "pending-flag" || name == "soft-dirty-gathers" ||
         name == "reap-whole" || name.starts_with("move-");
}

// ... or where somebody decides on what pages hold.
bool OfContent(const Policy& policy) {
  const std::string_view name = policy.name();
  return name.starts_with("cow-") || name.starts_with("ksm-") || name == "pending-raised-late";
}

// A small program with guards in place of some of its calls.
Schedule NewerProgram(Random& random) {
  Schedule schedule = SmallProgram(random);
  schedule.kernel = random.Below(2) == 0 ? KernelVersion::k6_17 : KernelVersion::k7_1;
  for (ProgramLine& line : schedule.program) {
    if (line.op.kind != OpKind::kDontneed && line.op.kind != OpKind::kFree) continue;
    const uint32_t drawn = random.Below(6);
    if (drawn < 3) line.op.kind = OpKind::kGuard;
    if (drawn == 3) line.op.kind = OpKind::kUnguard;
  }
  return schedule;
}

Schedule FromLines(std::string text) {
  std::replace(text.begin(), text.end(), ';', '\n');
  return FromText(text + "\norder\n rest\n").schedule;
}

const char* const kPrograms[] = {
    // Guards over what others have cleared, beside each other and beside faults.
    "cpus 3; kernel 6.17; init; map 0..1 rw; present 0..1; cached cpu2 0..1;"
    "cpu0; dontneed 0..1; cpu1; guard 0..1; cpu2; read 0",
    "cpus 2; kernel 6.17; init; map 0..2 rw; cpu0; guard 0..2; cpu1; write 0; guard 1..2",
    "cpus 2; kernel 6.17; init; map 3..5 rw; present 3..5; cached cpu1 3..5;"
    "cpu0; guard 3..5; cpu1; munmap 4..5; walk1; fill 4",
    "cpus 2; kernel 6.17; init; map 0..8 rw huge; present 0..8; cached cpu1 0..8;"
    "cpu0; guard 2..3; cpu1; write 1; unguard 2..3; write 2",
    // Page tables that go, by the fast path and by the slow one, beside faults and walks.
    "cpus 2; kernel 6.17; init; map 0..4 rw; present 0..2; cached cpu1 0..2;"
    "cpu0; dontneed 0..4; cpu1; read 1",
    "cpus 2; kernel 7.1; batch 1; init; map 0..4 rw; present 2..4; cached cpu1 2..4;"
    "cpu0; dontneed 0..4; cpu1; write 3",
    "cpus 2; kernel 7.1; init; map 0..4 rw; cached cpu1 0..1; cpu0; dontneed 0..4; walk1; fill 1",
    "cpus 2; kernel 6.17; init; map 0..5 rw; present 0..3;"
    "cpu0; dontneed 0..4; cpu1; dontneed 0..5",
    "cpus 2; kernel 7.1; init; map 0..4 rw; present 1..2; cpu0; dontneed 0..4; cpu1; guard 0..1",
    "cpus 2; kernel 7.1; init; map 0..4 rw; present 1..3 dirty; cached cpu0 1..3;"
    "cpu0; dontneed 0..4; cpu1; free 1..3",
    "cpus 2; kernel 6.17; init; map 0..8 rw huge; present 0..4;"
    "cpu0; dontneed 0..8; cpu1; write 1; munmap 4..5",
};

std::vector<const Policy*> SomePolicies() {
  std::vector<const Policy*> policies;
  for (const char* name : {"full-mm", "own-range", "overlap-list", "sync-finish", "epoch-sync"}) {
    policies.push_back(FindPolicy(name));
  }
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    const bool switches = policy->protocol().SwitchesMms() != MmSwitching{};
    const bool elsewhere = OfReclaim(*policy) || OfAccess(*policy) || OfContent(*policy);
    if (!elsewhere && !switches) policies.push_back(policy);
  }
  return policies;
}

std::vector<const Policy*> PoliciesOfAccess() {
  std::vector<const Policy*> policies;
  for (const Policy* policy : Policies()) policies.push_back(policy);
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    if (OfAccess(*policy)) policies.push_back(policy);
  }
  return policies;
}

std::vector<const Policy*> PoliciesOfContent() {
  std::vector<const Policy*> policies;
  for (const char* name : {"full-mm", "own-range", "prot-none-trusted"}) {
    policies.push_back(FindPolicy(name));
  }
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    if (OfContent(*policy)) policies.push_back(policy);
  }
  return policies;
}

std::vector<const Policy*> PoliciesOfReclaim() {
  std::vector<const Policy*> policies;
  for (const char* name : {"full-mm", "own-range", "sync-finish"}) {
    policies.push_back(FindPolicy(name));
  }
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    if (OfReclaim(*policy)) policies.push_back(policy);
  }
  return policies;
}

const char* const kProgramsOfReclaim[] = {
    "cpus 1; init; map 0..2 rw; present 0..2; cached cpu0 0..2;"
    "cpu0; dontneed 0..2; write 1; kswapd; reclaim 0..2",
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu0 0..1; cached cpu1 0..1;"
    "cpu0; write 0; cpu1; read 0; kswapd; reclaim 0..1",
    "cpus 2; init; map 3..5 rw; present 3..5; cached cpu1 3..5;"
    "cpu0; munmap 3..5; cpu1; read 4; walk1; fill 3; kswapd; reclaim 3..5",
    "cpus 2; batch 1; init; map 0..5 rw; present 0..1; present 4..5; cached cpu0 0..5;"
    "cpu0; dontneed 0..1; dontneed 4..5; kswapd; reclaim 0..5",
    "cpus 1; init; map 0..3 rw; present 0..3 dirty; cached cpu0 0..3;"
    "cpu0; free 0..3; write 2; kswapd; reclaim 0..3",
    "cpus 2; init; map 0..3 rw; present 0..3 dirty; cached cpu0 0..3;"
    "cpu0; free 0..3; cpu1; write 2; kswapd; swapout 1..3",
    "cpus 2; init; map 0..2 rw; present 0..2; cached cpu0 0..2; cached cpu1 0..2;"
    "cpu0; reclaim 0..2; cpu1; dontneed 1..2; reclaim 0..1",
    "cpus 2; kernel 6.17; init; map 0..4 rw; present 0..2; cached cpu1 0..2;"
    "cpu0; dontneed 0..4; cpu1; guard 0..1; kswapd; reclaim 0..2",
    "cpus 1; kernel 6.1; init; map 0..4 rw huge; present 0..2; cached cpu0 0..2;"
    "cpu0; munmap 0..4; kswapd; reclaim 0..2; reclaim 0..1",
};

const char* const kProgramsOfAccess[] = {
    "cpus 2; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1; cached cpu1 0..1;"
    "cpu0; uffdwp 0..1; cpu1; uffdwp 0..1; write 0",
    "cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu1 0..2;"
    "cpu0; protect 0..2 none; cpu1; write 0; protect 0..1 rw; walk1; fill 1",
    "cpus 2; kernel 6.17; init; map 3..5 rw; present 3..5 dirty; cached cpu1 3..5;"
    "cpu0; dontneed 3..5; cpu1; protect 3..5 r",
    "cpus 2; kernel 7.1; init; map 3..5 rw; present 3..5 dirty; cached cpu1 3..5;"
    "cpu0; free 3..4; cpu1; protect 3..5 none; protect 3..4 r",
    "cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu0 0..2;"
    "cpu0; free 0..1; cpu1; uffdwp 0..2; write 1",
    "cpus 2; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1; cached cpu1 0..1;"
    "cpu0; numa 0..1; read 0; cpu1; uffdwp 0..1; dontneed 0..1",
    "cpus 1; init; map 0..2 rw; present 0..2; cached cpu0 0..2;"
    "cpu0; numa 0..2; read 0; kswapd; swapout 0..2",
    "cpus 1; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1;"
    "cpu0; protect 0..1 r; write 0; kswapd; swapout 0..1",
    "cpus 2; init; map 0..4 rw huge; present 0..4 dirty; cached cpu1 0..4;"
    "cpu0; numa 0..4; cpu1; uffdwp 1..2; write 3",
    "cpus 2; init; map 0..4 rw huge; present 0..4 dirty; cached cpu1 0..4;"
    "cpu0; protect 1..3 none; cpu1; free 0..4",
    "cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu1 0..2;"
    "cpu0; cleardirty 0..1; write 0; cpu1; dontneed 0..2",
    "cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu1 0..2;"
    "cpu0; remap 0..1 to 5; cpu1; write 0; dontneed 1..2",
    "cpus 2; kernel 6.17; init; map 0..4 rw; present 1..2; cached cpu1 1..2;"
    "cpu0; remap 0..4 to 8 dontunmap; cpu1; dontneed 0..2; walk1; fill 1",
    "cpus 2; init; map 0..4 rw huge; present 0..4; cached cpu1 0..4;"
    "cpu0; remap 0..4 to 8; cpu1; read 9; dontneed 8..12",
    "cpus 1; init; map 0..1 rw; present 0..1; cached cpu0 0..1;"
    "cpu0; remap 0..1 to 5; kswapd; swapout 5..6; reclaim 0..1",
    "cpus 1; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1;"
    "cpu0; remap 0..1 to 5; kswapd; swapout 5..6",
    "cpus 2; init; map 0..1 rw; map 2..3 rw; present 0..3; cached cpu1 0..3;"
    "cpu0; reap; cpu1; read 0; munmap 2..3",
};

const char* const kProgramsOfContent[] = {
    "cpus 2; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1;"
    "cpu0; numa 0..1; write 0; cpu1; migrate 0",
    "cpus 2; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1;"
    "cpu0; uffdwp 0..1; cpu1; pin 0; write 0",
    "cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu0 0..2;"
    "cpu0; write 0; cpu1; ksm 0 1",
    "cpus 2; init; map 0..2 rw; present 0..2 dirty; cached cpu0 0..1;"
    "cpu0; free 0..1; uffdwp 0..1; cpu1; ksm 1 0",
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu0 0..1; cached cpu1 0..1;"
    "cpu0; fork; write 0; cpu1; write 0",
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu1 0..1;"
    "cpu0; migrate 0; cpu1; fork; write 0",
    "cpus 2; init; map 0..1 rw; present 0..1 dirty; cached cpu1 0..1;"
    "cpu0; migrate 0; cpu1; remap 0..1 to 5; read 5",
    "cpus 2; kernel 6.17; init; map 0..4 rw; present 0..1; cached cpu1 0..1;"
    "cpu0; migrate 0; cpu1; dontneed 0..4",
    "cpus 1; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1;"
    "cpu0; migrate 0; kswapd; swapout 0..1",
    "cpus 2; init; map 0..4 rw huge; present 0..4 dirty; cached cpu1 0..4;"
    "cpu0; fork; cpu1; write 3",
    "cpus 2; init; map 0..1 rw; present 0..1; cached cpu0 0..1; cached cpu1 0..1;"
    "cpu0; exit; cpu1; read 0; exit",
    "cpus 2; init; map 0..2 rw; present 0..2; cached cpu0 0..1; cpu0; exit; cpu1; reap",
};

const char* const kProgramsOfVmaLocks[] = {
    // Faults beside a munmap: in another VMA, in what is left of the one that is cut, in the one
    // that goes.
    "cpus 2; kernel 6.12+vma; init; map 0..2 rw; map 2..4 rw; present 0..3; cached cpu1 0..3;"
    "cpu0; munmap 0..2; cpu1; write 3; read 0",
    "cpus 2; kernel 6.17+vma; init; map 0..4 rw; present 0..2; cached cpu1 0..2;"
    "cpu0; munmap 0..2; cpu1; read 3; write 1",
    "cpus 3; kernel 6.12+vma; init; map 0..2 rw; cpu0; munmap 0..1; cpu1; read 1; cpu2; write 1",
    // Both ways of a madvise: under the lock of its VMA, and under mmap_lock.
    "cpus 2; kernel 6.17+vma; init; map 0..2 rw; map 2..4 rw; present 1..4; cached cpu1 1..4;"
    "cpu0; dontneed 1..2; cpu1; dontneed 1..3; read 1",
    "cpus 2; kernel 6.17+vma; init; map 0..2 rw; map 2..3 rw; present 0..3 dirty; cached cpu0 0..3;"
    "cpu0; free 0..2; cpu1; munmap 1..3",
    "cpus 2; kernel 6.17+vma; init; map 0..4 rw; map 4..5 rw; present 0..1; cached cpu1 0..1;"
    "cpu0; dontneed 0..4; cpu1; write 1; munmap 4..5",
    "cpus 2; kernel 7.1+vma; init; map 0..2 rw; present 0..1; cached cpu1 0..1;"
    "cpu0; guard 0..2; cpu1; munmap 1..2; read 0",
    "cpus 3; kernel 7.1+vma; init; map 0..1 rw; map 1..2 rw; present 0..2;"
    "cpu0; guard 0..1; cpu1; dontneed 0..2; cpu2; munmap 0..1",
    "cpus 2; kernel 7.1+vma; init; map 0..2 rw; cpu0; unguard 0..2; cpu1; guard 0..1; map 5..6 rw",
    // Who holds mmap_lock for writing to the end.
    "cpus 2; kernel 6.12+vma; init; map 0..2 rw; map 2..3 rw; present 0..3 dirty; cached cpu1 0..3;"
    "cpu0; protect 0..3 r; cpu1; write 2; write 1",
    "cpus 2; kernel 6.12+vma; init; map 0..2 rw; map 2..3 rw; present 0..3 dirty; cached cpu1 0..3;"
    "cpu0; cleardirty 0..3; cpu1; write 2; dontneed 1..2",
    "cpus 2; kernel 6.17+vma; init; map 0..1 rw; map 1..2 rw; present 0..2; cached cpu1 0..2;"
    "cpu0; remap 0..1 to 5; cpu1; dontneed 0..1; write 1",
    "cpus 2; kernel 6.17+vma; init; map 0..8 rw huge; present 0..4; cached cpu1 0..4;"
    "cpu0; munmap 2..8; cpu1; write 1; read 5",
    "cpus 2; kernel 6.12+vma; init; map 0..1 rw; map 1..2 rw; present 0..2; cached cpu1 0..2;"
    "cpu0; fork; cpu1; write 1; write 0",
    "cpus 2; kernel 6.12+vma; init; map 0..1 rw; present 0..1 dirty; cached cpu0 0..1;"
    "cpu0; migrate 0; cpu1; read 0; munmap 0..1",
    "cpus 2; kernel 6.17+vma; init; map 0..2 rw; present 0..2; cached cpu0 0..1; cpu0; read 1; "
    "exit;"
    "cpu1; reap; dontneed 0..1",
    "cpus 1; kernel 6.17+vma; init; map 0..2 rw; present 0..2; cached cpu0 0..2;"
    "cpu0; dontneed 0..2; write 1; kswapd; reclaim 0..2",
};

const char* const kProgramsOfSharing[] = {
    "cpus 2; init; cached cpu0 0..16; cpu0; unshare 0..16; cpu1; othermunmap 0..16",
    "cpus 2; init; cached cpu0 0..4; cached cpu1 4..5; cpu0; unshare 0..1; cpu1; unshare 4..8;"
    "othermunmap 0..1",
    "cpus 2; init; cached cpu1 0..2; cpu0; unshare 0..16; cpu1; othermunmap 0..16; walk1; fill 5",
    "cpus 2; init; map 16..17 rw; present 16..17; cached cpu0 0..1; cached cpu1 16..17;"
    "cpu0; unshare 0..1; cpu1; dontneed 16..17; othermunmap 0..1",
    "cpus 2; init; cached cpu0 0..1; cached cpu0 16..17; cpu0; unshare 15..17; cpu1;"
    "othermunmap 16..17; read 0",
    "cpus 3; init; cached cpu1 0..1; cpu0; unshare 0..1; cpu1; idle; wake; cpu2; othermunmap 0..1",
    "cpus 2; init; cached cpu0 0..1; cpu0; exit; cpu1; othermunmap 0..1",
    "cpus 2; init; cached cpu0 0..1; cpu0; unshare 0..1; map 0..1 rw; cpu1; othermunmap 0..1;"
    "othermunmap 0..1",
    "cpus 2; rcu; init; cached cpu0 0..1; cpu0; unshare 0..1; cpu1; othermunmap 0..1",
};

void HoldTo(const Schedule& schedule, const Policy& policy, const Arch& arch, uint64_t most,
            uint64_t& merges, int& compared) {
  const std::string name = std::string(policy.name()) + " " + std::string(arch.name()) + "\n" +
                           PrintText({.schedule = schedule});
  const ExploreLimits limits{.states = most};
  const VerifyResult verified =
      Verify(schedule, {.policy = &policy, .arch = &arch, .limits = limits}, kNever);
  merges += verified.merges;
  ASSERT_EQ(verified.fault, "") << name;
  ExploreSettings settings{.policy = &policy, .arch = &arch, .finals = true, .limits = limits};
  settings.reduce = false;
  settings.forget = false;
  const ExploreResult all = Explore(schedule, settings);
  if (!all.complete()) return;
  ++compared;
  settings.reduce = true;
  const ExploreResult reduced = Explore(schedule, settings);
  ASSERT_EQ(reduced.kinds(), all.kinds()) << name;
  ASSERT_EQ(reduced.finals, all.finals) << name;
  settings.forget = true;
  const ExploreResult forgotten = Explore(schedule, settings);
  ASSERT_EQ(forgotten.kinds(), all.kinds()) << name;
  ASSERT_LE(forgotten.states, all.states) << name;
}

TEST(Kernels, MergesAndReductionAreExactInKnownPrograms) {
  uint64_t merges = 0;
  int compared = 0;
  for (const char* lines : kPrograms) {
    for (const Policy* policy : SomePolicies()) {
      for (const Arch* arch : Archs()) {
        HoldTo(FromLines(lines), *policy, *arch, kFibersCanGoBack ? 6000 : 50, merges, compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 100);
  EXPECT_GT(merges, 1000u);
}

TEST(Kernels, MergesAndReductionAreExactBesideReclaim) {
  uint64_t merges = 0;
  int compared = 0;
  for (const char* lines : kProgramsOfReclaim) {
    for (const Policy* policy : PoliciesOfReclaim()) {
      for (const Arch* arch : Archs()) {
        HoldTo(FromLines(lines), *policy, *arch, kFibersCanGoBack ? 6000 : 50, merges, compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 100);
  EXPECT_GT(merges, 1000u);
}

TEST(Kernels, MergesAndReductionAreExactWhereAccessIsTakenAway) {
  uint64_t merges = 0;
  int compared = 0;
  for (const char* lines : kProgramsOfAccess) {
    for (const Policy* policy : PoliciesOfAccess()) {
      for (const Arch* arch : Archs()) {
        HoldTo(FromLines(lines), *policy, *arch, kFibersCanGoBack ? 6000 : 50, merges, compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 200);
  EXPECT_GT(merges, 1000u);
}

TEST(Kernels, MergesAreExactWhereContentIsDecidedOn) {
  uint64_t merges = 0;
  int compared = 0;
  for (const char* lines : kProgramsOfContent) {
    for (const Policy* policy : PoliciesOfContent()) {
      for (const Arch* arch : Archs()) {
        HoldTo(FromLines(lines), *policy, *arch, kFibersCanGoBack ? 6000 : 50, merges, compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 60);
  EXPECT_GT(merges, 1000u);
}

TEST(Kernels, MergesAreExactWhereVmasHaveLocks) {
  uint64_t merges = 0;
  int compared = 0;
  for (const char* lines : kProgramsOfVmaLocks) {
    for (const Policy* policy : Policies()) {
      for (const Arch* arch : Archs()) {
        HoldTo(FromLines(lines), *policy, *arch, kFibersCanGoBack ? 6000 : 50, merges, compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 200);
  EXPECT_GT(merges, 1000u);
}

TEST(Kernels, MergesAreExactWherePageTablesAreShared) {
  uint64_t merges = 0;
  int compared = 0;
  std::vector<const Policy*> policies(Policies().begin(), Policies().end());
  for (const char* name : {"unshare-not-flushed", "unshare-flushed-late", "unshared-tables-ignored",
                           "unshared-tables-told", "unshared-at-exit"}) {
    policies.push_back(FindPolicy(name));
  }
  for (const char* lines : kProgramsOfSharing) {
    for (const Policy* policy : policies) {
      for (const Arch* arch : Archs()) {
        HoldTo(FromLines(lines), *policy, *arch, kFibersCanGoBack ? 6000 : 50, merges, compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 200);
  EXPECT_GT(merges, 1000u);
}

// Every program within small bounds, each explored with and without reduction.
TEST(Kernels, MergesAndReductionAreExactInAllPairsOfCallsThatTakeAccessAway) {
  uint64_t merges = 0;
  int compared = 0;
  const auto bounds = ParseBounds(
      "ops=2 walkers=1 pages=1 init=dirty "
      "kinds=dontneed,free,write,protect,uffdwp,"
      "cleardirty,numa,remap");
  const auto programs = Programs::Enumerate(std::get<Bounds>(bounds));
  const Programs& all = std::get<Programs>(programs);
  for (uint64_t i = 0; i < all.size(); i += kFibersCanGoBack ? 1 : 29) {
    const char* const kPolicies[] = {"full-mm", "own-range", "overlap-list", "sync-finish"};
    HoldTo(all.At(i), *FindPolicy(kPolicies[i % 4]), *FindArch(i / 4 % 2 == 0 ? "x86" : "arm64"),
           kFibersCanGoBack ? 4000 : 50, merges, compared);
    if (HasFatalFailure()) return;
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 200);
}

TEST(Kernels, MergesAndReductionAreExactInRandomPrograms) {
  uint64_t merges = 0;
  int compared = 0, seed = 0;
  for (const Policy* policy : SomePolicies()) {
    for (const Arch* arch : Archs()) {
      for (int i = 0; i < 6; ++i) {
        Random random(static_cast<uint64_t>(++seed));
        HoldTo(NewerProgram(random), *policy, *arch, kFibersCanGoBack ? 4000 : 50, merges,
               compared);
        if (HasFatalFailure()) return;
      }
    }
  }
  if (kFibersCanGoBack) EXPECT_GT(compared, 40);
  EXPECT_GT(merges, 1000u);
}

}  // namespace
}  // namespace gatherfuzz
