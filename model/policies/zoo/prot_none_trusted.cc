// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// prot-none-trusted: full-mm, and for a page that is PROT_NONE reclaim owes no flush, whoever else
// does: pte_accessible() as it was before tlb_flush_pending. Z1 (20841405940e), where migration
// took the page; faithful in shape.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ProtNoneTrusted final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.trusts_prot_none = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ProtNoneTrusted kProtocol{};
constexpr Policy kPolicy("prot-none-trusted",
                         "as full-mm; reclaim takes it that no TLB has a PROT_NONE page", "Z1",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
