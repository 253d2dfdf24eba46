// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pmd-stride: a nested finish sets all cleared bits but that of PTEs, so if it has cleared none
// itself it invalidates in strides of a block.
//
// Base: force-levels. Published: Z6, Z36 (a forced flush with the wrong page size). To be seen: two
// CPUs. One clears a PTE that is not the first of its block (on x86: not a block's length from the
// other's range's beginning); the other sees it empty, clears none itself after its last flush, and
// returns before the first has flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class PmdStride final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    MmuGather& gather = t.gather();
    if (!FlushNested(t)) return;
    const uint8_t cleared_ptes = gather.cleared_ptes;
    ForceLevels(gather, CallerRange(gather));
    gather.cleared_ptes = cleared_ptes;
  }
};

const PmdStride kProtocol{};
constexpr Policy kPolicy("pmd-stride", "as force-levels, without the bit of PTEs", "Z6, Z36",
                         kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "force-levels",
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
