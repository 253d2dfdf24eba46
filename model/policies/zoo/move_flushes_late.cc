// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// move-flushes-late: full-mm, and mremap flushes what it has moved when it has dropped the locks of
// both page tables. Z13 (5d1904204c99) and Z14 (eb66ae030829), which were so up to 4.8 and 4.18.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class MoveFlushesLate final : public GatherProtocol {
 public:
  bool FlushesMoveLate() const override { return true; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const MoveFlushesLate kProtocol{};
constexpr Policy kPolicy("move-flushes-late",
                         "as full-mm; mremap flushes behind the locks of the page tables",
                         "Z13, Z14", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
