// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/turning.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace gatherfuzz {
namespace {

using StateId = Graph::StateId;

class Finder {
 public:
  Finder(Graph& graph, const ExploreLimits& limits, const std::atomic<bool>& stop)
      : graph_(graph), limits_(limits), stop_(stop) {}

  Turning Find(const Path& run) {
    const std::vector<StateId> states = StatesAlong(run);
    Turning turning{.lost_after = static_cast<int>(run.size())};
    // From the end: there the continuations are few.
    for (;; --turning.lost_after) {
      if (turning.lost_after == 0) break;
      const std::optional<bool> open = IsOpen(states[turning.lost_after - 1]);
      if (!open) return {};
      if (*open) break;
    }
    turning.known = true;
    if (turning.lost_after > 0) {
      turning.rescue = Rescue(states[turning.lost_after - 1], run[turning.lost_after - 1]);
    }
    return turning;
  }

 private:
  // The state before each action.
  std::vector<StateId> StatesAlong(const Path& run) {
    std::vector<StateId> states;
    StateId state = Graph::kStart;
    for (const Action action : run) {
      states.push_back(state);
      if (const Graph::Edge* edge = EdgeFor(state, action)) state = edge->to;
    }
    return states;
  }

  // Null if the action is not able there.
  const Graph::Edge* EdgeFor(StateId state, Action action) {
    for (const Graph::Edge& edge : graph_.EdgesOf(state)) {
      if (edge.action == action) return &edge;
    }
    return nullptr;
  }

  // Depth first, until one end is no violation: then every state on the way there is open, and
  // those left behind are not. If threads go round there may be cycles: one that leads back to the
  // way may be open all the same.
  std::optional<bool> IsOpen(StateId from) {
    if (const auto known = open_.find(from); known != open_.end()) return known->second;
    std::vector<std::pair<StateId, size_t>> way{{from, 0}};  // a state, and its next edge
    absl::flat_hash_set<StateId> visited{from}, left;
    bool cycles = false;
    const auto leads_on = [&](const Graph::Edge& edge) {
      if (Lost(edge)) return false;
      const bool seen = visited.contains(edge.to);
      cycles |= seen && !left.contains(edge.to);
      return !seen;
    };
    const auto found = [&] {
      for (const StateId state : left) {
        if (!cycles) open_[state] = false;
      }
      return AllOpen(way);
    };
    while (!way.empty()) {
      if (Stopped()) return std::nullopt;
      const StateId state = way.back().first;
      const std::span<const Graph::Edge> edges = graph_.EdgesOf(state);
      if (edges.empty() && graph_.EndOf(state) == ViolationKind::kNone) return found();
      size_t& next = way.back().second;
      while (next < edges.size() && !leads_on(edges[next])) ++next;
      if (next == edges.size()) {
        left.insert(state);
        way.pop_back();
        continue;
      }
      const StateId to = edges[next].to;
      if (open_.contains(to)) return found();
      visited.insert(to);
      way.emplace_back(to, 0);
    }
    for (const StateId state : visited) open_[state] = false;
    return false;
  }

  bool AllOpen(const std::vector<std::pair<StateId, size_t>>& way) {
    for (const auto& [state, next] : way) open_[state] = true;
    return true;
  }

  bool Lost(const Graph::Edge& edge) const {
    if (edge.kind != ViolationKind::kNone) return true;
    const auto known = open_.find(edge.to);
    return known != open_.end() && !known->second;
  }

  // Breadth first from an open state, until `fatal` is harmless.
  Path Rescue(StateId from, Action fatal) {
    struct Reached {
      StateId state;
      size_t before;
      Action by;
    };
    std::vector<Reached> reached{{from, 0, kNoAction}};
    absl::flat_hash_map<StateId, bool> seen{{from, true}};
    for (size_t i = 0; i < reached.size() && !Stopped(); ++i) {
      const Graph::Edge* edge = EdgeFor(reached[i].state, fatal);
      if (i > 0 && edge != nullptr && edge->kind == ViolationKind::kNone &&
          IsOpen(edge->to).value_or(false)) {
        Path path;
        for (size_t at = i; at != 0; at = reached[at].before) path.push_back(reached[at].by);
        std::reverse(path.begin(), path.end());
        return path;
      }
      for (const Graph::Edge& next : graph_.EdgesOf(reached[i].state)) {
        if (next.kind != ViolationKind::kNone || next.action == fatal) continue;
        if (seen.try_emplace(next.to, true).second) reached.push_back({next.to, i, next.action});
      }
    }
    return {};
  }

  bool Stopped() const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
    return stop_.load() || graph_.states() > limits_.states || graph_.bytes() > limits_.bytes ||
           passed.count() > limits_.seconds;
  }

  Graph& graph_;
  const ExploreLimits& limits_;
  const std::atomic<bool>& stop_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  absl::flat_hash_map<StateId, bool> open_;  // of those whose fate is known
};

}  // namespace

Path ActionsOf(const Trace& trace) {
  Path path;
  for (const TraceStep& step : trace.steps) {
    const StepEvent& event = step.event;
    path.push_back(ActionOf(event.agent, event.point, event.page, event.old));
  }
  return path;
}

Turning FindTurning(Graph& graph, const Path& run, const ExploreLimits& limits,
                    const std::atomic<bool>& stop) {
  return Finder(graph, limits, stop).Find(run);
}

}  // namespace gatherfuzz
