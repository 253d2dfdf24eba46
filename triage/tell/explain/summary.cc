// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/summary.h"

#include "absl/strings/str_cat.h"
#include "triage/tell/looking.h"

namespace gatherfuzz {

std::string OpName(const Op& op) {
  const std::string range = absl::StrCat(" of ", op.range.begin, "..", op.range.end);
  const std::string page = absl::StrCat(" of page ", op.range.begin);
  switch (op.kind) {
    case OpKind::kMap: return "mmap()" + range;
    case OpKind::kMunmap: return "munmap()" + range;
    case OpKind::kDontneed: return "madvise(MADV_DONTNEED)" + range;
    case OpKind::kFree: return "madvise(MADV_FREE)" + range;
    case OpKind::kRead: return "read" + page;
    case OpKind::kWrite: return "write" + page;
    case OpKind::kFill: break;
  }
  return "hardware walk" + page;
}

std::string ActorOf(const Schedule& schedule, const StepEvent& event) {
  const Op* op = OpOf(schedule, event);
  return absl::StrCat(AgentName(event.agent), op == nullptr ? "" : "'s " + OpName(*op));
}

std::string StepName(Point point, int page) {
  return absl::StrCat(Info(point).name, page == kNoPage ? "" : absl::StrCat("(", page, ")"));
}

std::string CallInQuestion(const Schedule& schedule, const Trace& trace) {
  const int cpu = trace.result.violation.cpu;
  for (size_t i = trace.steps.size(); i-- > 0 && cpu >= 0;) {
    const StepEvent& event = trace.steps[i].event;
    if (event.agent == CpuAgent(MakeCpu(cpu))) return ActorOf(schedule, event);
  }
  return trace.steps.empty() ? "the initial state" : ActorOf(schedule, trace.steps.back().event);
}

std::string SummaryOf(const Schedule& schedule, const Trace& trace) {
  const Violation& it = trace.result.violation;
  const std::string holder = absl::StrCat("cpu", it.holder);
  const std::string entry = absl::StrCat("mapping ", it.mapping, " -> frame ", it.frame);
  switch (it.kind) {
    case ViolationKind::kStaleAfterReturn:
      return absl::StrCat("The call returns, and the TLB of ", holder, " still holds page ",
                          it.page, " (", entry, ").");
    case ViolationKind::kStaleDirtyAfterReturn:
      return absl::StrCat("The call returns, and the TLB of ", holder, " still holds page ",
                          it.page, " as dirty (", entry,
                          "): a write through it leaves the cleaned PTE clean.");
    case ViolationKind::kFreedPageCached:
      return absl::StrCat("Frame ", it.frame, ", once page ", it.page,
                          ", is freed, and the TLB of ", holder, " still translates to it (", entry,
                          ").", *it.detail == '\0' ? "" : absl::StrCat(" It was ", it.detail, "."));
    case ViolationKind::kFreedTableCached:
      return absl::StrCat("The page table that begins at page ", it.page, ", frame ", it.frame,
                          ", is freed, and ", holder, " still points at it: ", it.detail, ".");
    case ViolationKind::kWalkedDeadTable:
      return absl::StrCat(holder, " walks page ", it.page, " through frame ", it.frame,
                          ", which is no longer that page table.");
    case ViolationKind::kEndlessFault:
      return absl::StrCat(holder, " faults on page ", it.page,
                          " again and again, though its PTE is present and allows the access "
                          "(mapping ",
                          it.mapping,
                          "), and no gather or invalidation is under way that could help.");
    case ViolationKind::kDeadlock: return absl::StrCat("No agent can move: ", WhoWaits(trace), ".");
    case ViolationKind::kLivelock:
      return absl::StrCat("A busy wait never ends: ", WhoLooks(trace),
                          ", and no order of the others can change what it finds.");
    case ViolationKind::kStarvation:
      return absl::StrCat("The finish on cpu", it.cpu,
                          " waits, and call after call that began after it completes before it.");
    case ViolationKind::kProtocolError:
      return absl::StrCat("The protocol did not balance: ", it.detail, ".");
    case ViolationKind::kNone: break;
  }
  return absl::StrCat(CallInQuestion(schedule, trace), " ends the run; nothing is wrong.");
}

std::string WhoWaits(const Trace& trace) {
  std::string text;
  for (int i = 0; i < trace.end.cpu_count; ++i) {
    const PendingStep next = trace.next[static_cast<size_t>(i)];
    const bool in_finish = trace.end.cpus[static_cast<size_t>(i)].call.waiting != 0;
    if (!in_finish && next.point == kNoPoint) continue;
    absl::StrAppend(
        &text, text.empty() ? "" : ", ", "cpu", i,
        in_finish ? " waits in its finish" : " waits at " + StepName(next.point, next.page));
  }
  return text;
}

}  // namespace gatherfuzz
