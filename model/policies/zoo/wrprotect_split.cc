// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// wrprotect-split: full-mm, and fork takes the right to write from a leaf by a read and a store. A
// D that the hardware sets in between is gone. S5: riscv's ptep_set_wrprotect() from 7.0 on.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class WrprotectSplit final : public GatherProtocol {
 public:
  SplitUpdates SplitsUpdates() const override { return {.wrprotect = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const WrprotectSplit kProtocol{};
// peeks: what the hardware sets in a leaf decides.
constexpr Policy kPolicy(
    "wrprotect-split",
    "as full-mm; fork reads a leaf, and stores it without the right to write in another step", "S5",
    kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
