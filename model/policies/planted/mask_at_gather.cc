// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// mask-at-gather: a gather notes at its beginning whether any CPU has used the address space, and
// if none has, invalidates nothing.
//
// Base: full-mm, with the elision. Published: Z39, Z43 (the mask of CPUs to flush is read before a
// CPU enters itself). To be seen: one gather, a CPU or a walker besides, two constraints: between
// the beginning of the gather and its clear of a PTE, the page is walked for the first time.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

bool AnybodyRuns(const World& world) {
  for (int cpu = 0; cpu < world.cpu_count; ++cpu) {
    const CpuState& state = world.at(MakeCpu(cpu));
    if (state.tlb.small_valid != 0 || state.tlb.huge_valid != 0) return true;
    if (state.walk_cache.pte_valid != 0 || state.walk_cache.pmd_valid != 0) return true;
    if (state.walks[kOwnWalk].active() || state.walks[kWalkerWalk].active()) return true;
  }
  return false;
}

class MaskAtGather final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    OwnNote(t) = AnybodyRuns(t.world());
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    if (OwnNote(t)) GatherProtocol::ArchFlush(t, gather);
  }
  void AfterDec(const Thread& t) const override { OwnNote(t) = 0; }
};

const MaskAtGather kProtocol{};
constexpr Policy kPolicy("mask-at-gather",
                         "as full-mm, but flushes nothing if nobody ran when it began", "Z39, Z43",
                         kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "full-mm",
                             .peeks = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
