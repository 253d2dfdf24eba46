// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim: which pages it takes, in which steps, by whom; what pays for it; and both sides of the
// lines that the oracle draws for it and for calls that meet it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Ran = TracedRun;

// Two clean pages, which cpu0 and cpu1 have cached.
const std::string kTwo =
    "cpus 2\ninit\n map 0..4 rw\n present 0..2\n cached cpu0 0..2\n cached cpu1 0..2\n";
// Here and below kswapd is cpu2 in the names of steps.
const std::string kReclaims = kTwo + "kswapd\n reclaim 0..1\n";

// --- What it does ---

TEST(Reclaim, UnmapsThenFlushesThenFrees) {
  const Ran ran(kReclaims);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.steps(),
              ElementsAre("cpu2 rmap_lock(0)", "cpu2 pte_lock(0)", "cpu2 pte_read(0)",
                          "cpu2 pte_clear(0)", "cpu2 batched_inc(0)", "cpu2 pte_unlock(0)",
                          "cpu2 rmap_unlock(0)", "cpu2 tlb_flush(0)", "lent inv0 deliver(2)",
                          "lent inv1 deliver(2)", "cpu2 tlb_flush_done(0)", "cpu2 free_page(0)"));
  EXPECT_TRUE(ran.entry(0).none());
  EXPECT_TRUE(ran.entry(1).present());
  EXPECT_EQ(ran.world().mm.data_frames, 1);
  EXPECT_EQ(ran.world().mm.batched_pending, 1);
  EXPECT_EQ(ran.world().mm.batched_flushed, 0) << "others pay, reclaim does not say that it has";
}

TEST(Reclaim, InvalidatesThePageAtOnceAndWaitsLaterOnArm64) {
  const Ran ran(kReclaims, "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("cpu2 tlb_flush(0)"), ran.At("cpu2 batched_inc(0)"));
  EXPECT_LT(ran.At("cpu2 pte_unlock(0)"), ran.At("cpu2 tlb_flush_done(0)"));
  EXPECT_LT(ran.At("cpu2 tlb_flush_done(0)"), ran.At("cpu2 free_page(0)"));
  EXPECT_EQ(ran.Count("cpu2 tlb_flush(0)"), 1);
}

TEST(Reclaim, DefersNothingOnArm64Before66) {
  const Ran ran("kernel 6.1\n" + kReclaims, "full-mm", "arm64");
  EXPECT_EQ(ran.Count("cpu2 batched_inc(0)"), 0);
  EXPECT_LT(ran.At("cpu2 tlb_flush_done(0)"), ran.At("cpu2 pte_unlock(0)"));
  const Ran x86("kernel 6.1\n" + kReclaims);
  EXPECT_EQ(x86.Count("cpu2 batched_inc(0)"), 1);
}

TEST(Reclaim, LeavesDirtyPagesAlone) {
  const Ran ran("cpus 1\ninit\n map 0..1 rw\n present 0..1 dirty\nkswapd\n reclaim 0..1\n");
  EXPECT_TRUE(ran.entry(0).present());
  EXPECT_EQ(ran.Count("cpu1 pte_clear(0)"), 0);
  // The hardware sets D between the look and the clear.
  const Ran late(kTwo +
                 "cpu0\n write 0\nkswapd\n reclaim 0..1\norder\n kswapd until pte_read(0)\n"
                 "cpu0 until walk_pte(0)\n rest\n");
  EXPECT_TRUE(late.entry(0).present() && late.entry(0).dirty());
  EXPECT_EQ(late.Count("cpu2 pte_clear(0)"), 1);
  EXPECT_EQ(late.Count("cpu2 batched_inc(0)"), 0);
}

TEST(Reclaim, LeavesHugeLeavesHolesAndMarkersAlone) {
  const Ran huge("cpus 1\ninit\n map 0..4 rw huge\n present 0..4\nkswapd\n reclaim 0..4\n");
  EXPECT_TRUE(huge.entry(0).present());
  const Ran hole("cpus 1\ninit\n map 0..1 rw\nkswapd\n reclaim 0..9\n");
  EXPECT_EQ(hole.steps().size(), 9u) << "a look for each page";
  const Ran guard(
      "cpus 1\nkernel 6.17\ninit\n map 0..1 rw\ncpu0\n guard 0..1\nkswapd\n reclaim 0..1\norder\n"
      "cpu0 until done\n rest\n");
  EXPECT_TRUE(guard.entry(0).guard());
}

TEST(Reclaim, FlushesWhenABatchIsFull) {
  const Ran ran("batch 2\n" + kTwo + "kswapd\n reclaim 0..2\n reclaim 2..4\n");
  EXPECT_EQ(ran.Count("cpu2 tlb_flush(0)"), 1);
  const Ran one("batch 1\n" + kTwo + "kswapd\n reclaim 0..2\n");
  EXPECT_EQ(one.Count("cpu2 tlb_flush(0)"), 2);
  EXPECT_LT(one.At("cpu2 free_page(0)"), one.At("cpu2 rmap_lock(1)"));
}

TEST(Reclaim, JoinsInvalidationsThatItHasNotWaitedFor) {
  // cpu0 has taken that of page 0 as that of page 1 is issued, and takes both then.
  const Ran ran(kTwo +
                    "kswapd\n reclaim 0..2\norder\n kswapd until batched_inc(0)\n inv0 1\n"
                    "kswapd until batched_inc(1)\n rest\n",
                "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu2 tlb_flush(1)"), 1);
  EXPECT_EQ(ran.Count("inv0 deliver(2)") + ran.Count("lent inv0 deliver(2)"), 2);
  EXPECT_EQ(ran.Count("inv1 deliver(2)") + ran.Count("lent inv1 deliver(2)"), 1);
}

TEST(Reclaim, IsMetByACallAtTheRmapLock) {
  // munmap does not unlink the table in which reclaim is.
  const Ran ran(kTwo +
                "cpu0\n munmap 0..4\nkswapd\n reclaim 0..1\norder\n kswapd until pte_lock(0)\n"
                "kswapd until pte_unlock(0)\n cpu0 until pte_table_unlink\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("cpu0 vma_detach(0)"), ran.At("lent cpu2 rmap_unlock(0)"));
  EXPECT_LT(ran.At("lent cpu2 rmap_unlock(0)"), ran.At("cpu0 rmap_unlink(0)"));
  EXPECT_LT(ran.At("cpu0 rmap_unlink(0)"), ran.At("cpu0 pte_table_unlink(0)"));
}

TEST(Reclaim, FindsDetachedPagesUntilTheyAreOutOfTheRmap) {
  const std::string both = kTwo + "cpu0\n munmap 0..4\nkswapd\n reclaim 1..2\norder\n";
  const Ran before(both + "cpu0 until mmap_write_downgrade\n kswapd until done\n rest\n");
  EXPECT_EQ(before.Count("cpu2 pte_clear(1)"), 1);
  EXPECT_EQ(before.verdict(), "none");
  const Ran after(both + "cpu0 until rmap_unlink\n kswapd until done\n rest\n");
  EXPECT_EQ(after.Count("cpu2 pte_lock(1)"), 0);
  EXPECT_EQ(after.verdict(), "none");
}

TEST(Reclaim, MayBeAThreadOfTheMm) {
  const Ran ran(kTwo + "cpu0\n reclaim 0..1\n");
  EXPECT_TRUE(ran.entry(0).none());
  EXPECT_EQ(ran.Count("cpu0 batched_inc(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 syscall_return(0)"), 0) << "no call";
  // Where the mm runs nowhere else, x86 defers nothing.
  const Ran alone("cpus 1\ninit\n map 0..1 rw\n present 0..1\ncpu0\n reclaim 0..1\n");
  EXPECT_EQ(alone.Count("cpu0 batched_inc(0)"), 0);
  EXPECT_EQ(alone.Count("cpu0 tlb_flush_done(0)"), 1);
}

TEST(Reclaim, CostsOthersNoStepWhereThereIsNone) {
  for (const char* program :
       {"cpu0\n dontneed 0..2\n", "cpu0\n munmap 0..4\n", "cpu0\n free 0..2\n"}) {
    const Ran ran(kTwo + program);
    for (const std::string& step : ran.steps()) {
      EXPECT_THAT(step, Not(HasSubstr("batched"))) << program;
      EXPECT_THAT(step, Not(HasSubstr("rmap"))) << program;
    }
    EXPECT_EQ(ran.world().reclaims, 0);
    EXPECT_EQ(ran.world().mm.detached, 0u);
  }
}

// --- Who pays for it ---

// kswapd has cleared page 0 and not flushed; cpu0 comes to it.
std::string Meets(const std::string& program, const std::string& order = "") {
  return kTwo + "cpu0\n " + program +
         "\nkswapd\n reclaim 0..1\norder\n kswapd until pte_unlock(0)\n" +
         (order.empty() ? "cpu0 until done\n rest\n" : order);
}

TEST(Reclaim, IsPaidForByCallsThatTakeThePageTableLock) {
  for (const char* arch : {"x86", "arm64"}) {
    for (const char* program : {"dontneed 0..1", "munmap 0..1", "free 0..1"}) {
      const Ran ran(Meets(program), "full-mm", arch);
      EXPECT_EQ(ran.verdict(), "none") << program << arch;
      EXPECT_EQ(ran.Count("cpu0 batched_read(0)"), 1) << program << arch;
      EXPECT_EQ(ran.Count("cpu0 batched_cmpxchg(0)"), 1) << program << arch;
      EXPECT_LT(ran.At("cpu0 batched_cmpxchg(0)"), ran.At("cpu0 pte_read(0)")) << program << arch;
      EXPECT_EQ(ran.world().mm.batched_flushed, 1) << program << arch;
    }
  }
}

TEST(Reclaim, IsPaidForOnce) {
  const Ran ran(Meets("dontneed 0..1\n dontneed 0..1"));
  EXPECT_EQ(ran.Count("cpu0 batched_read(0)"), 2);
  EXPECT_EQ(ran.Count("cpu0 batched_cmpxchg(0)"), 1);
}

TEST(Reclaim, IsNotTakenForPaidIfItGoesOnMeanwhile) {
  const Ran ran(
      "cpus 2\ninit\n map 0..5 rw\n present 0..5\ncpu0\n dontneed 0..1\nkswapd\n reclaim 0..5\n"
      "order\n kswapd until pte_unlock(3)\n cpu0 until tlb_flush_done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  const Ran meanwhile(
      "batch 8\ncpus 2\ninit\n map 0..5 rw\n present 0..1\n present 4..5\ncpu0\n dontneed 0..1\n"
      "kswapd\n reclaim 0..5\norder\n kswapd until pte_read(4)\n cpu0 until tlb_flush_done\n"
      "kswapd until batched_inc(4)\n cpu0 until batched_cmpxchg\n rest\n");
  EXPECT_EQ(meanwhile.world().mm.batched_pending, 2);
  EXPECT_EQ(meanwhile.world().mm.batched_flushed, 0) << "the word is not what cpu0 had read";
}

// --- The lines of the oracle ---

TEST(Reclaim, ACallThatDoesNotAskReturnsTooEarly) {
  for (const char* arch : {"x86", "arm64"}) {
    const Ran early(Meets("dontneed 0..1"), "reclaim-not-asked", arch);
    EXPECT_EQ(early.verdict(), "stale-after-return") << arch;
    EXPECT_EQ(early.violation().page, 0);
    // One delivery more and the entry is gone.
    const Ran late(Meets("dontneed 0..1",
                         "cpu0 until mmap_read_unlock\n kswapd until tlb_flush_done\n"
                         "cpu0 until done\n rest\n"),
                   "reclaim-not-asked", arch);
    EXPECT_EQ(late.verdict(), "none") << arch;
  }
}

TEST(Reclaim, AFreedPageIsCachedWhoeverFreesIt) {
  const Ran early(kReclaims, "reclaim-frees-first");
  EXPECT_EQ(early.verdict(), "freed-page-cached");
  EXPECT_EQ(early.violation().cpu, 2);
  const Ran nobody("cpus 2\ninit\n map 0..4 rw\n present 0..2\nkswapd\n reclaim 0..1\n",
                   "reclaim-frees-first");
  EXPECT_EQ(nobody.verdict(), "none") << "nobody has it cached";
}

TEST(Reclaim, APageFaultMayBeHeldToCoherence) {
  const std::string fault = "cpu0 until pte_set(0)\n rest\n";
  const Ran early(Meets("write 0", fault), "fault-held-coherent");
  EXPECT_EQ(early.verdict(), "incoherent-mapping");
  EXPECT_EQ(early.violation().holder, 1);
  EXPECT_EQ(Ran(Meets("write 0", fault)).verdict(), "none") << "no kernel claims it";
  const Ran late(Meets("write 0", "kswapd until tlb_flush_done\n" + fault), "fault-held-coherent");
  EXPECT_EQ(late.verdict(), "none");
  // What cpu0 has cached itself does not count: it walks again.
  const Ran own(
      "cpus 1\ninit\n map 0..1 rw\n present 0..1\n cached cpu0 0..1\ncpu0\n write 0\n"
      "kswapd\n reclaim 0..1\norder\n kswapd until pte_unlock(0)\n " +
          fault,
      "fault-held-coherent");
  EXPECT_EQ(own.verdict(), "none");
}

TEST(Reclaim, WhatTheProgramDiscardsMayBeIncoherent) {
  // cpu1 has discarded page 0 and not flushed, and so not returned, as cpu0 populates it again.
  const std::string text = kTwo +
                           "cpu0\n write 0\ncpu1\n dontneed 0..1\nkswapd\n reclaim 3..4\norder\n"
                           "cpu1 until pte_unlock(0)\n cpu0 until pte_set(0)\n rest\n";
  EXPECT_EQ(Ran(text, "fault-held-coherent").verdict(), "none");
}

TEST(Reclaim, IsPaidForByAFaultThatAsks) {
  const Ran ran(Meets("write 0"), "fault-asks-reclaim");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("cpu0 batched_cmpxchg(0)"), ran.At("cpu0 pte_set(0)"));
}

TEST(Reclaim, OverflowsAsTheWordOfTheKernel) {
  // Beyond 2 the word is put back to 1 and 0.
  const std::string four =
      "batch 8\ncpus 1\ninit\n map 0..4 rw\n present 0..4\nkswapd\n reclaim 0..4\n";
  const Ran small(four, "reclaim-word-small");
  EXPECT_EQ(small.world().mm.batched_pending, 1);
  EXPECT_EQ(small.world().mm.batched_flushed, 0);
  const Ran renumbered(four, "reclaim-word-renumbered");
  EXPECT_EQ(renumbered.world().mm.batched_pending, 257);
  EXPECT_EQ(renumbered.world().mm.batched_flushed, 256);
  EXPECT_EQ(Ran(four).world().mm.batched_pending, 4);
}

// --- Dirty pages ---

const std::string kDirty = "cpus 2\ninit\n map 0..3 rw\n present 0..3 dirty\n cached cpu0 0..3\n";

TEST(Swapout, FlushesBeforeItWritesOut) {
  for (const char* arch : {"x86", "arm64"}) {
    const Ran ran(kDirty + "kswapd\n swapout 0..1\n", "full-mm", arch);
    EXPECT_EQ(ran.verdict(), "none") << arch;
    EXPECT_LT(ran.At("cpu2 rmap_unlock(0)"), ran.At("cpu2 tlb_flush_done(0)")) << arch;
    EXPECT_LT(ran.At("cpu2 tlb_flush_done(0)"), ran.At("cpu2 start_io(0)")) << arch;
    EXPECT_LT(ran.At("cpu2 start_io(0)"), ran.At("cpu2 free_page(0)")) << arch;
    EXPECT_EQ(ran.Count("cpu2 tlb_flush_done(0)"), 1) << arch;
    EXPECT_TRUE(ran.entry(0).none());
  }
  const Ran clean(kTwo + "kswapd\n swapout 0..1\n");
  EXPECT_EQ(clean.Count("cpu2 start_io(0)"), 0) << "nothing to write";
  EXPECT_TRUE(clean.entry(0).none());
}

TEST(Swapout, LosesWritesIfItDoesNotFlush) {
  const std::string text = "kswapd\n swapout 0..1\n";
  EXPECT_EQ(Ran(kDirty + text, "reclaim-writes-first").verdict(), "write-lost");
  EXPECT_EQ(Ran(kTwo + text, "reclaim-writes-first").verdict(), "none")
      << "clean entries do no harm";
  const std::string read = "cpus 2\ninit\n map 0..3 rw\n present 0..3 dirty\n";
  EXPECT_EQ(Ran(read + text, "reclaim-writes-first").verdict(), "none") << "nobody has it cached";
}

// MADV_FREE has skipped page 1, and dropped the lock; kswapd takes page 2.
std::string FreeMeets(const std::string& order) {
  return kDirty +
         "cpu0\n free 0..3\nkswapd\n swapout 2..3\norder\n cpu0 until split_folio(1)\n"
         "cpu0 until pte_unlock\n kswapd until pte_unlock(2)\n" +
         order;
}

TEST(Swapout, IsAskedForAgainBehindADroppedLock) {
  const Ran asks(FreeMeets("cpu0 until done\n rest\n"));
  EXPECT_EQ(asks.verdict(), "none");
  EXPECT_EQ(asks.Count("cpu0 batched_read(0)") + asks.Count("cpu0 batched_read(1)"), 2);
  const Ran once(FreeMeets("cpu0 until syscall_return\n rest\n"), "reclaim-asked-once");
  EXPECT_EQ(once.verdict(), "stale-dirty-after-return");
  EXPECT_EQ(once.violation().page, 2);
  const Ran late(FreeMeets("cpu0 until mmap_read_unlock\n kswapd until tlb_flush_done\n"
                           "cpu0 until done\n rest\n"),
                 "reclaim-asked-once");
  EXPECT_EQ(late.verdict(), "none");
}

// --- In the forms of a schedule ---

TEST(Reclaim, GoesThroughTextAndBytes) {
  for (const char* kernel : {"6.1", "6.12", "6.17", "7.1"}) {
    const ScheduleFile file =
        FromText("cpus 2\nkernel " + std::string(kernel) +
                 "\ninit\n map 0..4 rw\n cached cpu1 0..1\n"
                 "cpu0\n dontneed 1..3\n reclaim 1..2\nkswapd\n reclaim 2..4\n"
                 "order\n kswapd until batched_inc(2)\n kswapd 3\n rest\n");
    EXPECT_EQ(file.schedule.cpus, 3);
    EXPECT_TRUE(file.schedule.kswapd);
    EXPECT_THAT(PrintText(file), HasSubstr("\ncpus 2\n"));
    EXPECT_THAT(PrintText(file), HasSubstr("\nkswapd\n  reclaim 2..4\n"));
    EXPECT_THAT(PrintText(file), HasSubstr("  kswapd until batched_inc(2)\n  kswapd 3\n"));
    EXPECT_EQ(FromText(PrintText(file)), file);
    Schedule decoded;
    EXPECT_EQ(DecodeBytes(EncodeBytes(file.schedule), decoded), 1);
    EXPECT_TRUE(decoded == file.schedule);
  }
}

TEST(Reclaim, IsAllThatKswapdDoes) {
  const auto error = [](const std::string& text) {
    const auto parsed = ParseText("gatherfuzz 1\n" + text);
    return std::holds_alternative<TextError>(parsed) ? std::get<TextError>(parsed).expected : "";
  };
  EXPECT_EQ(error("kswapd\n dontneed 0..1\n"), "reclaim, swapout, another program or order");
  EXPECT_EQ(error("cpus 8\nkswapd\n reclaim 0..1\n"), "at most 7 cpus beside kswapd");
  EXPECT_EQ(error("kswapd\n reclaim 0..1\nkswapd\n reclaim 0..1\n"),
            "one program for each agent; kswapd has one already");
  EXPECT_THAT(error("order\n kswapd 1\n"), HasSubstr("rest, or cpuN"));
  EXPECT_THAT(error("kswapd\n reclaim 0..1\ncpu2\n read 0\n"), HasSubstr("a number below 2"));
  EXPECT_EQ(error("kswapd\n reclaim 0..1\norder\n kswapd until done\n rest\n"), "");
}

TEST(Reclaim, KswapdIsThereOnlyWithAProgram) {
  Schedule schedule =
      FromText("cpus 2\ncpu0\n read 0\nkswapd\n reclaim 0..1\norder\n kswapd 1\n rest\n").schedule;
  schedule.program.truncate(1);
  Canonicalize(schedule);
  EXPECT_FALSE(schedule.kswapd);
  EXPECT_EQ(schedule.cpus, 2);
  EXPECT_TRUE(schedule.order.empty());
  // With something else in its program, it is a CPU like others.
  Schedule other = FromText("cpus 2\nkswapd\n reclaim 0..1\n").schedule;
  other.program.push_back({CpuAgent(MakeCpu(2)), {.kind = OpKind::kDontneed, .range = {0, 1}}});
  Canonicalize(other);
  EXPECT_FALSE(other.kswapd);
  EXPECT_EQ(other.cpus, 3);
}

TEST(Reclaim, IsNotInBytesThatNobodyWrote) {
  EncodedBytes bytes = EncodeBytes(FromText("cpu0\n reclaim 1..3\n").schedule);
  Schedule decoded;
  DecodeBytes(bytes, decoded);
  EXPECT_EQ(decoded.program[0].op.kind, OpKind::kReclaim);
  bytes[0] = 7;
  DecodeBytes(bytes, decoded);
  EXPECT_EQ(decoded.program[0].op.kind, OpKind::kRead) << "as before there was reclaim";
}

TEST(Reclaim, LeavesItsPagesUndetermined) {
  const Schedule schedule = FromText(kReclaims).schedule;
  EXPECT_EQ(DeterminedBy(schedule).pte & 15, 14u);
}

}  // namespace
}  // namespace gatherfuzz
