// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-barrier-only: full-mm, and flush_tlb_batched_pending() is a DSB, which waits for what its
// own CPU has issued, not for the TLBI of reclaim. Z18, arm64 of 6.6 before 4b634918384c (2025). On
// x86, where reclaim issues nothing before its flush, no kernel had this.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimBarrierOnly final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.waits_only = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimBarrierOnly kProtocol{};
constexpr Policy kPolicy("reclaim-barrier-only",
                         "as full-mm; for what reclaim owes there is a barrier in place of a flush",
                         "Z18", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
