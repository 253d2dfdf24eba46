// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// cow-asks: as cow-not-asked, and a write fault flushes the page first if somebody owes a flush:
// the line of 6ce64428d620 (5.13), before pages were exclusive (5.19).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class CowAsks final : public GatherProtocol {
 public:
  Decisions Decides() const override { return {.cow_by_count = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const CowAsks kProtocol{};
constexpr Policy kPolicy(
    "cow-asks",
    "as full-mm; a write fault copies by the count, behind the flush that somebody owes",
    "the fix of Z10", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
