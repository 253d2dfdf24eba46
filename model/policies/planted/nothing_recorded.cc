// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// nothing-recorded: finish skips the nested test if it has recorded nothing since its last flush.
//
// Base: full-mm. Published: Z8 (the skip of 0758cd830494 and what it did to its callers), and the
// mail's race, Z4. To be seen: two CPUs, two constraints. One clears a PTE; the other sees it
// empty, and returns before the first has flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class NothingRecorded final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (!NothingToFlush(t.gather()) && FlushNested(t)) MakeFullMm(t.gather());
  }
};

const NothingRecorded kProtocol{};
constexpr Policy kPolicy("nothing-recorded", "as full-mm, unless it has recorded nothing", "Z8, Z4",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
