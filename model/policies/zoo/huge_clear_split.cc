// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// huge-clear-split: full-mm, and mremap takes a huge leaf from its old place by a read and a store.
// A D that the hardware sets in between is not at the new place. Z60 (546e42c8c6d9), which was
// riscv's pudp_huge_get_and_clear(); here the huge leaf is one level lower.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class HugeClearSplit final : public GatherProtocol {
 public:
  SplitUpdates SplitsUpdates() const override { return {.huge_clear = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const HugeClearSplit kProtocol{};
// peeks: what the hardware sets in a leaf decides.
constexpr Policy kPolicy("huge-clear-split",
                         "as full-mm; mremap reads a huge leaf, and clears it in another step",
                         "Z60", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
