// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How long a run of a schedule's programs will be, and what can come in it, from the programs
// alone: what PCT needs to spread its drops, SURW to weigh its agents, and landmark to name steps.
// Estimates: tests/harness/strategy_test.cc holds them against real runs.
#ifndef GATHERFUZZ_HARNESS_SEARCH_ESTIMATE_H_
#define GATHERFUZZ_HARNESS_SEARCH_ESTIMATE_H_

#include <array>
#include <cstdint>

#include "harness/conflict.h"
#include "harness/schedule.h"

namespace gatherfuzz {

// Steps of the whole run, at least 1.
uint32_t ExpectedSteps(const Schedule& schedule);

// Telling steps (conflict.h) of each agent, at least 1.
std::array<uint16_t, kMaxAgents> ExpectedTellingSteps(const Schedule& schedule);

// The telling points that its programs may come to; those of a policy's own state included, as a
// schedule does not say which policy it is run against. Not empty.
PointMask PossibleTellingPoints(const Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_SEARCH_ESTIMATE_H_
