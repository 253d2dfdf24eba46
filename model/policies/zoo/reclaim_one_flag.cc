// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-one-flag: full-mm, and tlb_flush_batched is one flag: who finds it up flushes, and then
// takes it down, also for what reclaim has cleared in between. Z16, before 5ee2fa2f0636 (5.17).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimOneFlag final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.one_flag = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimOneFlag kProtocol{};
constexpr Policy kPolicy(
    "reclaim-one-flag",
    "as full-mm; that reclaim owes a flush is one flag, cleared after the flush", "Z16", kProtocol,
    {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
