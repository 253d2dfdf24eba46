// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a call saw of each page, kept for the oracle: the moment that decides which cached
// translations the call answers for when it returns.
#ifndef GATHERFUZZ_MODEL_KERNEL_EXAMINE_H_
#define GATHERFUZZ_MODEL_KERNEL_EXAMINE_H_

#include <bit>

#include "model/system.h"

namespace gatherfuzz {

// The call has just cleared the PTEs of `range`, or seen that they are empty: translations made
// before now are its business. Where what it saw was old, `moment` is the number of the next
// mapping when that was so last.
inline void ExaminedGone(const Thread& t, PageRange range, Mapping moment) {
  Call& call = t.self().call;
  call.examined |= MaskOf(range);
  for (int page = range.begin; page < range.end; ++page) call.moments[page] = moment;
}
inline void ExaminedGone(const Thread& t, PageRange range) {
  ExaminedGone(t, range, t.world().mm.next_mapping);
}

// The call has just cleaned the PTEs of `range`, or seen that they are clean, and they now hold
// `mapping`: dirty translations of older mappings are its business.
inline void ExaminedClean(const Thread& t, PageRange range, Mapping mapping) {
  Call& call = t.self().call;
  call.examined |= MaskOf(range);
  for (int page = range.begin; page < range.end; ++page) {
    call.moments[page] = mapping;
  }
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_EXAMINE_H_
