// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What executions of one schedule's programs have seen, of all that there is to see: states, and
// pairs of conflicting steps (harness/conflict.h) of which one comes right after the other.
//
// All there is comes from the whole graph of states: deliveries in any order, and ends only where
// the programs end or the oracle says so. An execution is an observer's: it is followed through the
// graph, step by step. It must be of the same programs, policy and architecture, and ignore the
// same kinds of violation; a step that the graph does not have aborts.
#ifndef GATHERFUZZ_EXPLORE_COVERAGE_H_
#define GATHERFUZZ_EXPLORE_COVERAGE_H_

#include <atomic>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/graph.h"
#include "harness/execution.h"

namespace gatherfuzz {

// Which step of its agent's program; not the how manieth, if the program comes to it again.
struct StepName {
  AgentId agent{};
  int8_t line = 0;  // of the agent's program; 0 for deliveries
  Point point{};
  int8_t page = kNoPage;  // of a delivery: whose invalidation
  friend auto operator<=>(const StepName&, const StepName&) = default;
};

// Steps of two agents that conflict, the second right after the first.
struct StepPair {
  StepName first, second;
  // How many of the two are at telling points.
  int telling() const;
  friend auto operator<=>(const StepPair&, const StepPair&) = default;
};

struct Share {
  uint64_t seen = 0, all = 0;
};

class Coverage final : public StepObserver {
 public:
  // Nothing if there are more states than that, if `stop` becomes true, or if the graph is endless
  // (graph.h), which is then said.
  static std::optional<Coverage> Make(const Schedule& schedule, const Policy& policy,
                                      const Arch& arch, uint32_t ignored, uint64_t most_states,
                                      const std::atomic<bool>& stop, bool* endless = nullptr);

  // Before each execution whose observer this is.
  void BeginExecution();
  void OnStep(const StepEvent& event, const World& before) override;

  Share States() const;
  // By the preemptions (preemption.h) that it takes at least to get to them: none, one, and so on.
  std::vector<Share> StatesByPreemptions() const;
  Share Pairs() const;
  // The pairs that no execution had: the most telling first, then by their names.
  std::vector<StepPair> MissedPairs() const;

 private:
  using StateId = Graph::StateId;
  struct Edge {
    StateId to = 0;
    uint16_t step = 0;  // index of its name
    Action action{};
    bool ends = false;  // in a violation
  };
  struct Node {
    uint64_t first_edge = 0;
    uint8_t edges = 0;
    bool seen = false;
  };
  // A set of pairs of steps, by their indices.
  class PairSet {
   public:
    PairSet() = default;
    explicit PairSet(size_t steps) : steps_(steps), bits_(steps * steps) {}
    std::vector<bool>::reference at(size_t first, size_t second) {
      return bits_[first * steps_ + second];
    }
    bool contains(size_t first, size_t second) const { return bits_[first * steps_ + second]; }

   private:
    size_t steps_ = 0;
    std::vector<bool> bits_;
  };

  void Copy(Graph& graph);
  void FindPairs();
  std::span<const Edge> EdgesOf(StateId state) const {
    return std::span(edges_).subspan(nodes_[state].first_edge, nodes_[state].edges);
  }
  std::vector<int> PreemptionsByState() const;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<StepName> steps_;  // in order
  PairSet all_, seen_;
  StateId at_ = Graph::kStart;  // in the execution that is followed
  int last_ = -1;               // its last step
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_COVERAGE_H_
