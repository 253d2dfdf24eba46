// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the planted defects of this folder share: the answers of the safe policies they are made
// from, and a note for each CPU.
//
// A planted defect is a safe policy with one thing changed, of a kind that has been published
// ("Z4" and such are numbers of docs/ground-truth.md). Each file says what is changed, what was
// published, and what a run needs to show it. Made up throughout: none of them is kernel code.
#ifndef GATHERFUZZ_MODEL_POLICIES_PLANTED_PLANTED_H_
#define GATHERFUZZ_MODEL_POLICIES_PLANTED_PLANTED_H_

#include "model/policies/policy.h"

namespace gatherfuzz {

// The answer of full-mm to another live gather.
inline void MakeFullMm(MmuGather& gather) {
  gather.fullmm = 1;
  ResetRange(gather);
  gather.freed_tables = 1;
}

// The answer of force-levels, over `range`.
inline void ForceLevels(MmuGather& gather, PageRange range) {
  AdjustRange(gather, range);
  gather.freed_tables = 1;
  gather.cleared_ptes = gather.cleared_pmds = gather.cleared_puds = 1;
}

// A byte that only this CPU's thread touches, so that it takes no step: where the kernel would put
// a field into the gather. A policy that uses it has kPolicyStateBytes - kMaxCpus bytes besides.
inline uint8_t& OwnNote(const Thread& t) {
  constexpr int kFirst = kPolicyStateBytes - kMaxCpus;
  return t.world().mm.policy_state[static_cast<size_t>(kFirst + Index(t.cpu))];
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_PLANTED_PLANTED_H_
