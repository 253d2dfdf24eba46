// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// surw: selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025).
//
// The orders of a chosen set of steps are drawn alike, as far as the number that each agent will
// make is known: the agent that makes the next of the set is drawn in proportion to how many it has
// left; until then any agent moves whose next step is not of the set. The set is that of the
// telling steps (conflict.h), the numbers are estimates (estimate.h).
#include <array>
#include <bit>

#include "harness/random.h"
#include "harness/search/estimate.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

class Surw final : public Strategy {
 public:
  void Begin(const Schedule& schedule, const Tail& tail) override {
    random_ = Random(tail.seed);
    left_ = ExpectedTellingSteps(schedule);
    cpus_ = schedule.cpus;
    has_intended_ = false;
    mover_ = 0;
  }

  Move Next(const Situation& now) override {
    if (!now.joined.empty()) [[unlikely]]
      CountJoined(now);
    uint32_t telling = now.runnable & kTellingAgents;  // whose next step is of the set
    uint32_t threads = 0;
    for (int i = 0; i < cpus_; ++i) {
      threads |= uint32_t{IsTelling(now.PendingOfThread(i).point)} << i;
    }
    telling |= now.runnable & threads;
    for (uint32_t agents = Others(now.runnable & ~kTellingAgents); agents != 0;
         agents &= agents - 1) {
      const int agent = std::countr_zero(agents);
      telling |= uint32_t{IsTelling(now.Pending(AgentId(agent)).point)} << agent;
    }
    const uint32_t free = now.runnable & ~telling;
    if (!has_intended_ || (free == 0 && (telling >> Index(intended_) & 1) == 0)) {
      DrawIntended(free == 0 ? telling : now.runnable);
    }
    const uint32_t allowed = free | (telling & 1u << Index(intended_));
    const auto count = static_cast<uint32_t>(std::popcount(allowed));
    const AgentId agent = NthAgent(allowed, random_.Below(count));
    if ((telling >> Index(agent) & 1) != 0) {
      left_[Index(agent)] -= left_[Index(agent)] > 1;
      has_intended_ = false;
    }
    mover_ = Index(agent);
    return {.agent = agent, .steps = 1};
  }

 private:
  // What the last mover made behind its step without a choice.
  void CountJoined(const Situation& now) {
    for (const PendingStep& step : now.joined) {
      left_[mover_] -= IsTelling(step.point) && left_[mover_] > 1;
    }
  }
  static bool IsTelling(Point point) {
    static constexpr auto kTells = [] {
      std::array<bool, 256> table{};  // also of kNoPoint
      for (size_t i = 0; i < kPointCount; ++i) table[i] = kPoints[i].is(role::kTelling);
      return table;
    }();
    return kTells[static_cast<size_t>(point)];
  }
  // Whose next step is of the set whatever it is.
  static constexpr uint32_t kTellingAgents = Info(Point::deliver).is(role::kTelling)
                                                 ? ((1u << kMaxCpus) - 1)
                                                       << Index(DeliveryAgent(MakeCpu(0)))
                                                 : 0;
  // But the threads of the schedule's CPUs.
  uint32_t Others(uint32_t agents) const { return agents & ~((1u << cpus_) - 1); }

  // How many the thread has left, if it is of `agents`.
  uint32_t LeftOf(uint32_t agents, int thread) const {
    return left_[static_cast<size_t>(thread)] & -(agents >> thread & 1);
  }

  // Goes through all threads, also those that cannot move: a loop that is as long each time can be
  // predicted.
  void DrawIntended(uint32_t agents) {
    uint32_t sum = 0;
    for (int i = 0; i < cpus_; ++i) sum += LeftOf(agents, i);
    for (uint32_t rest = Others(agents); rest != 0; rest &= rest - 1) {
      sum += left_[std::countr_zero(rest)];
    }
    // The last one of whom all before make no more than that. Without a branch: none could guess.
    const uint32_t at = random_.Below(sum);
    uint32_t before = 0;
    int last = 0;
    for (int i = 0; i < cpus_; ++i) {
      const uint32_t left = LeftOf(agents, i);
      last = ((left != 0) & (before <= at)) ? i : last;
      before += left;
    }
    for (uint32_t rest = Others(agents); rest != 0; rest &= rest - 1) {
      const int agent = std::countr_zero(rest);
      last = before <= at ? agent : last;
      before += left_[agent];
    }
    intended_ = AgentId(last);
    has_intended_ = true;
  }

  Random random_{0};
  std::array<uint16_t, kMaxAgents> left_{};  // at least 1
  AgentId intended_{};
  bool has_intended_ = false;
  int cpus_ = 0;
  int mover_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> MakeSurw() { return std::make_unique<Surw>(); }

}  // namespace gatherfuzz
