// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Policies of the tests that wait by looking: on both sides of livelock. They are registered where
// this is linked in, as planted ones.
//
//   test-spins-before   until no other gather is live, before it lowers its own count: two that
//                       overlap wait for each other, and no order can release them
//   test-spins-after    the same after it has lowered its own count: the others always release it
//   test-gives-up       as the first, but only so many times, and goes on
//   test-spins-locked   takes a lock of its own to look, and drops it: each round changes the state
//   test-spins-wide     as the first, in rounds of many steps
//   test-never-again    counts in shared memory how often it looked, so no round is like another
#ifndef GATHERFUZZ_TESTS_SPINNING_H_
#define GATHERFUZZ_TESTS_SPINNING_H_

#include "model/policies/policy.h"

namespace gatherfuzz {

inline constexpr int kLooksBeforeItGivesUp = 200;
inline constexpr int kStepsOfWideRound = 90;

const Policy& Spinning(std::string_view name);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_SPINNING_H_
