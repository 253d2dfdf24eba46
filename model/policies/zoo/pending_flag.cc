// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pending-flag: full-mm, and what pte_accessible() asks is a flag, which a gather sets as it begins
// and clears as it ends, whoever else is live. Z2 (16af97dc5a89), where migration asked; faithful
// in shape. Finish goes by the count as ever.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class PendingFlag final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    Flag(t) = 1;
  }
  bool FlushPending(const Thread& t, int page) const override {
    t.Step(Point::pte_accessible, page);
    return Flag(t) != 0;
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void AfterDec(const Thread& t) const override { Flag(t) = 0; }

 private:
  // Set and cleared with the count, in the same step.
  static uint8_t& Flag(const Thread& t) { return t.world().mm.policy_state[0]; }
};

const PendingFlag kProtocol{};
constexpr Policy kPolicy(
    "pending-flag",
    "as full-mm; that a flush is owed is a flag, which any gather clears as it ends", "Z2",
    kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
