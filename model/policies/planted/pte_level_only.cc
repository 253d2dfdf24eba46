// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pte-level-only: a nested finish takes for granted that others have cleared PTEs only.
//
// Base: force-levels. Published: Z6 (a forced flush of the own page size misses huge pages). To be
// seen: arm64, two CPUs, and a program: a huge VMA. One clears a huge leaf; the other sees it gone
// and returns before the first has flushed. Its invalidation says level PTE, which drops no huge
// entry. x86 knows no level and is clean.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class PteLevelOnly final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    MmuGather& gather = t.gather();
    if (!FlushNested(t)) return;
    AdjustRange(gather, CallerRange(gather));
    gather.cleared_ptes = 1;
  }
};

const PteLevelOnly kProtocol{};
constexpr Policy kPolicy("pte-level-only", "as force-levels, with the bit of PTEs only", "Z6",
                         kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "force-levels",
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
