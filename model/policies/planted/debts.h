// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What is planted in debt flags: the mm has a flag that a gather raises when it clears an entry,
// and that finish reads in place of the nested test. When it is taken down is what the defects
// change.
#ifndef GATHERFUZZ_MODEL_POLICIES_PLANTED_DEBTS_H_
#define GATHERFUZZ_MODEL_POLICIES_PLANTED_DEBTS_H_

#include "model/policies/planted/planted.h"

namespace gatherfuzz {

struct Debt {
  uint8_t owed;  // somebody cleared an entry that may not be flushed yet
};

// Whether the caller's range may hold huge leaves. Those are seen gone without a lock, so the flag
// could not tell in time; such a range is always flushed.
inline bool MayBeHuge(const Thread& t) {
  return (t.world().mm.vma_huge & MaskOf(CallerRange(t.gather()))) != 0;
}

class RaisesDebt : public GatherProtocol {
 public:
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    GatherProtocol::RemoveTlbEntry(t, page, level);
    UpdatePolicyState<Debt>(t, Point::policy_write, [](Debt& debt) { debt.owed = 1; });
  }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_PLANTED_DEBTS_H_
