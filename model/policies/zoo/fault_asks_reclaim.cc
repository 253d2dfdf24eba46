// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// fault-asks-reclaim: as fault-held-coherent, and a page fault that is about to install a leaf
// calls flush_tlb_batched_pending(). A repair of S2 (docs/suspicions.md).
//
// What it holds faults to is in the TLBs of other CPUs, so orders are not left out (peeks).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class FaultAsksReclaim final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override {
    return {.asks = UnmapBatching{}.asks | UnmapBatching::kFault, .held_coherent = true};
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const FaultAsksReclaim kProtocol{};
constexpr Policy kPolicy(
    "fault-asks-reclaim", "as fault-held-coherent; a page fault asks whether reclaim owes a flush",
    "a repair of S2", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
