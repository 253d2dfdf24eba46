// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// ksm-by-exclusive: full-mm, and KSM flushes what is exclusive in any case, and asks nobody whether
// a flush is owed. No kernel has had this line.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class KsmByExclusive final : public GatherProtocol {
 public:
  Decisions Decides() const override { return {.ksm_asks = false}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const KsmByExclusive kProtocol{};
constexpr Policy kPolicy(
    "ksm-by-exclusive",
    "as full-mm; KSM flushes for what is writable, dirty or exclusive, and asks nobody",
    "a question", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
