// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/drawn_graph.h"

#include <algorithm>
#include <memory>

#include "explore/preemption.h"

namespace gatherfuzz {
namespace {

static_assert(kViolationCount <= 17);  // kNone is none

bool Leads(const Graph::Edge& edge) { return edge.oldest && edge.kind == ViolationKind::kNone; }

// How many edges lead to each state, from those that the start leads to; nothing if stopped.
std::optional<std::vector<uint32_t>> CountEdges(Graph& graph, uint64_t most_states,
                                                const std::atomic<bool>& stop) {
  std::vector<uint32_t> edges_to{0};
  std::vector<Graph::StateId> todo{Graph::kStart};  // the newest first: its snapshot is kept
  while (!todo.empty()) {
    const Graph::StateId state = todo.back();
    todo.pop_back();
    if (stop || graph.states() > most_states || graph.endless()) return std::nullopt;
    for (const Graph::Edge& edge : graph.EdgesOf(state)) {
      if (!Leads(edge)) continue;
      edges_to.resize(graph.states());
      if (edges_to[edge.to]++ == 0) todo.push_back(edge.to);
    }
  }
  return edges_to;
}

// The states by the steps of the longest way to them.
std::vector<Graph::StateId> InOrder(Graph& graph, std::vector<uint32_t> edges_to) {
  std::vector<Graph::StateId> order{Graph::kStart};
  for (size_t i = 0; i < order.size(); ++i) {
    for (const Graph::Edge& edge : graph.EdgesOf(order[i])) {
      if (Leads(edge) && --edges_to[edge.to] == 0) order.push_back(edge.to);
    }
  }
  return order;
}

// Whether one of the threads that are able waits for nothing though its invalidation is pending.
bool GoesOnUndelivered(std::span<const Graph::Edge> edges) {
  Actions able;
  for (const Graph::Edge& edge : edges) able.Add(edge.action);
  for (const Graph::Edge& edge : edges) {
    if (AwaitsDelivery(edge.action, able)) return true;
  }
  return false;
}

}  // namespace

std::optional<DrawnGraph> DrawnGraph::Make(const Schedule& schedule, const Policy& policy,
                                           const Arch& arch, uint32_t ignored, uint64_t most_states,
                                           const std::atomic<bool>& stop, bool* endless) {
  const auto graph = std::make_unique<Graph>(schedule, policy, arch, ignored, true);
  auto edges_to = CountEdges(*graph, most_states, stop);
  if (endless != nullptr) *endless = graph->endless();
  if (!edges_to || graph->endless()) return std::nullopt;
  const auto reached = 1 + std::count_if(edges_to->begin() + 1, edges_to->end(),
                                         [](uint32_t edges) { return edges != 0; });
  const std::vector<Graph::StateId> order = InOrder(*graph, *std::move(edges_to));
  // A thread goes round (round.h), so there are cycles, and some states have no place in an order.
  if (order.size() != static_cast<size_t>(reached)) return std::nullopt;
  DrawnGraph drawn;
  drawn.Copy(*graph, order);
  drawn.LookAhead();
  return drawn;
}

void DrawnGraph::Copy(Graph& graph, const std::vector<Graph::StateId>& order) {
  std::vector<StateId> number(graph.states());
  for (StateId i = 0; i < order.size(); ++i) number[order[i]] = i;
  for (const Graph::StateId state : order) {
    const std::span<const Graph::Edge> edges = graph.EdgesOf(state);
    Node& node = nodes_.emplace_back();
    node.first_edge = edges_.size();
    node.end = graph.EndOf(state);
    goes_on_undelivered_ |= GoesOnUndelivered(edges);
    for (const Graph::Edge& edge : edges) {
      if (!edge.oldest) continue;
      edges_.push_back({number[edge.to], AgentOf(edge.action), edge.kind});
      ++node.edges;
    }
  }
}

void DrawnGraph::LookAhead() {
  for (StateId state = states(); state-- > 0;) {
    Node& node = nodes_[state];
    uint32_t kinds = node.end == ViolationKind::kNone ? 0 : Bit(node.end);
    for (const Edge& edge : EdgesOf(state)) {
      node.agents |= 1u << Index(edge.agent);
      if (edge.kind != ViolationKind::kNone) {
        kinds |= Bit(edge.kind);
      } else {
        node.agents |= AgentsFrom(edge.to);
        kinds |= KindsFrom(edge.to);
      }
    }
    node.kinds = static_cast<uint16_t>(kinds >> 1);
  }
}

}  // namespace gatherfuzz
