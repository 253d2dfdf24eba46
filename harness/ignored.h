// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What of a schedule does nothing, or not all of what it says. Lines of `init`: a run is the same
// without them. Operations: their calls fail, or find nothing.
#ifndef GATHERFUZZ_HARNESS_IGNORED_H_
#define GATHERFUZZ_HARNESS_IGNORED_H_

#include <cstddef>
#include <string>
#include <vector>

#include "harness/schedule.h"

namespace gatherfuzz {

struct IgnoredInit {
  size_t at;        // its place in `init`
  const char* why;  // "this map overlaps an earlier one, so it is ignored"
};

// In the order of the schedule.
std::vector<IgnoredInit> IgnoredInits(const Schedule& schedule);

// A `present` or `cached` that reaches beyond the maps at an end. Holes between maps are not
// counted: ranges of calls span them, too.
struct PartlyOutside {
  size_t at;
  std::string why;  // "this is partly outside of every map, so nothing is populated on page 4"
};
std::vector<PartlyOutside> PartlyOutsideInits(const Schedule& schedule);

// Operations that have no page in any map: none of `init`, none that a program maps, none that one
// moves to. They find nothing, whatever the order. A walk, and an access, which walks first, may
// find tables above a page of no map, so those count only if there are none.
struct OutsideOp {
  size_t at;  // its place in `program`
  const char* why;
};
std::vector<OutsideOp> OutsideOps(const Schedule& schedule);

// Leaves out what is ignored, and narrows ranges that reach beyond the maps. Where a walk caches
// tables for the pages beyond, those get a line of their own, as long as there is room for one.
void DropIgnoredInits(Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_IGNORED_H_
