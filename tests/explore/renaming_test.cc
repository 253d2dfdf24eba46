// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// That the renamings of explore/programs.h are isomorphisms: a run of a program, step by step
// renamed, is a run of the renamed program, under every policy and architecture, with the same
// verdict and the same cost; and over all orders, there are equally many states.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/programs.h"
#include "harness/random.h"
#include "harness/search/strategy.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

struct Renaming {
  std::array<int, kMaxCpus> cpus{0, 1, 2, 3, 4, 5, 6, 7};  // by the CPU that gets the name
  int shift = 0;                                           // of pages

  AgentId operator()(AgentId agent) const {
    return MakeAgent(KindOf(agent), MakeCpu(cpus[static_cast<size_t>(Index(CpuOf(agent)))]));
  }
  Schedule operator()(Schedule schedule) const {
    for (auto& [agent, op] : schedule.program) {
      agent = (*this)(agent);
      op.range = {op.range.begin + shift, op.range.end + shift};
    }
    Canonicalize(schedule);
    return schedule;
  }
  // A delivery names the CPU that issued it. Where a flush begins may be no page of the program:
  // an invalidation of everything begins at page 0 wherever the program is.
  StepEvent operator()(StepEvent step) const {
    const bool of_flush = step.point == Point::tlb_flush || step.point == Point::tlb_flush_done;
    step.agent = (*this)(step.agent);
    if (step.point == Point::deliver) {
      step.page = cpus[static_cast<size_t>(step.page)];
    } else if (step.page != kNoPage) {
      step.page = of_flush ? 0 : step.page + shift;
    }
    return step;
  }
};

std::string Spell(const StepEvent& step) {
  return AgentName(step.agent) + " " + Info(step.point).name + "(" + std::to_string(step.page) +
         ") of line " + std::to_string(step.op);
}

class Recorder final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World&) override { steps.push_back(event); }
  std::vector<StepEvent> steps;
};

struct Recorded {
  RunResult result;
  std::vector<StepEvent> steps;
};

Recorded Run(Execution& execution, const Schedule& schedule, const Policy& policy,
             const Arch& arch) {
  Recorder recorder;
  const RunResult result = execution.Execute(schedule, policy, arch, {.observer = &recorder});
  return {result, std::move(recorder.steps)};
}

// The order in which exactly these agents move.
void TakeOrder(const std::vector<StepEvent>& steps, Schedule& schedule) {
  schedule.order.clear();
  schedule.tail = {};
  for (const StepEvent& step : steps) {
    const AgentId agent = AgentToMove(step.agent, step.point);
    const bool goes_on = !schedule.order.empty() && schedule.order.back().agent == agent;
    if (goes_on && KindOf(agent) != AgentKind::kDetour) {
      ++schedule.order.back().count;
    } else {
      ASSERT_TRUE(schedule.order.push_back({.agent = agent}));
    }
  }
}

// How a run of `schedule` differs from that of the renamed one; empty if it does not.
std::string Difference(Schedule schedule, const Renaming& renaming, const Policy& policy,
                       const Arch& arch) {
  static Execution execution;
  const Recorded original = Run(execution, schedule, policy, arch);
  std::vector<StepEvent> expected;
  for (const StepEvent& step : original.steps) expected.push_back(renaming(step));
  Schedule renamed = renaming(schedule);
  TakeOrder(expected, renamed);
  const Recorded other = Run(execution, renamed, policy, arch);

  const auto& a = original.result;
  const auto& b = other.result;
  for (size_t i = 0; i < std::min(expected.size(), other.steps.size()); ++i) {
    const std::string wanted = Spell(expected[i]);
    const std::string got = Spell((Renaming{}(other.steps[i])));
    if (wanted != got) return "step " + std::to_string(i) + ": " + wanted + ", but " + got;
  }
  if (a.steps != b.steps) return "number of steps";
  if (a.violation.kind != b.violation.kind) return "verdict";
  // Where several CPUs hold a stale entry, the oracle names that of the lowest.
  const bool same_cpus = renaming.cpus == Renaming{}.cpus;
  if (same_cpus && a.violation.page >= 0 && a.violation.page + renaming.shift != b.violation.page) {
    return "page";
  }
  if (a.cost.invalidations != b.cost.invalidations || a.cost.whole != b.cost.whole ||
      a.cost.needless != b.cost.needless || a.cost.steps_waited != b.cost.steps_waited) {
    return "cost";
  }
  return "";
}

std::vector<const Policy*> AllPolicies() {
  std::vector<const Policy*> all;
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) all.push_back(policy);
  }
  return all;
}

Programs ProgramsWithin(const char* text) {
  return std::get<Programs>(Programs::Enumerate(std::get<Bounds>(ParseBounds(text))));
}

// A random order of the program.
Schedule Drawn(Schedule schedule, Random& random) {
  const auto strategies = Strategies();
  schedule.tail.kind = strategies[random.Below(static_cast<uint32_t>(strategies.size()))].kind;
  schedule.tail.seed = static_cast<uint32_t>(random.Next());
  return schedule;
}

// The first of so many runs that differs from that of the program which `rename` makes of its own.
// Programs are drawn from those that are `chosen`; empty if no run differs.
template <typename Rename, typename Chosen>
std::string FirstDifference(int runs, const Programs& programs, const Policy& policy, Rename rename,
                            Chosen chosen) {
  Random random(7);
  for (int done = 0; done < runs;) {
    const Schedule schedule =
        Drawn(programs.At(random.Below(static_cast<uint32_t>(programs.size()))), random);
    if (!chosen(schedule)) continue;
    ++done;
    const Renaming renaming = rename(random, schedule.cpus);
    for (const Arch* arch : Archs()) {
      const std::string difference = Difference(schedule, renaming, policy, *arch);
      if (difference.empty()) continue;
      return difference + "\n" +
             PrintText({.policy = std::string(policy.name()),
                        .arch = std::string(arch->name()),
                        .schedule = schedule});
    }
  }
  return "";
}

constexpr auto kAny = [](const Schedule&) { return true; };

constexpr auto kShuffleCpus = [](Random& random, int cpus) {
  Renaming renaming;
  for (auto i = static_cast<uint32_t>(cpus - 1); i > 0; --i) {
    std::swap(renaming.cpus[i], renaming.cpus[random.Below(i + 1)]);
  }
  return renaming;
};

constexpr const char* kFourCpus =
    "cpus=4 ops=4 pages=2 walkers=2 kinds=munmap,dontneed,write init=warm,empty";

// Of what is live on other CPUs, they take the lowest CPU's only.
bool FavoursLowCpus(const Policy& policy) {
  return policy.name() == "first-overlap-only" || policy.name() == "waits-for-one";
}

TEST(Renaming, OfCpusChangesNothing) {
  const Programs programs = ProgramsWithin(kFourCpus);
  for (const Policy* policy : AllPolicies()) {
    if (FavoursLowCpus(*policy)) continue;
    EXPECT_EQ(FirstDifference(1000, programs, *policy, kShuffleCpus, kAny), "");
  }
}

TEST(Renaming, OfCpusMattersToAPolicyThatFavoursLowOnes) {
  const Programs programs = ProgramsWithin("cpus=3 ops=3 walkers=0 kinds=dontneed");
  for (const Policy* policy : AllPolicies()) {
    if (!FavoursLowCpus(*policy)) continue;
    EXPECT_NE(FirstDifference(3000, programs, *policy, kShuffleCpus, kAny), "") << policy->name();
  }
}

// Whether all operations and fills are in the first half of a window of eight pages.
bool InLowerTable(const Schedule& schedule) {
  const int middle = schedule.init[0].range.begin + kPagesPerPmd;
  return std::all_of(schedule.program.begin(), schedule.program.end(),
                     [&](const ProgramLine& line) { return line.op.range.end <= middle; });
}

constexpr auto kToTheUpperTable = [](Random&, int) { return Renaming{.shift = kPagesPerPmd}; };

TEST(Renaming, OfATableChangesNothing) {
  for (const char* bounds : {
           "pages=8 init=warm,empty",
           "pages=8 cpus=3 walkers=2 kinds=munmap,map,read batch=2 at=24",
           "pages=8 vmas=2 kinds=munmap,free,write init=dirty,cold",
           "pages=8 huge=1 kinds=munmap,map,dontneed,write init=warm,empty",
           "pages=8 huge=1 vmas=2 kinds=munmap,dontneed,free,read init=dirty at=40",
       }) {
    const Programs programs = ProgramsWithin(bounds);
    for (const Policy* policy : AllPolicies()) {
      EXPECT_EQ(FirstDifference(200, programs, *policy, kToTheUpperTable, InLowerTable), "")
          << bounds << ", " << policy->name();
    }
  }
}

// --- All orders ---

struct Graph {
  uint64_t states = 0;
  std::array<uint64_t, kViolationCount> violations{};
  friend bool operator==(const Graph&, const Graph&) = default;
};

Graph GraphOf(const Schedule& schedule, const Policy& policy, const Arch& arch) {
  const ExploreResult result =
      Explore(schedule, {.policy = &policy, .arch = &arch, .reduce = false});
  EXPECT_TRUE(result.complete());
  return {result.states, result.violations};
}

// Of `count` programs, evenly spread over those that are `chosen`; all under each of the policies.
template <typename Rename, typename Chosen>
void ExpectSameGraphs(size_t count, const Programs& programs, Rename rename, Chosen chosen) {
  std::vector<uint64_t> indices;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    if (chosen(programs.At(i))) indices.push_back(i);
  }
  Random random(11);
  for (size_t i = 0; i < count; ++i) {
    const Schedule schedule = programs.At(indices[i * indices.size() / count]);
    const Schedule renamed = rename(random, schedule.cpus)(schedule);
    for (const Policy* policy : Policies()) {
      for (const Arch* arch : Archs()) {
        EXPECT_EQ(GraphOf(schedule, *policy, *arch), GraphOf(renamed, *policy, *arch))
            << policy->name() << " on " << arch->name() << "\n"
            << PrintText({.schedule = schedule});
      }
    }
  }
}

TEST(Renaming, OfCpusKeepsTheGraph) {
  ExpectSameGraphs(6, ProgramsWithin("cpus=3 pages=2"), kShuffleCpus, kAny);
}

TEST(Renaming, OfATableKeepsTheGraph) {
  ExpectSameGraphs(6, ProgramsWithin("pages=8 walkers=0 kinds=munmap,free,write"), kToTheUpperTable,
                   InLowerTable);
  ExpectSameGraphs(6, ProgramsWithin("pages=8 walkers=0 huge=1 kinds=munmap,dontneed,write"),
                   kToTheUpperTable, InLowerTable);
}

// --- Renamings that are none ---

// The verdicts of runs with random orders.
std::set<std::string> VerdictsOf(Schedule schedule, std::string_view policy,
                                 std::string_view arch) {
  Random random(3);
  std::set<std::string> verdicts;
  for (int i = 0; i < 2000; ++i) verdicts.insert(Verdict(Drawn(schedule, random), policy, arch));
  return verdicts;
}

// A flush in strides of a table names the page at the beginning of the span, which is page 4.
TEST(Renaming, WithinATableIsNone) {
  const Schedule at_the_beginning = FromText(R"(
      cpus 2
      init
        map 3..6 rw
        present 3..6
        cached cpu0 3..6
      cpu0
        dontneed 4..5
      cpu1
        dontneed 4..5
      order
        rest)")
                                        .schedule;
  const Schedule one_further = Renaming{.shift = 1}(at_the_beginning);
  EXPECT_EQ(VerdictsOf(at_the_beginning, "pmd-stride", "arm64"), std::set<std::string>{"none"});
  EXPECT_TRUE(VerdictsOf(one_further, "pmd-stride", "arm64").contains("stale-after-return"));
}

// A munmap of page 3 frees the table, in whose span no other page of the VMA is; one of page 4 does
// not.
TEST(Renaming, FromATableToALargerOneIsNone) {
  const Schedule alone = FromText(R"(
      cpus 2
      init
        map 3..6 rw
        present 3..6
        cached cpu1 3..6
      cpu0
        munmap 3..4
      cpu1
        dontneed 4..5
      order
        rest)")
                             .schedule;
  const Schedule beside_another = Renaming{.shift = 1}(alone);
  EXPECT_TRUE(VerdictsOf(alone, "reset-range", "arm64").contains("freed-table-cached"));
  EXPECT_EQ(VerdictsOf(beside_another, "reset-range", "arm64"), std::set<std::string>{"none"});
}

}  // namespace
}  // namespace gatherfuzz
