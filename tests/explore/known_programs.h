// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Small programs with an order that leads to a violation, at least one for each kind there is.
#ifndef GATHERFUZZ_TESTS_EXPLORE_KNOWN_PROGRAMS_H_
#define GATHERFUZZ_TESTS_EXPLORE_KNOWN_PROGRAMS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "harness/conflict.h"
#include "model/violation.h"

namespace gatherfuzz {

struct KnownProgram {
  std::string_view text, policy, arch;
  ViolationKind kind;
  // Switches before steps at these points, and so many preemptions (-1: any number), are enough to
  // come to it, and so few that every order with no others can be tried.
  PointMask switches;
  int preemptions = -1;
  uint32_t ignored = 0;
};

std::span<const KnownProgram> KnownPrograms();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_KNOWN_PROGRAMS_H_
