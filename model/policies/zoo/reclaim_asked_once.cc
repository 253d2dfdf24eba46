// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-asked-once: full-mm, and MADV_FREE that has dropped the page-table lock on its way does
// not call flush_tlb_batched_pending() again. Z17, before 383c4613c67c (2025).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimAskedOnce final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override {
    return {.asks = UnmapBatching{}.asks & ~UnmapBatching::kRelock};
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimAskedOnce kProtocol{};
constexpr Policy kPolicy("reclaim-asked-once",
                         "as full-mm; MADV_FREE asks reclaim once for each page table", "Z17",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
