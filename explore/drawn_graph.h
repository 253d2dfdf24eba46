// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The graph of states as a strategy walks through it: a CPU delivers its oldest invalidation.
//
// States are numbered so that each step leads to a higher number, and each knows what may still
// come, so that one pass over the numbers answers how likely something is. Faithful to an
// Execution, but for one thing that no strategy can tell: there, a thread that has not begun and
// would block at once is taken for able to move, is chosen, and makes no step. A strategy then
// chooses again, as likely each of the others, or the next in its order.
#ifndef GATHERFUZZ_EXPLORE_DRAWN_GRAPH_H_
#define GATHERFUZZ_EXPLORE_DRAWN_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "explore/graph.h"

namespace gatherfuzz {

class DrawnGraph {
 public:
  using StateId = uint32_t;
  static constexpr StateId kStart = 0;

  // What one step of `agent` leads to: a state, or a violation.
  struct Edge {
    StateId to = 0;
    AgentId agent{};
    ViolationKind kind = ViolationKind::kNone;
  };

  // Nothing if there are more states than that (those counted that only deliveries in another order
  // lead to), if `stop` becomes true, or if the graph is endless (graph.h), which is then said.
  static std::optional<DrawnGraph> Make(const Schedule& schedule, const Policy& policy,
                                        const Arch& arch, uint32_t ignored, uint64_t most_states,
                                        const std::atomic<bool>& stop, bool* endless = nullptr);

  StateId states() const { return static_cast<StateId>(nodes_.size()); }
  // One for each agent that can move, in their order. None: the run is over, as EndOf says.
  std::span<const Edge> EdgesOf(StateId state) const {
    return std::span(edges_).subspan(nodes_[state].first_edge, nodes_[state].edges);
  }
  ViolationKind EndOf(StateId state) const { return nodes_[state].end; }
  // The agents that may still move from here, as a mask.
  uint32_t AgentsFrom(StateId state) const { return nodes_[state].agents; }
  // Bit(kind) of the violations that may still come.
  uint32_t KindsFrom(StateId state) const { return uint32_t{nodes_[state].kinds} << 1; }
  // Whether a thread can move somewhere while its own invalidation is pending.
  bool goes_on_undelivered() const { return goes_on_undelivered_; }

 private:
  struct Node {
    uint64_t first_edge = 0;
    uint32_t agents = 0;
    uint16_t kinds = 0;  // without kNone
    uint8_t edges = 0;
    ViolationKind end = ViolationKind::kNone;
  };

  void Copy(Graph& graph, const std::vector<Graph::StateId>& order);
  void LookAhead();

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  bool goes_on_undelivered_ = false;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_DRAWN_GRAPH_H_
