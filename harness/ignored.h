// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Lines of a schedule's `init` that do nothing: a run is the same without them.
#ifndef GATHERFUZZ_HARNESS_IGNORED_H_
#define GATHERFUZZ_HARNESS_IGNORED_H_

#include <cstddef>
#include <vector>

#include "harness/schedule.h"

namespace gatherfuzz {

struct IgnoredInit {
  size_t at;        // its place in `init`
  const char* why;  // "this map overlaps an earlier one, so it is ignored"
};

// In the order of the schedule.
std::vector<IgnoredInit> IgnoredInits(const Schedule& schedule);

// Leaves them out.
void DropIgnoredInits(Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_IGNORED_H_
