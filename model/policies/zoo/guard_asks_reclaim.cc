// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard-asks-reclaim: full-mm, and MADV_GUARD_INSTALL calls flush_tlb_batched_pending() when it has
// taken a page-table lock. A repair of S1 (b) (docs/suspicions.md).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class GuardAsksReclaim final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override {
    return {.asks = UnmapBatching{}.asks | UnmapBatching::kGuard};
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const GuardAsksReclaim kProtocol{};
constexpr Policy kPolicy("guard-asks-reclaim",
                         "as full-mm; guard asks whether reclaim owes a flush",
                         "a repair of S1 (b)", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
