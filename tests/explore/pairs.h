// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Programs of two CPUs, each with one operation, over two page tables or under a huge page.
#ifndef GATHERFUZZ_TESTS_EXPLORE_PAIRS_H_
#define GATHERFUZZ_TESTS_EXPLORE_PAIRS_H_

#include "harness/schedule.h"

namespace gatherfuzz {

// The second operation is about the first page of those that the first is about. Not of walkers.
Schedule Pair(OpKind first, OpKind second, KernelVersion kernel, bool huge);

// Whether that kernel has both, and threads make them.
inline bool IsPair(OpKind first, OpKind second, KernelVersion kernel) {
  return ((Bit(first) | Bit(second)) & (kWalkerKinds | ~KindsIn(kernel))) == 0;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_PAIRS_H_
