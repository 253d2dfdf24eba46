// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshared-tables-ignored: full-mm, but the architecture's flush does not look at unshared_tables.
//
// Z27: tlb_flush() of arm64 from 8ce720d5bd91 to c2ff4764e03e, whose flush of leaves leaves the
// pointer to the table. On x86 that is so in every kernel (Z65), and full-mm does the same.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class UnsharedTablesIgnored final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    MmuGather seen = gather;
    seen.unshared_tables = 0;
    GatherProtocol::ArchFlush(t, seen);
  }
};

const UnsharedTablesIgnored kProtocol{};
constexpr Policy kPolicy("unshared-tables-ignored",
                         "as full-mm, but the flush does not look at unshared_tables", "Z27",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
