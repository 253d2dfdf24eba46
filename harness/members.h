// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Some members of the family that a schedule stands for (family.h), and the first of them that is
// not clean.
#ifndef GATHERFUZZ_HARNESS_MEMBERS_H_
#define GATHERFUZZ_HARNESS_MEMBERS_H_

#include "harness/execution.h"

namespace gatherfuzz {

// Members begin to end - 1; there is at least one.
struct Members {
  int begin = 0, end = 1;
};

// The first whose run is not clean, as a fuzz target has it; else the first that came to the limit
// of stores in flight, and so to no verdict; else the first of all.
int FirstUnclean(Execution& execution, const Schedule& schedule, Members members,
                 const Policy& policy, const Arch& arch, uint32_t ignored = 0);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_MEMBERS_H_
