// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/shortest.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "explore/held.h"
#include "explore/preemption.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

using StateId = Graph::StateId;

constexpr size_t kMostSteps = 60'000;  // of a way; Way counts in 16 bits

// A state, and who moved last on the way there; or a violation, which is an action from a state.
struct Place {
  StateId state = 0;
  Action last = kNoAction;
  friend bool operator==(const Place&, const Place&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Place& place) {
    return H::combine(std::move(hash), place.state, static_cast<uint8_t>(place.last));
  }
};

// The cheapest way to a place that is known.
struct Way {
  Place from;
  Action by = kNoAction;
  uint16_t preemptions = 0;
  uint16_t steps = 0;
  bool settled = false;
};

// What is to be looked at next, of one cost: a place, or a violation one action further.
struct Item {
  Place place;
  Action violation = kNoAction;
  ViolationKind kind = ViolationKind::kNone;
};

class Search {
 public:
  Search(Graph& graph, uint32_t kinds, int most, const ExploreLimits& limits,
         const std::atomic<bool>& stop, const AcceptPath& accept)
      : graph_(graph), kinds_(kinds), most_(most), limits_(limits), stop_(stop), accept_(accept) {}

  ShortestResult Run() {
    ways_[Place{}] = {};
    Push(0, 0, {});
    for (size_t level = 0; level < levels_.size(); ++level) {
      for (size_t steps = 0; steps < levels_[level].size(); ++steps) {
        // The list may grow while it is gone through: by ends, which take no step.
        for (size_t i = 0; i < levels_[level][steps].size(); ++i) {
          if (Settle(Item(levels_[level][steps][i]), level, steps)) return result_;
        }
      }
      levels_[level] = {};
      result_.preemptions = static_cast<int>(level);
    }
    return result_;
  }

 private:
  // True if the search is over.
  bool Settle(const Item& item, size_t level, size_t steps) {
    if (item.kind != ViolationKind::kNone) {
      return Meet({.kind = item.kind,
                   .preemptions = static_cast<int>(level),
                   .steps = static_cast<int>(steps),
                   .path = PathTo(item)});
    }
    Way& way = ways_[item.place];
    if (way.settled) return false;
    way.settled = true;
    if ((++settled_ % 256 == 0 || too_long_ || graph_.out_of_stores() || Full()) && Stopped()) {
      return true;
    }
    FollowAll(item.place, level, steps);
    return false;
  }

  // True if the violation is accepted.
  bool Meet(const Counterexample& violation) {
    const bool accepted = !accept_ || accept_(violation.path);
    if (!result_.cheapest) {
      result_.cheapest = violation;
      if (!accepted) result_.cheapest->path.clear();
    }
    if (accepted) result_.found = violation;
    return accepted;
  }

  void FollowAll(Place place, size_t level, size_t steps) {
    const std::span<const Graph::Edge> edges = graph_.EdgesOf(place.state);
    Actions able;
    for (const Graph::Edge& edge : edges) able.Add(edge.action);
    if (able.stand()) {
      const ViolationKind end = graph_.EndOf(place.state);
      if (Wanted(end)) Push(level, steps, {.place = place, .kind = end});
    }
    for (const Graph::Edge& edge : edges) {
      const size_t cost = level + (Preempts(place.last, able, edge.action) ? 1 : 0);
      if (most_ >= 0 && cost > static_cast<size_t>(most_)) continue;
      if (edge.kind == ViolationKind::kNone) {
        Follow(place, edge, cost, steps + 1);
      } else if (Wanted(edge.kind)) {
        Push(cost, steps + 1, {place, edge.action, edge.kind});
      }
    }
  }

  void Follow(Place from, const Graph::Edge& edge, size_t preemptions, size_t steps) {
    const Place to{edge.to, LastAfter(from.last, edge.action)};
    if (steps > kMostSteps) too_long_ = true;
    const auto [at, added] = ways_.try_emplace(to);
    Way& way = at->second;
    const auto cost = std::pair(preemptions, steps);
    if (!added && (way.settled || std::pair<size_t, size_t>(way.preemptions, way.steps) <= cost)) {
      return;
    }
    way = {from, edge.action, static_cast<uint16_t>(preemptions), static_cast<uint16_t>(steps)};
    Push(preemptions, steps, {.place = to});
  }

  void Push(size_t preemptions, size_t steps, Item item) {
    if (levels_.size() <= preemptions) levels_.resize(preemptions + 1);
    if (levels_[preemptions].size() <= steps) levels_[preemptions].resize(steps + 1);
    std::vector<Item>& items = levels_[preemptions][steps];
    const size_t before = items.capacity();
    items.push_back(item);
    queued_ += (items.capacity() - before) * sizeof(Item);
  }

  bool Wanted(ViolationKind kind) const {
    return kind != ViolationKind::kNone && (kinds_ & Bit(kind)) != 0;
  }

  // A limit that is kept, so looked at in every state.
  bool Full() const { return graph_.states() > limits_.states || Bytes() > limits_.bytes; }
  uint64_t Bytes() const { return graph_.bytes() + BytesOfTable(ways_) + queued_; }

  bool Stopped() {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
    result_.stopped = stop_.load()                       ? Stop::kAsked
                      : graph_.states() > limits_.states ? Stop::kStates
                      : Bytes() > limits_.bytes          ? Stop::kMemory
                      : passed.count() > limits_.seconds ? Stop::kSeconds
                      : too_long_                        ? Stop::kSteps
                      : graph_.out_of_stores()           ? Stop::kStores
                                                         : Stop::kNo;
    return result_.stopped != Stop::kNo;
  }

  Path PathTo(const Item& item) const {
    Path path;
    if (item.violation != kNoAction) path.push_back(item.violation);
    for (Place place = item.place; place != Place{};) {
      const Way& way = ways_.at(place);
      path.push_back(way.by);
      place = way.from;
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  Graph& graph_;
  const uint32_t kinds_;
  const int most_;
  const ExploreLimits& limits_;
  const std::atomic<bool>& stop_;
  const AcceptPath& accept_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  absl::flat_hash_map<Place, Way> ways_;
  std::vector<std::vector<std::vector<Item>>> levels_;  // by preemptions, by steps
  uint64_t settled_ = 0, queued_ = 0;  // bytes in levels_, those of levels that are over included
  bool too_long_ = false;              // a way has more steps than are counted
  ShortestResult result_;
};

}  // namespace

ShortestResult FindShortest(Graph& graph, uint32_t kinds, int most_preemptions,
                            const ExploreLimits& limits, const std::atomic<bool>& stop,
                            const AcceptPath& accept) {
  return Search(graph, kinds, most_preemptions, limits, stop, accept).Run();
}

int PreemptionsOf(const Schedule& schedule, const Policy& policy, const Arch& arch,
                  const Path& path, uint32_t ignored) {
  Stepper stepper;
  return PreemptionsOf(stepper, schedule, policy, arch, path, ignored);
}

int PreemptionsOf(Stepper& stepper, const Schedule& schedule, const Policy& policy,
                  const Arch& arch, const Path& path, uint32_t ignored) {
  stepper.Begin(schedule, policy, arch, ignored);
  int preemptions = 0;
  Action last = kNoAction;
  for (const Action action : path) {
    // A run of a livelock goes on until it has seen that nobody can be released.
    if (!stepper.Able(action)) break;
    preemptions += Preempts(last, stepper.Able(), action);
    last = LastAfter(last, action);
    // A run of a livelock goes on until it has seen that nobody can be released.
    if (!stepper.Able(action) || !stepper.Step(action)) break;
  }
  return preemptions;
}

Schedule SpelledOut(const Schedule& programs, const Path& path) {
  Schedule schedule = programs;
  schedule.order.clear();
  schedule.tail = {};
  for (const Action action : path) {
    Run run{.kind = Run::Kind::kCount, .agent = AgentOf(action)};
    if (IsOld(action)) {
      run.kind = Run::Kind::kOld;
      run.count = static_cast<uint16_t>(OldOf(action));
    }
    if (IsLate(action)) run.kind = Run::Kind::kLate;
    if (IsDelivery(action)) {
      run.kind = Run::Kind::kUntilPoint;
      run.point = Point::deliver;
      run.page = static_cast<int8_t>(Index(IssuerOf(action)));
    }
    Run* const before = schedule.order.empty() ? nullptr : &schedule.order.back();
    if (before != nullptr && before->agent == run.agent && before->kind == run.kind &&
        run.kind == Run::Kind::kCount && !IsDetour(action)) {
      ++before->count;
    } else {
      schedule.order.push_back(run);
    }
  }
  return schedule;
}

Schedule ScheduleOf(const Schedule& programs, const Policy& policy, const Arch& arch,
                    const Path& path, uint32_t ignored) {
  const auto execution = std::make_unique<Execution>();
  const auto run = [&](const Schedule& schedule) {
    return Record(*execution, schedule, policy, arch, ignored);
  };
  const Schedule spelled = SpelledOut(programs, path);
  const uint64_t trace = run(spelled).result.trace_hash;
  const auto same = [&](const Schedule& schedule) {
    return execution->Execute(schedule, policy, arch, {.ignored = ignored}).trace_hash == trace;
  };
  Schedule named = NameSwitches(spelled, run(spelled));
  if (!same(named)) return spelled;
  // Much of it happens by itself. A blocked agent lends its turn, if it has one: so deliveries go
  // first. The rest comes last.
  const auto drop = [&](auto may_go) {
    for (size_t i = named.order.size(); i-- > 0;) {
      Schedule shorter = named;
      shorter.order.erase(i);
      if (may_go(named.order[i]) && same(shorter)) named = shorter;
    }
    const Schedule merged = NameSwitches(named, run(named));
    if (merged.order.size() < named.order.size() && same(merged)) named = merged;
  };
  drop([](const Run& run) { return KindOf(run.agent) == AgentKind::kInvalidation; });
  drop([](const Run&) { return true; });
  return named;
}

}  // namespace gatherfuzz
