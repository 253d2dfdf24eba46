// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/coverage.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <memory>

#include "explore/preemption.h"

namespace gatherfuzz {
namespace {

bool Conflict(const StepName& a, const StepName& b) {
  return a.agent != b.agent && Conflict(PendingStep{a.point, a.page}, PendingStep{b.point, b.page},
                                        CpuOf(a.agent) == CpuOf(b.agent));
}

StepName NameOf(const Graph::Edge& edge) {
  return {AgentOf(edge.action), edge.line, edge.point, edge.page};
}

}  // namespace

int StepPair::telling() const {
  const auto is_telling = [](const StepName& step) {
    return (kTellingPoints & MaskOf(step.point)) != 0;
  };
  return is_telling(first) + is_telling(second);
}

std::optional<Coverage> Coverage::Make(const Schedule& schedule, const Policy& policy,
                                       const Arch& arch, uint32_t ignored, uint64_t most_states,
                                       const std::atomic<bool>& stop, bool* endless) {
  const auto graph = std::make_unique<Graph>(schedule, policy, arch, ignored);
  const bool made = graph->MakeAll(most_states);
  if (endless != nullptr) *endless = graph->endless();
  if (!made || stop) return std::nullopt;
  Coverage coverage;
  coverage.Copy(*graph);
  coverage.FindPairs();
  return coverage;
}

void Coverage::Copy(Graph& graph) {
  const auto states = static_cast<StateId>(graph.states());
  for (StateId state = 0; state < states; ++state) {
    for (const Graph::Edge& edge : graph.EdgesOf(state)) steps_.push_back(NameOf(edge));
  }
  std::sort(steps_.begin(), steps_.end());
  steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
  for (StateId state = 0; state < states; ++state) {
    const std::span<const Graph::Edge> edges = graph.EdgesOf(state);
    nodes_.push_back({.first_edge = edges_.size(), .edges = static_cast<uint8_t>(edges.size())});
    for (const Graph::Edge& edge : edges) {
      const auto step = std::lower_bound(steps_.begin(), steps_.end(), NameOf(edge));
      edges_.push_back({.to = edge.to,
                        .step = static_cast<uint16_t>(step - steps_.begin()),
                        .action = edge.action,
                        .ends = edge.kind != ViolationKind::kNone});
    }
  }
}

void Coverage::FindPairs() {
  all_ = seen_ = PairSet(steps_.size());
  PairSet known(steps_.size());
  for (const Edge& first : edges_) {
    if (first.ends) continue;
    for (const Edge& second : EdgesOf(first.to)) {
      if (known.contains(first.step, second.step)) continue;
      known.at(first.step, second.step) = true;
      all_.at(first.step, second.step) = Conflict(steps_[first.step], steps_[second.step]);
    }
  }
}

void Coverage::BeginExecution() {
  at_ = Graph::kStart;
  last_ = -1;
  nodes_[at_].seen = true;
}

void Coverage::OnStep(const StepEvent& event, const World&) {
  const Action action = ActionOf(event.agent, event.point, event.page, event.old);
  const auto edges = EdgesOf(at_);
  const auto edge = std::find_if(edges.begin(), edges.end(),
                                 [action](const Edge& it) { return it.action == action; });
  if (edge == edges.end()) std::abort();
  if (last_ >= 0) seen_.at(static_cast<size_t>(last_), edge->step) = true;
  last_ = edge->step;
  if (edge->ends) return;
  at_ = edge->to;
  nodes_[at_].seen = true;
}

Share Coverage::States() const {
  const auto seen = std::count_if(nodes_.begin(), nodes_.end(), [](Node it) { return it.seen; });
  return {.seen = static_cast<uint64_t>(seen), .all = nodes_.size()};
}

std::vector<Share> Coverage::StatesByPreemptions() const {
  const std::vector<int> preemptions = PreemptionsByState();
  std::vector<Share> shares;
  for (size_t state = 0; state < nodes_.size(); ++state) {
    const auto count = static_cast<size_t>(preemptions[state]);
    if (shares.size() <= count) shares.resize(count + 1);
    ++shares[count].all;
    shares[count].seen += nodes_[state].seen;
  }
  return shares;
}

// The fewest, from the start on, whoever moved last.
std::vector<int> Coverage::PreemptionsByState() const {
  constexpr int kUnknown = 1 << 20, kLasts = 2 * kMaxCpus + 1;  // threads, walkers, nobody
  struct Place {
    StateId state;
    Action last;
    int preemptions;
  };
  std::vector<std::array<int, kLasts>> best(nodes_.size());
  for (auto& by_last : best) by_last.fill(kUnknown);
  const auto best_at = [&](StateId state, Action last) -> int& {
    return best[state][last == kNoAction ? kLasts - 1 : Index(last)];
  };
  std::deque<Place> todo{{Graph::kStart, kNoAction, 0}};
  best_at(Graph::kStart, kNoAction) = 0;
  while (!todo.empty()) {
    const Place place = todo.front();
    todo.pop_front();
    if (best_at(place.state, place.last) < place.preemptions) continue;
    Actions able;
    for (const Edge& edge : EdgesOf(place.state)) able.Add(edge.action);
    for (const Edge& edge : EdgesOf(place.state)) {
      if (edge.ends) continue;
      const bool preempts = Preempts(place.last, able, edge.action);
      const Place next{edge.to, LastAfter(place.last, edge.action), place.preemptions + preempts};
      int& known = best_at(next.state, next.last);
      if (known <= next.preemptions) continue;
      known = next.preemptions;
      preempts ? todo.push_back(next) : todo.push_front(next);
    }
  }
  std::vector<int> fewest;
  fewest.reserve(best.size());
  for (const auto& by_last : best) {
    fewest.push_back(*std::min_element(by_last.begin(), by_last.end()));
  }
  return fewest;
}

Share Coverage::Pairs() const {
  Share share;
  for (size_t first = 0; first < steps_.size(); ++first) {
    for (size_t second = 0; second < steps_.size(); ++second) {
      if (!all_.contains(first, second)) continue;
      ++share.all;
      share.seen += seen_.contains(first, second);
    }
  }
  return share;
}

std::vector<StepPair> Coverage::MissedPairs() const {
  std::vector<StepPair> missed;
  for (size_t first = 0; first < steps_.size(); ++first) {
    for (size_t second = 0; second < steps_.size(); ++second) {
      if (!all_.contains(first, second) || seen_.contains(first, second)) continue;
      missed.push_back({steps_[first], steps_[second]});
    }
  }
  std::sort(missed.begin(), missed.end(), [](const StepPair& a, const StepPair& b) {
    return a.telling() != b.telling() ? a.telling() > b.telling() : a < b;
  });
  return missed;
}

}  // namespace gatherfuzz
