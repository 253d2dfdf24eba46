// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Random programs small enough to be explored: few pages, CPUs and operations.
#ifndef GATHERFUZZ_TESTS_SMALL_PROGRAMS_H_
#define GATHERFUZZ_TESTS_SMALL_PROGRAMS_H_

#include "harness/random.h"
#include "harness/schedule.h"

namespace gatherfuzz {

// A program of `operations` on 2 or 3 CPUs, up to two fills, one or two VMAs that often cross the
// end of a page table, sometimes huge, warm or cold. Canonical; no order.
Schedule SmallProgram(Random& random, int operations);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_SMALL_PROGRAMS_H_
