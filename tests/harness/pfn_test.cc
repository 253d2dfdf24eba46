// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// PFN maps: which calls go through them and which do not, who frees their frames, and where what
// was unmapped of one is flushed before its owner finds it no more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "harness/target.h"
#include "model/arch/arch.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Ran = TracedRun;

const std::string kMap = "init\n pfnmap 0..2\n cached cpu0 0..2\n cached cpu1 0..2\n";
const std::string kRace = kMap + "cpu0\n munmap 0..2\ncpu1\n revoke 0..2\n";
const std::string kUnlinkedFirst = "order\n cpu0 until i_mmap_unlink\n cpu1 until done\n rest\n";

TEST(Pfn, AnOwnerUnmapsUnderTheLockOfTheMappingAndThenFrees) {
  const Ran ran("cpus 2\n" + kMap + "cpu0\n revoke 0..1\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.StepsOf("cpu0"),
              ElementsAre("i_mmap_lock_read(0)", "pending_inc", "pud_read(0)", "pmd_read(0)",
                          "pte_lock(0)", "pte_read(0)", "pte_clear(0)", "pte_unlock(0)",
                          "tlb_flush(0)", "tlb_flush_done(0)", "pending_read", "pending_dec",
                          "i_mmap_unlock_read(0)", "free_page(0)", "syscall_return(0)"));
  EXPECT_EQ(ran.mm().data_frames, 1);
  EXPECT_EQ(ran.mm().vma_pages, 3u) << "the VMA stays";
  EXPECT_TRUE(ran.entry(0).none());
}

TEST(Pfn, WhatIsUnmappedIsTheOwnersStill) {
  const Ran ran("cpus 1\nbatch 1\ninit\n pfnmap 0..2\n cached cpu0 0..2\ncpu0\n munmap 0..2\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 free_page(0)"), 0);
  EXPECT_EQ(ran.Count("cpu0 tlb_flush(0)"), 2) << "a batch of one page is not full";
  EXPECT_EQ(ran.mm().data_frames, 2);
  const Ran revoked("cpus 1\ninit\n pfnmap 0..2\ncpu0\n munmap 0..2\n revoke 0..2\n revoke 0..2\n");
  EXPECT_EQ(revoked.verdict(), "none");
  EXPECT_EQ(revoked.Count("cpu0 free_page(1)"), 1);
  EXPECT_EQ(revoked.mm().data_frames, 0);
}

// tlb_end_vma(); then tlb_free_vmas(), behind the last VMA.
TEST(Pfn, IsFlushedBeforeItIsUnlinked) {
  const std::string two = "init\n pfnmap 0..1\n map 4..5 rw\n present 4..5\ncpu0\n munmap 0..5\n";
  const Ran at_end("cpus 1\nkernel 6.17\n" + two);
  EXPECT_LT(at_end.At("cpu0 tlb_flush(0)"), at_end.At("cpu0 pte_clear(4)"));
  const Ran at_once("cpus 1\nkernel 7.1\n" + two);
  EXPECT_LT(at_once.At("cpu0 pte_clear(4)"), at_once.At("cpu0 tlb_flush(0)"));
  EXPECT_LT(at_once.At("cpu0 tlb_flush(0)"), at_once.At("cpu0 i_mmap_unlink(0)"));
  const Ran plain("cpus 1\nkernel 7.1\ninit\n map 0..1 rw\n present 0..1\ncpu0\n munmap 0..1\n");
  EXPECT_EQ(plain.Count("cpu0 tlb_flush(0)"), 1);
  EXPECT_EQ(plain.Count("cpu0 i_mmap_unlink(0)"), 0);
}

TEST(Pfn, IsBrokenWhereItIsUnlinkedFirst) {
  for (const char* kernel : {"6.1", "6.12", "6.12+vma", "6.17", "7.1", "7.1+vma"}) {
    const std::string text = std::string("cpus 2\nkernel ") + kernel + "\n" + kRace;
    const Ran ran(text + kUnlinkedFirst, "pfn-not-flushed");
    EXPECT_EQ(ran.verdict(), "freed-page-cached") << kernel;
    EXPECT_EQ(Ran(text + kUnlinkedFirst).verdict(), "none") << kernel;
    EXPECT_EQ(Ran(text + kUnlinkedFirst, "pfn-not-flushed", "arm64").verdict(), "none")
        << "a flush at the end of each VMA";
  }
}

// Who zaps what is unlinked later is waited for; a finish that waits waits for who waits.
TEST(Pfn, MunmapWaitsForAnOwnerOnItsWay) {
  const std::string between = "order\n cpu1 until pte_clear(0)\n cpu0 until done\n rest\n";
  const Ran ran("cpus 2\n" + kRace + between);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("lent cpu1 i_mmap_unlock_read(0)"), ran.At("cpu0 i_mmap_unlink(0)"));
  EXPECT_EQ(Ran("cpus 2\n" + kRace + between, "sync-finish").verdict(), "deadlock");
  const Schedule schedule = FromText("cpus 2\n" + kRace).schedule;
  EXPECT_FALSE(HeldSafe(*FindPolicy("sync-finish"), *FindArch("arm64"), schedule));
  EXPECT_TRUE(HeldSafe(*FindPolicy("full-mm"), *FindArch("arm64"), schedule));
}

TEST(Pfn, NoFaultPopulatesIt) {
  const Ran ran("cpus 1\ninit\n pfnmap 0..1\ncpu0\n read 0\n revoke 0..1\n read 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 fault(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 alloc_page(0)"), 0);
  const Ran given_back(
      "cpus 1\ninit\n pfnmap 0..1\ncpu0\n protect 0..1 r\n protect 0..1 rw\n"
      " write 0\n");
  EXPECT_EQ(given_back.verdict(), "none");
  EXPECT_TRUE(given_back.entry(0).dirty());
}

// A call that comes to one ends there; what goes over VMAs by itself passes it over.
TEST(Pfn, OthersFailOrPassItOver) {
  const std::string around = "init\n map 0..1 rw\n pfnmap 1..2\n map 2..3 rw\n present 0..3\n";
  const auto left = [&](const std::string& head, const char* op) {
    const Ran ran("cpus 1\n" + head + around + "cpu0\n " + op + "\n");
    EXPECT_EQ(ran.verdict(), "none") << op;
    std::string pages;
    for (int page = 0; page < 3; ++page) pages += ran.entry(page).present() ? 'p' : '-';
    return pages;
  };
  EXPECT_EQ(left("", "dontneed 0..3"), "-pp");
  EXPECT_EQ(left("kernel 6.17\n", "dontneed 0..3"), "-pp");
  EXPECT_EQ(left("kernel 7.1+vma\n", "dontneed 0..3"), "-pp");
  EXPECT_EQ(left("kernel 7.1+vma\n", "dontneed 1..2"), "ppp");
  EXPECT_EQ(left("kernel 7.1\n", "guard 0..3"), "-pp");
  EXPECT_EQ(left("", "reap"), "-p-");
  EXPECT_EQ(left("", "reclaim 0..3"), "-p-");
  EXPECT_EQ(left("", "numa 0..3"), "-p-");
  EXPECT_EQ(left("", "remap 1..2 to 8"), "ppp");
  EXPECT_EQ(left("", "munmap 0..3"), "---");
  EXPECT_EQ(left("", "protect 0..3 none"), "---");
  EXPECT_EQ(left("", "migrate 1"), "ppp");
  EXPECT_EQ(left("", "exit"), "---");
}

TEST(Pfn, KeepsItsBytesAndItsText) {
  const Schedule schedule = FromText("cpus 2\n" + kRace).schedule;
  Schedule decoded;
  DecodeBytes(EncodeBytes(schedule, 1), decoded);
  EXPECT_EQ(decoded, schedule);
  EXPECT_THAT(PrintText({.schedule = schedule}), HasSubstr("pfnmap 0..2"));
  EXPECT_THAT(PrintText({.schedule = schedule}), HasSubstr("revoke 0..2"));
  EXPECT_EQ(FromText(PrintText({.schedule = schedule})).schedule, schedule);
  EXPECT_EQ(DeterminedBy(schedule).pte, 0u);
}

TEST(Pfn, IsUnderMemoryScOnly) {
  const std::string head = "gatherfuzz 1\ncpus 1\nmemory weak\ninit\n";
  const auto error = [&](const std::string& rest) {
    const auto parsed = ParseText(head + rest);
    return std::holds_alternative<TextError>(parsed) ? std::get<TextError>(parsed).expected : "";
  };
  EXPECT_THAT(error(" pfnmap 0..1\n"), HasSubstr("no PFN map under 'memory weak'"));
  EXPECT_THAT(error(" map 0..1 rw\ncpu0\n revoke 0..1\n"), HasSubstr("no revoke under"));
}

}  // namespace
}  // namespace gatherfuzz
