// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Random programs that are small enough to be tried in every order: two or three CPUs with an
// operation or two each on four pages, and up to two walkers.
#ifndef GATHERFUZZ_TESTS_SMALL_PROGRAM_H_
#define GATHERFUZZ_TESTS_SMALL_PROGRAM_H_

#include "harness/random.h"
#include "harness/schedule.h"

namespace gatherfuzz {

// Without an order. The pages are those of one page table, or of two, or of two at each level.
Schedule SmallProgram(Random& random);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_SMALL_PROGRAM_H_
