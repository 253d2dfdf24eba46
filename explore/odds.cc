// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/odds.h"

#include <algorithm>
#include <vector>

namespace gatherfuzz {
namespace {

using StateId = DrawnGraph::StateId;

// --- runs ---

// harness/search/runs.cc draws 1 to 2, 4, 8, 16 or 32 steps.
constexpr int kBounds = 5;
constexpr int kLongest = 32;

// That a run is longer than `steps`.
constexpr Chance LongerThan(int steps) {
  Chance sum = 0;
  for (int i = 0; i < kBounds; ++i) {
    const int bound = 2 << i;
    if (steps < bound) sum += static_cast<Chance>(bound - steps) / static_cast<Chance>(bound);
  }
  return sum / kBounds;
}

// Of a run that has made so many steps: that it goes on, and that it does not.
struct After {
  Chance goes_on = 1, ends = 0;
};
constexpr std::array<After, kLongest + 1> MakeAfter() {
  std::array<After, kLongest + 1> after;
  for (int made = 1; made <= kLongest; ++made) {
    const Chance before = LongerThan(made - 1), now = LongerThan(made);
    after[made] = {.goes_on = now / before, .ends = (before - now) / before};
  }
  return after;
}
constexpr std::array<After, kLongest + 1> kAfter = MakeAfter();
static_assert(kAfter[kLongest].goes_on == 0);

class Runs {
 public:
  explicit Runs(const DrawnGraph& graph)
      : graph_(graph), fresh_(graph.states()), under_way_(graph.states()) {}

  Odds Run() {
    fresh_[DrawnGraph::kStart] = 1;
    for (StateId state = 0; state < graph_.states(); ++state) {
      // The only list that grows while this one is gone through is that of a higher state.
      for (const UnderWay& run : under_way_[state]) GoOn(state, run);
      under_way_[state] = {};
      Draw(state);
    }
    return odds_;
  }

 private:
  // Runs of one agent that have led to a state, by how many steps they have made.
  struct UnderWay {
    AgentId agent{};
    std::array<Chance, kLongest> made{};  // 1 to kLongest, counted from 0
  };

  // Those that end, with the agent or by their length, add to what is drawn anew.
  void GoOn(StateId state, const UnderWay& run) {
    const auto edges = graph_.EdgesOf(state);
    const auto edge = std::find_if(edges.begin(), edges.end(), [&](const DrawnGraph::Edge& it) {
      return it.agent == run.agent;
    });
    for (int made = 1; made <= kLongest; ++made) {
      const Chance chance = run.made[made - 1];
      const bool able = edge != edges.end();
      fresh_[state] += able ? chance * kAfter[made].ends : chance;
      if (able && made < kLongest) Make(*edge, made + 1, chance * kAfter[made].goes_on);
    }
  }

  void Draw(StateId state) {
    const auto edges = graph_.EdgesOf(state);
    if (edges.empty()) odds_.of[static_cast<size_t>(graph_.EndOf(state))] += fresh_[state];
    for (const DrawnGraph::Edge& edge : edges) {
      Make(edge, 1, fresh_[state] / static_cast<Chance>(edges.size()));
    }
  }

  // A step, the `made`-th of its run.
  void Make(const DrawnGraph::Edge& edge, int made, Chance chance) {
    if (edge.kind != ViolationKind::kNone || graph_.KindsFrom(edge.to) == 0) {
      odds_.of[static_cast<size_t>(edge.kind)] += chance;
      return;
    }
    auto& runs = under_way_[edge.to];
    auto run = std::find_if(runs.begin(), runs.end(),
                            [&](const UnderWay& it) { return it.agent == edge.agent; });
    if (run == runs.end()) run = runs.insert(run, UnderWay{.agent = edge.agent});
    run->made[made - 1] += chance;
  }

  const DrawnGraph& graph_;
  std::vector<Chance> fresh_;  // that the state comes, and a run is to be drawn
  std::vector<std::vector<UnderWay>> under_way_;
  Odds odds_;
};

}  // namespace

Odds OddsOfRandom(const DrawnGraph& graph) {
  Odds odds;
  std::vector<Chance> here(graph.states());
  here[DrawnGraph::kStart] = 1;
  for (StateId state = 0; state < graph.states(); ++state) {
    const auto edges = graph.EdgesOf(state);
    if (edges.empty()) odds.of[static_cast<size_t>(graph.EndOf(state))] += here[state];
    for (const DrawnGraph::Edge& edge : edges) {
      Chance& to = edge.kind == ViolationKind::kNone ? here[edge.to]
                                                     : odds.of[static_cast<size_t>(edge.kind)];
      to += here[state] / static_cast<Chance>(edges.size());
    }
  }
  return odds;
}

Odds OddsOfRuns(const DrawnGraph& graph) { return Runs(graph).Run(); }

}  // namespace gatherfuzz
