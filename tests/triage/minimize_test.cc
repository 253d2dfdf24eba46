// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// That what is left of a random violation is needed, and does not turn on the names it came with.
#include "triage/minimize/minimize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "explore/shortest.h"
#include "explore/turning.h"
#include "harness/bytes.h"
#include "harness/cause.h"
#include "harness/random.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

struct Target {
  std::string_view policy, arch;
  int violations = 20;  // how many of them are minimized

  const Policy& the_policy() const { return *FindPolicy(policy); }
  const Arch& the_arch() const { return *FindArch(arch); }
};

void PrintTo(const Target& at, std::ostream* out) { *out << at.policy << ", " << at.arch; }

// What a run ended in, and how hard it was to come there.
struct Ended {
  ViolationKind kind = ViolationKind::kNone;
  std::string signature;
  int preemptions = 0;
  int steps = 0;

  bool SameAs(const Ended& other) const {
    return kind == other.kind && signature == other.signature;
  }
  bool LongerThan(const Ended& other) const {
    return std::tie(preemptions, steps) > std::tie(other.preemptions, other.steps);
  }
};

Ended EndOf(const Schedule& schedule, const Target& at) {
  static Execution execution;
  const Trace trace = Record(execution, schedule, at.the_policy(), at.the_arch());
  Ended ended{.kind = trace.result.violation.kind, .steps = static_cast<int>(trace.steps.size())};
  if (ended.kind == ViolationKind::kNone) return ended;
  ended.signature = Signature(trace);
  ended.preemptions = PreemptionsOf(schedule, at.the_policy(), at.the_arch(), ActionsOf(trace));
  return ended;
}

Schedule RandomViolation(Random& random, const Target& at) {
  static Execution execution;
  for (;;) {
    const Bytes bytes = RandomBytes(random, 40 + random.Below(200));
    Schedule schedule;
    DecodeBytes(bytes, schedule);
    const RunResult result = execution.Execute(schedule, at.the_policy(), at.the_arch());
    if (result.violation.kind != ViolationKind::kNone) return schedule;
  }
}

std::string TextOf(const Schedule& schedule) { return PrintText({.schedule = schedule}); }

Minimized MinimizedOf(const Schedule& schedule, const Target& at, uint64_t states = 20'000) {
  return Minimize(schedule, at.the_policy(), at.the_arch(), {.limits = {.states = states}}, kNever);
}

// --- Taking away one more thing ---

Schedule WithoutCpu(const Schedule& schedule, CpuId gone) {
  Schedule without = schedule;
  without.init.clear();
  without.program.clear();
  without.order.clear();
  --without.cpus;
  const auto lowered = [&](CpuId cpu) { return MakeCpu(Index(cpu) - (Index(cpu) > Index(gone))); };
  for (InitItem item : schedule.init) {
    if (item.kind == InitItem::Kind::kCached && item.cpu == gone) continue;
    item.cpu = lowered(item.cpu);
    without.init.push_back(item);
  }
  for (auto [agent, op] : schedule.program) {
    if (CpuOf(agent) != gone) {
      without.program.push_back({MakeAgent(KindOf(agent), lowered(CpuOf(agent))), op});
    }
  }
  for (Run run : schedule.order) {
    if (CpuOf(run.agent) == gone) continue;
    run.agent = MakeAgent(KindOf(run.agent), lowered(CpuOf(run.agent)));
    without.order.push_back(run);
  }
  return without;
}

// The schedule with one thing less, each in turn; not of its order.
std::vector<Schedule> WithOneLess(const Schedule& schedule) {
  std::vector<Schedule> less;
  const auto add = [&](auto change) {
    Schedule changed = schedule;
    change(changed);
    if (!(changed == schedule)) less.push_back(changed);
  };
  const auto narrow = [&](PageRange now, auto range_of) {
    if (now.end - now.begin == 1) return;
    add([&](Schedule& changed) { ++range_of(changed).begin; });
    add([&](Schedule& changed) { --range_of(changed).end; });
  };
  for (int cpu = 0; cpu < schedule.cpus && schedule.cpus > 1; ++cpu) {
    less.push_back(WithoutCpu(schedule, MakeCpu(cpu)));
  }
  for (size_t i = 0; i < schedule.program.size(); ++i) {
    add([&](Schedule& changed) { changed.program.erase(i); });
    narrow(schedule.program[i].op.range,
           [&](Schedule& changed) -> PageRange& { return changed.program[i].op.range; });
    add([&](Schedule& changed) { changed.program[i].op.flags.huge = false; });
    add([&](Schedule& changed) { changed.program[i].op.flags.write = false; });
  }
  for (size_t i = 0; i < schedule.init.size(); ++i) {
    add([&](Schedule& changed) { changed.init.erase(i); });
    narrow(schedule.init[i].range,
           [&](Schedule& changed) -> PageRange& { return changed.init[i].range; });
    add([&](Schedule& changed) { changed.init[i].flags.huge = false; });
    add([&](Schedule& changed) { changed.init[i].flags.write = false; });
    add([&](Schedule& changed) { changed.init[i].dirty = false; });
  }
  add([](Schedule& changed) { changed.batch = kDefaultBatch; });
  return less;
}

// Whether an order of the programs is known to end as `wanted`.
bool SomeOrderEndsAs(const Ended& wanted, const Schedule& programs, const Target& at) {
  Graph graph(programs, at.the_policy(), at.the_arch());
  const auto accept = [&](const Path& path) {
    return EndOf(SpelledOut(programs, path), at).SameAs(wanted);
  };
  return FindShortest(graph, Bit(wanted.kind), -1, {.states = 20'000}, kNever, accept)
      .found.has_value();
}

bool AllNameSteps(const Schedule& schedule) {
  return std::all_of(schedule.order.begin(), schedule.order.end(),
                     [](const Run& run) { return run.kind == Run::Kind::kUntilPoint; });
}

class MinimizeRandom : public ::testing::TestWithParam<Target> {};

TEST_P(MinimizeRandom, NothingCanBeTakenAway) {
  const Target& at = GetParam();
  Random random(5);
  int compared = 0;  // with the shortest
  for (int i = 0; i < at.violations; ++i) {
    const Schedule raw = RandomViolation(random, at);
    const Ended before = EndOf(raw, at);
    const Minimized minimized = MinimizedOf(raw, at);
    const Schedule& small = minimized.schedule;
    const std::string text = TextOf(small);
    const Ended after = EndOf(small, at);

    ASSERT_TRUE(after.SameAs(before)) << text << "of\n" << TextOf(raw);
    EXPECT_EQ(minimized.kind, after.kind);
    EXPECT_EQ(minimized.signature, after.signature);
    EXPECT_EQ(minimized.preemptions, after.preemptions) << text;
    EXPECT_EQ(minimized.steps, after.steps) << text;
    EXPECT_EQ(minimized.preemptions_before, before.preemptions);
    EXPECT_EQ(minimized.steps_before, before.steps);
    EXPECT_FALSE(minimized.interrupted);
    EXPECT_EQ(WhatIsWrongWith(small), "") << text;
    EXPECT_EQ(small.tail, Tail{}) << text;
    EXPECT_TRUE(AllNameSteps(small)) << text;
    EXPECT_FALSE(minimized.proven && minimized.others_are_shorter);
    compared += minimized.proven || minimized.others_are_shorter;

    for (const Schedule& less : WithOneLess(small)) {
      EXPECT_FALSE(EndOf(less, at).SameAs(after)) << text << "is as bad as\n" << TextOf(less);
      if (i < 3) EXPECT_FALSE(SomeOrderEndsAs(after, less, at)) << text << TextOf(less);
    }
    // Without a line of the order another run may be as bad, but it is a longer one.
    for (size_t line = 0; line < small.order.size(); ++line) {
      Schedule less = small;
      less.order.erase(line);
      const Ended end = EndOf(less, at);
      EXPECT_TRUE(!end.SameAs(after) || end.LongerThan(after)) << text << "needs no line " << line;
    }
  }
  EXPECT_GT(compared, 0);
}

// --- Names ---

// Each CPU and each page become another.
struct Renaming {
  int turn, cpus, shift;
  int operator()(int cpu) const { return cpu < 0 ? cpu : (cpu + turn) % cpus; }
  CpuId operator()(CpuId cpu) const { return MakeCpu((*this)(Index(cpu))); }
  AgentId operator()(AgentId it) const { return MakeAgent(KindOf(it), (*this)(CpuOf(it))); }
  PageRange operator()(PageRange it) const { return {it.begin + shift, it.end + shift}; }
};

// The same run with other names.
Schedule Renamed(Schedule schedule, const Target& at, const Renaming& renaming) {
  static Execution execution;
  Trace trace = Record(execution, schedule, at.the_policy(), at.the_arch());
  for (TraceStep& step : trace.steps) {
    StepEvent& event = step.event;
    const bool everywhere = event.point == Point::tlb_flush && step.request.end == kPages;
    event.agent = renaming(event.agent);
    event.turn_of = renaming(event.turn_of);
    if (event.point == Point::deliver) {
      event.page = renaming(event.page);
    } else if (event.page != kNoPage && !everywhere) {
      event.page += renaming.shift;
    }
  }
  for (InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kCached) item.cpu = renaming(item.cpu);
    item.range = renaming(item.range);
  }
  for (auto& [agent, op] : schedule.program) {
    agent = renaming(agent);
    op.range = renaming(op.range);
  }
  schedule = NameSwitches(schedule, trace);
  Canonicalize(schedule);
  return schedule;
}

// By whole blocks of pages, as many of them as there is room for.
int RandomShift(Random& random, const Schedule& schedule) {
  int first = kPages, last = 0;
  const auto add = [&](PageRange range) {
    first = std::min(first, range.begin);
    last = std::max(last, range.end - 1);
  };
  for (const InitItem& item : schedule.init) add(item.range);
  for (const ProgramLine& line : schedule.program) add(line.op.range);
  const int below = first / kPagesPerPud, above = kPuds - 1 - last / kPagesPerPud;
  return kPagesPerPud *
         (static_cast<int>(random.Below(static_cast<uint32_t>(below + above + 1))) - below);
}

// Not always: which of two CPUs is served first is decided by their numbers, and a path that is
// equally simple may be met first.
TEST_P(MinimizeRandom, NamesDoNotMatter) {
  const Target& at = GetParam();
  Random random(23);
  int same = 0, all = 0;
  for (int i = 0; i < at.violations; ++i) {
    const Schedule raw = RandomViolation(random, at);
    const Ended ended = EndOf(raw, at);
    const Schedule renamed = Renamed(raw, at,
                                     {.turn = static_cast<int>(random.Below(4)),
                                      .cpus = raw.cpus,
                                      .shift = RandomShift(random, raw)});
    const Ended other = EndOf(renamed, at);
    if (!other.SameAs(ended) || other.steps != ended.steps) continue;  // another run
    ++all;
    const Minimized a = MinimizedOf(raw, at), b = MinimizedOf(renamed, at);
    same += a.schedule == b.schedule;
  }
  EXPECT_GT(all, 0);
  EXPECT_GE(same * 10, all * 9) << same << " of " << all;
}

INSTANTIATE_TEST_SUITE_P(
    Policies, MinimizeRandom,
    ::testing::Values(Target{"own-range", "x86"}, Target{"own-range", "arm64"},
                      Target{"need-flush-all", "x86"}, Target{"need-flush-all", "arm64"},
                      Target{"reset-range", "arm64"}, Target{"sync-before-dec", "x86"},
                      Target{"nesting-counters", "arm64", 5}, Target{"sync-finish", "x86", 5},
                      Target{"widen-range", "x86", 3}, Target{"canary", "x86"},
                      Target{"huge-not-recorded", "x86"}, Target{"clean-not-recorded", "x86"},
                      Target{"dec-before-flush", "x86", 8}));

// --- Single schedules ---

const Target kMail{"own-range", "x86"};
constexpr const char* kMailRace = R"(
    cpus 3
    init
      map 0..16 rw
      present 0..8 dirty
      cached cpu1 0..8
    cpu0
      dontneed 20..24
      dontneed 6..7
      write 1
    walk0
      fill 1
    cpu1
      read 3
      dontneed 6..8
    cpu2
      munmap 12..16
    order
      cpu2 3
      cpu0 until pte_clear(6)
      cpu2 until done
      walk0 2
      cpu1 until done
      rest runs 7)";

// What is for all pages stays so, and where pages move to is one of their places.
TEST(Minimize, KeepsWhatHasNoRangeOrTwo) {
  const Schedule reap = FromText(
                            "cpus 3\ninit\n map 20..30 rw\n present 20..30\n cached cpu1 20..30\n"
                            "cpu0\n read 29\n reap\ncpu2\n read 20\n")
                            .schedule;
  const std::string reaped = TextOf(MinimizedOf(reap, {"reap-whole", "arm64"}).schedule);
  EXPECT_EQ(TextOf(FromText(reaped).schedule), reaped);
  EXPECT_THAT(reaped, testing::HasSubstr("map 0..1 "));
  EXPECT_THAT(reaped, testing::HasSubstr("  reap\n"));
  const Schedule remap =
      FromText(
          "kernel 6.17\ncpus 2\ninit\n map 20..24 rw\n present 20..24\n cached cpu0 20..24\n"
          "cpu0\n dontneed 20..24\ncpu1\n remap 20..24 to 40 dontunmap\norder\n"
          " cpu0 until mmap_read_unlock\n cpu1 until done\n rest\n")
          .schedule;
  const Schedule moved = MinimizedOf(remap, {"full-mm", "x86"}).schedule;
  EXPECT_EQ(WhatIsWrongWith(moved), "");
  EXPECT_THAT(TextOf(moved), testing::HasSubstr("remap 0..1 to "));
  EXPECT_EQ(FromText(TextOf(moved)).schedule, moved);
}

TEST(Minimize, IsDeterministic) {
  const Schedule raw = FromText(kMailRace).schedule;
  EXPECT_EQ(MinimizedOf(raw, kMail).schedule, MinimizedOf(raw, kMail).schedule);
}

// Of the kind there is none shorter; or there is, and it says so.
TEST(Minimize, SaysWhetherAShorterOneExists) {
  for (const Target& at : {kMail, Target{"own-range", "arm64"}, Target{"need-flush-all", "x86"}}) {
    const Schedule raw = FromText(kMailRace).schedule;
    if (EndOf(raw, at).kind == ViolationKind::kNone) continue;
    const Minimized minimized = MinimizedOf(raw, at);
    Graph graph(minimized.schedule, at.the_policy(), at.the_arch());
    const ShortestResult shortest = FindShortest(graph, Bit(minimized.kind), -1, {}, kNever);
    const auto cost = std::pair(minimized.preemptions, minimized.steps);
    const auto least = std::pair(shortest.found->preemptions, shortest.found->steps);
    EXPECT_LE(least, cost);
    EXPECT_EQ(minimized.proven, least == cost);
    EXPECT_EQ(minimized.others_are_shorter, least < cost);
    EXPECT_EQ(minimized.preemptions, 1);
    EXPECT_EQ(minimized.schedule.cpus, 2);
    EXPECT_EQ(minimized.schedule.program.size(), 2u);
  }
}

TEST(Minimize, ByReplayAloneProvesNothing) {
  const Schedule raw = FromText(kMailRace).schedule;
  const Minimized minimized = MinimizedOf(raw, kMail, 1);
  EXPECT_FALSE(minimized.proven);
  EXPECT_FALSE(minimized.others_are_shorter);
  EXPECT_TRUE(EndOf(minimized.schedule, kMail).SameAs(EndOf(raw, kMail)));
  EXPECT_EQ(minimized.schedule.program.size(), 2u);
}

TEST(Minimize, KeepsTheBestWhenStopped) {
  const Schedule raw = FromText(kMailRace).schedule;
  const Ended ended = EndOf(raw, kMail);
  size_t lines = kMaxOps;
  for (const int changes : {0, 1, 4, 16}) {
    std::atomic<bool> stop = changes == 0;
    int calls = 0;
    const Minimized minimized = Minimize(raw, kMail.the_policy(), kMail.the_arch(), {}, stop,
                                         [&](const Minimized&) { stop = ++calls >= changes; });
    EXPECT_TRUE(minimized.interrupted);
    EXPECT_FALSE(minimized.proven);
    EXPECT_TRUE(EndOf(minimized.schedule, kMail).SameAs(ended));
    EXPECT_LE(minimized.schedule.program.size(), lines);
    lines = minimized.schedule.program.size();
    if (changes == 0) EXPECT_EQ(minimized.schedule, raw);
  }
  EXPECT_LT(lines, raw.program.size());
}

TEST(Minimize, LooksAwayFromIgnoredKinds) {
  const Target at{"need-flush-all", "x86"};
  Random random(3);
  int later = 0;
  for (int i = 0; i < 10; ++i) {
    const Schedule raw = RandomViolation(random, at);
    const uint32_t ignored = Bit(EndOf(raw, at).kind);
    const ViolationKind kind = Result(raw, at.policy, at.arch, {.ignored = ignored}).violation.kind;
    if (kind == ViolationKind::kNone) continue;
    ++later;
    const Minimized minimized =
        Minimize(raw, at.the_policy(), at.the_arch(), {.ignored = ignored}, kNever);
    EXPECT_EQ(minimized.kind, kind);
    EXPECT_EQ(Result(minimized.schedule, at.policy, at.arch, {.ignored = ignored}).violation.kind,
              kind);
  }
  EXPECT_GT(later, 0);
}

// As many lines and runs as a schedule can have.
TEST(Minimize, TakesFewReplays) {
  Random random(9);
  for (int i = 0; i < 5; ++i) {
    Schedule raw = RandomViolation(random, kMail);
    while (raw.program.push_back(raw.program[random.Below(8) % raw.program.size()])) continue;
    while (raw.order.push_back({.agent = CpuAgent(MakeCpu(static_cast<int>(random.Below(2)))),
                                .count = static_cast<uint16_t>(1 + random.Below(9))})) {
    }
    Canonicalize(raw);
    if (EndOf(raw, kMail).kind == ViolationKind::kNone) continue;
    EXPECT_LT(MinimizedOf(raw, kMail, 1).replays, 3000u);
  }
}

TEST(FindShortest, AsksAboutEachViolationInTheOrderOfCost) {
  const Minimized minimized = MinimizedOf(FromText(kMailRace).schedule, kMail);
  Graph graph(minimized.schedule, kMail.the_policy(), kMail.the_arch());
  const auto preemptions = [&](const Path& path) {
    return PreemptionsOf(minimized.schedule, kMail.the_policy(), kMail.the_arch(), path);
  };
  std::vector<std::pair<int, size_t>> costs;
  const auto refuse = [&](const Path& path) {
    costs.emplace_back(preemptions(path), path.size());
    return false;
  };
  const uint32_t kinds = Bit(minimized.kind);
  const ShortestResult none = FindShortest(graph, kinds, -1, {}, kNever, refuse);
  EXPECT_FALSE(none.found);
  EXPECT_EQ(none.stopped, Stop::kNo);
  ASSERT_GT(costs.size(), 2u);
  EXPECT_TRUE(std::is_sorted(costs.begin(), costs.end()));
  ASSERT_TRUE(none.cheapest);
  EXPECT_EQ(none.cheapest->preemptions, costs[0].first);
  EXPECT_EQ(none.cheapest->steps, static_cast<int>(costs[0].second));

  size_t asked = 0;
  const auto third = [&](const Path&) { return ++asked == 3; };
  const ShortestResult found = FindShortest(graph, kinds, -1, {}, kNever, third);
  ASSERT_TRUE(found.found);
  EXPECT_EQ(found.found->preemptions, costs[2].first);
  EXPECT_EQ(found.found->path.size(), costs[2].second);
  EXPECT_EQ(found.cheapest->preemptions, costs[0].first);
}

}  // namespace
}  // namespace gatherfuzz
