// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a thread carries on its stack from step to step, as far as it decides anything.
//
// A thread's variables are a function of its operation and of what it has read since that began.
// But what it has read it mostly has used: it is in the state by now, or nobody cares. So a kernel
// path settles at some of its steps: where it stands before one of these, its operation, that step
// and the state say all that the path knows. From there on, what decides where it goes is noted:
// which steps it makes, and of what they read that on which the next one does not depend at once.
//   - A call settles before each entry that it reads, and knows beside these only which VMAs it
//     took out of the mm (munmap) and how many gathers it has begun.
//   - An access settles before it looks into the TLB; it knows which leaf its faults found in
//     place, and how often. A page fault settles before it takes the lock of a page table.
//   - A policy's code runs between two steps of a path. Its steps are noted; what it reads at them
//     too, unless the policy recalls nothing (PolicyTraits). One that recalls nothing also settles
//     as its finish begins, and again as that has freed what was queued.
//   - A frame that is taken or about to be queued has a field of its own, as has the leaf that a
//     fault found, since states are written with other names (key.h).
// To note what does not decide costs states; to leave out what does would merge states with
// different futures, which verify.h looks for: under every policy, in tests/explore/verify_test.cc.
// Exact for the kernel paths and the policies here. All that is read counts, from the operation's
// beginning on, of an operation of which nothing is said (OpInfo::carries), and of a call under a
// policy whose code is a kernel's own (foreign).
#ifndef GATHERFUZZ_EXPLORE_LEARNED_H_
#define GATHERFUZZ_EXPLORE_LEARNED_H_

#include "model/kernel/paths.h"
#include "model/policies/policy.h"
#include "model/steps.h"

namespace gatherfuzz {

// What a thread carries; of its operation in progress.
struct Learned {
  uint64_t low = 0, high = 0;            // running hashes, since it settled
  uint32_t noted = 0;                    // how many steps they are of
  uint64_t call_low = 0, call_high = 0;  // ... of what is known to the end of the call
  Mapping mapping = 0;                   // of the last leaf that its page faults found in place
  uint8_t found = 0;                     // how often they found it, one after the other
  bool finds = false;                    // the fault under way has
  bool skipped = false;                  // a clean has dropped the lock, and not looked on yet
  FrameId frame{};                       // that it has in hand; frame 0: none
  Point last{};                          // the step it made last
  FinishPart part{};                     // how far it was in a finish when it settled
  // As of before the last PTE was read, and the last PMD entry; of a foreign policy.
  uint64_t low_before = 0, high_before = 0, pmd = 0;
  bool again = false;  // on the way back to the PTE before which a zap stopped
  friend bool operator==(const Learned&, const Learned&) = default;
};

// Adds what the step (point, page) of the thread on `cpu`, which is at `op`, reads in `before`.
void Learn(Learned& learned, const System& before, CpuId cpu, const Op& op, Point point, int page,
           const Policy& policy);

// What of it counts where the thread stands before `next`, and is so far in a finish.
Learned CarriedTo(Point next, const Learned& learned, const Op& op, const System& system,
                  const Policy& policy, FinishPart part);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_LEARNED_H_
