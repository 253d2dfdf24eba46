// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-word-small: full-mm, and tlb_flush_batched is put back to 1 and 0 beyond 2, in place of
// 16383: the kernel's word, scaled to the model. S6 (docs/suspicions.md).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimWordSmall final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.most = 2}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimWordSmall kProtocol{};
constexpr Policy kPolicy("reclaim-word-small", "as full-mm; tlb_flush_batched overflows beyond 2",
                         "S6", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
