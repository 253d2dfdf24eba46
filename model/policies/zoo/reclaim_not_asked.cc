// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-not-asked: full-mm, and nobody calls flush_tlb_batched_pending(). Z15 (3ea277194daa),
// which was so for munmap, mprotect, mremap and madvise from 4.3 to 4.12.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimNotAsked final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.asks = 0}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimNotAsked kProtocol{};
constexpr Policy kPolicy("reclaim-not-asked",
                         "as full-mm; no call asks whether reclaim owes a flush", "Z15", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
