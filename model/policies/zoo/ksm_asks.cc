// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// ksm-asks: as ksm-not-asked, and KSM flushes also if somebody owes a flush: the line of
// b3a81d0841a9 (4.13), before pages were exclusive (5.19).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class KsmAsks final : public GatherProtocol {
 public:
  Decisions Decides() const override { return {.ksm_by_exclusive = false}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const KsmAsks kProtocol{};
constexpr Policy kPolicy(
    "ksm-asks",
    "as full-mm; KSM flushes for a PTE that is writable or dirty, or if a flush is owed",
    "the fix of Z7", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
