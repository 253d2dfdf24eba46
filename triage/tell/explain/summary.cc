// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/summary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "explore/io/strings.h"
#include "triage/tell/looking.h"

namespace gatherfuzz {

std::string OpName(const Op& op) {
  const OpInfo& info = Info(op.kind);
  if (info.operands == Operands::kNone || info.operands == Operands::kAll) return info.told();
  if (info.operands == Operands::kMm) return absl::StrCat(info.told(), " mm", op.range.begin);
  if (info.operands == Operands::kTwoPages) {
    return absl::StrCat(info.told(), " of pages ", op.range.begin, " and ", op.to);
  }
  return info.operands == Operands::kPage
             ? absl::StrCat(info.told(), " of page ", op.range.begin)
             : absl::StrCat(info.told(), " of ", op.range.begin, "..", op.range.end);
}

std::string ActorOf(const TraceStep& step) {
  return absl::StrCat(AgentName(step.event.agent, step.event.point, step.kswapd),
                      step.op ? "'s " + OpName(*step.op) : "");
}

std::string StepName(Point point, int page) {
  return absl::StrCat(Info(point).name, page == kNoPage ? "" : absl::StrCat("(", page, ")"));
}

std::string CallInQuestion(const Trace& trace) {
  // Of a table that RCU frees: who handed it over.
  if (!trace.steps.empty() && trace.steps.back().handed_at != 0) {
    return ActorOf(trace.steps[trace.steps.back().handed_at - 1]);
  }
  const int cpu = trace.result.violation.cpu;
  for (size_t i = trace.steps.size(); i-- > 0 && cpu >= 0;) {
    const TraceStep& step = trace.steps[i];
    if (step.event.agent == CpuAgent(MakeCpu(cpu))) return ActorOf(step);
  }
  return trace.steps.empty() ? "the initial state" : ActorOf(trace.steps.back());
}

std::string SummaryOf(const Trace& trace) {
  const Violation& it = trace.result.violation;
  if (it.kind == ViolationKind::kNone) {
    return absl::StrCat(CallInQuestion(trace), " ends the run; nothing is wrong.");
  }
  const int kswapd = trace.end.kswapd_cpu();
  const std::string was = *it.detail == '\0' ? "" : absl::StrCat(" It was ", it.detail, ".");
  return absl::StrReplaceAll(
      Absl(Info(it.kind).told),
      {{"{holder}", CpuName(it.holder, kswapd)},
       {"{cpu}", CpuName(it.cpu, kswapd)},
       {"{page}", absl::StrCat(it.page)},
       {"{frame}", absl::StrCat(it.frame)},
       {"{mapping}", absl::StrCat(it.mapping)},
       {"{entry}", absl::StrCat("mapping ", it.mapping, " -> frame ", it.frame)},
       {"{was}", was},
       {"{detail}", it.detail},
       {"{looks}", WhoLooks(trace)},
       {"{waits}", WhoWaits(trace)}});
}

std::string WhoWaits(const Trace& trace) {
  std::string text;
  for (int i = 0; i < trace.end.cpu_count; ++i) {
    const PendingStep next = trace.next[static_cast<size_t>(i)];
    const bool in_finish = trace.end.cpus[static_cast<size_t>(i)].call.waiting != 0;
    if (!in_finish && next.point == kNoPoint) continue;
    absl::StrAppend(
        &text, text.empty() ? "" : ", ", CpuName(i, trace.end.kswapd_cpu()),
        in_finish ? " waits in its finish" : " waits at " + StepName(next.point, next.page));
  }
  return text;
}

}  // namespace gatherfuzz
