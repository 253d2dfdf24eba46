// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The graph of states: every state with every action and what it leads to, made as it is asked for.
//
// For questions that one pass over the states does not answer: the shortest way to a violation, how
// likely one is, what was never seen. Without reduction, by one thread, so that a state's number is
// the same on every run. Takes some 60 bytes a state, and a bounded number of snapshots; a state
// whose snapshot is gone is reached again by replay. There are no cycles, unless it is endless.
#ifndef GATHERFUZZ_EXPLORE_GRAPH_H_
#define GATHERFUZZ_EXPLORE_GRAPH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "explore/action.h"
#include "explore/key.h"
#include "explore/stepper.h"

namespace gatherfuzz {

class Graph {
 public:
  using StateId = uint32_t;
  static constexpr StateId kStart = 0;

  // What an action leads to: a state, or a violation.
  struct Edge {
    StateId to = 0;  // if there is no violation
    Action action{};
    ViolationKind kind = ViolationKind::kNone;
    bool oldest = true;  // of a delivery: of those that wait at its CPU, the first issued
    Point point{};       // what the step is
    int8_t page = kNoPage;
    int8_t line = 0;  // of its agent's program; 0 for deliveries
  };

  // `schedule` must outlive the graph. `queue_order` as in key.h.
  Graph(const Schedule& schedule, const Policy& policy, const Arch& arch, uint32_t ignored = 0,
        bool queue_order = false);

  // The actions of a state, in the order of Action. None: the run is over, as EndOf says.
  std::span<const Edge> EdgesOf(StateId state);
  // Of a state without edges, or with such only that take an old value: kNone, or what is wrong
  // with it.
  ViolationKind EndOf(StateId state) const { return nodes_[state].end; }
  // Makes the whole graph, or gives up at so many states, or if it is endless: false.
  bool MakeAll(uint64_t most_states);
  // Whether a way has no end, as far as is known: a thread goes round (round.h), so there is a
  // cycle, or a way has more steps than a run may have. What flows along ways is then not to be
  // computed.
  bool endless() const { return endless_; }
  // Whether there was a step at which the memory model had no room; what follows it is not known.
  bool out_of_stores() const { return out_of_stores_; }

  // The states made so far, and of which the edges are known.
  uint64_t states() const { return nodes_.size(); }
  uint64_t expanded() const { return expanded_; }
  uint64_t bytes() const;  // of memory; what is about to grow counts as grown (held.h)
  const Key& KeyOf(StateId state) const { return nodes_[state].key; }
  // Null if there is no such state (yet).
  const StateId* Find(const Key& key) const;
  // A way to a state, from the start.
  Path PathTo(StateId state) const;

 private:
  struct Node {
    Key key;
    uint64_t first_edge = 0;
    StateId parent = 0;
    Action by = kNoAction;  // from the parent
    uint8_t edges = 0;
    bool expanded = false;
    ViolationKind end = ViolationKind::kNone;
  };
  struct Kept {
    StateId state = ~StateId{0};
    std::unique_ptr<Stepper::Snapshot> snapshot;
  };

  StateId Add(const Key& key, StateId parent, Action by);
  void Expand(StateId state);
  void GoTo(StateId state);
  void Keep(StateId state);
  Edge EdgeFor(StateId from, Action action);

  Stepper stepper_;
  StateWriter writer_;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  absl::flat_hash_map<Key, StateId> numbers_;
  std::vector<Kept> kept_;  // of a state, at its number modulo their count
  uint64_t snapshots_ = 0;  // their bytes
  uint64_t expanded_ = 0;
  bool endless_ = false, out_of_stores_ = false;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_GRAPH_H_
