// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a step tells the thread that makes it: the values its code can read before its next step.
//
// A thread's variables are a function of its operation and of these values, so that a hash of them
// stands for the thread's stack. To list a value that is not read costs states; to leave out one
// that is read would merge states with different futures, which verify.h looks for. Exact for the
// kernel paths and the published policies. Numbers of mappings are not hashed, since states are
// written with other ones (key.h): a page fault compares the one it saw with the one it sees, so
// the last one stands apart. A zap that stops before a PTE (need_resched) and finds its way back
// there knows no more than before.
#ifndef GATHERFUZZ_EXPLORE_LEARNED_H_
#define GATHERFUZZ_EXPLORE_LEARNED_H_

#include "model/kernel/paths.h"
#include "model/steps.h"

namespace gatherfuzz {

// What a thread has read since its operation began.
struct Learned {
  uint64_t low = 0, high = 0;  // running hashes
  Mapping mapping = 0;         // of the last leaf that its page fault saw
  bool again = false;          // on the way back to the PTE before which a zap stopped
  // As of before the last PTE was read; and the last PMD entry.
  uint64_t low_before = 0, high_before = 0, pmd = 0;
  friend bool operator==(const Learned&, const Learned&) = default;
};

// Adds what the step (point, page) of the thread on `cpu`, which is at `op`, reads in `before`. A
// `foreign` policy (PolicyTraits) sees tlb_flush_pending itself.
void Learn(Learned& learned, const World& before, CpuId cpu, const Op& op, Point point, int page,
           bool foreign);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_LEARNED_H_
