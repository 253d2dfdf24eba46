// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// spurious-not-flushed: full-mm, and a write fault that finds the right to write in place leaves
// what its own CPU has cached (flush_tlb_fix_spurious_fault() empty), as up to 6.18, while the one
// that gives the right flushes its own CPU alone, as from then on.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class SpuriousNotFlushed final : public GatherProtocol {
 public:
  void FlushSpurious(const Thread&, int, Level) const override {}

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const SpuriousNotFlushed kProtocol{};
constexpr Policy kPolicy("spurious-not-flushed",
                         "as full-mm; a spurious write fault leaves what is cached", "an edit",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
