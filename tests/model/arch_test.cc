// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// An architecture: what becomes of a gather's fields when it flushes, and so what is dropped.
#include <gtest/gtest.h>

#include <cstring>

#include "model/arch/arch.h"
#include "model/kernel/mmu_gather.h"

namespace gatherfuzz {
namespace {

struct Issued {
  bool any = false;
  Invalidation request{};
};

Issued Flush(std::string_view arch, const MmuGather& gather) {
  Issued issued;
  issued.any = FindArch(arch)->TlbFlush(gather, issued.request);
  return issued;
}

MmuGather GatherOf(int start, int end) {
  MmuGather gather{};
  gather.live = 1;
  gather.start = static_cast<uint8_t>(start);
  gather.end = static_cast<uint8_t>(end);
  return gather;
}

MmuGather PtesOf(int start, int end) {
  MmuGather gather = GatherOf(start, end);
  gather.cleared_ptes = 1;
  return gather;
}

MmuGather PmdsOf(int start, int end) {
  MmuGather gather = GatherOf(start, end);
  gather.cleared_pmds = 1;
  return gather;
}

TEST(X86, FlushesTheRangePageByPage) {
  const Invalidation request = Flush("x86", PtesOf(3, 6)).request;
  EXPECT_EQ(request.whole, 0);
  EXPECT_EQ(request.small, MaskOf({3, 6}));
  EXPECT_EQ(request.huge, 0b11);  // INVLPG drops a translation of any size for its address
  EXPECT_EQ(request.start, 3);
  EXPECT_EQ(request.end, 6);
}

TEST(X86, AnyAddressDropsTheWholeWalkCache) {
  const Invalidation request = Flush("x86", PtesOf(3, 4)).request;
  EXPECT_EQ(request.pte_tables, 0xffff);
  EXPECT_EQ(request.pmd_tables, 0xf);
  EXPECT_EQ(request.last_level, 0);
}

TEST(X86, FreedTablesChangeNothing) {
  MmuGather gather = PtesOf(3, 6);
  const Invalidation without = Flush("x86", gather).request;
  gather.freed_tables = 1;
  const Invalidation with = Flush("x86", gather).request;
  EXPECT_EQ(std::memcmp(&with, &without, sizeof with), 0);
}

TEST(X86, TheStrideIsTheSmallestClearedLevel) {
  EXPECT_EQ(Flush("x86", PmdsOf(0, 8)).request.small, PageBit(0) | PageBit(4));
  EXPECT_EQ(Flush("x86", PmdsOf(0, 8)).request.huge, 0b11);
  MmuGather both = PmdsOf(0, 8);
  both.cleared_ptes = 1;
  EXPECT_EQ(Flush("x86", both).request.small, MaskOf({0, 8}));
  MmuGather pud = GatherOf(0, 32);
  pud.cleared_puds = 1;
  EXPECT_EQ(Flush("x86", pud).request.small, PageBit(0) | PageBit(16));
  // Nothing recorded: the smallest there is, as in tlb_get_unmap_shift().
  EXPECT_EQ(Flush("x86", GatherOf(0, 4)).request.small, MaskOf({0, 4}));
}

TEST(X86, AboveTheCeilingOfStridesItFlushesTheWholeAddressSpace) {
  EXPECT_EQ(Flush("x86", PtesOf(0, 8)).request.whole, 0);
  EXPECT_EQ(Flush("x86", PtesOf(0, 9)).request.whole, 1);
  EXPECT_EQ(Flush("x86", PtesOf(0, 9)).request.small, ~uint64_t{0});
  EXPECT_EQ(Flush("x86", PmdsOf(0, 32)).request.whole, 0);
  EXPECT_EQ(Flush("x86", PmdsOf(0, 36)).request.whole, 1);
}

TEST(X86, FullmmAndNeedFlushAllFlushTheWholeAddressSpace) {
  MmuGather fullmm = GatherOf(MmuGather::kWholeMm, MmuGather::kWholeMm);
  fullmm.fullmm = 1;
  EXPECT_TRUE(Flush("x86", fullmm).any);
  EXPECT_EQ(Flush("x86", fullmm).request.whole, 1);
  MmuGather all = PtesOf(3, 4);
  all.need_flush_all = 1;
  EXPECT_EQ(Flush("x86", all).request.whole, 1);
}

TEST(X86, AHugeLeafIsTakenAwayWithTheWholeAddressSpace) {
  // The kernel asks for the pages of the range, which are more than the ceiling.
  const Invalidation request = FindArch("x86")->FlushPmdRange({4, 8});
  EXPECT_EQ(request.whole, 1);
  EXPECT_EQ(request.small, ~uint64_t{0});
  EXPECT_EQ(request.huge, 0xffff);
  EXPECT_EQ(request.start, 4);
  EXPECT_EQ(request.end, 8);
}

TEST(Riscv, FlushesTheRangeByStrideAndNoTablePointer) {
  const Invalidation request = Flush("riscv", PtesOf(3, 6)).request;
  EXPECT_EQ(request.whole, 0);
  EXPECT_EQ(request.small, MaskOf({3, 6}));
  EXPECT_EQ(request.huge, 0b11);  // a leaf of any size
  EXPECT_EQ(request.pte_tables, 0);
  EXPECT_EQ(request.pmd_tables, 0);
  EXPECT_EQ(request.start, 3);
  EXPECT_EQ(request.end, 6);
  EXPECT_EQ(Flush("riscv", PmdsOf(0, 8)).request.small, PageBit(0) | PageBit(4));
  EXPECT_EQ(FindArch("riscv")->FlushPmdRange({4, 8}).small, PageBit(4));
  EXPECT_EQ(FindArch("riscv")->FlushPmdRange({4, 8}).huge, 0b10);
}

TEST(Riscv, FlushesTheWholeMmIfTablesWereFreedOrItIsAskedTo) {
  for (uint8_t MmuGather::* field :
       {&MmuGather::freed_tables, &MmuGather::fullmm, &MmuGather::need_flush_all}) {
    MmuGather gather = PtesOf(3, 4);
    gather.*field = 1;
    EXPECT_TRUE(Flush("riscv", gather).any);
    EXPECT_EQ(Flush("riscv", gather).request.whole, 1);
    EXPECT_EQ(Flush("riscv", gather).request.pte_tables, 0xffff);
  }
}

TEST(Riscv, AboveTheCeilingOfStridesItFlushesTheWholeMm) {
  EXPECT_EQ(Flush("riscv", PtesOf(0, 3)).request.whole, 0);
  EXPECT_EQ(Flush("riscv", PtesOf(0, 4)).request.whole, 1);
  EXPECT_EQ(Flush("riscv", PmdsOf(0, 12)).request.whole, 0);
  EXPECT_EQ(Flush("riscv", PmdsOf(0, 13)).request.whole, 1);  // a stride that is begun counts
  // All pages of a PTE table, as mremap() names those of one that it has moved.
  EXPECT_EQ(FindArch("riscv")->FlushRange({0, 4}).whole, 1);
  MmuGather reset = PtesOf(kPages, 0);
  EXPECT_EQ(Flush("riscv", reset).request.whole, 1);
}

TEST(Arm64, FlushesLeavesOnlyUnlessTablesWereFreed) {
  MmuGather gather = PtesOf(3, 6);
  const Invalidation leaves = Flush("arm64", gather).request;
  EXPECT_EQ(leaves.last_level, 1);
  EXPECT_EQ(leaves.small, MaskOf({3, 6}));
  EXPECT_EQ(leaves.pte_tables, 0);
  EXPECT_EQ(leaves.pmd_tables, 0);
  gather.freed_tables = 1;
  const Invalidation all = Flush("arm64", gather).request;
  EXPECT_EQ(all.last_level, 0);
  EXPECT_EQ(all.small, MaskOf({3, 6}));
  EXPECT_EQ(all.pte_tables, 0b11);  // only those used for an address it names
  EXPECT_EQ(all.pmd_tables, 0b1);
}

TEST(Arm64, RoundsTheRangeToTheStride) {
  const Invalidation request = Flush("arm64", PmdsOf(3, 6)).request;
  EXPECT_EQ(request.start, 0);
  EXPECT_EQ(request.end, 8);
  EXPECT_EQ(request.huge, 0b11);
}

TEST(Arm64, GivesALevelHintWhenExactlyOneLevelWasClearedAndNoTableFreed) {
  const auto hint = [](int ptes, int pmds, int puds, int tables) {
    MmuGather gather = GatherOf(0, 4);
    gather.cleared_ptes = static_cast<uint8_t>(ptes);
    gather.cleared_pmds = static_cast<uint8_t>(pmds);
    gather.cleared_puds = static_cast<uint8_t>(puds);
    gather.freed_tables = static_cast<uint8_t>(tables);
    return static_cast<int>(Flush("arm64", gather).request.level_hint);
  };
  EXPECT_EQ(hint(1, 0, 0, 0), 1);
  EXPECT_EQ(hint(0, 1, 0, 0), 2);
  EXPECT_EQ(hint(0, 0, 1, 0), 3);
  EXPECT_EQ(hint(1, 1, 0, 0), 0);
  EXPECT_EQ(hint(1, 1, 1, 0), 0);
  EXPECT_EQ(hint(0, 0, 0, 0), 0);
  EXPECT_EQ(hint(1, 0, 0, 1), 0);
  EXPECT_EQ(hint(0, 1, 0, 1), 0);
}

TEST(Arm64, AHintSparesTheLeavesOfOtherLevels) {
  EXPECT_EQ(Flush("arm64", PtesOf(0, 4)).request.huge, 0);
  EXPECT_EQ(Flush("arm64", PmdsOf(0, 4)).request.small, 0u);
  EXPECT_EQ(Flush("arm64", PmdsOf(0, 4)).request.huge, 0b1);
  MmuGather both = PtesOf(0, 4);
  both.cleared_pmds = 1;
  EXPECT_EQ(Flush("arm64", both).request.huge, 0b1);
  EXPECT_EQ(Flush("arm64", both).request.small, MaskOf({0, 4}));
}

TEST(Arm64, AHugeLeafIsTakenAwayByItself) {
  const Invalidation request = FindArch("arm64")->FlushPmdRange({4, 8});
  EXPECT_EQ(request.whole, 0);
  EXPECT_EQ(request.huge, 0b10);
  EXPECT_EQ(request.small, 0u);
  EXPECT_EQ(request.level_hint, 2);
  // All levels down to that of the hint: pointers to PMD tables, not those to PTE tables.
  EXPECT_EQ(request.last_level, 0);
  EXPECT_EQ(request.pmd_tables, 0b1);
  EXPECT_EQ(request.pte_tables, 0);
}

TEST(Arm64, FromSixteenStridesOnItFlushesTheWholeAddressSpace) {
  EXPECT_EQ(Flush("arm64", PtesOf(0, 15)).request.whole, 0);
  EXPECT_EQ(Flush("arm64", PtesOf(0, 16)).request.whole, 1);
  EXPECT_EQ(Flush("arm64", PmdsOf(0, 60)).request.whole, 0);
  EXPECT_EQ(Flush("arm64", PmdsOf(0, 64)).request.whole, 1);
  EXPECT_EQ(Flush("arm64", PtesOf(0, 16)).request.pte_tables, 0xffff);  // ASIDE1IS: all levels
}

TEST(Arm64, FullmmWithoutFreedTablesIssuesNothing) {
  MmuGather gather = GatherOf(MmuGather::kWholeMm, MmuGather::kWholeMm);
  gather.fullmm = 1;
  EXPECT_FALSE(Flush("arm64", gather).any);
  gather.freed_tables = 1;
  EXPECT_TRUE(Flush("arm64", gather).any);
  EXPECT_EQ(Flush("arm64", gather).request.whole, 1);
  // It does not know need_flush_all.
  gather = PtesOf(3, 4);
  gather.need_flush_all = 1;
  EXPECT_EQ(Flush("arm64", gather).request.small, PageBit(3));
}

TEST(EveryArch, ARangeThatWasResetButNotSkippedIsTheWholeAddressSpace) {
  // The kernel's sizes are unsigned: an end before the start is a range of very many strides.
  MmuGather gather{};
  ResetRange(gather);
  gather.freed_tables = 1;
  EXPECT_EQ(Flush("x86", gather).request.whole, 1);
  EXPECT_EQ(Flush("arm64", gather).request.whole, 1);
}

}  // namespace
}  // namespace gatherfuzz
