// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// widen-range: the own bits stay, so the stride and the level hint are those of this gather's own
// clears, over pages that others may have cleared at another level.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class WidenRange final : public Protocol51 {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) AdjustRange(t.gather(), CallerRange(t.gather()));
  }
};

const WidenRange kProtocol{};
constexpr PolicyTraits kTraits{
    .safe_on = "arm64", .recalls = false, .loads = {WhenLoaded::kInFinish, WhenLoaded::kNever}};
constexpr Policy kPolicy("widen-range", "keeps the bits, widens to the caller's range",
                         "v1, 8 May 2019", kProtocol, kTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
