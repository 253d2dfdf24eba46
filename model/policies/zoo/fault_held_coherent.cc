// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// fault-held-coherent: full-mm, as the kernel has it, but page faults are held to coherence with
// what reclaim has cleared and not flushed (incoherent-mapping). S2 (docs/suspicions.md).
//
// What it holds faults to is in the TLBs of other CPUs, so orders are not left out (peeks).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class FaultHeldCoherent final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.held_coherent = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const FaultHeldCoherent kProtocol{};
constexpr Policy kPolicy("fault-held-coherent",
                         "as full-mm; page faults are held to coherence with reclaim", "S2",
                         kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
