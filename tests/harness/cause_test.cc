// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What led to a violation, and what makes two violations the same bug; signature_test.cc has more.
#include "harness/cause.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "tests/support.h"

namespace gatherfuzz {
namespace {

Trace Recorded(const Schedule& schedule, std::string_view policy, std::string_view arch,
               uint32_t ignored = 0) {
  static Execution execution;
  return Record(execution, schedule, *FindPolicy(policy), *FindArch(arch), ignored);
}

constexpr uint32_t kTablesIgnored =
    Bit(ViolationKind::kFreedTableCached) | Bit(ViolationKind::kWalkedDeadTable);

// A run that ends in a violation, and its cause, with steps by name: "cpu0 pte_clear(2)" or "none".
struct Explained {
  Explained(std::string_view text, std::string_view policy, std::string_view arch,
            uint32_t ignored = 0)
      : schedule(FromText(text).schedule), trace(Recorded(schedule, policy, arch, ignored)) {
    EXPECT_NE(trace.result.violation.kind, ViolationKind::kNone);
    cause = FindCause(trace);
  }
  std::string Step(int index) const {
    if (index < 0) return "none";
    const StepEvent& event = trace.steps[static_cast<size_t>(index)].event;
    const std::string name = AgentName(event.agent) + " " + Info(event.point).name;
    return event.page == kNoPage ? name : name + "(" + std::to_string(event.page) + ")";
  }
  Schedule schedule;
  Trace trace;
  Cause cause;
};

std::string SignatureOf(const Schedule& schedule, std::string_view policy, std::string_view arch) {
  return Signature(Recorded(schedule, policy, arch));
}
std::string SignatureOf(std::string_view text, std::string_view policy, std::string_view arch) {
  return SignatureOf(FromText(text).schedule, policy, arch);
}

std::string Ordered(std::string_view programs, std::string_view order) {
  return std::string(programs) + "    order\n" + std::string(order) + "    rest\n";
}

// --- Leaves ---

// The race of the mail: CPU 1 sees PTE 2 empty, which CPU 0 has not flushed yet. Its walker has
// filled the entry before.
std::string MailRace(std::string_view present, std::string_view order) {
  return Ordered(R"(
    cpus 2
    init
      map 0..4 rw
      present )" + std::string(present) +
                     R"(
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    walk1
      fill 2
)",
                 "walk1 until done\n" + std::string(order));
}
constexpr std::string_view kBeforeTheFlush = "cpu0 until pte_clear(2)\n cpu1 until done\n";

TEST(Cause, NoInvalidationWasIssued) {
  const Explained it(MailRace("1..3", kBeforeTheFlush), "own-range", "x86");
  EXPECT_EQ(it.Step(it.cause.filled), "walk1 walk_pte(2)");
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pte_clear(2)");
  EXPECT_EQ(it.Step(it.cause.examined), "cpu1 pte_read(2)");
  EXPECT_EQ(it.Step(it.cause.judged), "cpu1 syscall_return(2)");
  EXPECT_EQ(it.Step(it.cause.flushed), "none");
  EXPECT_EQ(it.cause.missing, Missing::kNotIssued);
}

TEST(Cause, TheInvalidationWasTooNarrow) {
  // CPU 1 clears PTE 3 itself, and flushes that one.
  const Explained it(MailRace("1..4", kBeforeTheFlush), "own-range", "x86");
  EXPECT_EQ(it.Step(it.cause.examined), "cpu1 pte_read(2)");
  EXPECT_EQ(it.Step(it.cause.flushed), "cpu1 tlb_flush(3)");
  EXPECT_EQ(it.cause.missing, Missing::kTooNarrow);
}

TEST(Cause, WhatAnotherCallIssuedIsNotItsOwn) {
  const Explained it(MailRace("1..3", "cpu0 until tlb_flush\n inv0 1\n cpu1 until done\n"),
                     "own-range", "x86");
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pte_clear(2)");
  EXPECT_EQ(it.Step(it.cause.flushed), "none");
  EXPECT_EQ(it.cause.missing, Missing::kNotIssued);
  EXPECT_EQ(it.Step(it.cause.others), "cpu0 tlb_flush(1)");
}

TEST(Cause, TheInvalidationOfABystanderDoesNotCount) {
  // CPU 2 flushes another page between the removal and the return.
  const Explained it(R"(
    cpus 3
    init
      map 0..4 rw
      map 16..17 rw
      present 1..3
      present 16..17
      cached cpu1 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    cpu2
      dontneed 16..17
    order
      cpu0 until pte_clear(2)
      cpu2 until tlb_flush_done
      cpu1 until done
)",
                     "own-range", "x86");
  EXPECT_EQ(it.Step(it.cause.flushed), "none");
  EXPECT_EQ(it.Step(it.cause.others), "none");
  EXPECT_EQ(it.cause.missing, Missing::kNotIssued);
}

TEST(Cause, TheInvalidationIsPending) {
  // A flush in the middle of the call is not waited for: the batch is full.
  const Explained it(R"(
    cpus 2
    batch 1
    init
      map 0..2 rw
      present 0..2
      cached cpu1 0..1
    cpu0
      dontneed 0..2
    order
      cpu0 until done
)",
                     "forced-not-awaited", "x86");
  EXPECT_EQ(it.Step(it.cause.judged), "cpu0 free_page(0)");
  EXPECT_EQ(it.Step(it.cause.flushed), "cpu0 tlb_flush(0)");
  EXPECT_EQ(it.cause.missing, Missing::kPending);
}

TEST(Cause, WhatWasDeliveredBeforeTheRemovalDoesNotCount) {
  // CPU 0 flushes page 2, reads it anew, and clears its PTE again: that is what CPU 1 sees.
  const Explained it(R"(
    init
      map 0..4 rw
      present 2..3
      cached cpu0 2..3
    cpu0
      dontneed 2..3
      read 2
      dontneed 2..3
    cpu1
      dontneed 2..3
    order
      cpu0 until pte_clear #2
      cpu1 until done
)",
                     "own-range", "x86");
  EXPECT_EQ(it.trace.result.violation.mapping, 2u);
  EXPECT_EQ(it.Step(it.cause.filled), "cpu0 walk_pte(2)");
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pte_clear(2)");
  EXPECT_GT(it.cause.removed, it.cause.filled);
  EXPECT_EQ(it.cause.missing, Missing::kNotIssued);
}

TEST(Cause, WhatLiesBeforeTheFirstStepHasNoIndex) {
  constexpr std::string_view kText = R"(
    init
      map 0..1 rw
      present 0..1 dirty
      cached cpu1 0..1
    cpu0
      free 0..1
    cpu1
      free 0..1
    order
      cpu0 until pte_unlock(0)
      cpu1 until done
)";
  const Explained it(kText, "own-range", "arm64");
  EXPECT_EQ(it.trace.result.violation.kind, ViolationKind::kStaleDirtyAfterReturn);
  EXPECT_EQ(it.cause.filled, -1);
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pte_clear(0)");
  EXPECT_EQ(it.Step(it.cause.examined), "cpu1 pte_read(0)");  // saw it clean
}

// A huge page: CPU 1 sees the PMD entry empty, without a lock.
constexpr std::string_view kHugePage = R"(
    cpus 2
    init
      map 0..8 rw huge
      present 0..8
      cached cpu1 0..4
    cpu0
      dontneed 0..4
    cpu1
      dontneed 2..3
    order
      cpu0 until pmd_clear(0)
      cpu1 until done
)";

TEST(Cause, AnEmptyPmdEntryIsExaminedToo) {
  const Explained it(kHugePage, "own-range", "x86");
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pmd_clear(0)");
  EXPECT_EQ(it.Step(it.cause.examined), "cpu1 pmd_read(2)");
  EXPECT_EQ(it.cause.missing, Missing::kNotIssued);
}

constexpr std::string_view kNested = "cpu1 until pending_inc\n cpu0 until done\n";

TEST(Cause, WhoFreesAPageHasRemovedItItself) {
  const Explained it(Ordered(R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      cached cpu1 0..1
    cpu0
      dontneed 0..1
    cpu1
      dontneed 16..17
)",
                             kNested),
                     "need-flush-all", "x86");
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pte_clear(0)");
  EXPECT_EQ(it.cause.examined, it.cause.removed);
  EXPECT_EQ(it.Step(it.cause.judged), "cpu0 free_page(0)");
  EXPECT_EQ(it.cause.missing, Missing::kNotIssued);
}

TEST(Cause, AnInvalidationOfThePageDoesNotNameAnEntryOfAnother) {
  // CPU 1 reads page 0 through frame 2, which has become the PTE table of page 32: so its entry is
  // for page 0, and the flush of page 32 leaves it alone.
  const Explained it(R"(
    cpus 2
    init
      map 0..2 rw
      map 16..18 rw
      present 0..1
      present 16..17
      cached cpu1 1..2
    cpu0
      munmap 0..2
      map 32..33 rw
      read 32
      dontneed 32..33
    cpu1
      dontneed 17..18
      read 0
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      cpu0 until access(32)
      cpu0 until walk_pte(32)
      cpu1 until done
      rest
)",
                     "need-flush-all", "x86", kTablesIgnored);
  ASSERT_EQ(it.trace.result.violation.kind, ViolationKind::kFreedPageCached);
  EXPECT_EQ(it.trace.result.violation.page, 32);
  EXPECT_EQ(it.Step(it.cause.filled), "cpu1 walk_pte(0)");
  EXPECT_EQ(it.Step(it.cause.flushed), "cpu0 tlb_flush(32)");
  EXPECT_EQ(it.cause.missing, Missing::kTooNarrow);
}

// --- Tables ---

// arm64 flushes leaves only, because reset-range has forgotten that a table is freed.
std::string Tables(std::string_view fill, std::string_view order) {
  return Ordered(R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      present 16..17
    cpu0
      munmap 0..1
    cpu1
      dontneed 16..17
    walk1
      fill )" + std::string(fill) +
                     R"(
      fill 0
)",
                 "walk1 until walk_pmd\n cpu0 until mmap_write_downgrade\n"
                 "cpu1 until pending_inc\n" +
                     std::string(order));
}

TEST(Cause, OfAFreedTableIsTheWalkTheUnlinkAndTheNarrowFlush) {
  // A fill of page 8 goes no further than the PMD table, which is freed as well.
  const Explained pte(Tables("0", "cpu0 until done\n"), "reset-range", "arm64");
  ASSERT_EQ(pte.trace.result.violation.kind, ViolationKind::kFreedTableCached);
  EXPECT_EQ(pte.Step(pte.cause.filled), "walk1 walk_pmd(0)");
  EXPECT_EQ(pte.Step(pte.cause.removed), "cpu0 pte_table_unlink(0)");
  EXPECT_EQ(pte.Step(pte.cause.examined), "none");
  EXPECT_EQ(pte.Step(pte.cause.judged), "cpu0 free_table(0)");
  EXPECT_EQ(pte.Step(pte.cause.flushed), "cpu0 tlb_flush(0)");
  EXPECT_EQ(pte.cause.missing, Missing::kWrongLevel);
  const Explained pmd(Tables("8", "cpu0 until done\n"), "reset-range", "arm64");
  EXPECT_EQ(pmd.Step(pmd.cause.filled), "walk1 walk_pud(8)");
  EXPECT_EQ(pmd.Step(pmd.cause.removed), "cpu0 pmd_table_unlink(0)");
  EXPECT_EQ(pmd.cause.missing, Missing::kWrongLevel);
}

TEST(Cause, OfADeadTableIsJudgedWhereItIsWalked) {
  const Explained it(Tables("0", "cpu0 until free_table(0)\n walk1 1\n"), "reset-range", "arm64",
                     Bit(ViolationKind::kFreedTableCached));
  ASSERT_EQ(it.trace.result.violation.kind, ViolationKind::kWalkedDeadTable);
  EXPECT_EQ(it.Step(it.cause.filled), "walk1 walk_pmd(0)");
  EXPECT_EQ(it.Step(it.cause.removed), "cpu0 pte_table_unlink(0)");
  EXPECT_EQ(it.Step(it.cause.judged), "walk1 walk_pte(0)");
}

// --- Signatures ---

TEST(Signature, SaysTheKindTheStepsThatRaceAndWhatIsMissing) {
  EXPECT_EQ(SignatureOf(MailRace("1..3", kBeforeTheFlush), "own-range", "x86"),
            "stale-after-return+pte_clear.zap+pte_read.zap+syscall_return+not-issued");
  EXPECT_EQ(SignatureOf(kHugePage, "own-range", "x86"),
            "stale-after-return+pmd_clear.zap+pmd_read-none.zap+syscall_return+not-issued");
  EXPECT_EQ(SignatureOf(Tables("0", "cpu0 until done\n"), "reset-range", "arm64"),
            "freed-table-cached+pte_table_unlink+free_table+wrong-level");
}

TEST(Signature, OfAWaitSaysWhereItIs) {
  EXPECT_EQ(SignatureOf("init\n map 0..2 r\n cpu0\n dontneed 0..1\n cpu1\n dontneed 1..2\n order\n"
                        "cpu0 until pending_inc\n cpu1 until done\n",
                        "sync-before-dec", "x86"),
            "deadlock+finish_wait");
}

TEST(Signature, DiffersWhereTheRaceDoes) {
  const std::set<std::string> signatures = {
      SignatureOf(MailRace("1..3", kBeforeTheFlush), "own-range", "x86"),
      SignatureOf(kHugePage, "own-range", "x86"),
      SignatureOf(Tables("0", "cpu0 until done\n"), "reset-range", "arm64"),
      SignatureOf(Tables("8", "cpu0 until done\n"), "reset-range", "arm64")};
  EXPECT_EQ(signatures.size(), 4u);
}

TEST(Signature, IsTheSameWithoutWhatHasNoPartInTheRace) {
  const std::string raw = R"(
    cpus 4
    batch 8
    init
      map 0..16 rw
      map 32..48 rw
      present 0..3
      present 4..8 dirty
      cached cpu3 2..3
    cpu0
      read 40
      dontneed 1..3
    cpu2
      map 50..60 rw
      write 51
    cpu3
      read 2
      dontneed 2..4
    walk0
      fill 5
    order
      cpu0 7
      cpu2 9
      cpu3 1
      walk0 2
      cpu0 until pte_clear(2)
      cpu2 11
      cpu3 until done
      rest runs 3
)";
  EXPECT_EQ(SignatureOf(raw, "own-range", "x86"),
            SignatureOf(MailRace("1..3", kBeforeTheFlush), "own-range", "x86"));
}

}  // namespace
}  // namespace gatherfuzz
