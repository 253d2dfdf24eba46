// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/prober.h"

#include <cstdlib>

namespace gatherfuzz {

// Sees the state after the first `at` steps, and who makes the next one.
class Prober::Watch final : public StepObserver {
 public:
  Watch(size_t at, World* state) : at_(at), state_(state) {}
  void OnStep(const StepEvent& event, const World& before) override {
    if (steps_++ != at_) return;
    if (state_ != nullptr) *state_ = before;
    next_ = {AgentToMove(event.agent, event.point), {event.point, static_cast<int8_t>(event.page)}};
    lent_ = event.lent;
    came_ = true;
  }
  bool came() const { return came_; }
  bool lent() const { return lent_; }
  const ProbedStep& next() const { return next_; }

 private:
  const size_t at_;
  World* const state_;
  size_t steps_ = 0;
  ProbedStep next_;
  bool came_ = false, lent_ = false;
};

RunResult Prober::Execute(const std::vector<AgentId>& order, Watch& watch) {
  schedule_.order.clear();
  // Where RCU frees tables no detour is tried, but its agent.
  const auto run = [&](AgentId agent) {
    const bool rcu = schedule_.rcu && KindOf(agent) == AgentKind::kDetour;
    return gatherfuzz::Run{
        .kind = rcu ? gatherfuzz::Run::Kind::kLate : gatherfuzz::Run::Kind::kCount, .agent = agent};
  };
  for (const AgentId agent : order) {
    if (!schedule_.order.push_back(run(agent))) std::abort();
  }
  // Then the first that can move, so that the next to move does not depend on who moved last: what
  // a thread does of its own before its next step is done only when it comes to move.
  for (int i = 0; i < kMaxAgents; ++i) {
    if (!schedule_.order.push_back(run(AgentId{static_cast<uint8_t>(i)}))) std::abort();
  }
  return execution_.Execute(schedule_, policy_, arch_, {.ignored = ignored_, .observer = &watch});
}

std::vector<ProbedStep> Prober::After(const std::vector<AgentId>& order) {
  std::vector<ProbedStep> able;
  std::vector<AgentId> with_next = order;
  with_next.emplace_back();
  for (int i = 0; i < kMaxAgents; ++i) {
    const AgentId agent{static_cast<uint8_t>(i)};
    if (Index(CpuOf(agent)) >= schedule_.cpus) continue;
    with_next.back() = agent;
    Watch watch(order.size(), nullptr);
    Execute(with_next, watch);
    if (watch.came() && watch.next().agent == agent && !watch.lent()) able.push_back(watch.next());
  }
  return able;
}

ViolationKind Prober::Run(const std::vector<AgentId>& order, World* state) {
  Watch watch(order.size(), state);
  const RunResult result = Execute(order, watch);
  if (!watch.came() && state != nullptr) *state = execution_.world();
  return result.violation.step <= order.size() ? result.violation.kind : ViolationKind::kNone;
}

}  // namespace gatherfuzz
