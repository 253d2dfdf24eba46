// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshared-tables-told: full-mm, and what flushes for unshared page tables tells lazy CPUs as well.
//
// Z65 (S8), as a proposal for x86 has it, in tlb_flush(): flush_tlb_mm_range(..., freed_tables ||
// unshared_tables). Nothing else changes there; arm64 looks at both anyway.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class UnsharedTablesTold final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    MmuGather seen = gather;
    seen.freed_tables |= seen.unshared_tables;
    GatherProtocol::ArchFlush(t, seen);
  }
};

const UnsharedTablesTold kProtocol{};
constexpr Policy kPolicy("unshared-tables-told",
                         "as full-mm; lazy CPUs are told of unshared page tables as of freed ones",
                         "Z65, mended", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
