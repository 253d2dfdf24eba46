// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/graph.h"

#include <algorithm>

#include "explore/held.h"

namespace gatherfuzz {
namespace {

constexpr size_t kSnapshotsKept = 1024;

}  // namespace

Graph::Graph(const Schedule& schedule, const Policy& policy, const Arch& arch, uint32_t ignored,
             bool queue_order)
    : writer_(queue_order), kept_(kSnapshotsKept) {
  stepper_.Begin(schedule, policy, arch, ignored);
  Add(writer_.KeyOf(stepper_), kStart, kNoAction);
}

std::span<const Graph::Edge> Graph::EdgesOf(StateId state) {
  if (!nodes_[state].expanded) Expand(state);
  const Node& node = nodes_[state];
  return std::span(edges_).subspan(node.first_edge, node.edges);
}

bool Graph::MakeAll(uint64_t most_states) {
  // The newest first: its snapshot is most likely kept.
  std::vector<StateId> todo{kStart};
  while (!todo.empty()) {
    const StateId state = todo.back();
    todo.pop_back();
    if (nodes_[state].expanded) continue;
    if (nodes_.size() > most_states || endless_) return false;
    for (const Edge& edge : EdgesOf(state)) {
      if (edge.kind == ViolationKind::kNone && !nodes_[edge.to].expanded) todo.push_back(edge.to);
    }
  }
  return !endless_ && !out_of_stores_;
}

uint64_t Graph::bytes() const {
  return BytesOf(nodes_) + BytesOf(edges_) + BytesOfTable(numbers_) + BytesOf(kept_) + snapshots_;
}

const Graph::StateId* Graph::Find(const Key& key) const {
  const auto at = numbers_.find(key);
  return at == numbers_.end() ? nullptr : &at->second;
}

Path Graph::PathTo(StateId state) const {
  Path path;
  for (; state != kStart; state = nodes_[state].parent) path.push_back(nodes_[state].by);
  std::reverse(path.begin(), path.end());
  return path;
}

Graph::StateId Graph::Add(const Key& key, StateId parent, Action by) {
  const auto [at, added] = numbers_.try_emplace(key, static_cast<StateId>(nodes_.size()));
  if (!added) return at->second;
  nodes_.push_back({.key = key, .parent = parent, .by = by});
  Keep(at->second);
  return at->second;
}

void Graph::Keep(StateId state) {
  if (!kFibersCanGoBack) return;
  Kept& kept = kept_[state % kept_.size()];
  if (kept.snapshot == nullptr) {
    kept.snapshot = std::make_unique<Stepper::Snapshot>();
  } else {
    snapshots_ -= BytesOf(*kept.snapshot);
  }
  kept.state = state;
  stepper_.Save(*kept.snapshot);
  snapshots_ += BytesOf(*kept.snapshot);
}

void Graph::GoTo(StateId state) {
  const Kept& kept = kept_[state % kept_.size()];
  if (kept.state == state) return stepper_.GoBackTo(*kept.snapshot);
  stepper_.Restart();
  for (const Action action : PathTo(state)) stepper_.Step(action);
}

void Graph::Expand(StateId state) {
  GoTo(state);
  ++expanded_;
  endless_ |= stepper_.SomebodyGoesRound() || stepper_.steps() >= kStepLimit;
  const auto first = edges_.size();
  Actions able = stepper_.Able();
  const Actions all = able;
  if (all.stand() && !stepper_.Judge()) nodes_[state].end = stepper_.violation().kind;
  while (!able.empty()) {
    const Action action = able.TakeFirst();
    edges_.push_back(EdgeFor(state, action));
    if (!able.empty()) GoTo(state);
  }
  Node& node = nodes_[state];
  node.first_edge = first;
  node.edges = static_cast<uint8_t>(all.size());
  node.expanded = true;
}

Graph::Edge Graph::EdgeFor(StateId from, Action action) {
  const PendingStep step = stepper_.Next(action);
  Edge edge{.action = action,
            .point = step.point,
            .page = step.page,
            .line = static_cast<int8_t>(stepper_.LineOf(action))};
  if (IsDelivery(action)) {
    const DeliveryQueue& queue = stepper_.world().at(TargetOf(action)).deliveries;
    edge.oldest = queue.issuers[0] == IssuerOf(action);
  }
  if (stepper_.Step(action)) {
    edge.to = Add(writer_.KeyOf(stepper_), from, action);
  } else {
    edge.kind = stepper_.violation().kind;
    out_of_stores_ |= stepper_.out_of_stores();
    if (stepper_.out_of_stores()) edge.to = from;
  }
  return edge;
}

}  // namespace gatherfuzz
