// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The point of no return: known ones, and random runs against the whole graph.
#include "explore/turning.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/policies/policy.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using StateId = Graph::StateId;
const std::atomic<bool> kGoOn{false};

std::string NameOf(PendingStep step) {
  const std::string name = Info(step.point).name;
  return step.page == kNoPage ? name : name + "(" + std::to_string(step.page) + ")";
}

// A recorded run with its turning point, steps by name.
struct Turned {
  Turned(std::string_view text, std::string_view policy, std::string_view arch)
      : schedule(FromText(text).schedule) {
    Execution execution;
    const Trace trace = Record(execution, schedule, *FindPolicy(policy), *FindArch(arch));
    EXPECT_NE(trace.result.violation.kind, ViolationKind::kNone);
    Graph graph(schedule, *FindPolicy(policy), *FindArch(arch));
    const Path run = ActionsOf(trace);
    turning = FindTurning(graph, run, {.states = 100'000}, kGoOn);
    Stepper stepper;
    stepper.Begin(schedule, *FindPolicy(policy), *FindArch(arch));
    if (turning.lost_after == 0) return;
    for (int i = 0; i + 1 < turning.lost_after; ++i) stepper.Step(run[i]);
    fatal = AgentName(AgentOf(run[turning.lost_after - 1])) + " " +
            NameOf(stepper.Next(run[turning.lost_after - 1]));
    to_the_last = turning.lost_after == static_cast<int>(run.size());
    for (const Action action : turning.rescue) {
      saving = AgentName(AgentOf(action)) + " " + NameOf(stepper.Next(action));
      stepper.Step(action);
    }
  }
  Schedule schedule;
  Turning turning;
  std::string fatal, saving;
  bool to_the_last = false;
};

constexpr std::string_view kMail = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4
      cached cpu1 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    order
      cpu0 until pte_clear(2)
      cpu1 until done
)";

TEST(Turning, TheRaceOfTheMailIsOpenUntilTheReturn) {
  const Turned it(kMail, "own-range", "x86");
  EXPECT_TRUE(it.turning.known);
  EXPECT_TRUE(it.to_the_last);
  EXPECT_EQ(it.fatal, "cpu1 syscall_return(2)");
  EXPECT_EQ(it.saving, "inv1 deliver(0)");  // of the flush that CPU 0 had yet to issue
}

TEST(Turning, TwoThatWaitForEachOtherAreLostOnceBothAreCounted) {
  const Turned it(
      "init\n map 0..2 r\n cpu0\n dontneed 0..1\n cpu1\n dontneed 1..2\n order\n"
      "cpu0 until pending_inc\n cpu1 until done\n",
      "sync-before-dec", "x86");
  EXPECT_TRUE(it.turning.known);
  EXPECT_FALSE(it.to_the_last);
  EXPECT_EQ(it.fatal, "cpu1 pending_inc");
  EXPECT_EQ(it.saving, "cpu0 finish_wait");
}

TEST(Turning, WhatNeverFlushesIsLostFromTheStart) {
  const Turned it(
      "init\n map 0..1 rw\n present 0..1\n cached cpu1 0..1\n cpu0\n dontneed 0..1\n"
      "order\n rest\n",
      "canary", "x86");
  EXPECT_TRUE(it.turning.known);
  EXPECT_EQ(it.turning.lost_after, 0);
  EXPECT_TRUE(it.turning.rescue.empty());
}

TEST(Turning, ALimitIsNoAnswer) {
  const Schedule schedule = FromText(kMail).schedule;
  Execution execution;
  const Policy& policy = *FindPolicy("own-range");
  const Trace trace = Record(execution, schedule, policy, *FindArch("x86"));
  Graph graph(schedule, policy, *FindArch("x86"));
  EXPECT_FALSE(FindTurning(graph, ActionsOf(trace), {.states = 5}, kGoOn).known);
  const std::atomic<bool> stop{true};
  EXPECT_FALSE(FindTurning(graph, ActionsOf(trace), {.states = 100'000}, stop).known);
}

// The whole graph, and which states are lost by the definition.
class WholeGraph {
 public:
  WholeGraph(const Schedule& schedule, const Policy& policy, const Arch& arch)
      : graph_(schedule, policy, arch) {}

  bool Make(uint64_t most_states) { return graph_.MakeAll(most_states); }

  bool Lost(StateId state) {
    const auto known = lost_.find(state);
    if (known != lost_.end()) return known->second;
    bool lost = graph_.EdgesOf(state).empty() && graph_.EndOf(state) != ViolationKind::kNone;
    if (!graph_.EdgesOf(state).empty()) {
      lost = true;
      for (size_t i = 0; i < graph_.EdgesOf(state).size(); ++i) {
        const Graph::Edge edge = graph_.EdgesOf(state)[i];
        lost &= edge.kind != ViolationKind::kNone || Lost(edge.to);
      }
    }
    return lost_[state] = lost;
  }

  // The state after a step; nothing if it violates or is not able.
  std::optional<StateId> After(StateId state, Action action) {
    for (const Graph::Edge& edge : graph_.EdgesOf(state)) {
      if (edge.action == action && edge.kind == ViolationKind::kNone) return edge.to;
    }
    return std::nullopt;
  }

  // Of all ways to a state in which `fatal` leads to one that is not lost, without `fatal`, the
  // length of the shortest; -1 if there is none.
  int Rescue(StateId from, Action fatal) {
    std::set<StateId> level{from}, seen{from};
    for (int length = 0; !level.empty(); ++length) {
      std::set<StateId> next;
      for (const StateId state : level) {
        const std::optional<StateId> after = After(state, fatal);
        if (after && !Lost(*after)) return length;
        for (const Graph::Edge& edge : graph_.EdgesOf(state)) {
          if (edge.kind == ViolationKind::kNone && edge.action != fatal &&
              seen.insert(edge.to).second) {
            next.insert(edge.to);
          }
        }
      }
      level = next;
    }
    return -1;
  }

  // A random run that violates, or one that does not.
  std::pair<Path, bool> RandomRun(Random& random) {
    Path run;
    for (StateId state = Graph::kStart;;) {
      const std::span<const Graph::Edge> edges = graph_.EdgesOf(state);
      if (edges.empty()) return {run, graph_.EndOf(state) != ViolationKind::kNone};
      const Graph::Edge& edge = edges[random.Below(static_cast<uint32_t>(edges.size()))];
      run.push_back(edge.action);
      if (edge.kind != ViolationKind::kNone) return {run, true};
      state = edge.to;
    }
  }

 private:
  Graph graph_;
  std::map<StateId, bool> lost_;
};

TEST(Turning, OfRandomRunsIsWhatTheWholeGraphSays) {
  Random random(3);
  int runs = 0, within = 0, at_start = 0, saved = 0;
  for (int i = 0; i < 400; ++i) {
    const Schedule schedule = SmallProgram(random);
    static constexpr const char* kPolicies[] = {"own-range", "sync-before-dec", "need-flush-all",
                                                "reset-range", "canary"};
    const Policy& policy = *FindPolicy(kPolicies[i % 5]);
    const Arch& arch = *FindArch(i % 2 == 0 ? "x86" : "arm64");
    WholeGraph whole(schedule, policy, arch);
    if (!whole.Make(5000)) continue;
    const auto [run, violates] = whole.RandomRun(random);
    if (!violates) continue;
    SCOPED_TRACE(std::string(policy.name()) + "\n" + PrintText({.schedule = schedule}));
    Graph graph(schedule, policy, arch);
    const Turning turning = FindTurning(graph, run, {}, kGoOn);
    ASSERT_TRUE(turning.known);
    std::vector<StateId> states{Graph::kStart};
    for (const Action action : run) {
      const std::optional<StateId> after = whole.After(states.back(), action);
      if (after) states.push_back(*after);
    }
    int lost_after = 0;
    while (lost_after < static_cast<int>(states.size()) && !whole.Lost(states[lost_after])) {
      ++lost_after;
    }
    ASSERT_EQ(turning.lost_after, lost_after);
    ++runs;
    at_start += lost_after == 0;
    within += lost_after > 0 && lost_after < static_cast<int>(run.size());
    if (lost_after == 0) continue;
    const Action fatal = run[lost_after - 1];
    const int shortest = whole.Rescue(states[lost_after - 1], fatal);
    ASSERT_EQ(static_cast<int>(turning.rescue.size()), std::max(shortest, 0));
    saved += shortest > 0;
    std::optional<StateId> state = states[lost_after - 1];
    for (const Action action : turning.rescue) state = whole.After(*state, action);
    if (shortest > 0) ASSERT_FALSE(whole.Lost(*whole.After(*state, fatal)));
  }
  EXPECT_GT(runs, 60);
  EXPECT_GT(within, 5);
  EXPECT_GT(at_start, 5);
  EXPECT_GT(saved, 30);
}

}  // namespace
}  // namespace gatherfuzz
