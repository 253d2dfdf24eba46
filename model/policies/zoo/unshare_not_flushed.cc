// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshare-not-flushed: full-mm, but what unshares a page table records nothing and flushes nothing.
//
// Z25: before 5.16 __unmap_hugepage_range() took the caller's range to cover what it unshared, and
// dropped the i_mmap lock without a flush. Faithful in shape.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class UnshareNotFlushed final : public GatherProtocol {
 public:
  void UnshareTable(const Thread&, FrameId, int) const override {}
  void FlushUnsharedTables(const Thread&) const override {}

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const UnshareNotFlushed kProtocol{};
constexpr Policy kPolicy(
    "unshare-not-flushed",
    "as full-mm, but nothing is recorded or flushed for an unshared page table", "Z25", kProtocol,
    {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
