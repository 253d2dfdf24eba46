// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// That the signature of a random violation does not turn on the names in its schedule.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "harness/bytes.h"
#include "harness/cause.h"
#include "harness/random.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

Trace Recorded(const Schedule& schedule, std::string_view policy, std::string_view arch) {
  static Execution execution;
  return Record(execution, schedule, *FindPolicy(policy), *FindArch(arch));
}

// A schedule that ends in a violation, on pages below kPagesPerPud.
Schedule RandomViolation(Random& random, const Policy& policy, const Arch& arch) {
  static Execution execution;
  for (;;) {
    std::vector<uint8_t> bytes(40 + random.Below(200));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    Schedule schedule;
    DecodeBytes(bytes, schedule);
    const auto fits = [](PageRange range) { return range.end <= kPagesPerPud; };
    if (std::all_of(schedule.init.begin(), schedule.init.end(),
                    [&](const InitItem& item) { return fits(item.range); }) &&
        std::all_of(schedule.program.begin(), schedule.program.end(),
                    [&](const ProgramLine& line) { return fits(line.op.range); }) &&
        !execution.Execute(schedule, policy, arch).clean()) {
      return schedule;
    }
  }
}

// Each CPU and each page become another.
struct Renaming {
  int turn, cpus, shift;
  int operator()(int cpu) const { return cpu < 0 ? cpu : (cpu + turn) % cpus; }
  CpuId operator()(CpuId cpu) const { return MakeCpu((*this)(Index(cpu))); }
  AgentId operator()(AgentId it) const { return MakeAgent(KindOf(it), (*this)(CpuOf(it))); }
  PageRange operator()(PageRange it) const { return {it.begin + shift, it.end + shift}; }
};

Trace Renamed(Trace trace, const Renaming& renaming) {
  for (TraceStep& step : trace.steps) {
    StepEvent& event = step.event;
    event.agent = renaming(event.agent);
    event.turn_of = renaming(event.turn_of);
    const bool flush = event.point == Point::tlb_flush || event.point == Point::tlb_flush_done;
    const bool everywhere = flush && step.request.end == kPages;  // wherever the gather was
    if (event.point == Point::deliver) {
      event.page = renaming(event.page);
    } else if (event.page != kNoPage && !everywhere) {
      event.page += renaming.shift;
    }
  }
  trace.result.violation.holder = renaming(trace.result.violation.holder);
  return trace;
}

// The schedule with its switches by name, so that its run is to be `renamed`.
Schedule Renamed(Schedule schedule, const Trace& renamed, const Renaming& renaming) {
  for (InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kCached) item.cpu = renaming(item.cpu);
    item.range = renaming(item.range);
  }
  for (auto& [agent, op] : schedule.program) {
    agent = renaming(agent);
    op.range = renaming(op.range);
  }
  schedule = NameSwitches(schedule, renamed);
  Canonicalize(schedule);
  return schedule;
}

bool SameRun(const Trace& a, const Trace& b) {
  const auto same = [](const TraceStep& x, const TraceStep& y) {
    return x.event.agent == y.event.agent && x.event.point == y.event.point &&
           x.event.page == y.event.page;
  };
  const Violation& v = a.result.violation;
  const Violation& w = b.result.violation;
  return std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(), same) &&
         v.kind == w.kind && v.holder == w.holder;
}

struct Target {
  std::string_view policy, arch;
};

void PrintTo(const Target& at, std::ostream* out) { *out << at.policy << ", " << at.arch; }

class RandomSignature : public ::testing::TestWithParam<Target> {};

TEST_P(RandomSignature, DoesNotTurnOnNamesNorOnHowTheSwitchesAreSaid) {
  const auto [policy, arch] = GetParam();
  Random random(17);
  int renamed_cpus = 0;
  for (int i = 0; i < 100; ++i) {
    const Schedule raw = RandomViolation(random, *FindPolicy(policy), *FindArch(arch));
    const Trace trace = Recorded(raw, policy, arch);
    const std::string signature = Signature(trace);
    ASSERT_EQ(signature.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.+-"),
              signature.npos)
        << signature;

    const int shift = kPagesPerPud * static_cast<int>(random.Below(kPuds));
    const Renaming pages{.turn = 0, .cpus = raw.cpus, .shift = shift};
    const Trace expected = Renamed(trace, pages);
    const Schedule shifted = Renamed(raw, expected, pages);
    const Trace at_shift = Recorded(shifted, policy, arch);
    ASSERT_TRUE(SameRun(expected, at_shift)) << PrintText({.schedule = shifted});
    ASSERT_EQ(Signature(at_shift), signature) << PrintText({.schedule = shifted});

    // The lowest CPU is served first, and is the one that a deadlock names: not every renaming is
    // the same run.
    const Renaming turned{.turn = 1, .cpus = raw.cpus, .shift = 0};
    const Trace wanted = Renamed(trace, turned);
    const Schedule other = Renamed(raw, wanted, turned);
    const Trace of_others = Recorded(other, policy, arch);
    if (!SameRun(wanted, of_others)) continue;
    ++renamed_cpus;
    ASSERT_EQ(Signature(of_others), signature) << PrintText({.schedule = other});
  }
  EXPECT_GT(renamed_cpus, 10);
}

INSTANTIATE_TEST_SUITE_P(Policies, RandomSignature,
                         ::testing::Values(Target{"own-range", "x86"}, Target{"own-range", "arm64"},
                                           Target{"need-flush-all", "x86"},
                                           Target{"reset-range", "arm64"},
                                           Target{"sync-before-dec", "x86"}));

}  // namespace
}  // namespace gatherfuzz
