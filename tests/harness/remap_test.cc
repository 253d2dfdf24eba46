// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// remap: what moves, in which steps, what it leaves behind, and both sides of the line that the
// oracle draws for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;

using Ran = TracedRun;

const std::string kOne = "cpus 1\ninit\n map 0..2 rw\n present 0..2 dirty\n cached cpu0 0..2\n";
const std::string kHuge = "cpus 1\ninit\n map 0..4 rw huge\n present 0..4 dirty\n";

TEST(Remap, MovesEntriesAndFlushesTheirOldPlaceUnderBothLocks) {
  const Ran ran(
      "cpus 1\ninit\n map 0..1 rw\n present 0..1 dirty\n map 4..5 rw\n present 4..5\n"
      "cpu0\n remap 0..1 to 6 dontunmap\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(
      ran.steps(),
      ElementsAre("cpu0 mmap_write_lock", "cpu0 vma_link(6)", "cpu0 pud_read(0)",
                  "cpu0 pmd_read(0)", "cpu0 pte_lock(0)", "cpu0 pte_lock(6)", "cpu0 pte_read(0)",
                  "cpu0 pte_clear(0)", "cpu0 pte_set(6)", "cpu0 tlb_flush(0)",
                  "lent inv0 deliver(0)", "cpu0 tlb_flush_done(0)", "cpu0 pte_unlock(6)",
                  "cpu0 pte_unlock(0)", "cpu0 mmap_write_unlock", "cpu0 syscall_return(0)"));
  EXPECT_TRUE(ran.entry(0).none());
  EXPECT_EQ(ran.entry(6).flags, Pte::kPresent | Pte::kWrite | Pte::kAccessed | Pte::kDirty);
  EXPECT_EQ(ran.mm().vma_pages, 0b1010001u) << "the old VMA stays";
  EXPECT_EQ(ran.mm().data_frames, 2);
}

TEST(Remap, UnmapsTheOldPlaceUnlessToldOtherwise) {
  const Ran ran(kOne + "cpu0\n remap 0..2 to 6\n read 0\n read 7\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.mm().vma_pages, 0b11000000u);
  EXPECT_EQ(ran.Count("cpu0 vma_detach(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 mmap_write_downgrade"), 0);
  EXPECT_EQ(ran.Count("cpu0 free_table(0)"), 1);
  EXPECT_TRUE(ran.entry(7).present());
  EXPECT_EQ(ran.mm().data_frames, 2) << "nothing is populated at the old place";
}

TEST(Remap, WithinOnePageTableTakesItsLockOnce) {
  const Ran ran(kOne + "cpu0\n remap 0..2 to 2\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_TRUE(ran.entry(2).dirty() && ran.entry(3).dirty());
  EXPECT_EQ(ran.Count("cpu0 pte_lock(2)"), 0);
}

TEST(Remap, AWholeTableMovesAsOne) {
  const Ran ran(
      "cpus 1\ninit\n map 0..4 rw\n present 0..3\n cached cpu0 0..3\n"
      "cpu0\n remap 0..4 to 8\n read 9\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 pmd_move(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 pte_clear(0)"), 0);
  EXPECT_LT(ran.At("cpu0 tlb_flush_done(0)"), ran.At("cpu0 pmd_unlock(0)"));
  EXPECT_TRUE(ran.entry(8).present() && ran.entry(10).present());
  EXPECT_TRUE(ran.entry(11).none());
  EXPECT_EQ(ran.mm().data_frames, 3);
  EXPECT_EQ(ran.mm().table_frames, ran.mm().linked_tables + 1) << "and the root";
  // What is there already keeps it from that; so does an offset.
  const Ran beside(
      "cpus 1\ninit\n map 0..4 rw\n map 9..10 rw\n present 0..10\n"
      "cpu0\n remap 0..4 to 12\n munmap 12..16\n");
  EXPECT_EQ(beside.Count("cpu0 pmd_move(0)"), 1);
  const Ran aslant("cpus 1\ninit\n map 0..4 rw\n present 0..4\ncpu0\n remap 0..4 to 9\n");
  EXPECT_EQ(aslant.Count("cpu0 pmd_move(0)"), 0);
  EXPECT_EQ(aslant.Count("cpu0 pte_clear(3)"), 1);
  EXPECT_TRUE(aslant.entry(12).present());
}

TEST(Remap, NoTableMovesAsOneBesideReclaim) {
  const Ran ran(
      "cpus 1\ninit\n map 0..4 rw\n present 0..4\ncpu0\n remap 0..4 to 8\n"
      "kswapd\n reclaim 20..21\n");
  EXPECT_EQ(ran.Count("cpu0 pmd_move(0)"), 0);
  EXPECT_EQ(ran.Count("cpu0 pte_clear(0)"), 1);
}

TEST(Remap, HugeLeavesMoveWholeOrAreSplit) {
  const Ran ran(kHuge + "cpu0\n remap 0..4 to 8\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 pmd_clear(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 pmd_set(8)"), 1);
  EXPECT_TRUE(ran.entry(8).leaf());
  const Ran part(kHuge + "cpu0\n remap 0..2 to 8\n");
  EXPECT_EQ(part.verdict(), "none");
  EXPECT_EQ(part.Count("cpu0 pmd_invalidate(0)"), 1);
  EXPECT_TRUE(part.entry(9).present() && part.entry(2).present());
  EXPECT_EQ(part.mm().data_frames, 4);
}

TEST(Remap, TakesAccessAndMarkersAlong) {
  const Ran none(kOne + "cpu0\n protect 0..2 none\n remap 0..2 to 6\n read 6\n");
  EXPECT_TRUE(none.entry(6).hidden());
  EXPECT_EQ(none.mm().vma_none, 0b11000000u);
  const Ran guard("kernel 6.17\n" + kOne + "cpu0\n guard 0..1\n remap 0..2 to 6\n read 6\n");
  EXPECT_TRUE(guard.entry(6).guard());
  EXPECT_EQ(guard.mm().data_frames, 1);
}

TEST(Remap, FailsWhereItCannot) {
  for (const char* op :
       {"remap 1..3 to 8", "remap 0..2 to 1", "remap 0..1 to 1", "remap 4..5 to 8"}) {
    const Ran ran(kOne + "cpu0\n " + op + "\n");
    EXPECT_EQ(ran.mm().vma_pages, 0b11u) << op;
    EXPECT_EQ(ran.Count("cpu0 vma_link(8)"), 0) << op;
  }
}

// --- What it answers for ---

const std::string kPending =
    "kernel 6.17\ncpus 2\ninit\n map 0..2 rw\n present 0..2\n cached cpu0 0..2\n"
    "cpu0\n dontneed 1..2\ncpu1\n ";
const std::string kThen = "\norder\n cpu0 until mmap_read_unlock\n cpu1 until done\n rest\n";

TEST(Remap, AnswersForWhatItFindsEmpty) {
  const Ran ran(kPending + "remap 1..2 to 5 dontunmap" + kThen);
  EXPECT_EQ(ran.verdict(), "stale-after-return");
  EXPECT_EQ(ran.violation().page, 1);
  EXPECT_EQ(ran.violation().cpu, 1);
  EXPECT_EQ(Ran(kPending + "remap 1..2 to 5 dontunmap" + kThen, "move-asks").verdict(), "none");
  // The nested finish of the munmap saves it, if there is one.
  EXPECT_EQ(Ran(kPending + "remap 1..2 to 5" + kThen).verdict(), "none");
  EXPECT_EQ(Ran(kPending + "remap 1..2 to 5" + kThen, "own-range").verdict(), "stale-after-return");
  // Until 6.12 the dontneed has flushed by then.
  EXPECT_EQ(
      Ran(kPending.substr(kPending.find('\n') + 1) + "remap 1..2 to 5 dontunmap" + kThen).verdict(),
      "none");
}

TEST(Remap, NotForWhatIsMappedThereSince) {
  const Ran ran(
      "cpus 2\ninit\n map 0..1 rw\n present 0..1\ncpu0\n remap 0..1 to 4 dontunmap\n"
      "cpu1\n read 0\norder\n cpu0 until mmap_write_unlock\n cpu1 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_TRUE(ran.entry(0).present());
}

TEST(Remap, TheNewPlaceIsNobodysBusinessButItsOwn) {
  // A dontneed of the new place is under way as a table moves there.
  const Ran ran(
      "kernel 6.17\ncpus 2\ninit\n map 0..4 rw\n map 8..12 rw\n present 0..4\n"
      "cpu0\n dontneed 8..12\ncpu1\n munmap 8..12\n remap 0..4 to 8\n read 8\n"
      "order\n cpu0 until mmap_read_unlock\n cpu1 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Remap, PaysForReclaim) {
  const std::string text =
      "cpus 2\ninit\n map 0..1 rw\n present 0..1\n cached cpu1 0..1\n"
      "cpu0\n remap 0..1 to 4 dontunmap\nkswapd\n reclaim 0..1\n"
      "order\n kswapd until pte_unlock(0)\n cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(text).verdict(), "none");
  EXPECT_EQ(Ran(text).Count("cpu0 batched_cmpxchg(0)"), 1);
  EXPECT_EQ(Ran(text, "reclaim-not-asked").verdict(), "stale-after-return");
}

// --- Its forms ---

TEST(Remap, IsTheSameInTextAndInBytes) {
  std::string text = "gatherfuzz 1\ncpus 8\n\ninit\n  map 0..64 rw\n\ncpu7\n";
  for (int to : {0, 1, 7, 8, 31, 32, 60}) {
    text += "  remap 3..7 to " + std::to_string(to) + "\n  remap 60..64 to " + std::to_string(to) +
            " dontunmap\n";
  }
  text += "\norder\n  cpu7 until pmd_move(0)\n  rest\n";
  const Schedule schedule = FromText(text).schedule;
  EXPECT_EQ(PrintText({.schedule = schedule}), text);
  Schedule decoded;
  const EncodedBytes bytes = EncodeBytes(schedule, 1);
  DecodeBytes({bytes.begin(), bytes.size()}, decoded);
  EXPECT_EQ(decoded, schedule);
}

TEST(Remap, TextSaysWhatIsMissing) {
  const auto error = [](const std::string& line) {
    const auto parsed =
        ParseText("gatherfuzz 1\ncpus 1\ncpu0\n " + line + "\norder\n rest\n", nullptr);
    return std::holds_alternative<TextError>(parsed) ? std::get<TextError>(parsed).expected : "";
  };
  EXPECT_EQ(error("remap 0..4"), "'to', and the first page of where it goes");
  EXPECT_EQ(error("remap 0..4 to 64"), "a page, 0 to 63");
  EXPECT_EQ(error("remap 0..4 to 61"), "a page with room for as many behind it, of 64");
  EXPECT_EQ(error("remap 0..4 to 8 huge"), "'dontunmap' or the end of the line");
  EXPECT_EQ(error("remap 0..4 to 60"), "");
}

}  // namespace
}  // namespace gatherfuzz
