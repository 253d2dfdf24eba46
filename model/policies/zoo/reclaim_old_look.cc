// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-old-look: full-mm, and a zap that has dropped the page-table lock on its way takes what
// it left empty before for empty still, and unlinks the table without a second look. Z49, the fast
// path of 6375e95f381e before its fix.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimOldLook final : public GatherProtocol {
 public:
  TableReclaim ReclaimsTables(KernelVersion) const override { return {.trusts_old_look = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimOldLook kProtocol{};
constexpr Policy kPolicy("reclaim-old-look",
                         "as full-mm; dontneed unlinks a table by an old look at its entries",
                         "Z49", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
