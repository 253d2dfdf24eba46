// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What can move after the first steps of an order, found from outside: each agent is given a turn
// of one step, and whoever moves, moves.
#ifndef GATHERFUZZ_TESTS_PROBER_H_
#define GATHERFUZZ_TESTS_PROBER_H_

#include <vector>

#include "harness/execution.h"

namespace gatherfuzz {

struct ProbedStep {
  AgentId agent{};
  PendingStep step;
};

class Prober {
 public:
  Prober(const Schedule& schedule, const Policy& policy, const Arch& arch, uint32_t ignored = 0)
      : schedule_(schedule), policy_(policy), arch_(arch), ignored_(ignored) {
    schedule_.order.clear();
    schedule_.tail = {};
  }

  // Those that can move after `order`, a step each, and what they would do.
  std::vector<ProbedStep> After(const std::vector<AgentId>& order);
  // Runs `order`; `state`, if not null, becomes the state after it. The violation is that of the
  // order's own steps, or none.
  ViolationKind Run(const std::vector<AgentId>& order, World* state);

 private:
  class Watch;
  RunResult Execute(const std::vector<AgentId>& order, Watch& watch);

  Schedule schedule_;
  const Policy& policy_;
  const Arch& arch_;
  const uint32_t ignored_;
  Execution execution_;
};

// The agents of a run, a step each, and what they did.
class OrderOf final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World&) override {
    steps.push_back(
        {AgentToMove(event.agent, event.point), {event.point, static_cast<int8_t>(event.page)}});
  }
  std::vector<AgentId> Agents() const {
    std::vector<AgentId> agents;
    for (const ProbedStep& step : steps) agents.push_back(step.agent);
    return agents;
  }
  std::vector<ProbedStep> steps;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_PROBER_H_
