// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// soft-dirty-gathers: full-mm, and clear_refs opens a gather in place of counting by hand and
// flushing the mm: it records nothing there, so finish has nothing to flush. Z8 (912efa17e512),
// which was so from 0758cd830494 on.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class SoftDirtyGathers final : public GatherProtocol {
 public:
  Protection Protects() const override { return {.dirty_in_gather = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const SoftDirtyGathers kProtocol{};
constexpr Policy kPolicy("soft-dirty-gathers",
                         "as full-mm; clear_refs relies on a gather that it records nothing in",
                         "Z8", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
