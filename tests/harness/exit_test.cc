// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// exit: who tears the mm down, in which steps, what is flushed, and what then counts no more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "model/arch/arch.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Ran = TracedRun;

const std::string kOne = "cpus 1\ninit\n map 0..1 rw\n present 0..1\n cached cpu0 0..1\n";
const std::string kTwo =
    "cpus 2\ninit\n map 0..4 rw\n present 0..2 dirty\n cached cpu0 0..2\n cached cpu1 0..2\n";

TEST(Exit, TakesPagesUnderTheReadLockAndTablesUnderTheWriteLock) {
  const Ran ran(kOne + "cpu0\n exit\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(
      ran.steps(),
      ElementsAre("cpu0 exit_mm", "cpu0 mmap_read_lock", "cpu0 pending_inc", "cpu0 pud_read(0)",
                  "cpu0 pmd_read(0)", "cpu0 pte_lock(0)", "cpu0 pte_read(0)", "cpu0 pte_clear(0)",
                  "cpu0 pte_unlock(0)", "cpu0 mmap_read_unlock", "cpu0 mmap_write_lock",
                  "cpu0 vma_detach(0)", "cpu0 pte_table_unlink(0)", "cpu0 pmd_table_unlink(0)",
                  "cpu0 pending_read", "cpu0 tlb_flush(0)", "lent inv0 deliver(0)",
                  "cpu0 tlb_flush_done(0)", "cpu0 free_table(0)", "cpu0 free_table(0)",
                  "cpu0 free_page(0)", "cpu0 pending_dec", "cpu0 mmap_write_unlock"));
  EXPECT_EQ(ran.mm().vma_pages, 0u);
  EXPECT_EQ(ran.mm().data_frames, 0);
  EXPECT_EQ(ran.mm().table_frames, 1);
}

TEST(Exit, IsOfTheLastThread) {
  const Ran both(kTwo + "cpu0\n exit\ncpu1\n read 0\n exit\n");
  EXPECT_EQ(both.verdict(), "none");
  EXPECT_EQ(both.Count("cpu0 mmap_read_lock"), 0);
  EXPECT_EQ(both.Count("cpu1 vma_detach(0)"), 1);
  EXPECT_EQ(both.mm().data_frames, 0);
  const Ran one(kTwo + "cpu0\n exit\ncpu1\n read 0\n");
  EXPECT_EQ(one.verdict(), "none");
  EXPECT_EQ(one.mm().data_frames, 2) << "the thread of cpu1 lives on, in user space";
}

TEST(Exit, NothingRunsBehindIt) {
  const Ran ran(kTwo + "cpu0\n exit\n dontneed 0..4\n exit\ncpu1\n read 0\n");
  EXPECT_EQ(ran.Count("cpu0 mmap_read_lock"), 0);
  EXPECT_EQ(ran.Count("cpu0 exit_mm"), 1);
  EXPECT_EQ(LinesThatRun(ran.schedule()) & 0xf, 0b1001u);
}

// What fills the batch on the way is freed. On arm64 nothing is flushed for it: nobody can tell.
TEST(Exit, ArmFlushesOnceTablesAreFreed) {
  const std::string four =
      "cpus 2\nbatch 1\ninit\n map 0..4 rw\n present 0..4\n cached cpu1 0..4\ncpu0\n exit\n";
  const Ran arm64(four, "full-mm", "arm64");
  EXPECT_EQ(arm64.verdict(), "none");
  EXPECT_EQ(arm64.Count("cpu0 tlb_flush(0)"), 1);
  EXPECT_LT(arm64.At("cpu0 free_page(0)"), arm64.At("cpu0 tlb_flush(0)"));
  EXPECT_LT(arm64.At("cpu0 tlb_flush_done(0)"), arm64.At("cpu0 free_table(0)"));
  const Ran x86(four);
  EXPECT_EQ(x86.verdict(), "none");
  EXPECT_EQ(x86.Count("cpu0 tlb_flush(0)"), 5);
  // The OOM reaper's gather is another matter: threads still run. (z9 is this with fullmm.)
  const std::string reap =
      "cpus 2\nbatch 1\ninit\n map 0..4 rw\n present 0..4\n cached cpu1 0..4\ncpu0\n reap\n";
  EXPECT_EQ(Ran(reap, "reap-whole", "arm64").verdict(), "freed-page-cached");
}

TEST(Exit, PointersToTablesGoOnCounting) {
  // A policy that frees tables before the flush.
  const Ran ran("cpus 2\ninit\n map 0..1 rw\n present 0..1\n cached cpu1 0..1\ncpu0\n exit\n",
                "table-before-flush");
  EXPECT_EQ(ran.verdict(), "freed-table-cached");
  EXPECT_EQ(ran.violation().holder, 1);
}

// An entry where no thread is left is nobody's.
TEST(Exit, TranslationsOfAThreadThatIsGoneCountNoMore) {
  const std::string race =
      "cpus 3\ninit\n map 0..1 rw\n map 4..5 rw\n present 0..1\n cached cpu2 0..1\n"
      "cpu0\n dontneed 0..1\ncpu1\n dontneed 0..1\n";
  const std::string order =
      "order\n cpu2 until done\n cpu0 until pte_unlock(0)\n cpu1 until done\n rest\n";
  EXPECT_EQ(Ran(race + "cpu2\n read 4\n" + order, "own-range").verdict(), "stale-after-return");
  EXPECT_EQ(Ran(race + "cpu2\n read 4\n exit\n" + order, "own-range").verdict(), "none");
  const std::string late =
      "order\n cpu0 until pte_unlock(0)\n cpu1 until done\n cpu2 until done\n rest\n";
  EXPECT_EQ(Ran(race + "cpu2\n read 4\n exit\n" + late, "own-range").verdict(),
            "stale-after-return");
}

// The OOM reaper is no thread of the mm, so it may be at work beside it.
TEST(Exit, MeetsTheReaper) {
  const std::string both =
      "cpus 2\ninit\n map 0..2 rw\n present 0..2\n cached cpu0 0..2\ncpu0\n exit\ncpu1\n reap\n";
  for (const char* arch : {"x86", "arm64"}) {
    const Ran between(both + "order\n cpu0 until mmap_read_unlock\n cpu1 until done\n rest\n",
                      "full-mm", arch);
    EXPECT_EQ(between.verdict(), "none") << arch;
    EXPECT_EQ(between.Count("cpu1 pending_inc"), 1) << arch;
    const Ran first(both + "order\n cpu1 until pte_unlock(1)\n cpu0 until done\n rest\n", "full-mm",
                    arch);
    EXPECT_EQ(first.verdict(), "none") << arch;
  }
  const Ran after(both + "order\n cpu0 until done\n cpu1 until done\n rest\n");
  EXPECT_EQ(after.Count("cpu1 pending_inc"), 0) << "no VMA is left";
}

TEST(Exit, KeepsItsBytesAndItsText) {
  const Schedule schedule = FromText(kTwo + "cpu0\n read 0\n exit\ncpu1\n exit\n").schedule;
  Schedule decoded;
  DecodeBytes(EncodeBytes(schedule), decoded);
  EXPECT_EQ(decoded, schedule);
  EXPECT_THAT(PrintText({.schedule = schedule}), HasSubstr("  exit\n"));
  EXPECT_EQ(DeterminedBy(schedule).pte, 0u);
}

TEST(Exit, TellsOfLinesThatArePassedOver) {
  TextNotes notes;
  const auto parsed = ParseText(
      "gatherfuzz 1\ncpus 1\ninit\n map 0..1 rw\ncpu0\n exit\n read 0\norder\n rest\n", &notes);
  ASSERT_TRUE(std::holds_alternative<ScheduleFile>(parsed));
  ASSERT_EQ(notes.warnings.size(), 1u);
  EXPECT_THAT(notes.warnings[0].text,
              HasSubstr("'read' is passed over: the thread of cpu0 has exited before it"));
}

}  // namespace
}  // namespace gatherfuzz
