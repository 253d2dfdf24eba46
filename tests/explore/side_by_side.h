// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What programs share that run a kernel tree's own code of the CPU side beside the model's.
#ifndef GATHERFUZZ_TESTS_EXPLORE_SIDE_BY_SIDE_H_
#define GATHERFUZZ_TESTS_EXPLORE_SIDE_BY_SIDE_H_

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "harness/random.h"
#include "harness/schedule.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

struct SideBySide {
  uint64_t runs = 2000, seed = 1;    // random programs: seeds from `seed` on
  std::vector<const Policy*> trees;  // --policy; else all that are foreign
  std::vector<const char*> files;    // schedules
  bool invlpgb = false;              // --hardware invlpgb: kernel 6.17 with that
  const Arch* arch = nullptr;        // --arch; null: the program's own
};

// Reads `[--runs N] [--seed S] [--policy P]... [--hardware invlpgb] [--arch A] [FILE]...`.
// False, and `name`'s complaint on stderr, for what is none of these, and if there is no tree.
bool ReadSideBySide(int argc, char** argv, const char* name, SideBySide& settings);

// An operation of `kinds`, on any CPU of the schedule and any of its first `pages` pages.
ProgramLine DrawLine(Random& random, const Schedule& schedule, std::span<const OpKind> kinds,
                     int pages);

template <typename T>
bool Same(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_SIDE_BY_SIDE_H_
