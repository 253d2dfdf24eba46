// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Families: several schedules of the same programs from one input.
//
// An engine's own work for one execution costs as much as a schedule or (AFL++) as ten, so an input
// can stand for more than one: its first member is the schedule itself, the others are the same
// programs with part of the order kept and the rest drawn by a strategy. Each member is a function
// of the schedule and its number, so a file alone says what was run.
#ifndef GATHERFUZZ_HARNESS_FAMILY_H_
#define GATHERFUZZ_HARNESS_FAMILY_H_

#include "harness/schedule.h"

namespace gatherfuzz {

inline constexpr int kMaxMembers = 64;

// The order of a member: the first `runs` of the schedule's order, then `tail`.
struct Member {
  size_t runs = 0;
  Tail tail;
};

// Of member `number`, 0 to kMaxMembers - 1.
Member MemberOf(const Schedule& schedule, int number);

// The member as a schedule of its own.
Schedule TakeMember(const Schedule& schedule, int number);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_FAMILY_H_
