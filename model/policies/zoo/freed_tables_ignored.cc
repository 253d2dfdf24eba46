// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// freed-tables-ignored: full-mm, but the architecture's flush does not look at freed_tables. Z58,
// tlb_flush() of riscv. Faithful in shape; on riscv an SFENCE.VMA of addresses then leaves pointers
// to tables (H18), on arm64 the flush of leaves does. On x86 INVLPG drops these all the same (H3).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class FreedTablesIgnored final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    MmuGather seen = gather;
    if (seen.fullmm == 0) seen.freed_tables = 0;
    GatherProtocol::ArchFlush(t, seen);
  }
};

const FreedTablesIgnored kProtocol{};
constexpr Policy kPolicy("freed-tables-ignored",
                         "as full-mm, but the flush does not look at freed_tables", "Z58",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
