// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/looking.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "triage/tell/explain/summary.h"

namespace gatherfuzz {
namespace {

// How often a step of a thread that looks is shown.
constexpr int kShownLooks = 2;

bool Looks(const Trace& trace, AgentId agent) {
  return KindOf(agent) == AgentKind::kCpu && (trace.result.looking & CpuBit(CpuOf(agent))) != 0;
}

// The index of the last step of an agent, at a point if one is given, or -1.
int LastStep(const Trace& trace, AgentId agent, Point point = kNoPoint) {
  for (int i = static_cast<int>(trace.steps.size()) - 1; i >= 0; --i) {
    const StepEvent& event = trace.steps[static_cast<size_t>(i)].event;
    if (event.agent == agent && (point == kNoPoint || event.point == point)) return i;
  }
  return -1;
}

// Whether the step belongs to the last call of a thread that looks.
bool InLastCall(const Trace& trace, const StepEvent& event) {
  const int last = LastStep(trace, event.agent);
  return last >= 0 && trace.steps[static_cast<size_t>(last)].event.op == event.op;
}

// For each step, how often the thread has made it before, in the same call.
std::vector<int> TimesBefore(const Trace& trace) {
  std::map<std::tuple<AgentId, int, Point, int>, int> times;
  std::vector<int> before;
  for (const TraceStep& step : trace.steps) {
    const StepEvent& event = step.event;
    before.push_back(times[{event.agent, event.op, event.point, event.page}]++);
  }
  return before;
}

}  // namespace

std::string WhoLooks(const Trace& trace) {
  std::vector<std::string> names;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (Looks(trace, CpuAgent(MakeCpu(cpu)))) {
      names.push_back(CpuName(cpu, trace.end.kswapd_cpu()));
    }
  }
  return absl::StrCat(absl::StrJoin(names, " and "), names.size() == 1 ? " looks" : " look", " at ",
                      trace.result.violation.detail, " again and again");
}

std::vector<bool> StepsOfLooking(const Trace& trace) {
  const std::vector<int> before = TimesBefore(trace);
  std::vector<bool> shown(trace.steps.size(), false);
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    const StepEvent& event = trace.steps[i].event;
    const bool counts = BeginsGather(event.point) || event.point == Point::pending_inc_done ||
                        event.point == Point::pending_dec;
    const bool looks = Looks(trace, event.agent) && InLastCall(trace, event) &&
                       (event.point == Point::pending_read || event.point == Point::policy_read ||
                        event.point == Point::policy_rmw || before[i] > 0);
    shown[i] = counts || event.point == Point::syscall_return || (looks && before[i] < kShownLooks);
  }
  return shown;
}

std::vector<Sentence> ChainOfLooking(const Trace& trace) {
  std::vector<Sentence> chain;
  for (int cpu = 0; cpu < trace.end.cpu_count; ++cpu) {
    const AgentId agent = CpuAgent(MakeCpu(cpu));
    const int last = LastStep(trace, agent);
    if (!Looks(trace, agent) || last < 0) continue;
    std::string text = absl::StrCat(ActorOf(trace.steps[static_cast<size_t>(last)]),
                                    " looks again and again, and finds the same");
    const int raised = LastStep(trace, agent, Point::pending_inc);
    if (raised > LastStep(trace, agent, Point::pending_dec)) {
      absl::StrAppend(&text, "; it raised tlb_flush_pending at step ", raised + 1,
                      " and lowers it only after that");
    }
    chain.push_back({text + ".", last});
  }
  std::sort(chain.begin(), chain.end(),
            [](const Sentence& a, const Sentence& b) { return a.step < b.step; });
  chain.push_back({absl::StrCat("tlb_flush_pending stays at ", int{trace.end.mm.tlb_flush_pending},
                                ", and no agent can move but those that look: whatever way they "
                                "take turns, none is released."),
                   static_cast<int>(trace.steps.size()) - 1});
  return chain;
}

}  // namespace gatherfuzz
