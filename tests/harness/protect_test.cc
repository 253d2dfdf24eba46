// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// protect, uffdwp, cleardirty, numa and reap: what they do to leaves, in which steps, and both
// sides of the lines that the oracle draws for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "model/arch/arch.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Ran = TracedRun;

// Two dirty pages, which both CPUs have cached.
const std::string kTwo =
    "cpus 2\ninit\n map 0..4 rw\n present 0..2 dirty\n cached cpu0 0..2\n cached cpu1 0..2\n";
const std::string kClean =
    "cpus 2\ninit\n map 0..4 rw\n present 0..2\n cached cpu0 0..2\n cached cpu1 0..2\n";
const std::string kHuge = "cpus 1\ninit\n map 0..8 rw huge\n present 0..4 dirty\n";

// --- mprotect() ---

TEST(Protect, ChangesTheVmaAndThenEveryLeafUnderItsLock) {
  const Ran ran("cpus 1\ninit\n map 0..2 rw\n present 0..1 dirty\ncpu0\n protect 0..2 r\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.steps(),
              ElementsAre("cpu0 mmap_write_lock", "cpu0 pending_inc", "cpu0 vma_protect(0)",
                          "cpu0 pud_read(0)", "cpu0 pmd_read(0)", "cpu0 pte_lock(0)",
                          "cpu0 pte_read(0)", "cpu0 pte_clear(0)", "cpu0 pte_set(0)",
                          "cpu0 pte_read(1)", "cpu0 pte_unlock(1)", "cpu0 pending_read",
                          "cpu0 tlb_flush(0)", "lent inv0 deliver(0)", "cpu0 tlb_flush_done(0)",
                          "cpu0 pending_dec", "cpu0 mmap_write_unlock", "cpu0 syscall_return(0)"));
  EXPECT_EQ(ran.entry(0).flags, Pte::kPresent | Pte::kAccessed | Pte::kDirty);
  EXPECT_EQ(ran.mm().vma_write, 0u);
  EXPECT_EQ(ran.mm().mapped_frames, 1);
}

TEST(Protect, NoneIsALeafThatOnlySoftwareSees) {
  const Ran ran(kTwo + "cpu0\n protect 0..1 none\n write 0\n read 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.entry(0).flags, Pte::kInvalid | Pte::kAccessed | Pte::kDirty);
  EXPECT_EQ(ran.mm().vma_none, 1u);
  EXPECT_EQ(ran.Count("cpu0 fault(0)"), 2) << "neither access is allowed";
  EXPECT_EQ(ran.Count("cpu0 pte_set(0)"), 1);
  EXPECT_TRUE(ran.entry(1).writable());
  EXPECT_EQ(ran.mm().data_frames, 2);
}

TEST(Protect, WriteAccessComesBackAtOnce) {
  const Ran ran(kTwo + "cpu0\n protect 0..1 none\n protect 0..1 rw\n write 0\n");
  EXPECT_EQ(ran.entry(0).flags, Pte::kPresent | Pte::kWrite | Pte::kAccessed | Pte::kDirty);
  EXPECT_EQ(ran.mm().vma_none, 0u);
  EXPECT_EQ(ran.Count("cpu0 fault(0)"), 0);
}

TEST(Protect, WalksOnlyWhatDoesNotAllowThatYet) {
  const Ran ran(kTwo + "cpu0\n protect 0..2 rw\n");
  EXPECT_EQ(ran.Count("cpu0 vma_protect(0)"), 0);
  EXPECT_EQ(ran.Count("cpu0 pending_read"), 1) << "it has a gather all the same";
  EXPECT_EQ(ran.mm().vma_starts, 1u);
}

TEST(Protect, CutsTheVma) {
  const Ran ran(kTwo + "cpu0\n protect 1..2 r\n");
  EXPECT_EQ(ran.mm().vma_starts, 0b111u);
  EXPECT_EQ(ran.mm().vma_write, 0b1101u);
  EXPECT_EQ(ran.mm().vma_pages, 0b1111u);
}

TEST(Protect, EndsAtTheFirstHole) {
  const std::string maps = "cpus 1\ninit\n map 0..1 rw\n map 2..3 rw\n present 0..3\n";
  const Ran ran(maps + "cpu0\n protect 0..3 r\n");
  EXPECT_EQ(ran.mm().vma_write, 0b100u);
  const Ran none(maps + "cpu0\n protect 1..3 r\n");
  EXPECT_EQ(none.mm().vma_write, 0b101u);
  EXPECT_EQ(none.Count("cpu0 pending_inc"), 0);
}

TEST(Protect, HasOneGatherForAllVmas) {
  const Ran ran("cpus 1\ninit\n map 0..1 rw\n map 1..2 rw\n present 0..2\ncpu0\n protect 0..2 r\n");
  EXPECT_EQ(ran.Count("cpu0 pending_inc"), 1);
  EXPECT_EQ(ran.Count("cpu0 vma_protect(1)"), 1);
  EXPECT_EQ(ran.Count("cpu0 tlb_flush(0)"), 1);
  const Ran arm64(
      "cpus 1\ninit\n map 0..1 rw\n map 1..2 rw\n present 0..2\ncpu0\n protect 0..2 r\n", "full-mm",
      "arm64");
  EXPECT_EQ(arm64.Count("cpu0 tlb_flush(0)"), 1);
  EXPECT_EQ(arm64.Count("cpu0 tlb_flush(1)"), 1) << "tlb_end_vma()";
}

TEST(Protect, HugeLeavesAreChangedAsAWhole) {
  const Ran ran(kHuge + "cpu0\n protect 0..4 r\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.entry(0).flags, Pte::kPresent | Pte::kAccessed | Pte::kDirty);
  EXPECT_EQ(ran.Count("cpu0 pmd_invalidate(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 tlb_flush(0)"), 1) << "x86 flushes in finish only";
  EXPECT_LT(ran.At("cpu0 pmd_unlock(0)"), ran.At("cpu0 tlb_flush(0)"));
  const Ran arm64(kHuge + "cpu0\n protect 0..4 r\n", "full-mm", "arm64");
  EXPECT_EQ(arm64.Count("cpu0 tlb_flush(0)"), 2) << "pmdp_invalidate(), and finish";
}

TEST(Protect, PartOfAHugeLeafSplitsIt) {
  const Ran ran(kHuge + "cpu0\n protect 1..3 none\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_TRUE(ran.entry(0).present() && ran.entry(3).present());
  EXPECT_TRUE(ran.entry(1).hidden() && ran.entry(2).hidden());
  EXPECT_EQ(ran.Count("cpu0 pmd_populate(1)"), 1);
  EXPECT_EQ(ran.mm().mapped_frames, 4);
}

// --- Who else changes access ---

TEST(Protect, UserfaultfdHoldsTheLockForReading) {
  const Ran ran(kTwo + "cpu0\n uffdwp 0..2\n write 0\n");
  EXPECT_EQ(ran.Count("cpu0 mmap_read_lock"), 2);
  EXPECT_EQ(ran.Count("cpu0 mmap_write_lock"), 0);
  EXPECT_FALSE(ran.entry(1).writable());
  EXPECT_TRUE(ran.entry(0).writable()) << "the fault gives it back";
  EXPECT_EQ(ran.mm().vma_write, 0b1111u);
}

TEST(Protect, NumaHintsAreTakenBackByTheNextAccess) {
  const Ran ran(kTwo + "cpu0\n numa 0..2\n numa 0..2\n read 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 pte_clear(0)"), 1) << "the second passes over it";
  EXPECT_EQ(ran.entry(0).flags, Pte::kPresent | Pte::kWrite | Pte::kAccessed | Pte::kDirty);
  EXPECT_TRUE(ran.entry(1).hidden());
  const Ran huge(kHuge + "cpu0\n numa 0..4\n write 1\n");
  EXPECT_TRUE(huge.entry(0).leaf());
  EXPECT_EQ(huge.Count("cpu0 pmd_set(0)") + huge.Count("cpu0 pmd_set(1)"), 2);
  const Ran none(kTwo + "cpu0\n protect 0..2 none\n numa 0..2\n");
  EXPECT_EQ(none.Count("cpu0 pte_clear(0)"), 1) << "nobody has access there";
}

TEST(Protect, ClearRefsCountsByHandAndFlushesTheMm) {
  const Ran ran(kTwo + "cpu0\n cleardirty 0..1\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 pending_read"), 0);
  EXPECT_LT(ran.At("cpu0 pending_inc"), ran.At("cpu0 pte_clear(0)"));
  EXPECT_LT(ran.At("cpu0 tlb_flush_done(0)"), ran.At("cpu0 pending_dec"));
  EXPECT_LT(ran.At("cpu0 pending_dec"), ran.At("cpu0 mmap_write_unlock"));
  EXPECT_EQ(ran.world().at(MakeCpu(1)).tlb.small_valid, 0u);
  EXPECT_FALSE(ran.entry(0).writable());
}

TEST(Protect, ReapTakesAGatherForEachVma) {
  const Ran ran("cpus 1\ninit\n map 0..1 rw\n map 2..4 r\n present 0..4\ncpu0\n reap\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 pending_inc"), 2);
  EXPECT_EQ(ran.mm().data_frames, 0);
  EXPECT_EQ(ran.mm().vma_pages, 0b1101u) << "VMAs stay";
}

// --- What others make of a PROT_NONE leaf ---

TEST(Protect, SoftwareSeesAPageThatIsProtNone) {
  for (const char* op : {"dontneed 0..1", "munmap 0..1", "reap"}) {
    const Ran ran(kTwo + "cpu0\n protect 0..1 none\n " + op + "\n");
    EXPECT_EQ(ran.verdict(), "none") << op;
    EXPECT_TRUE(ran.entry(0).none()) << op;
    EXPECT_EQ(ran.Count("cpu0 free_page(0)"), 1) << op;
  }
  const Ran free(kTwo + "cpu0\n protect 0..1 none\n free 0..1\n");
  EXPECT_EQ(free.entry(0).flags, Pte::kInvalid);
  const Ran guard("kernel 6.17\n" + kTwo + "cpu0\n protect 0..1 none\n guard 0..1\n");
  EXPECT_TRUE(guard.entry(0).guard());
  EXPECT_EQ(guard.Count("cpu0 free_page(0)"), 1);
  const Ran huge(kHuge + "cpu0\n protect 0..4 none\n free 0..4\n dontneed 1..2\n munmap 0..8\n");
  EXPECT_EQ(huge.verdict(), "none");
  EXPECT_EQ(huge.mm().data_frames, 0);
}

TEST(Protect, ReclaimAsksForAPageThatIsProtNone) {
  // Nobody owes a flush: it owes none either.
  const Ran quiet(kClean +
                  "cpu0\n numa 0..1\nkswapd\n reclaim 0..1\norder\n cpu0 until done\n rest\n");
  EXPECT_EQ(quiet.verdict(), "none");
  EXPECT_EQ(quiet.Count("cpu2 pte_accessible(0)"), 1);
  EXPECT_EQ(quiet.Count("cpu2 batched_inc(0)"), 0);
  EXPECT_EQ(quiet.Count("cpu2 tlb_flush(0)"), 0);
  EXPECT_TRUE(quiet.entry(0).none());
  // Somebody does.
  const std::string owed = kClean +
                           "cpu0\n numa 0..1\nkswapd\n reclaim 0..1\norder\n"
                           " cpu0 until pte_unlock(0)\n kswapd until done\n rest\n";
  const Ran pending(owed);
  EXPECT_EQ(pending.verdict(), "none");
  EXPECT_EQ(pending.Count("cpu2 batched_inc(0)"), 1);
  EXPECT_EQ(pending.Count("cpu2 tlb_flush(0)"), 1);
  EXPECT_EQ(Ran(owed, "prot-none-trusted").verdict(), "freed-page-cached");
}

TEST(Protect, CostsOthersNoStepWhereThereIsNone) {
  const Ran ran(kTwo + "cpu0\n dontneed 0..1\nkswapd\n swapout 0..2\n");
  for (const std::string& step : ran.steps()) EXPECT_THAT(step, Not(HasSubstr("accessible")));
  EXPECT_EQ(ran.mm().vma_none, 0u);
}

// --- Whether a flush is recorded ---

Pte With(unsigned flags) {
  return {.mapping = 1, .frame = MakeFrame(1), .flags = static_cast<uint8_t>(flags)};
}

TEST(NeedsFlush, OnX86ForWhatIsTakenAwayAndForAnyChangeOfWrite) {
  const Arch& x86 = *FindArch("x86");
  constexpr unsigned kRead = Pte::kPresent, kWrite = Pte::kPresent | Pte::kWrite;
  const auto needs = [&](unsigned before, unsigned after) {
    return x86.NeedsFlush(With(before), With(after), KernelVersion::k6_12);
  };
  EXPECT_TRUE(needs(kWrite, kRead));
  EXPECT_TRUE(needs(kRead, kWrite)) << "costs, and is never wrong";
  EXPECT_TRUE(needs(kRead, Pte::kInvalid));
  EXPECT_TRUE(needs(kRead | Pte::kDirty, kRead));
  EXPECT_FALSE(needs(kRead, kRead | Pte::kDirty));
  EXPECT_FALSE(needs(kRead | Pte::kAccessed, kRead));
  EXPECT_FALSE(needs(kRead, kRead));
  EXPECT_FALSE(needs(Pte::kInvalid | Pte::kDirty, kWrite)) << "was not present";
}

TEST(NeedsFlush, OnArm64AlwaysUpTo617) {
  const Arch& arm64 = *FindArch("arm64");
  for (const KernelVersion kernel :
       {KernelVersion::k6_1, KernelVersion::k6_12, KernelVersion::k6_17}) {
    EXPECT_TRUE(arm64.NeedsFlush(With(Pte::kPresent), With(Pte::kPresent), kernel));
    EXPECT_TRUE(arm64.NeedsFlush(With(Pte::kInvalid), With(Pte::kPresent), kernel));
  }
  const auto needs = [&](unsigned before, unsigned after) {
    return arm64.NeedsFlush(With(before), With(after), KernelVersion::k7_1);
  };
  EXPECT_FALSE(needs(Pte::kPresent, Pte::kPresent));
  EXPECT_FALSE(needs(Pte::kInvalid, Pte::kPresent));
  EXPECT_TRUE(needs(Pte::kPresent | Pte::kWrite, Pte::kPresent));
  EXPECT_TRUE(needs(Pte::kPresent, Pte::kPresent | Pte::kAccessed));
}

TEST(NeedsFlush, DecidesWhatGoesIntoTheGather) {
  // The second sees a leaf that has lost its right to write.
  const std::string twice =
      "cpus 1\ninit\n map 0..1 rw\n present 0..1\ncpu0\n uffdwp 0..1\n uffdwp 0..1\n";
  EXPECT_EQ(Ran(twice).Count("cpu0 tlb_flush(0)"), 1);
  EXPECT_EQ(Ran(twice, "full-mm", "arm64").Count("cpu0 tlb_flush(0)"), 2);
  EXPECT_EQ(Ran("kernel 7.1\n" + twice, "full-mm", "arm64").Count("cpu0 tlb_flush(0)"), 1);
}

// --- writable-after-return, and stale-after-return of what takes all access away ---

// cpu0 has taken the right to write page 0 away, and not flushed; cpu1 comes to it.
std::string Meets(const std::string& init, const std::string& first, const std::string& second,
                  const std::string& until = "pte_unlock(0)") {
  return init + "cpu0\n " + first + "\ncpu1\n " + second + "\norder\n cpu0 until " + until +
         "\n cpu1 until done\n rest\n";
}

TEST(WritableAfterReturn, ACallThatSawItTakenAwayReturnsBeforeTheFlush) {
  const Ran ran(Meets(kTwo, "uffdwp 0..1", "uffdwp 0..1"), "own-range");
  EXPECT_EQ(ran.verdict(), "writable-after-return");
  EXPECT_EQ(ran.violation().page, 0);
  EXPECT_EQ(ran.violation().cpu, 1);
  EXPECT_EQ(ran.violation().holder, 0);
  EXPECT_EQ(Ran(Meets(kTwo, "uffdwp 0..1", "uffdwp 0..1")).verdict(), "none");
}

TEST(WritableAfterReturn, NotOfAnEntryThroughWhichAWriteAsksThePte) {
  EXPECT_EQ(Ran(Meets(kClean, "uffdwp 0..1", "uffdwp 0..1"), "own-range").verdict(), "none");
}

TEST(WritableAfterReturn, NotOfAnEntryThatAllowsToReadOnly) {
  const std::string read_only =
      "cpus 2\ninit\n map 0..1 r\n present 0..1 dirty\n cached cpu0 0..1\n cached cpu1 0..1\n";
  EXPECT_EQ(Ran(Meets(read_only, "uffdwp 0..1", "uffdwp 0..1"), "own-range").verdict(), "none");
}

TEST(WritableAfterReturn, NotOfAnEntryMadeSince) {
  // cpu1 has flushed, and cpu0 writes again before that call returns.
  const Ran ran(kTwo +
                    "cpu0\n write 0\ncpu1\n uffdwp 0..1\norder\n cpu1 until mmap_read_unlock\n"
                    " cpu0 until done\n rest\n",
                "own-range");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_TRUE(ran.world().at(MakeCpu(0)).tlb.small[0].writable());
}

TEST(WritableAfterReturn, NotWhileTheCallIsInTheKernel) {
  const Ran ran(kTwo +
                    "cpu0\n uffdwp 0..1\ncpu1\n uffdwp 0..1\norder\n cpu0 until pte_unlock(0)\n"
                    " cpu1 until mmap_read_unlock\n cpu0 until done\n rest\n",
                "own-range");
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(WritableAfterReturn, NotOfPagesWithoutAVma) {
  // The unmap of page 0 is under way, so the second finds no VMA there.
  const Ran ran(Meets(kTwo, "munmap 0..1", "uffdwp 0..1"), "own-range");
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(WritableAfterReturn, MprotectAnswersForWhatItSeesEmpty) {
  // From 6.17 on a dontneed owes its flush beyond the lock.
  const std::string init = "kernel 6.17\n" + kTwo;
  const Ran ran(Meets(init, "dontneed 0..1", "protect 0..1 r", "mmap_read_unlock"), "own-range");
  EXPECT_EQ(ran.verdict(), "writable-after-return");
  EXPECT_EQ(Ran(Meets(init, "dontneed 0..1", "protect 0..1 r", "mmap_read_unlock")).verdict(),
            "none");
  // What is written there for userfaultfd or clear_refs, nobody follows.
  EXPECT_EQ(
      Ran(Meets(init, "dontneed 0..1", "uffdwp 0..1", "mmap_read_unlock"), "own-range").verdict(),
      "none");
}

TEST(WritableAfterReturn, MprotectAnswersForNoneAsStale) {
  const std::string init = "kernel 6.17\n" + kClean;
  const Ran ran(Meets(init, "dontneed 0..1", "protect 0..1 none", "mmap_read_unlock"), "own-range");
  EXPECT_EQ(ran.verdict(), "stale-after-return") << "clean ones read on, too";
  EXPECT_EQ(Ran(Meets(init, "dontneed 0..1", "protect 0..1 r", "mmap_read_unlock"), "own-range")
                .verdict(),
            "none");
  // To give access promises nothing.
  EXPECT_EQ(Ran(Meets("kernel 6.17\ncpus 2\ninit\n map 0..1 r\n present 0..1\n cached cpu0 0..1\n",
                      "dontneed 0..1", "protect 0..1 rw", "mmap_read_unlock"),
                "own-range")
                .verdict(),
            "none");
}

TEST(WritableAfterReturn, NumaHintsPromiseNothing) {
  EXPECT_EQ(Ran(Meets(kTwo, "numa 0..1", "numa 0..1"), "own-range").verdict(), "none");
}

TEST(WritableAfterReturn, ACallThatFlushesNothingItself) {
  const Ran ran(kTwo + "cpu0\n cleardirty 0..1\n", "soft-dirty-gathers");
  EXPECT_EQ(ran.verdict(), "writable-after-return");
  EXPECT_EQ(ran.violation().cpu, 0);
}

TEST(WritableAfterReturn, ReclaimIsPaidFor) {
  for (const char* op : {"protect 0..1 r", "protect 0..1 none", "uffdwp 0..1", "numa 0..1"}) {
    const std::string text = kTwo + "cpu0\n " + op +
                             "\nkswapd\n swapout 0..1\norder\n kswapd until pte_unlock(0)\n"
                             "cpu0 until done\n rest\n";
    const Ran ran(text);
    EXPECT_EQ(ran.verdict(), "none") << op;
    EXPECT_LT(ran.At("cpu0 batched_read(0)"), ran.At("cpu0 pte_read(0)")) << op;
    const bool is_mprotect = std::string_view(op).starts_with("protect");
    const std::string kind = !is_mprotect                          ? "none"
                             : std::string_view(op).ends_with("r") ? "writable-after-return"
                                                                   : "stale-after-return";
    EXPECT_EQ(Ran(text, "reclaim-not-asked").verdict(), kind) << op;
  }
}

TEST(Reap, WithOneGatherForTheMmFreesWhatIsCached) {
  const std::string text = kTwo + "cpu0\n reap\n";
  EXPECT_EQ(Ran(text, "full-mm", "arm64").verdict(), "none");
  EXPECT_EQ(Ran(text, "reap-whole", "arm64").verdict(), "freed-page-cached");
  EXPECT_EQ(Ran(text, "reap-whole", "x86").verdict(), "none") << "x86 flushes all for fullmm";
}

TEST(Reap, PromisesNothingWhenItIsDone) {
  const Ran ran(Meets(kTwo, "dontneed 0..1", "reap", "pte_unlock(0)"), "own-range");
  EXPECT_EQ(ran.verdict(), "none");
}

// --- Its forms ---

TEST(Protect, IsTheSameInTextAndInBytes) {
  const std::string text =
      "gatherfuzz 1\ncpus 2\n\ninit\n  map 0..64 rw\n\ncpu0\n  protect 3..7 none\n"
      "  protect 3..64 r\n  protect 63..64 rw\n  uffdwp 0..4\n\ncpu1\n  cleardirty 1..2\n"
      "  numa 5..6\n  reap\n\norder\n  cpu0 until vma_protect(3)\n  rest\n";
  const Schedule schedule = FromText(text).schedule;
  EXPECT_EQ(PrintText({.schedule = schedule}), text);
  Schedule decoded;
  const EncodedBytes bytes = EncodeBytes(schedule, 1);
  DecodeBytes({bytes.begin(), bytes.size()}, decoded);
  EXPECT_EQ(decoded, schedule);
}

TEST(Protect, TextSaysWhatIsMissing) {
  for (const char* line : {"protect 0..1", "protect 0..1 w", "protect 0..1 rw huge", "reap 0..1"}) {
    const auto parsed =
        ParseText(std::string("gatherfuzz 1\ncpus 1\ncpu0\n ") + line + "\norder\n rest\n");
    ASSERT_TRUE(std::holds_alternative<TextError>(parsed)) << line;
    EXPECT_EQ(std::get<TextError>(parsed).line, 4) << line;
  }
}

}  // namespace
}  // namespace gatherfuzz
