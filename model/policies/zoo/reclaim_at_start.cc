// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-at-start: full-mm, and for a page table that MADV_DONTNEED frees, the gather is told of
// the first page of its span under every kernel. The fixed line of Z48 (478a1c3abebf), and what
// 6.14 did.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimAtStart final : public GatherProtocol {
 public:
  TableReclaim ReclaimsTables(KernelVersion) const override { return {}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimAtStart kProtocol{};
constexpr Policy kPolicy(
    "reclaim-at-start", "as full-mm; of a table that dontneed frees, its first page is recorded",
    "the fix of Z48", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
