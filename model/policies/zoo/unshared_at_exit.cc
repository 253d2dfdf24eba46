// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshared-at-exit: full-mm, but for a gather of a whole mm the architecture's flush looks at
// freed_tables alone.
//
// S10: tlb_flush() of arm64 in 7.1.3, which returns for fullmm unless tables were freed; in 6.1.192
// and 6.12.117 it looks at unshared_tables there, too. Faithful in shape.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class UnsharedAtExit final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    MmuGather seen = gather;
    if (seen.fullmm != 0) seen.unshared_tables = 0;
    GatherProtocol::ArchFlush(t, seen);
  }
};

const UnsharedAtExit kProtocol{};
constexpr Policy kPolicy("unshared-at-exit",
                         "as full-mm, but a fullmm flush does not look at unshared_tables", "S10",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
