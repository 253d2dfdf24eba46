// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// debt-consumed-early: a flag in the mm says that something is to be flushed. Finish takes it down,
// then flushes all; who finds it down flushes its own range.
//
// Base: full-mm, with the flag for a nested test. Published: Z46 (s390: the flag is tested and
// cleared before the flush is done). To be seen: two CPUs. One clears a PTE, finishes, takes the
// flag down; the other, which saw the PTE empty, finds it down and returns before the first has
// flushed.
//
// On arm64 a gather has flushed its own entries at the end of the VMA, before it takes the flag
// down. There it takes three CPUs and four constraints: a third, which has cleared something else,
// takes the flag down between the first's clear and its flush.
#include <utility>

#include "model/policies/planted/debts.h"

namespace gatherfuzz {
namespace {

class DebtConsumedEarly final : public RaisesDebt {
 protected:
  void Finishing(const Thread& t) const override {
    const bool owed = UpdatePolicyState<Debt>(
        t, Point::policy_rmw, [](Debt& debt) { return std::exchange(debt.owed, 0) != 0; });
    if (owed || MayBeHuge(t)) MakeFullMm(t.gather());
  }
};

const DebtConsumedEarly kProtocol{};
constexpr Policy kPolicy("debt-consumed-early",
                         "flushes all if a flag says that something is owed, which it clears first",
                         "Z46, Z2", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
