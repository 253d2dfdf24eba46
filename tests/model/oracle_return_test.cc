// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// stale-after-return and stale-dirty-after-return: each side of the line, as near as can be.
#include <gtest/gtest.h>

#include <string>

#include "model/machine/world.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

// Programs and one of the orders that decide the verdict; the difference is all in the last line.
std::string Ordered(std::string_view programs, std::string_view order) {
  return std::string(programs) + "    order\n" + std::string(order) + "    rest\n";
}

Violation ViolationOf(std::string_view text, std::string_view policy, std::string_view arch,
                      const RunOptions& options = {}) {
  return Result(FromText(text).schedule, policy, arch, options).violation;
}

constexpr std::string_view kBothClearPage2 = R"(
    cpus 3
    init
      map 0..4 rw
      present 1..3
      cached cpu2 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
)";

TEST(StaleAfterReturn, NamesThePageTheCallAndTheHolder) {
  const Violation violation = ViolationOf(
      Ordered(kBothClearPage2, "cpu0 until pte_clear(2)\n cpu1 until done\n"), "own-range", "x86");
  EXPECT_EQ(Info(violation.kind).name, "stale-after-return");
  EXPECT_EQ(violation.page, 2);
  EXPECT_EQ(violation.cpu, 1);       // who returned
  EXPECT_EQ(violation.holder, 2);    // who can still read the page
  EXPECT_EQ(violation.mapping, 2u);  // pages 1 and 2 were mapped in this order
  EXPECT_EQ(violation.moment, 3u);   // the next mapping would have been the third
  EXPECT_EQ(violation.frame, 4);     // root, two tables, page 1, page 2
}

TEST(StaleAfterReturn, ComesWithTheReturnAndNotBefore) {
  // The entry is as stale one step earlier, but the caller cannot tell as long as it is in the
  // kernel.
  constexpr std::string_view kUpTo = "cpu0 until pte_clear(2)\n cpu1 until mmap_read_unlock\n";
  const std::string just_before = Ordered(kBothClearPage2, std::string(kUpTo) +
                                                               "cpu0 until tlb_flush_done\n"
                                                               "cpu1 until done\n");
  EXPECT_EQ(Verdict(just_before, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(just_before, "own-range", "arm64"), "none");
  const std::string just_after =
      Ordered(kBothClearPage2, std::string(kUpTo) + "cpu1 until syscall_return\n");
  EXPECT_EQ(Verdict(just_after, "own-range", "x86"), "stale-after-return");
  EXPECT_EQ(Verdict(just_after, "own-range", "arm64"), "stale-after-return");
}

TEST(StaleAfterReturn, TurnsOnTheDeliveryToTheHolder) {
  // What the issuer waits for is of no interest: only whether the one who holds it dropped it.
  constexpr std::string_view kIssued = "cpu0 until tlb_flush\n";
  const std::string elsewhere = Ordered(
      kBothClearPage2, std::string(kIssued) + "inv0 1\n inv1 1\n cpu1 until syscall_return\n");
  EXPECT_EQ(Verdict(elsewhere, "own-range", "x86"), "stale-after-return");
  const std::string to_the_holder =
      Ordered(kBothClearPage2, std::string(kIssued) + "inv2 1\n cpu1 until syscall_return\n");
  EXPECT_EQ(Verdict(to_the_holder, "own-range", "x86"), "none");
}

TEST(StaleAfterReturn, DoesNotJudgePagesOutsideOfTheRange) {
  constexpr std::string_view kInit = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4
      cached cpu1 )";
  constexpr std::string_view kPrograms = R"(
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    order
      cpu0 until pte_clear(2)
      cpu1 until done
      rest
)";
  // Page 1 is as stale as page 2, but it is the other call's business.
  const auto with = [&](std::string_view cached) {
    return std::string(kInit) + std::string(cached) + std::string(kPrograms);
  };
  EXPECT_EQ(Verdict(with("2..3"), "own-range", "x86"), "stale-after-return");
  EXPECT_EQ(Verdict(with("1..2"), "own-range", "x86"), "none");
}

// CPU 0 has cleared the PTE and CPU 1 saw it empty, when CPU 2 maps the page anew: mapping 2, which
// is exactly the moment from which on CPU 1 is not concerned.
constexpr std::string_view kMappedAnew = R"(
    cpu0
      dontneed 0..1
    cpu1
      dontneed 0..1
    cpu2
      read 0
    order
      cpu0 until pte_unlock(0)
      cpu1 until pte_unlock(0)
      cpu2 until done
      cpu1 until done
      rest
)";

TEST(StaleAfterReturn, AMappingMadeSinceTheClearIsLegal) {
  const std::string fresh = R"(
    cpus 3
    init
      map 0..1 rw
      present 0..1
)" + std::string(kMappedAnew);
  EXPECT_EQ(Verdict(fresh, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(fresh, "own-range", "arm64"), "none");
}

TEST(StaleAfterReturn, TheOldTranslationIsIllegalThoughThePageIsMappedAnew) {
  const std::string old = R"(
    cpus 3
    init
      map 0..1 rw
      present 0..1
      cached cpu1 0..1
)" + std::string(kMappedAnew);
  const Violation violation = ViolationOf(old, "own-range", "x86");
  EXPECT_EQ(Info(violation.kind).name, "stale-after-return");
  EXPECT_EQ(violation.holder, 1);
  EXPECT_EQ(violation.mapping, 1u);
  EXPECT_EQ(violation.moment, 2u);
}

TEST(StaleAfterReturn, APageFaultedInAfterTheFlushIsLegal) {
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..1 rw
      present 0..1
      cached cpu1 0..1
    cpu0
      dontneed 0..1
    cpu1
      read 0
    order
      cpu0 until tlb_flush_done
      cpu1 until done
      rest
)";
  EXPECT_EQ(Verdict(kText, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(kText, "own-range", "arm64"), "none");
}

// Page 0 is in a VMA of its own; CPU 1 still has its translation when it returns.
constexpr std::string_view kBesideAHole = R"(
    cpus 2
    init
      map 0..1 rw
      map 1..2 rw
      present 0..2
      cached cpu1 0..1
    cpu0
      FIRST 0..1
    cpu1
      dontneed 0..2
    order
      cpu0 until pte_clear(0)
      cpu1 until done
      rest
)";

TEST(StaleAfterReturn, APageWithoutAVmaIsNotJudged) {
  const auto with = [](std::string_view first) {
    std::string text(kBesideAHole);
    return text.replace(text.find("FIRST"), 5, first);
  };
  // munmap took the VMA away before CPU 1 looked, so CPU 1 never looked at the PTE. It would have
  // been told so: madvise() fails with ENOMEM there.
  EXPECT_EQ(Verdict(with("munmap"), "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(with("dontneed"), "own-range", "x86"), "stale-after-return");
}

// A huge page, whose PMD entry is what CPU 1 sees empty, without any lock.
constexpr std::string_view kHugePage = R"(
    cpus 2
    init
      map 0..8 rw huge
      present 0..8
      cached cpu0 0..4
    cpu0
      dontneed 0..4
    cpu1
      dontneed 2..3
)";

TEST(StaleAfterReturn, AnEmptyPmdEntryIsSeenToo) {
  const Violation violation = ViolationOf(
      Ordered(kHugePage, "cpu0 until pmd_clear(0)\n cpu1 until done\n"), "own-range", "x86");
  EXPECT_EQ(Info(violation.kind).name, "stale-after-return");
  EXPECT_EQ(violation.page, 2);  // the page CPU 1 asked for, not the first of the huge page
  EXPECT_EQ(violation.holder, 0);
  EXPECT_EQ(violation.mapping, 1u);
  EXPECT_EQ(Verdict(Ordered(kHugePage, "cpu0 until tlb_flush_done\n cpu1 until done\n"),
                    "own-range", "x86"),
            "none");
}

TEST(StaleAfterReturn, TheNeighbourOfAHugePageIsNotJudged) {
  std::string neighbour(kHugePage);
  neighbour.replace(neighbour.find("2..3"), 4, "4..8");
  EXPECT_EQ(Verdict(Ordered(neighbour, "cpu0 until pmd_clear(0)\n cpu1 until done\n"), "own-range",
                    "x86"),
            "none");
}

// Finish of the munmap finds CPU 1's gather, and need-flush-all forgets what it had recorded.
constexpr std::string_view kMunmapBesideDontneed = R"(
    cpus 2
    init
      map 0..2 rw
      map 16..17 rw
      present 0..1
      cached cpu1 0..1
    cpu0
      munmap 0..1
    cpu1
      dontneed 16..17
)";

TEST(StaleAfterReturn, MunmapIsJudgedAsWell) {
  // The page is freed before the call returns, so this comes second.
  const RunOptions later{.ignored = Bit(ViolationKind::kFreedPageCached)};
  const std::string nested = Ordered(kMunmapBesideDontneed,
                                     "cpu0 until mmap_write_downgrade\n cpu1 until pending_inc\n"
                                     "cpu0 until done\n");
  const Violation violation = ViolationOf(nested, "need-flush-all", "x86", later);
  EXPECT_EQ(Info(violation.kind).name, "stale-after-return");
  EXPECT_EQ(violation.cpu, 0);
  EXPECT_EQ(violation.page, 0);
  const std::string not_nested = Ordered(kMunmapBesideDontneed,
                                         "cpu0 until pending_read\n cpu1 until pending_inc\n"
                                         "cpu0 until done\n");
  EXPECT_EQ(Verdict(not_nested, "need-flush-all", "x86", later), "none");
}

// --- MADV_FREE ---

std::string TwoFrees(std::string_view present) {
  return R"(
    cpus 2
    init
      map 0..1 rw
      present )" +
         std::string(present) + R"(
      cached cpu1 0..1
    cpu0
      free 0..1
    cpu1
      free 0..1
    order
      cpu0 until pte_unlock(0)
      cpu1 until done
      rest
)";
}

TEST(StaleDirtyAfterReturn, ADirtyEntryOfTheCleanedPteIsIllegal) {
  // CPU 1 finds nothing to clean. A write through its entry would set no bit in the new PTE, and
  // the page would be thrown away with it.
  const Violation violation = ViolationOf(TwoFrees("0..1 dirty"), "own-range", "x86");
  EXPECT_EQ(Info(violation.kind).name, "stale-dirty-after-return");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.cpu, 1);
  EXPECT_EQ(violation.holder, 1);
  EXPECT_EQ(violation.mapping, 1u);
  EXPECT_EQ(violation.moment, 2u);  // the number of the clean mapping
  EXPECT_EQ(Verdict(TwoFrees("0..1 dirty"), "own-range", "arm64"), "stale-dirty-after-return");
}

TEST(StaleDirtyAfterReturn, ACleanEntryIsLegal) {
  // As stale as the other, but a write through it walks and sets D in the PTE that is there now.
  EXPECT_EQ(Verdict(TwoFrees("0..1"), "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(TwoFrees("0..1"), "own-range", "arm64"), "none");
}

TEST(StaleDirtyAfterReturn, ADirtyEntryMadeSinceTheCleaningIsLegal) {
  // CPU 2 writes after CPU 0 cleaned the PTE: its entry is dirty, and so is the PTE.
  constexpr std::string_view kText = R"(
    cpus 3
    init
      map 0..1 rw
      present 0..1 dirty
    cpu0
      free 0..1
    cpu2
      write 0
    order
      cpu0 until tlb_flush_done
      cpu2 until done
      rest
)";
  EXPECT_EQ(Verdict(kText, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(kText, "own-range", "arm64"), "none");
}

std::string FreeOfAPageThatIsGone(std::string_view present) {
  return R"(
    cpus 2
    init
      map 0..1 rw
      present )" +
         std::string(present) + R"(
      cached cpu1 0..1
    cpu0
      dontneed 0..1
    cpu1
      free 0..1
    order
      cpu0 until pte_unlock(0)
      cpu1 until done
      rest
)";
}

TEST(StaleDirtyAfterReturn, APteThatWasSeenEmptyIsNotJudged) {
  // There was nothing to clean: the dirty entry is the business of CPU 0, which is about to flush
  // it and to free the page. A PTE that it sees clean, as above, is its own.
  EXPECT_EQ(Verdict(FreeOfAPageThatIsGone("0..1 dirty"), "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(FreeOfAPageThatIsGone("0..1 dirty"), "own-range", "arm64"), "none");
}

TEST(StaleDirtyAfterReturn, AnEmptyPmdEntryIsNotJudgedEither) {
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..4 rw huge
      present 0..4 dirty
      cached cpu1 0..1
    cpu0
      dontneed 0..4
    cpu1
      free 0..4
    order
      cpu0 until pmd_clear
      cpu1 until done
      rest
)";
  EXPECT_EQ(Verdict(kText, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(kText, "own-range", "arm64"), "none");
}

TEST(StaleDirtyAfterReturn, AHugePageIsFlushedBeforeItsLockIsDropped) {
  // The race of a small page, which no policy can lose here: the invalidation is outside of the
  // gather, and CPU 1 cannot see the clean entry before it is complete.
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..4 rw huge
      present 0..4 dirty
      cached cpu1 0..4
    cpu0
      free 0..4
    cpu1
      free 0..4
    order
      cpu0 until pmd_unlock(0)
      cpu1 until done
      rest
)";
  EXPECT_EQ(Verdict(kText, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(kText, "own-range", "arm64"), "none");
}

TEST(StaleDirtyAfterReturn, ACleanEntryIsLegalForMadvFreeOnly) {
  // CPU 1 sees a page that CPU 0 has just removed. If it promised to remove it itself, a clean
  // entry is as illegal as a dirty one.
  const auto second = [](std::string_view op) {
    std::string text = FreeOfAPageThatIsGone("0..1");
    const size_t at = text.find("free 0..1");
    return text.replace(at, 9, std::string(op) + " 0..1");
  };
  EXPECT_EQ(Verdict(second("free"), "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(second("dontneed"), "own-range", "x86"), "stale-after-return");
}

}  // namespace
}  // namespace gatherfuzz
