// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What kernel paths do at the places where they were once held against the kernel and differed:
// flags of fresh entries, the queue of mmap_lock, where munmap splits, what a walk evicts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/trace.h"
#include "model/machine/tlb.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

class Ran : public TracedRun {
 public:
  using TracedRun::TracedRun;
  Pte leaf(int page) const { return CurrentLeaf(world(), page); }
  // The first step that begins so; the number of steps if there is none.
  size_t Find(std::string_view name) const {
    const auto begins = [&](const std::string& step) { return step.starts_with(name); };
    return static_cast<size_t>(std::find_if(steps().begin(), steps().end(), begins) -
                               steps().begin());
  }
  bool Has(std::string_view name) const { return Find(name) != steps().size(); }
};

// --- Flags of an entry that a fault installs ---

TEST(Fault, InstallsAYoungLeafAndADirtyOneForAWrite) {
  for (const std::string map : {"map 0..4 rw", "map 0..4 rw huge"}) {
    const std::string head = "cpus 1\n init\n " + map + "\n cpu0\n";
    for (const bool write : {false, true}) {
      // Before the access walks again: what the fault itself has set.
      const std::string text =
          head + (write ? " write 1\n" : " read 1\n") + "order\n cpu0 until mmap_read_unlock\n";
      const Schedule schedule = FromText(text).schedule;
      Execution execution;
      const Trace trace = Record(execution, schedule, *FindPolicy("full-mm"), *FindArch("x86"), 0);
      const auto set =
          std::find_if(trace.steps.begin(), trace.steps.end(), [](const TraceStep& it) {
            return it.event.point == Point::pte_set || it.event.point == Point::pmd_set;
          });
      ASSERT_NE(set, trace.steps.end());
      EXPECT_TRUE(set->leaf_after.accessed()) << text;
      EXPECT_EQ(set->leaf_after.dirty(), write) << text;
      EXPECT_TRUE(set->leaf_after.writable()) << text;
    }
  }
}

// do_anonymous_page() gives a young PTE, so MADV_FREE records it and flushes.
TEST(Fault, LeavesAPteThatMadvFreeFlushes) {
  const std::string text =
      "cpus 2\n init\n map 0..1 rw\n cpu0\n write 0\n cpu1\n free 0..1\n"
      "order\n cpu0 until pte_set(0)\n cpu0 until mmap_read_unlock\n cpu1 until done\n rest\n";
  EXPECT_TRUE(Ran(text, "own-range").Has("cpu1 tlb_flush("));
  // One that was populated long ago may be old and clean: then there is nothing to flush.
  const std::string old = "cpus 1\n init\n map 0..1 rw\n present 0..1\n cpu0\n free 0..1\n";
  EXPECT_FALSE(Ran(old, "own-range").Has("cpu0 tlb_flush("));
}

TEST(Split, KeepsTheFlagsOfTheLeaf) {
  for (const std::string dirty : {"", " dirty"}) {
    const Ran ran("cpus 1\n init\n map 0..4 rw huge\n present 0..4" + dirty +
                  "\n cpu0\n dontneed 0..1\n");
    EXPECT_EQ(ran.leaf(2).dirty(), !dirty.empty());
    EXPECT_EQ(ran.leaf(2).accessed(), !dirty.empty());
    EXPECT_TRUE(ran.leaf(2).writable());
  }
}

// --- The queue of mmap_lock ---

constexpr const char* kLocks =
    "cpus 3\n init\n map 0..2 rw\n present 0..2\n"
    "cpu0\n dontneed 0..1\n cpu1\n map 8..9 rw\n cpu2\n dontneed 1..2\n";

TEST(MmapLock, AReaderWaitsBehindAWriterThatQueues) {
  const Ran ran(std::string(kLocks) +
                "order\n cpu0 until pending_inc\n cpu1 until mmap_write_lock\n"
                "cpu2 until mmap_read_lock\n rest\n");
  EXPECT_LT(ran.Find("cpu1 mmap_write_lock"), ran.Find("cpu1 mmap_write_wait"));
  EXPECT_LT(ran.Find("lent cpu0 mmap_read_unlock"), ran.Find("cpu2 mmap_read_lock"));
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(MmapLock, AReaderPassesAWriterThatHasNotQueuedYet) {
  const Ran ran(std::string(kLocks) +
                "order\n cpu0 until pending_inc\n cpu2 until mmap_read_lock\n"
                "cpu1 until mmap_write_lock\n rest\n");
  EXPECT_LT(ran.Find("cpu2 mmap_read_lock"), ran.Find("cpu0 mmap_read_unlock"));
}

TEST(MmapLock, AReaderStealsALockThatIsFree) {
  const Ran ran(std::string(kLocks) +
                "order\n cpu0 until pending_inc\n cpu1 until mmap_write_lock\n"
                "cpu0 until mmap_read_unlock\n cpu2 until mmap_read_lock\n rest\n");
  EXPECT_LT(ran.Find("cpu2 mmap_read_lock"), ran.Find("cpu1 mmap_write_wait"));
}

TEST(MmapLock, AWriterThatFindsItFreeDoesNotQueue) {
  const Ran ran(kLocks);
  EXPECT_FALSE(ran.Has("cpu1 mmap_write_wait"));
  EXPECT_TRUE(ran.Has("cpu1 mmap_write_lock"));
}

// --- munmap splits what it cuts under the write lock ---

TEST(Munmap, SplitsAHugeLeafThatAnEndCutsBeforeItDetaches) {
  for (const std::string range : {"0..2", "2..4", "1..3", "2..6"}) {
    const Ran ran("cpus 1\n init\n map 0..8 rw huge\n present 0..8\n cpu0\n munmap " + range +
                  "\n");
    EXPECT_TRUE(ran.Has("cpu0 pmd_invalidate")) << range;
    EXPECT_LT(ran.Find("cpu0 tlb_flush_done"), ran.Find("cpu0 vma_detach")) << range;
    EXPECT_LT(ran.Find("cpu0 pmd_unlock"), ran.Find("cpu0 vma_detach")) << range;
    EXPECT_LT(ran.Find("cpu0 vma_detach"), ran.Find("cpu0 pending_inc")) << range;
    const auto splits = std::count_if(
        ran.steps().begin(), ran.steps().end(),
        [](const std::string& step) { return step.starts_with("cpu0 pmd_invalidate"); });
    EXPECT_EQ(splits, range == "2..6" ? 2 : 1) << range;
  }
}

TEST(Munmap, SplitsNothingThatItCoversWhole) {
  const Ran ran("cpus 1\n init\n map 0..8 rw huge\n present 0..8\n cpu0\n munmap 4..8\n");
  EXPECT_FALSE(ran.Has("cpu0 pmd_invalidate"));
  const Ran small("cpus 1\n init\n map 0..8 rw\n present 0..8\n cpu0\n munmap 2..6\n");
  EXPECT_FALSE(small.Has("cpu0 pmd_lock"));
}

// A dontneed cuts no VMA: its zap splits, under the read lock and beside others.
TEST(Dontneed, SplitsInTheZap) {
  const Ran ran("cpus 1\n init\n map 0..4 rw huge\n present 0..4\n cpu0\n dontneed 0..2\n");
  EXPECT_LT(ran.Find("cpu0 pending_inc"), ran.Find("cpu0 pmd_invalidate"));
}

// --- A walk that nobody asked for has evicted what was there ---

TEST(Walker, LoadsThePteAsItIsNow) {
  const std::string head =
      "cpus 2\n init\n map 0..1 rw\n present 0..1\n cached cpu1 0..1\n cpu0\n write 0\n";
  const Pte* before = nullptr;
  const Ran without(head);
  before = Lookup(without.world().at(MakeCpu(1)).tlb, 0);
  ASSERT_NE(before, nullptr);
  EXPECT_FALSE(before->dirty());
  const Ran filled(head + "walk1\n fill 0\n order\n cpu0 until done\n walk1 until done\n");
  const Pte* after = Lookup(filled.world().at(MakeCpu(1)).tlb, 0);
  ASSERT_NE(after, nullptr);
  EXPECT_TRUE(after->dirty());
}

TEST(Walker, LeavesNothingWhereItFindsNothing) {
  const std::string text =
      "cpus 2\n init\n map 0..1 rw\n present 0..1\n cached cpu1 0..1\n cpu0\n dontneed 0..1\n"
      "walk1\n fill 0\n order\n cpu0 until pte_unlock(0)\n walk1 until done\n rest\n";
  const Ran ran(text, "own-range");
  EXPECT_EQ(Lookup(ran.world().at(MakeCpu(1)).tlb, 0), nullptr);
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Walker, EvictsOnlyWhatTranslatesItsPage) {
  const Ran ran(
      "cpus 1\n init\n map 0..2 rw\n map 4..8 rw huge\n present 0..2\n present 4..8\n"
      " cached cpu0 0..8\n walk0\n fill 5\n");
  EXPECT_NE(Lookup(ran.world().at(MakeCpu(0)).tlb, 0), nullptr);
  EXPECT_NE(Lookup(ran.world().at(MakeCpu(0)).tlb, 5), nullptr);
}

}  // namespace
}  // namespace gatherfuzz
