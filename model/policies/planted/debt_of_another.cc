// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// debt-of-another: a flag in the mm says that something is to be flushed. Finish flushes the
// caller's range, and only then takes the flag down; but it takes down what others owe, too.
//
// Base: force-levels, with the flag for a nested test. Published: Z16 (a flag stored as false after
// another CPU has set it again). To be seen: three CPUs (or two, one with two calls), four
// constraints. The first clears a PTE and sets the flag; the second, in another range, clears
// something, flushes that, and takes the flag down; the third sees the first's PTE empty and the
// flag down, and returns before the first has flushed.
#include "model/policies/planted/debts.h"

namespace gatherfuzz {
namespace {

class DebtOfAnother final : public RaisesDebt {
 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Debt>(t).owed == 0 && !MayBeHuge(t)) return;
    ForceLevels(t.gather(), CallerRange(t.gather()));
    OwnNote(t) = 1;
  }
  void BeforeDec(const Thread& t) const override {
    if (OwnNote(t) == 0) return;
    OwnNote(t) = 0;
    UpdatePolicyState<Debt>(t, Point::policy_write, [](Debt& debt) { debt.owed = 0; });
  }
};

const DebtOfAnother kProtocol{};
constexpr Policy kPolicy("debt-of-another",
                         "flushes its range if a flag says that something is owed, then clears it",
                         "Z16", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "force-levels",
                             .peeks = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
