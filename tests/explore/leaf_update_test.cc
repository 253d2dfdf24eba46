// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Changes of a leaf that are a read and a store (model/kernel/leaf_update.h): what the hardware
// sets in between is gone, and both sides of the line that write-lost draws for that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "explore/explore.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "tests/support.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::Contains;
using testing::Not;

using Ran = TracedRun;

constexpr const char* kSplitFork = "wrprotect-split";
constexpr const char* kSplitMove = "huge-clear-split";
const std::string kClean = "cpus 2\ninit\n map 0..4 rw\n present 0..1\n";
const std::string kDirty = "cpus 2\ninit\n map 0..4 rw\n present 0..1 dirty\n";
const std::string kHuge = "cpus 2\ninit\n map 0..4 rw huge\n present 0..4\n";
const std::string kForkAndWrite = "cpu0\n fork\ncpu1\n write 0\n";
const std::string kMoveAndWrite = "cpu0\n remap 0..4 to 4\ncpu1\n write 0\n";
const std::string kBetween = "order\n cpu0 until ptep_get(0)\n cpu1 until access(0) #2\n rest\n";

// --- Just inside of the line ---

TEST(LeafUpdate, AForkThatReadsAndStoresForgetsAWriteInBetween) {
  EXPECT_EQ(Ran(kClean + kForkAndWrite + kBetween, kSplitFork).verdict(), "write-lost");
}

TEST(LeafUpdate, AMoveThatReadsAndClearsForgetsAWriteInBetween) {
  EXPECT_EQ(Ran(kHuge + kMoveAndWrite + kBetween, kSplitMove).verdict(), "write-lost");
}

TEST(LeafUpdate, ADThatIsSetIsEnough) {
  // The write itself is still to come: the TLB has an entry through which it needs no PTE.
  const std::string order = "order\n cpu0 until ptep_get(0)\n cpu1 until walk_pte(0)\n rest\n";
  EXPECT_EQ(Ran(kClean + kForkAndWrite + order, kSplitFork).verdict(), "write-lost");
}

// --- Just outside ---

TEST(LeafUpdate, AWriteBeforeTheReadIsSeen) {
  const std::string order = "order\n cpu1 until done\n rest\n";
  const Ran ran(kClean + kForkAndWrite + order, kSplitFork);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_TRUE(ran.entry(0).dirty());
}

TEST(LeafUpdate, AWriteBehindTheStoreFaultsAndCopies) {
  const std::string order = "order\n cpu0 until pte_wrprotect(0)\n cpu1 until fault\n rest\n";
  EXPECT_EQ(Ran(kClean + kForkAndWrite + order, kSplitFork).verdict(), "none");
}

TEST(LeafUpdate, WhatIsDirtyAlreadyStaysSo) {
  const Ran ran(kDirty + kForkAndWrite + kBetween, kSplitFork);
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(LeafUpdate, ThatAPageWasReadIsNoLoss) {
  const Ran ran(kClean + "cpu0\n fork\ncpu1\n read 0\n" + kBetween, kSplitFork);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_FALSE(ran.entry(0).accessed());
}

TEST(LeafUpdate, OneAtomicUpdateTakesWhatComesBeforeIt) {
  const Ran forked(
      kClean + kForkAndWrite + "order\n cpu0 until pte_read(0)\n cpu1 until access(0) #2\n rest\n",
      "full-mm");
  EXPECT_EQ(forked.verdict(), "none");
  EXPECT_THAT(forked.steps(), Not(Contains("cpu0 ptep_get(0)")));
  const Ran moved(
      kHuge + kMoveAndWrite + "order\n cpu0 until pmd_lock(0)\n cpu1 until access(0) #2\n rest\n",
      "full-mm");
  EXPECT_EQ(moved.verdict(), "none");
  EXPECT_TRUE(EntryAt(moved.world(), 4, Level::kPmd).dirty());
}

// --- Every order ---

uint32_t KindsOf(const std::string& text, const char* policy) {
  uint32_t kinds = 0;
  for (const Arch* arch : Archs()) {
    const ExploreResult result =
        Explore(FromText(text).schedule, {.policy = FindPolicy(policy), .arch = arch});
    EXPECT_EQ(result.stopped, Stop::kNo);
    kinds |= result.kinds();
  }
  return kinds;
}

TEST(LeafUpdate, NoOrderOfAtomicUpdatesLosesAWrite) {
  const uint32_t lost = Bit(ViolationKind::kWriteLost);
  EXPECT_EQ(KindsOf(kClean + kForkAndWrite, kSplitFork), lost);
  EXPECT_EQ(KindsOf(kClean + kForkAndWrite, "full-mm"), 0u);
  EXPECT_EQ(KindsOf(kDirty + kForkAndWrite, kSplitFork), 0u);
  EXPECT_EQ(KindsOf(kHuge + kMoveAndWrite, kSplitMove), lost);
  EXPECT_EQ(KindsOf(kHuge + kMoveAndWrite, "full-mm"), 0u);
  EXPECT_EQ(KindsOf(kHuge + "cpu0\n remap 0..4 to 4\ncpu1\n read 0\n", kSplitMove), 0u);
}

}  // namespace
}  // namespace gatherfuzz
