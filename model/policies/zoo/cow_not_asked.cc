// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// cow-not-asked: full-mm, and a write fault that copies a page does not ask whether somebody owes a
// flush for it; it copies whatever has another reference. Z10 (6ce64428d620), as it was in 5.9
// to 5.12.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class CowNotAsked final : public GatherProtocol {
 public:
  Decisions Decides() const override { return {.cow_asks = false, .cow_by_count = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const CowNotAsked kProtocol{};
constexpr Policy kPolicy(
    "cow-not-asked", "as full-mm; a write fault copies by the count of references, and asks nobody",
    "Z10", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
