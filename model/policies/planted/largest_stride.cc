// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// largest-stride: where leaves or tables of several levels were cleared, the stride is that of the
// largest.
//
// Base: full-mm. Published: Z6, Z35 (the wrong one of several page sizes). To be seen: any order,
// one CPU, and a program. On x86: a munmap that frees a table, and a page that is cached and not
// the first of its stride. On arm64, where pages are flushed before tables are recorded: a munmap
// that frees a PTE table with the PMD table above it, or a huge leaf and small pages in one VMA.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class LargestStride final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    MmuGather wrong = gather;
    if (wrong.cleared_puds) wrong.cleared_pmds = 0;
    if (wrong.cleared_puds || wrong.cleared_pmds) wrong.cleared_ptes = 0;
    GatherProtocol::ArchFlush(t, wrong);
  }
};

const LargestStride kProtocol{};
constexpr Policy kPolicy("largest-stride",
                         "as full-mm, with the stride of the largest level cleared", "Z6, Z35",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
