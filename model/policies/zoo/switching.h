// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the variants of the CPU side share: full-mm, with one thing wrong where CPUs switch, sleep
// or take a flush (MmSwitching in model/kernel/switch_mm.h).
//
// Each has one line wrong that x86's arch/x86/mm/tlb.c has right; where a bug was published, its
// file says which. Without a switch or a sleeping CPU in a program, and on architectures whose
// flushes are broadcast, they are full-mm, but for what their files say.
#ifndef GATHERFUZZ_MODEL_POLICIES_ZOO_SWITCHING_H_
#define GATHERFUZZ_MODEL_POLICIES_ZOO_SWITCHING_H_

#include "model/policies/planted/planted.h"

namespace gatherfuzz {

class FullMmSwitching final : public GatherProtocol {
 public:
  constexpr explicit FullMmSwitching(MmSwitching rules) : rules_(rules) {}

  MmSwitching SwitchesMms() const override { return rules_; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }

 private:
  MmSwitching rules_;
};

inline constexpr PolicyTraits kSwitchingTraits{
    .group = PolicyGroup::kVariant, .base = "full-mm", .recalls = false};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_ZOO_SWITCHING_H_
