// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/tlb.h"

#include <bit>

#include "model/check.h"

namespace gatherfuzz {

const Pte* Lookup(const Tlb& tlb, int page) {
  if (tlb.small_valid & PageBit(page)) return &tlb.small[page];
  const int block = page / kPagesPerPmd;
  if (tlb.huge_valid & PageBit(block)) return &tlb.huge[block];
  return nullptr;
}

void Fill(Tlb& tlb, int page, Level level, Pte pte, bool replace) {
  GATHERFUZZ_CHECK(level != Level::kPud && pte.present());
  const bool is_small = level == Level::kPte;
  ForgetAbsent(tlb, page);
  uint64_t& valid = is_small ? tlb.small_valid : tlb.huge_valid;
  const int index = is_small ? page : page / kPagesPerPmd;
  if ((valid & PageBit(index)) != 0 && !replace) return;
  if (replace && !is_small && (tlb.small_valid & PageBit(page)) != 0) {
    tlb.small_valid &= ~PageBit(page);  // else the replaced entry would still be the one in use
    tlb.small[page] = Pte{};
  }
  valid |= PageBit(index);
  (is_small ? tlb.small[index] : tlb.huge[index]) = pte;
}

void FillAbsent(Tlb& tlb, int page) { tlb.absent |= PageBit(page); }

void ForgetAbsent(Tlb& tlb, int page) { tlb.absent &= ~PageBit(page); }

void Evict(Tlb& tlb, int page) {
  ForgetAbsent(tlb, page);
  const int block = page / kPagesPerPmd;
  tlb.small_valid &= ~PageBit(page);
  tlb.small[page] = Pte{};
  tlb.huge_valid &= ~PageBit(block);
  tlb.huge[block] = Pte{};
}

Dropped Drop(const World& world, Tlb& tlb, uint64_t small, uint64_t huge) {
  Dropped dropped;
  tlb.absent &= ~small;
  const auto drop = [&](uint64_t& valid, auto& entries, uint64_t named, int pages_each) {
    for (uint64_t bits = valid & named; bits != 0; bits &= bits - 1) {
      const int index = std::countr_zero(bits);
      Pte& entry = entries[index];
      ++dropped.entries;
      const Pte current = CurrentLeaf(world, index * pages_each);
      dropped.needless += current.present() && current.mapping == entry.mapping;
      entry = Pte{};
    }
    valid &= ~named;
  };
  drop(tlb.small_valid, tlb.small, small, 1);
  drop(tlb.huge_valid, tlb.huge, huge, kPagesPerPmd);
  return dropped;
}

}  // namespace gatherfuzz
