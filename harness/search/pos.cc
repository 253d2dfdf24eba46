// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pos: partial order sampling (Yuan, Yang, Gu, CAV 2018).
//
// Each pending step has a random priority and the highest moves; then the steps that conflict with
// it (conflict.h), and the mover's next one, get new priorities. A detour is a step of its own
// among them. No parameters, and no estimate.
#include <algorithm>
#include <array>
#include <bit>

#include "harness/random.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

class Pos final : public Strategy {
 public:
  void Begin(const Schedule&, const Tail& tail) override {
    random_ = Random(tail.seed);
    priority_.fill(0);
    mover_ = {};
    made_ = {};
  }

  Move Next(const Situation& now) override {
    priority_[Index(mover_)] = 0;
    priority_[Index(DetourAgent(CpuOf(mover_)))] = 0;
    AgentId best{};
    uint32_t highest = 0;
    const bool joined = !now.joined.empty();
    for (uint32_t agents = now.runnable; agents != 0; agents &= agents - 1) {
      const int agent = std::countr_zero(agents);
      const bool same_cpu = CpuOf(AgentId(agent)) == CpuOf(mover_);
      const PendingStep pending = now.Pending(AgentId(agent));
      uint32_t priority = Conflict(made_, pending, same_cpu) ? 0 : priority_[agent];
      if (joined && ConflictsWithAny(now, pending, same_cpu)) priority = 0;
      while (priority == 0) priority = static_cast<uint32_t>(random_.Next() >> 32);
      priority_[agent] = priority;
      const bool higher = priority > highest;
      highest = higher ? priority : highest;
      best = higher ? AgentId(agent) : best;
    }
    mover_ = best;
    made_ = now.Pending(best);
    return {.agent = best, .steps = 1};
  }

 private:
  // With what the mover made behind its step without a choice.
  static bool ConflictsWithAny(const Situation& now, PendingStep pending, bool same_cpu) {
    return std::any_of(now.joined.begin(), now.joined.end(),
                       [&](const PendingStep& made) { return Conflict(made, pending, same_cpu); });
  }

  Random random_{0};
  std::array<uint32_t, kMaxAgents> priority_{};  // 0: is drawn when it is asked for
  AgentId mover_{};
  PendingStep made_;
};

}  // namespace

std::unique_ptr<Strategy> MakePos() { return std::make_unique<Pos>(); }

}  // namespace gatherfuzz
