// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/replay.h"

#include "fuzz/mutator.h"

namespace gatherfuzz {
namespace {

class Recorder final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World&) override {
    replay.push_back({event.agent,
                      {event.point, static_cast<int8_t>(event.page)},
                      event.old,
                      static_cast<uint8_t>(event.op)});
  }
  Replay replay;
};

bool SameStep(PendingStep a, PendingStep b) { return a.point == b.point && a.page == b.page; }

}  // namespace

const Replay& ReplayMember(const Schedule& schedule, int number) {
  static Execution execution;
  static Recorder recorder;
  const MutatorSettings& settings = Settings();
  recorder.replay.clear();
  execution.Load(schedule);
  execution.RunLoaded(*settings.policy, *settings.arch, MemberOf(schedule, number),
                      {.observer = &recorder});
  return recorder.replay;
}

void KeepSteps(const Replay& replay, size_t steps, FixedVector<Run, kMaxRuns>& order) {
  order.clear();
  AddSteps(replay, 0, steps, order);
}

void AddSteps(const Replay& replay, size_t first, size_t last, FixedVector<Run, kMaxRuns>& order) {
  for (size_t begin = first; begin < last;) {
    size_t end = begin + 1;
    const Point point = replay[begin].step.point;
    if (point == Point::pending_inc_done || point == Point::rcu_free) {
      if (!order.push_back({.kind = Run::Kind::kLate, .agent = replay[begin].agent})) return;
      begin = end;
      continue;
    }
    if (replay[begin].old != 0) {
      const AgentId agent = replay[begin].agent;
      const bool thread = KindOf(agent) == AgentKind::kCpu;
      const Run old{.kind = Run::Kind::kOld,
                    .agent = thread ? DetourAgent(CpuOf(agent)) : agent,
                    .count = static_cast<uint16_t>(replay[begin].old)};
      if (!order.push_back(old)) return;
      begin = end;
      continue;
    }
    // A delivery is a run of its own, and a detour ends one: naming it is also what chooses it.
    while (end < last && replay[end].agent == replay[begin].agent && replay[end].old == 0 &&
           (kChosenByName & MaskOf(replay[end - 1].step.point)) == 0) {
      ++end;
    }
    const auto& [agent, step, old, op] = replay[end - 1];
    Run run{.kind = Run::Kind::kUntilPoint, .agent = agent, .point = step.point};
    if (Info(step.point).has_page) run.page = step.page;
    run.count = 0;
    for (size_t i = begin; i < end; ++i) run.count += SameStep(replay[i].step, step);
    if (run.count > 255 || !order.push_back(run)) return;
    begin = end;
  }
}

}  // namespace gatherfuzz
