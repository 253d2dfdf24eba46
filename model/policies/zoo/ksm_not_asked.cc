// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// ksm-not-asked: full-mm, and KSM flushes a page only if its PTE is writable or dirty: that
// somebody has taken both away and not flushed, it does not ask. Z7 (b3a81d0841a9), as it was up
// to 4.12.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class KsmNotAsked final : public GatherProtocol {
 public:
  Decisions Decides() const override { return {.ksm_asks = false, .ksm_by_exclusive = false}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const KsmNotAsked kProtocol{};
constexpr Policy kPolicy("ksm-not-asked",
                         "as full-mm; KSM flushes only for a PTE that is writable or dirty", "Z7",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
