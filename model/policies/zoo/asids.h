// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the variants of arm64's allocator of ASIDs share: full-mm, with one thing wrong there
// (AsidAllocation in model/kernel/asids.h).
//
// Each has one line wrong that arch/arm64/mm/context.c has right, or had wrong. Where no ASIDs are
// allocated, they are full-mm.
#ifndef GATHERFUZZ_MODEL_POLICIES_ZOO_ASIDS_H_
#define GATHERFUZZ_MODEL_POLICIES_ZOO_ASIDS_H_

#include "model/policies/planted/planted.h"

namespace gatherfuzz {

class FullMmAsids final : public GatherProtocol {
 public:
  constexpr explicit FullMmAsids(AsidAllocation rules) : rules_(rules) {}

  AsidAllocation AllocatesAsids() const override { return rules_; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }

 private:
  AsidAllocation rules_;
};

inline constexpr PolicyTraits kAsidTraits{
    .group = PolicyGroup::kVariant, .base = "full-mm", .recalls = false};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_ZOO_ASIDS_H_
