// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Defects of the side of the CPUs, each with a small program, and what holds of exploring them. For
// gtest: what does not hold is said there.
#ifndef GATHERFUZZ_TESTS_EXPLORE_DEFECTS_H_
#define GATHERFUZZ_TESTS_EXPLORE_DEFECTS_H_

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/random.h"
#include "harness/schedule.h"
#include "model/policies/policy.h"
#include "model/violation.h"

namespace gatherfuzz {

struct Defect {
  const char* policy;
  const char* program;  // see FromLines()
  ViolationKind kind;   // one that it comes to there
};

// Of lines with a semicolon for an end, and no order.
Schedule FromLines(std::string text);

// Some published policies, and all variants of which `concerns` is true.
std::vector<const Policy*> SomePolicies(const std::function<bool(const Policy&)>& concerns);

// Trying every order of their programs by itself finds what exploring them does, under the defect
// and under full-mm.
void ExpectEveryOrderFindsTheSame(std::span<const Defect> defects, std::string_view arch);

// What random orders of random programs come to, exploration comes to as well. `draw(policy, i,
// random)`: the i-th program for it.
using Draw = std::function<Schedule(const Policy&, int, Random&)>;
void ExpectRandomOrdersFindNoMore(std::span<const Policy* const> policies, std::string_view arch,
                                  const Draw& draw);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_DEFECTS_H_
