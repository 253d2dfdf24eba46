// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/chain.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "triage/tell/explain/stale_chain.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/looking.h"

namespace gatherfuzz {
namespace {

// The last step at `point` of an agent before `end`, or -1.
int LastOf(const Trace& trace, AgentId agent, PointMask points, int end) {
  for (int i = end - 1; i >= 0; --i) {
    const StepEvent& event = trace.steps[static_cast<size_t>(i)].event;
    if (event.agent == agent && (points & MaskOf(event.point)) != 0) return i;
  }
  return -1;
}

int LastStepOf(const Trace& trace, AgentId agent) {
  for (int i = static_cast<int>(trace.steps.size()) - 1; i >= 0; --i) {
    if (trace.steps[static_cast<size_t>(i)].event.agent == agent) return i;
  }
  return -1;
}

std::vector<Sentence> ChainOfDeadlock(const Trace& trace) {
  std::vector<Sentence> chain;
  for (int cpu = 0; cpu < trace.end.cpu_count; ++cpu) {
    const AgentId agent = CpuAgent(MakeCpu(cpu));
    const int last = LastStepOf(trace, agent);
    const PendingStep next = trace.next[static_cast<size_t>(cpu)];
    const bool in_finish = trace.end.cpus[static_cast<size_t>(cpu)].call.waiting != 0;
    if (last < 0 || (!in_finish && next.point == kNoPoint)) continue;
    std::string text = absl::StrCat(
        "Since then ", ActorOf(trace.steps[static_cast<size_t>(last)]),
        in_finish ? " waits in its finish" : " waits at " + StepName(next.point, next.page));
    const int raised = LastOf(trace, agent, kBeginsGather, last + 1);
    if (raised > LastOf(trace, agent, MaskOf(Point::pending_dec), last + 1)) {
      absl::StrAppend(&text, "; it raised tlb_flush_pending at step ", raised + 1,
                      " and lowers it only after that");
    }
    Add(chain, {text + ".", last});
  }
  chain.push_back({absl::StrCat("tlb_flush_pending stays at ", int{trace.end.mm.tlb_flush_pending},
                                ", and no agent can move: each waits for what another does only "
                                "after its own wait."),
                   static_cast<int>(trace.steps.size()) - 1});
  return chain;
}

std::vector<Sentence> ChainOfEndlessFault(const Trace& trace) {
  const Violation& it = trace.result.violation;
  std::vector<Sentence> chain;
  for (int i = 0; i < static_cast<int>(trace.steps.size()); ++i) {
    const TraceStep& step = trace.steps[static_cast<size_t>(i)];
    const StepEvent& event = step.event;
    const bool last_call =
        event.agent == CpuAgent(MakeCpu(it.cpu)) && event.op == trace.steps.back().event.op;
    if (!last_call || event.page != it.page || event.point != Point::fault) continue;
    chain.push_back({absl::StrCat(ActorOf(step), " faults",
                                  chain.empty() ? "." : " again, on a PTE that allows it."),
                     i});
  }
  chain.push_back(
      {absl::StrCat(FaultsForTlb(trace)
                        ? "Its TLB holds an entry for that page which does not allow the access"
                        : "Its walk cache leads to a frame that is not the page's table any more",
                    "; no gather is live and no invalidation is pending, so nothing will drop it."),
       static_cast<int>(trace.steps.size()) - 1});
  return chain;
}

std::vector<Sentence> ChainOfStarvation(const Trace& trace) {
  const AgentId waiter = CpuAgent(MakeCpu(trace.result.violation.cpu));
  const int last = LastStepOf(trace, waiter);
  std::vector<Sentence> chain;
  if (last < 0) return chain;
  chain.push_back({absl::StrCat("After that ", ActorOf(trace.steps[static_cast<size_t>(last)]),
                                " waits in its finish until no other gather is live."),
                   last});
  for (int i = last + 1; i < static_cast<int>(trace.steps.size()); ++i) {
    const TraceStep& step = trace.steps[static_cast<size_t>(i)];
    if (step.event.point != Point::syscall_return) continue;
    const int began = LastOf(trace, step.event.agent, kBeginsGather, i);
    if (began < last) continue;
    chain.push_back({absl::StrCat(ActorOf(step), ", which began its gather at step ", began + 1,
                                  ", after the wait, has returned."),
                     i});
  }
  chain.push_back({absl::StrCat("tlb_flush_pending is ", int{trace.end.mm.tlb_flush_pending},
                                ": again a gather is live that began after the wait. As long as "
                                "others come, the wait does not end."),
                   static_cast<int>(trace.steps.size()) - 1});
  return chain;
}

}  // namespace

void Add(std::vector<Sentence>& chain, Sentence sentence) {
  const auto later = [](int step, const Sentence& other) { return step < other.step; };
  chain.insert(std::upper_bound(chain.begin(), chain.end(), sentence.step, later),
               std::move(sentence));
}

std::vector<Sentence> ChainOf(const Trace& trace, const Cause& cause) {
  switch (Info(trace.result.violation.kind).about) {
    case ViolationAbout::kLeaf:
    case ViolationAbout::kTable: return ChainOfStale(trace, cause);
    case ViolationAbout::kFault: return ChainOfEndlessFault(trace);
    case ViolationAbout::kWait: return ChainOfDeadlock(trace);
    case ViolationAbout::kLooking: return ChainOfLooking(trace);
    case ViolationAbout::kOvertaken: return ChainOfStarvation(trace);
    case ViolationAbout::kBalance:
    case ViolationAbout::kNothing: break;
  }
  return {{absl::StrCat(cause.judged < 0 ? "The run" : ActorOf(trace.steps.back()), ": ",
                        SummaryOf(trace)),
           cause.judged}};
}

}  // namespace gatherfuzz
