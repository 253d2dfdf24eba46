// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reset-range: forgets the own bits, freed_tables among them, and flushes the caller's range.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class ResetRangePolicy final : public Protocol51 {
 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    ResetRange(t.gather());
    AdjustRange(t.gather(), CallerRange(t.gather()));
  }
};

const ResetRangePolicy kProtocol{};
constexpr PolicyTraits kTraits{.safe_on = "x86",
                               .safe_asleep = false,
                               .recalls = false,
                               .loads = {WhenLoaded::kInFinish, WhenLoaded::kNever}};
constexpr Policy kPolicy("reset-range",
                         "resets every recorded bit, then widens to the caller's range",
                         "4.20 to 5.1; the lines taken out in the mail", kProtocol, kTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
