// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Odds of strategy pct.
//
// Which agents are above which others is found out only as far as a run asks: of an order of
// priorities nothing is known at first; when one of the unknown agents is to move, the highest of
// them is drawn, and if that cannot move, the next. Drops are drawn when they come: each that is
// left comes after the step just made as likely as after each later one, and its place among those
// of the drops so far is as likely any as any other. Ways that agree in the state, in what is known
// of the agents that may still move, and in how many drops are left, go on as one.
#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "explore/odds.h"
#include "harness/fixed_vector.h"

namespace gatherfuzz {
namespace {

using StateId = DrawnGraph::StateId;

constexpr size_t kMostAgents = 14;  // numbers that a digit of four bits has room for, besides:
constexpr uint8_t kNobody = 14;     // at a place whose agent was dropped again, or is done
constexpr uint8_t kEnd = 15;        // of a list
constexpr int kMaxDrops = kMostPctDepth - 1;

// What is known of priorities.
struct Ranks {
  FixedVector<uint8_t, kMostAgents> above;  // the highest first; all others are below these
  FixedVector<uint8_t, kMaxDrops> dropped;  // the lowest first; all others are above these
  int left = 0;                             // drops to come

  uint32_t known() const {
    uint32_t agents = 0;
    for (const uint8_t agent : above) agents |= 1u << agent;
    for (const uint8_t agent : dropped) agents |= 1u << agent;
    return agents;
  }
};

// So likely a run comes to a state with such ranks.
struct Way {
  struct Key {
    StateId state = 0;
    uint32_t dropped = 0;  // and how many are left
    uint64_t above = 0;
    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H hash, const Key& it) {
      return H::combine(std::move(hash), it.state, it.dropped, it.above);
    }
  };
  Key key;
  Chance chance = 0;
};

template <typename Word, typename List>
Word Pack(const List& list, Word word) {
  word = word << 4 | kEnd;
  for (size_t i = list.size(); i-- > 0;) word = word << 4 | list[i];
  return word;
}
template <typename Word, typename List>
Word Unpack(Word word, List& list) {
  for (; (word & 15) != kEnd; word >>= 4) list.push_back(static_cast<uint8_t>(word & 15));
  return word >> 4;
}

Ranks RanksOf(const Way::Key& key) {
  Ranks ranks;
  Unpack(key.above, ranks.above);
  ranks.left = static_cast<int>(Unpack(key.dropped, ranks.dropped));
  return ranks;
}

constexpr Chance Choose(int n, int k) {
  Chance ways = 1;
  for (int i = 1; i <= k; ++i)
    ways = ways * static_cast<Chance>(n - k + i) / static_cast<Chance>(i);
  return ways;
}

class Pct {
 public:
  Pct(const DrawnGraph& graph, uint32_t steps) : graph_(graph), steps_(static_cast<int>(steps)) {
    for (uint32_t agents = graph.AgentsFrom(DrawnGraph::kStart); agents != 0;
         agents &= agents - 1) {
      agents_.push_back(AgentId(std::countr_zero(agents)));
    }
  }

  // Nothing if it was stopped.
  std::optional<Odds> Run(int drops, uint64_t most_work, const std::atomic<bool>& stop) {
    if (agents_.size() > kMostAgents) return std::nullopt;
    Push(DrawnGraph::kStart, {.left = drops}, 1);
    while (!ways_.empty()) {
      const std::vector<Way> ways = std::exchange(ways_, {});
      numbers_.clear();
      for (const Way& way : ways) {
        if (work_++ == most_work || stop) return std::nullopt;
        GoOn(way);
      }
      ++made_;
    }
    return odds_;
  }

 private:
  void GoOn(const Way& way) {
    const StateId state = way.key.state;
    const auto edges = graph_.EdgesOf(state);
    if (edges.empty()) {
      odds_.of[static_cast<size_t>(graph_.EndOf(state))] += way.chance;
      return;
    }
    able_ = 0;
    for (const DrawnGraph::Edge& edge : edges) able_ |= 1u << NumberOf(edge.agent);
    const Ranks ranks = RanksOf(way.key);
    const auto can_move = [&](uint8_t agent) { return (able_ >> agent & 1) != 0; };
    const auto mover = std::find_if(ranks.above.begin(), ranks.above.end(), can_move);
    if (mover != ranks.above.end()) return Make(state, ranks, *mover, way.chance);
    const uint32_t unknown = MayMoveFrom(state) & ~ranks.known();
    if ((unknown & able_) != 0) return Draw(state, ranks, unknown, way.chance);
    for (size_t i = ranks.dropped.size(); i-- > 0;) {
      if (can_move(ranks.dropped[i])) return Make(state, ranks, ranks.dropped[i], way.chance);
    }
  }

  // The highest of the unknown ones, until it is one that can move.
  void Draw(StateId state, const Ranks& ranks, uint32_t unknown, Chance chance) {
    const Chance each = chance / static_cast<Chance>(std::popcount(unknown));
    for (uint32_t rest = unknown; rest != 0; rest &= rest - 1) {
      const auto agent = static_cast<uint8_t>(std::countr_zero(rest));
      Ranks now = ranks;
      now.above.push_back(agent);
      if ((able_ >> agent & 1) != 0) {
        Make(state, now, agent, each);
      } else {
        Draw(state, now, unknown & ~(1u << agent), each);
      }
    }
  }

  // A step, and the drops after it.
  void Make(StateId state, const Ranks& ranks, uint8_t agent, Chance chance) {
    const auto edges = graph_.EdgesOf(state);
    const DrawnGraph::Edge& edge =
        *std::find_if(edges.begin(), edges.end(),
                      [&](const DrawnGraph::Edge& it) { return it.agent == agents_[agent]; });
    if (edge.kind != ViolationKind::kNone || graph_.KindsFrom(edge.to) == 0) {
      odds_.of[static_cast<size_t>(edge.kind)] += chance;
      return;
    }
    if (ranks.left == 0) return Push(edge.to, ranks, chance);
    const int later = steps_ - made_ - 1;  // steps that a drop may still come after
    for (int drops = 0; drops <= ranks.left; ++drops) {
      Chance here = chance * Choose(ranks.left, drops);
      for (int i = 0; i < ranks.left; ++i) {
        here *= static_cast<Chance>(i < drops ? 1 : later) / static_cast<Chance>(later + 1);
      }
      if (here != 0) Drop(edge.to, ranks, agent, drops, here);
    }
  }

  // So many drops at once: the agent gets the highest place of theirs.
  void Drop(StateId to, const Ranks& ranks, uint8_t agent, int drops, Chance chance) {
    if (drops == 0) return Push(to, ranks, chance);
    Ranks rest{.left = ranks.left - drops};
    for (const uint8_t other : ranks.above) {
      if (other != agent) rest.above.push_back(other);
    }
    const int places = static_cast<int>(ranks.dropped.size()) + drops;
    const Chance each = chance / Choose(places, drops);
    for (uint32_t own = 1; own < 1u << places; ++own) {
      if (std::popcount(own) != drops) continue;
      Ranks now = rest;
      for (int place = 0, old = 0; place < places; ++place) {
        const bool is_own = (own >> place & 1) != 0;
        const uint8_t before = is_own ? kNobody : ranks.dropped[static_cast<size_t>(old++)];
        const bool highest = own >> place == 1;
        now.dropped.push_back(highest ? agent : before == agent ? kNobody : before);
      }
      Push(to, now, each);
    }
  }

  // Forgets what does not matter any more.
  void Push(StateId state, const Ranks& ranks, Chance chance) {
    const uint32_t may_move = MayMoveFrom(state);
    const auto matters = [&](uint8_t agent) { return (may_move >> agent & 1) != 0; };
    Ranks kept;
    for (const uint8_t agent : ranks.above) {
      if (matters(agent)) kept.above.push_back(agent);
    }
    for (const uint8_t agent : ranks.dropped) {
      const bool named = agent != kNobody && matters(agent);
      if (named || ranks.left != 0) kept.dropped.push_back(named ? agent : kNobody);
    }
    const Way::Key key{.state = state,
                       .dropped = Pack(kept.dropped, static_cast<uint32_t>(ranks.left)),
                       .above = Pack(kept.above, uint64_t{0})};
    const auto [at, added] = numbers_.try_emplace(key, ways_.size());
    if (added) ways_.push_back({.key = key});
    ways_[at->second].chance += chance;
  }

  uint8_t NumberOf(AgentId agent) const {
    return static_cast<uint8_t>(std::find(agents_.begin(), agents_.end(), agent) - agents_.begin());
  }
  // As numbers.
  uint32_t MayMoveFrom(StateId state) const {
    const uint32_t from = graph_.AgentsFrom(state);
    uint32_t numbers = 0;
    for (size_t i = 0; i < agents_.size(); ++i) {
      numbers |= (from >> Index(agents_[i]) & 1) << i;
    }
    return numbers;
  }

  const DrawnGraph& graph_;
  const int steps_;
  FixedVector<AgentId, kMaxAgents> agents_;        // that move at all, by number
  int made_ = 0;                                   // steps
  std::vector<Way> ways_;                          // of runs that have made so many
  absl::flat_hash_map<Way::Key, size_t> numbers_;  // their places in it
  uint32_t able_ = 0;                              // in the state at hand
  uint64_t work_ = 0;
  Odds odds_;
};

}  // namespace

std::optional<Odds> OddsOfPct(const DrawnGraph& graph, int depth, uint32_t steps,
                              uint64_t most_work, const std::atomic<bool>& stop) {
  if (graph.goes_on_undelivered()) return std::nullopt;
  return Pct(graph, steps).Run(depth - 1, most_work, stop);
}

}  // namespace gatherfuzz
