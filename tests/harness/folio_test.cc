// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Large folios: the runs of PTEs that reclaim takes at once and puts back, fork of a part, and both
// sides of the line that the oracle draws for what is mapped writable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/bytes.h"
#include "model/arch/arch.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;

using Ran = TracedRun;

// Of a kernel: two clean pages of one folio, and what cpu0 does before reclaim takes both.
std::string Text(const std::string& kernel, const std::string& cpu0,
                 const std::string& reclaim = "reclaim 0..2",
                 const std::string& init = " map 0..4 rw\n folio 0..2\n") {
  return "cpus 1\nkernel " + kernel + "\ninit\n" + init + "cpu0\n " + cpu0 + "\nkswapd\n " +
         reclaim + "\norder\n cpu0 until done\n rest\n";
}
const std::string kShared = "forkpart 1..2\n write 0";

// The steps at PTEs that kswapd, CPU 1, makes.
std::vector<std::string> PteSteps(const Ran& ran) {
  std::vector<std::string> steps;
  for (const std::string& step : ran.StepsOf("cpu1")) {
    if (step.starts_with("pte_read") || step.starts_with("pte_clear") ||
        step.starts_with("pte_set")) {
      steps.push_back(step);
    }
  }
  return steps;
}

TEST(Folio, ReclaimTakesARunAtOnceAndOwesOneFlush) {
  const Ran ran(Text("6.17", "read 0"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(PteSteps(ran),
              ElementsAre("pte_read(0)", "pte_read(1)", "pte_clear(0)", "pte_clear(1)"));
  EXPECT_EQ(ran.Count("cpu1 pte_lock(0)"), 1);
  EXPECT_EQ(ran.Count("cpu1 batched_inc(0)") + ran.Count("cpu1 batched_inc(1)"), 1);
  EXPECT_THAT(ran.StepsOf("cpu1"), IsSupersetOf({"free_page(0)", "free_page(1)"}));
  EXPECT_EQ(ran.mm().data_frames, 0);
}

TEST(Folio, BeforeThatOnePteAfterAnother) {
  const Ran ran(Text("6.12", "read 0"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(PteSteps(ran),
              ElementsAre("pte_read(0)", "pte_clear(0)", "pte_read(1)", "pte_clear(1)"));
  EXPECT_EQ(ran.Count("cpu1 pte_lock(1)"), 1);
}

// A and D of any of them are of all, as the kernel gathers them.
TEST(Folio, PutsBackWhatIsFoundWritten) {
  const Ran ran(Text("6.17", "write 1"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(PteSteps(ran), ElementsAre("pte_read(0)", "pte_read(1)", "pte_clear(0)",
                                         "pte_clear(1)", "pte_set(0)", "pte_set(1)"));
  for (const int page : {0, 1}) {
    EXPECT_EQ(ran.entry(page).flags, Pte::kPresent | Pte::kWrite | Pte::kAccessed | Pte::kDirty)
        << page;
    EXPECT_EQ(ran.world().folio(ran.entry(page).frame).dirty, 1) << page;
  }
  EXPECT_EQ(ran.mm().data_frames, 2);
}

TEST(Folio, IsDirtyAsAWholeFromThenOn) {
  const Ran ran(Text("6.17", "write 1", "reclaim 0..2\n reclaim 0..1\n reclaim 1..2"));
  EXPECT_EQ(ran.Count("cpu1 pte_clear(0)"), 1);
  EXPECT_EQ(ran.Count("cpu1 pte_clear(1)"), 1);
}

// 6.12 has taken page 0 by then, and stops at page 1.
TEST(Folio, BeforeThatWhatIsCleanIsGone) {
  const Ran ran(Text("6.12", "write 1"));
  EXPECT_FALSE(ran.entry(0).present());
  EXPECT_TRUE(ran.entry(1).dirty());
}

// --- What ends a run ---

TEST(Folio, ARunEndsWithWhatIsOfTheFolio) {
  for (const char* init :
       {" map 0..4 rw\n folio 0..2\n present 2..3\n",  // the next page is of none
        " map 0..2 rw\n map 2..4 rw\n folio 0..3\n",   // of another VMA
        " map 0..4 rw\n folio 0..3\n"}) {              // and by what is asked for
    const Ran ran(Text("6.17", "read 0", "reclaim 0..2\n reclaim 2..3", init));
    EXPECT_THAT(PteSteps(ran), testing::Contains("pte_clear(1)")) << init;
    EXPECT_LT(ran.At("cpu1 pte_clear(1)"), ran.At("cpu1 pte_clear(2)")) << init;
    EXPECT_EQ(ran.Count("cpu1 pte_lock(2)"), 1) << init;
  }
  const Ran vma(
      Text("6.17", "read 0", "reclaim 0..3", " map 0..2 rw\n map 2..4 rw\n folio 0..3\n"));
  EXPECT_EQ(vma.Count("cpu1 pte_lock(2)"), 1);
  const Ran whole(Text("6.17", "read 0", "reclaim 0..3", " map 0..4 rw\n folio 0..3\n"));
  EXPECT_EQ(whole.Count("cpu1 pte_lock(2)"), 0);
}

TEST(Folio, AFrameThatIsGivenOutAnewIsOfNone) {
  const Ran ran(Text("6.17", "dontneed 0..1\n read 0", "reclaim 0..2"));
  EXPECT_EQ(ran.world().folio_frames, 2);
  EXPECT_EQ(ran.Count("cpu1 pte_lock(1)"), 1) << "a page of its own";
}

TEST(Folio, WhatIsWrittenOutGoesPageByPage) {
  const Ran ran(Text("6.17", "write 0", "swapout 0..2"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu1 pte_lock(1)"), 1);
  EXPECT_EQ(ran.Count("cpu1 start_io(0)"), 1);
}

// What is mapped there is its owner's, and rmap does not lead to it.
TEST(Folio, APfnMapHasNone) {
  const Ran ran(Text("6.17", "revoke 0..2", "reclaim 0..2", " pfnmap 0..2\n folio 0..2\n"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.world().folio_frames, 0);
  const Ran behind(
      Text("6.17", "read 2", "reclaim 0..4", " pfnmap 0..2\n map 2..4 rw\n folio 0..4\n"));
  EXPECT_EQ(behind.verdict(), "none");
  EXPECT_EQ(behind.Count("cpu1 pte_clear(1)"), 0);
  EXPECT_EQ(behind.Count("cpu1 pte_lock(3)"), 0) << "pages 2 and 3 are one run";
}

// A batch has room for a run.
TEST(Folio, RunsFitIntoABatch) {
  const Ran ran(
      "cpus 1\nkernel 6.17\nbatch 8\ninit\n map 0..16 rw\n folio 8..12\n present 0..8\n"
      "cpu0\n read 0\nkswapd\n reclaim 0..12\norder\n cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.mm().data_frames, 0);
}

// --- fork of a part ---

TEST(Forkpart, SharesItsRangeOnly) {
  const Ran ran(Text("6.17", "forkpart 1..2", "reclaim 3..4"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_TRUE(ran.entry(0).writable());
  EXPECT_FALSE(ran.entry(1).writable());
  EXPECT_EQ(ran.world().folio(ran.entry(0).frame).shared, 0);
  EXPECT_EQ(ran.world().folio(ran.entry(1).frame).shared, Folio::kShared);
}

// --- shared-writable ---

TEST(SharedWritable, IsWhatIsPutBackAsItsNeighbourWas) {
  const Ran ran(Text("6.17", kShared));
  EXPECT_EQ(ran.verdict(), "shared-writable");
  EXPECT_EQ(ran.violation().page, 1);
  EXPECT_EQ(ran.steps().back(), "cpu1 pte_set(1)");
}

// On the inside of the line.
TEST(SharedWritable, IsNotWhatStaysReadOnlyOrIsOfTheMmAlone) {
  // The fix; the kernels before and after; nothing was written; the first one is what is shared.
  EXPECT_EQ(Ran(Text("6.17", kShared), "reclaim-runs-by-write").verdict(), "none");
  EXPECT_EQ(Ran(Text("6.12", kShared)).verdict(), "none");
  EXPECT_EQ(Ran(Text("7.1", kShared)).verdict(), "none");
  EXPECT_EQ(Ran(Text("6.17", "forkpart 1..2\n read 0")).verdict(), "none");
  EXPECT_EQ(Ran(Text("6.17", "forkpart 0..1\n write 1")).verdict(), "none");
  // Read-only for no other mm's sake: what clear_refs has done is undone, which nobody reads here.
  EXPECT_EQ(Ran(Text("6.17", "cleardirty 1..2\n write 0")).verdict(), "none");
  // What was copied is of no folio, and of the mm alone.
  EXPECT_EQ(Ran(Text("6.17", kShared + "\n write 1")).verdict(), "none");
}

// Whoever gives a PTE the right to write looks first: a run of these ends in none in any order.
TEST(SharedWritable, IsNeverWhatAFaultMprotectOrMigrationDoes) {
  for (const char* ops : {"write 1", "protect 1..2 r\n protect 1..2 rw\n write 1",
                          "numa 1..2\n read 1", "migrate 1", "uffdwp 1..2\n write 1"}) {
    const Ran ran(Text("6.17", std::string("forkpart 1..2\n ") + ops, "reclaim 3..4"));
    EXPECT_EQ(ran.verdict(), "none") << ops;
  }
}

TEST(Folio, FixedRunsKeepTheirRights) {
  const Ran ran(Text("6.17", kShared), "reclaim-runs-by-write");
  EXPECT_TRUE(ran.entry(0).writable());
  EXPECT_EQ(ran.Count("cpu1 pte_set(0)"), 1);
  EXPECT_EQ(ran.Count("cpu1 pte_lock(1)"), 1) << "a run of its own";
}

// --- Text and bytes ---

TEST(Folio, KeepsItsBytesAndItsText) {
  for (const char* dirty : {"", " dirty"}) {
    const std::string text = Text("6.17", kShared, "reclaim 0..2",
                                  std::string(" map 0..4 rw\n folio 0..2") + dirty + "\n");
    const ScheduleFile file = FromText(text);
    EXPECT_TRUE(file.schedule.init[1].folio);
    EXPECT_EQ(FromText(PrintText(file)).schedule, file.schedule);
    Schedule decoded;
    DecodeBytes(EncodeBytes(file.schedule), decoded);
    EXPECT_EQ(decoded, file.schedule);
  }
}

TEST(Folio, IsOneOfOneTable) {
  Schedule schedule = FromText(Text("6.17", "read 0")).schedule;
  schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = {2, 3}, .folio = true});
  schedule.init[1].range = {2, 7};
  Canonicalize(schedule);
  EXPECT_EQ(schedule.init[1].range, (PageRange{2, 4}));
  EXPECT_FALSE(schedule.init[2].folio);
}

// Nobody pays who has none.
TEST(Folio, SchedulesWithoutOneAreAsTheyWere) {
  const Ran ran(
      "cpus 1\nkernel 6.17\ninit\n map 0..4 rw\n present 0..2\ncpu0\n read 0\n"
      "kswapd\n reclaim 0..2\n");
  EXPECT_EQ(ran.world().decides, 0);
  EXPECT_EQ(ran.world().folio_frames, 0);
  EXPECT_EQ(ran.Count("cpu1 pte_lock(1)"), 1);
}

}  // namespace
}  // namespace gatherfuzz
