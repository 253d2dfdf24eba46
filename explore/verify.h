// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Holds exploration against itself: that states which are taken for one have one future.
//
// Explores without reduction, keeps every state as it is written (key.h) and not only its hash, and
// at every merge compares the two, then makes every step from the second as well: each must lead to
// a state that is written as it is after the first, or to a violation of the same kind. If that
// holds at every merge, merging is exact, by induction over the steps that are left: what is left
// out of a state (learned.h included) decides nothing. About four times as slow as Explore(), and
// takes some hundred bytes a state.
#ifndef GATHERFUZZ_EXPLORE_VERIFY_H_
#define GATHERFUZZ_EXPLORE_VERIFY_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "explore/explore.h"

namespace gatherfuzz {

struct VerifyResult {
  Stop stopped = Stop::kNo;
  uint64_t states = 0;
  uint64_t merges = 0;  // held against their first
  uint64_t bytes = 0;   // of the states kept
  std::string fault;    // what does not hold, and where; empty if all does
};

// Of the settings, policy, arch, ignored and limits count. Stops at the first fault.
VerifyResult Verify(const Schedule& schedule, const ExploreSettings& settings,
                    const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_VERIFY_H_
