// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshare-flushed-late: full-mm, but what unshares a page table leaves the flush to finish, which
// comes when the i_mmap lock is dropped.
//
// The shape that the commit of Z25 (a4a118f2eead) warns of: the other mm may be the last to have
// the table by then. On arm64 tlb_end_vma() flushes before that lock is dropped, so it holds there.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class UnshareFlushedLate final : public GatherProtocol {
 public:
  void FlushUnsharedTables(const Thread& t) const override { t.gather().fully_unshared_tables = 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const UnshareFlushedLate kProtocol{};
constexpr Policy kPolicy("unshare-flushed-late",
                         "as full-mm, but what is unshared is flushed behind the i_mmap lock",
                         "near Z25", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
