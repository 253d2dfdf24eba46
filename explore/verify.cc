// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/verify.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "explore/held.h"

namespace gatherfuzz {
namespace {

// What an action, or the end, leads to.
struct Outcome {
  Action action{};
  ViolationKind kind = ViolationKind::kNone;
  Key key;  // of the state after it, if that is no violation
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Steps of a way; it is followed by recursion.
constexpr size_t kMostDepth = 8192;

struct State {
  std::vector<uint64_t> words;
  std::vector<Outcome> outcomes;
};

std::string Name(Action action, PendingStep step) {
  const std::string agent = action == kNoAction ? "the end" : AgentName(AgentOf(action));
  if (action == kNoAction) return agent;
  const std::string page = step.page == kNoPage ? "" : "(" + std::to_string(step.page) + ")";
  return agent + " " + Info(step.point).name + page;
}

class Verifier {
 public:
  Verifier(const Schedule& schedule, const ExploreSettings& settings, const std::atomic<bool>& stop)
      : settings_(settings), stop_(stop), began_(std::chrono::steady_clock::now()) {
    stepper_.Begin(schedule, *settings.policy, *settings.arch, settings.ignored);
  }

  VerifyResult Run() {
    Visit();
    result_.states = states_.size();
    return result_;
  }

 private:
  bool over() const { return result_.stopped != Stop::kNo || !result_.fault.empty(); }

  void Visit() {
    const Key key = writer_.KeyOf(stepper_);
    const std::span<const uint64_t> words = writer_.Words(stepper_);
    const auto [at, added] = states_.try_emplace(key);
    std::unique_ptr<State>& known = at->second;
    if (!added) return Compare(*known, words);
    known = std::make_unique<State>();
    known->words.assign(words.begin(), words.end());
    State& state = *known;  // stays where it is when the table grows
    state.outcomes = Outcomes();
    result_.bytes +=
        sizeof(State) + state.words.capacity() * 8 + state.outcomes.capacity() * sizeof(Outcome);
    const auto here = std::make_unique<Stepper::Snapshot>();
    Save(*here);
    held_ += BytesOf(*here);
    CheckLimits();
    for (const Outcome& outcome : state.outcomes) {
      if (over()) return;
      if (outcome.action == kNoAction || outcome.kind != ViolationKind::kNone) continue;
      if (outcome.key == Key{}) {  // the memory model had no room
        result_.stopped = Stop::kStores;
        return;
      }
      Step(outcome.action);
      Visit();
      GoBackTo(*here);
    }
    held_ -= BytesOf(*here);
  }

  // What every action leads to from here; leaves the stepper here.
  std::vector<Outcome> Outcomes() {
    std::vector<Outcome> outcomes;
    Save(scratch_);
    Actions able = stepper_.Able();
    if (able.stand()) {
      Outcome end{.action = kNoAction};
      if (!stepper_.Judge()) end.kind = stepper_.violation().kind;
      outcomes.push_back(end);
    }
    while (!able.empty()) {
      Outcome outcome{.action = able.TakeFirst()};
      if (Step(outcome.action)) {
        outcome.key = writer_.KeyOf(stepper_);
      } else {
        outcome.kind = stepper_.violation().kind;
      }
      outcomes.push_back(outcome);
      GoBackTo(scratch_);
    }
    return outcomes;
  }

  void Compare(const State& known, std::span<const uint64_t> words) {
    ++result_.merges;
    if (!std::equal(words.begin(), words.end(), known.words.begin(), known.words.end())) {
      result_.fault = "two different states have the same hash";
      return;
    }
    const std::vector<Outcome> outcomes = Outcomes();
    const auto [here, there] = std::mismatch(outcomes.begin(), outcomes.end(),
                                             known.outcomes.begin(), known.outcomes.end());
    if (here == outcomes.end() && there == known.outcomes.end()) return;
    result_.fault = "two states that are written alike have different futures: ";
    if (here == outcomes.end()) {
      result_.fault += "another agent can move";
    } else {
      result_.fault +=
          Name(here->action, stepper_.Next(here->action)) + " does not lead to the same";
    }
    result_.fault += ", after " + std::to_string(stepper_.steps()) + " steps";
  }

  uint64_t Bytes() const { return result_.bytes + held_ + BytesOfTable(states_) + BytesOf(path_); }

  void CheckLimits() {
    const ExploreLimits& limits = settings_.limits;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
    result_.stopped = stop_.load()                       ? Stop::kAsked
                      : states_.size() >= limits.states  ? Stop::kStates
                      : Bytes() >= limits.bytes          ? Stop::kMemory
                      : path_.size() >= kMostDepth       ? Stop::kSteps
                      : passed.count() >= limits.seconds ? Stop::kSeconds
                                                         : Stop::kNo;
  }

  // Going back: by snapshot, or by replay of the path.
  bool Step(Action action) {
    path_.push_back(action);
    return stepper_.Step(action);
  }
  void Save(Stepper::Snapshot& to) const {
    to.steps = static_cast<uint32_t>(path_.size());
    if (kFibersCanGoBack) stepper_.Save(to);
  }
  void GoBackTo(const Stepper::Snapshot& snapshot) {
    path_.resize(snapshot.steps);
    if (kFibersCanGoBack) return stepper_.GoBackTo(snapshot);
    stepper_.Restart();
    for (const Action action : path_) stepper_.Step(action);
  }

  const ExploreSettings& settings_;
  const std::atomic<bool>& stop_;
  const std::chrono::steady_clock::time_point began_;
  Stepper stepper_;
  StateWriter writer_;
  Path path_;
  Stepper::Snapshot scratch_;
  absl::flat_hash_map<Key, std::unique_ptr<State>> states_;
  uint64_t held_ = 0;  // bytes of the snapshots on the way here
  VerifyResult result_;
};

}  // namespace

VerifyResult Verify(const Schedule& schedule, const ExploreSettings& settings,
                    const std::atomic<bool>& stop) {
  return std::make_unique<Verifier>(schedule, settings, stop)->Run();
}

}  // namespace gatherfuzz
