// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// cow-by-exclusive: full-mm, and a write fault asks nobody whether a flush is owed, as what it
// copies is not exclusive, and so has been written by nobody since it was shared. No kernel has had
// this line.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class CowByExclusive final : public GatherProtocol {
 public:
  Decisions Decides() const override { return {.cow_asks = false}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const CowByExclusive kProtocol{};
constexpr Policy kPolicy(
    "cow-by-exclusive", "as full-mm; a write fault that copies what is not exclusive asks nobody",
    "a question", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
