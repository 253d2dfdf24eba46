// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/search/estimate.h"

namespace gatherfuzz {
namespace {

struct Length {
  uint32_t steps, telling;
};

// A call's own steps, and so many more for each page. Half of the pages are taken to be there.
Length LengthOf(const Op& op) {
  const auto pages = static_cast<uint32_t>(op.range.end - op.range.begin);
  switch (op.kind) {
    case OpKind::kMap: return {4, 1};
    case OpKind::kMunmap: return {14 + 2 * pages, 8 + 2 * pages};
    case OpKind::kDontneed:
    case OpKind::kFree: return {10 + 2 * pages, 6 + 2 * pages};
    case OpKind::kRead:
    case OpKind::kWrite: return {8, 3};
    case OpKind::kFill: return {3, 2};
  }
  return {1, 1};
}

bool Flushes(OpKind kind) {
  return kind == OpKind::kMunmap || kind == OpKind::kDontneed || kind == OpKind::kFree;
}

}  // namespace

uint32_t ExpectedSteps(const Schedule& schedule) {
  uint32_t steps = 1;
  for (const ProgramLine& line : schedule.program) {
    steps += LengthOf(line.op).steps;
    if (Flushes(line.op.kind)) steps += static_cast<uint32_t>(schedule.cpus);
  }
  return steps;
}

std::array<uint16_t, kMaxAgents> ExpectedTellingSteps(const Schedule& schedule) {
  std::array<uint16_t, kMaxAgents> expected;
  expected.fill(1);
  for (const ProgramLine& line : schedule.program) {
    uint16_t& own = expected[Index(line.agent)];
    own = static_cast<uint16_t>(own + LengthOf(line.op).telling);
    if (!Flushes(line.op.kind)) continue;
    for (int cpu = 0; cpu < schedule.cpus; ++cpu) ++expected[Index(DeliveryAgent(MakeCpu(cpu)))];
  }
  return expected;
}

}  // namespace gatherfuzz
