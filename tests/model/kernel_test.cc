// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Kernel trees under test: what a TLBI operand names, and the geometry of batches. What a tree does
// is held against the model by kernel_differential.
#include <gtest/gtest.h>

#include "model/linux/room.h"
#include "model/linux/tlbi.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kAsid = uint64_t{GF_ASID} << 48;
constexpr uint64_t kGranule4K = uint64_t{1} << 46;

// Operands as the Arm ARM lays them out.
constexpr uint64_t Address(int page, int level = 0) {
  return kAsid | (level == 0 ? 0 : kGranule4K | static_cast<uint64_t>(level) << 44) |
         static_cast<uint64_t>(page);
}
constexpr uint64_t Range(int page, uint64_t number, uint64_t scale, uint64_t level = 0) {
  return kAsid | kGranule4K | scale << 44 | number << 39 | level << 37 |
         static_cast<uint64_t>(page);
}

Invalidation Dropped(std::initializer_list<Tlbi> ops) {
  TlbiBatch batch;
  for (const Tlbi& op : ops) batch.Add(op);
  EXPECT_FALSE(batch.empty());
  const Invalidation request = batch.Take();
  EXPECT_TRUE(batch.empty());
  return request;
}

TEST(Tlbi, LastLevelNamesALeafAndNoTable) {
  const Tlbi op = DecodeTlbi(GF_TLBI_vale1is, Address(5));
  EXPECT_EQ(op.pages, (PageRange{5, 6}));
  const Invalidation request = Dropped({op});
  EXPECT_EQ(request.small, PageBit(5));
  EXPECT_EQ(request.huge, 1u << 1);
  EXPECT_EQ(request.pte_tables, 0);
  EXPECT_EQ(request.pmd_tables, 0);
}

TEST(Tlbi, AllLevelsNameTheTablesOnTheWay) {
  const Invalidation request = Dropped({DecodeTlbi(GF_TLBI_vae1is, Address(21))});
  EXPECT_EQ(request.small, PageBit(21));
  EXPECT_EQ(request.pte_tables, 1u << 5);
  EXPECT_EQ(request.pmd_tables, 1u << 1);
}

TEST(Tlbi, AHintNamesOneLevel) {
  EXPECT_EQ(DecodeTlbi(GF_TLBI_vale1is, Address(4, 3)).level_hint, 1);
  EXPECT_EQ(Dropped({DecodeTlbi(GF_TLBI_vale1is, Address(4, 3))}).huge, 0);
  EXPECT_EQ(Dropped({DecodeTlbi(GF_TLBI_vale1is, Address(4, 2))}).small, 0u);
  EXPECT_EQ(Dropped({DecodeTlbi(GF_TLBI_vale1is, Address(4, 2))}).huge, 1u << 1);
  const Invalidation pud = Dropped({DecodeTlbi(GF_TLBI_vae1is, Address(16, 1))});
  EXPECT_EQ(pud.small, 0u);
  EXPECT_EQ(pud.huge, 0);
  EXPECT_EQ(pud.pte_tables, 0);
  // The granule alone says nothing of a level; another granule is of other entries.
  EXPECT_EQ(DecodeTlbi(GF_TLBI_vale1is, Address(4) | kGranule4K).level_hint, 0);
  EXPECT_TRUE(DecodeTlbi(GF_TLBI_vale1is, Address(4, 3) | kGranule4K << 1).pages.empty());
}

TEST(Tlbi, OtherAddressSpacesAreLeftAlone) {
  const uint64_t other = Address(4) ^ uint64_t { 1 } << 48;
  for (const gf_tlbi_op op : {GF_TLBI_vale1is, GF_TLBI_vae1is, GF_TLBI_rvale1is, GF_TLBI_rvae1is,
                              GF_TLBI_aside1is, GF_TLBI_vale1, GF_TLBI_rvale1}) {
    const Tlbi named = DecodeTlbi(op, other | kGranule4K);
    EXPECT_TRUE(named.pages.empty() && !named.whole) << op;
  }
  EXPECT_FALSE(DecodeTlbi(GF_TLBI_vaale1is, other).pages.empty());
  EXPECT_TRUE(DecodeTlbi(GF_TLBI_aside1is, kAsid).whole);
  EXPECT_TRUE(DecodeTlbi(GF_TLBI_vmalle1is, 0).whole);
  const Invalidation nothing = Dropped({DecodeTlbi(GF_TLBI_vale1is, other)});
  EXPECT_EQ(nothing.small, 0u);
  EXPECT_EQ(nothing.whole, 0);
}

// H19: what it names is the same, and of one CPU.
TEST(Tlbi, OfOneCpuNamesAsThatOfAllDoes) {
  EXPECT_EQ(DecodeTlbi(GF_TLBI_vale1, Address(5)).pages, (PageRange{5, 6}));
  EXPECT_TRUE(DecodeTlbi(GF_TLBI_vale1, Address(5)).last_level);
  EXPECT_EQ(DecodeTlbi(GF_TLBI_rvale1, Range(4, 0, 0)).pages, (PageRange{4, 6}));
  EXPECT_TRUE(DecodeTlbi(GF_TLBI_vmalle1, 0).whole);
  for (const gf_tlbi_op op : {GF_TLBI_vale1, GF_TLBI_rvale1, GF_TLBI_vmalle1}) {
    EXPECT_TRUE(IsLocal(op)) << op;
  }
  EXPECT_FALSE(IsLocal(GF_TLBI_vale1is) || IsLocal(GF_TLBI_vmalle1is) || IsLocal(GF_TLBI_vae1is));
}

TEST(Tlbi, ARangeHasAnEvenNumberOfPages) {  // (NUM + 1) << (5 * SCALE + 1), H6
  EXPECT_EQ(DecodeTlbi(GF_TLBI_rvae1is, Range(4, 0, 0)).pages, (PageRange{4, 6}));
  EXPECT_EQ(DecodeTlbi(GF_TLBI_rvae1is, Range(4, 6, 0)).pages, (PageRange{4, 18}));
  EXPECT_EQ(DecodeTlbi(GF_TLBI_rvae1is, Range(4, 0, 1)).pages, (PageRange{4, kPages}));
  EXPECT_EQ(DecodeTlbi(GF_TLBI_rvale1is, Range(60, 31, 3)).pages, (PageRange{60, kPages}));
  EXPECT_EQ(DecodeTlbi(GF_TLBI_rvale1is, Range(4, 0, 0, 3)).level_hint, 1);
  EXPECT_TRUE(DecodeTlbi(GF_TLBI_rvale1is, Range(kPages, 0, 0)).pages.empty());
  const Invalidation request = Dropped({DecodeTlbi(GF_TLBI_rvae1is, Range(3, 0, 0))});
  EXPECT_EQ(request.small, PageBit(3) | PageBit(4));
  EXPECT_EQ(request.pte_tables, 3);
}

TEST(Tlbi, OperationsUpToABarrierAreOneRequest) {
  const Invalidation pages = Dropped(
      {DecodeTlbi(GF_TLBI_vale1is, Address(8, 3)), DecodeTlbi(GF_TLBI_vale1is, Address(9, 3))});
  EXPECT_EQ(pages.small, PageBit(8) | PageBit(9));
  EXPECT_EQ(pages.start, 8);
  EXPECT_EQ(pages.end, 10);
  EXPECT_EQ(pages.level_hint, 1);
  EXPECT_EQ(pages.last_level, 1);
  const Invalidation mixed =
      Dropped({DecodeTlbi(GF_TLBI_vale1is, Address(8, 3)), DecodeTlbi(GF_TLBI_vae1is, Address(9))});
  EXPECT_EQ(mixed.level_hint, 0);
  EXPECT_EQ(mixed.last_level, 0);
  EXPECT_EQ(mixed.pte_tables, 1u << 2);
  const Invalidation blocks =
      Dropped({DecodeTlbi(GF_TLBI_vae1is, Address(8)), DecodeTlbi(GF_TLBI_vae1is, Address(12))});
  EXPECT_EQ(blocks.stride, Level::kPmd);
  EXPECT_EQ(blocks.end, 16);
  EXPECT_EQ(
      Dropped({DecodeTlbi(GF_TLBI_vale1is, Address(8)), DecodeTlbi(GF_TLBI_aside1is, kAsid)}).whole,
      1);
}

TEST(Geometry, FillsAGatherAfterAsManyPagesAsTheModel) {
  for (int batch = 1; batch <= kMaxBatch; ++batch) {
    const Geometry& geometry = kGeometry[batch];
    const int pages = geometry.refused != 0 ? geometry.refused - 1 : geometry.pages;
    EXPECT_EQ(geometry.bundle + pages * geometry.page_batch, batch);
    EXPECT_LE(geometry.pages, kMaxBatchPages);
  }
}

}  // namespace
}  // namespace gatherfuzz
