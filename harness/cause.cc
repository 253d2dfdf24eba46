// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/cause.h"

#include <algorithm>

namespace gatherfuzz {
bool AboutTable(ViolationKind kind) {
  return kind == ViolationKind::kFreedTableCached || kind == ViolationKind::kWalkedDeadTable;
}

namespace {

bool AboutStaleLeaf(ViolationKind kind) {
  return kind == ViolationKind::kStaleAfterReturn ||
         kind == ViolationKind::kStaleDirtyAfterReturn || kind == ViolationKind::kFreedPageCached;
}

bool Removes(Point point) {
  return point == Point::pte_clear || point == Point::pmd_clear || point == Point::pmd_invalidate;
}

bool Unlinks(Point point) {
  return point == Point::pte_table_unlink || point == Point::pmd_table_unlink;
}

bool Examines(Point point) {
  return Removes(point) || point == Point::pte_read || point == Point::pmd_read ||
         point == Point::pud_read;
}

bool ReadsAbove(Point point) { return point == Point::pmd_read || point == Point::pud_read; }

// Whether the step is about `page`: lockless reads of upper levels are about all that lies below.
bool Concerns(const StepEvent& event, int page) {
  const int span =
      event.point == Point::pud_read || event.point == Point::pmd_table_unlink ? kPagesPerPud
      : event.point == Point::pte_read || event.point == Point::pte_clear      ? 1
                                                                               : kPagesPerPmd;
  return event.page / span == page / span;
}

bool FilledStaleLeaf(const TraceStep& step, const Violation& violation) {
  for (const TlbChange& change : step.tlb) {
    if (change.filled && Index(change.cpu) == violation.holder &&
        change.entry.mapping == violation.mapping) {
      return true;
    }
  }
  return false;
}

// The leaf a violation is about, found where it was cached: its level decides what names it.
bool NamesStale(const Trace& trace, const Invalidation& request, const Violation& violation) {
  if (AboutTable(violation.kind)) {
    const bool pte_table = std::string_view(violation.detail).find("PMD") == std::string_view::npos;
    return pte_table ? request.pte_tables >> violation.page / kPagesPerPmd & 1
                     : request.pmd_tables >> violation.page / kPagesPerPud & 1;
  }
  // Found by its mapping: a walk through a dead table may have cached it for another page.
  const Tlb& tlb = trace.end.at(MakeCpu(violation.holder)).tlb;
  const auto is_stale = [&](const Pte& entry) {
    return entry.present() && entry.mapping == violation.mapping;
  };
  const auto small = std::find_if(tlb.small.begin(), tlb.small.end(), is_stale);
  if (small != tlb.small.end()) return request.small >> (small - tlb.small.begin()) & 1;
  const auto huge = std::find_if(tlb.huge.begin(), tlb.huge.end(), is_stale);
  return huge != tlb.huge.end() && (request.huge >> (huge - tlb.huge.begin()) & 1) != 0;
}

void FindFlush(const Trace& trace, const Violation& violation, Cause& cause) {
  for (int i = cause.removed + 1; i < static_cast<int>(trace.steps.size()); ++i) {
    const TraceStep& step = trace.steps[i];
    if (step.event.point != Point::tlb_flush) continue;
    if (NamesStale(trace, step.request, violation)) {
      const CpuId issuer = CpuOf(step.event.agent);
      bool delivered = false;
      for (int k = i + 1; k < static_cast<int>(trace.steps.size()) && !delivered; ++k) {
        const TraceStep& later = trace.steps[k];
        delivered = later.event.point == Point::deliver && later.event.page == Index(issuer) &&
                    Index(CpuOf(later.event.agent)) == violation.holder;
        if (later.event.point == Point::tlb_flush_done && later.event.agent == step.event.agent)
          break;
      }
      cause.missing = delivered ? Missing::kRefilled : Missing::kPending;
      cause.flushed = i;
      return;
    }
    cause.missing = Missing::kTooNarrow;
    cause.flushed = i;
  }
}

std::string StepSignature(const Schedule& schedule, const Trace& trace, int index) {
  if (index < 0) return "init";
  const TraceStep& step = trace.steps[index];
  std::string text = Info(step.event.point).name;
  // A lockless read that finds nothing and one that finds something are different places to race.
  if (ReadsAbove(step.event.point)) text += step.saw_none ? "-none" : "";
  const Op* op = OpOf(schedule, step.event);
  return op == nullptr ? text : text + "." + Info(op->kind).name;
}

}  // namespace

Cause FindCause(const Trace& trace) {
  const Violation& violation = trace.result.violation;
  Cause cause;
  cause.judged = static_cast<int>(trace.steps.size()) - 1;
  const bool leaf = AboutStaleLeaf(violation.kind), table = AboutTable(violation.kind);
  if (!leaf && !table) return cause;
  for (int i = 0; i < static_cast<int>(trace.steps.size()); ++i) {
    const TraceStep& step = trace.steps[i];
    const StepEvent& event = step.event;
    if (leaf && FilledStaleLeaf(step, violation)) cause.filled = i;
    if (leaf && Removes(event.point) && step.leaf_before.mapping == violation.mapping &&
        Concerns(event, violation.page)) {
      cause.removed = i;
    }
    if (table && KindOf(event.agent) != AgentKind::kInvalidation && step.frame == violation.frame &&
        Index(CpuOf(event.agent)) == violation.holder &&
        (event.point == Point::walk_pud || event.point == Point::walk_pmd)) {
      cause.filled = i;
    }
    if (table && Unlinks(event.point) && step.frame == violation.frame) cause.removed = i;
    if (leaf && KindOf(event.agent) == AgentKind::kCpu &&
        Index(CpuOf(event.agent)) == violation.cpu && event.op == trace.steps.back().event.op &&
        Examines(event.point) && Concerns(event, violation.page) &&
        (!ReadsAbove(event.point) || step.saw_none)) {
      cause.examined = i;
    }
  }
  FindFlush(trace, violation, cause);
  return cause;
}

std::string Signature(const Schedule& schedule, const Trace& trace) {
  const Violation& violation = trace.result.violation;
  std::string text(Info(violation.kind).name);
  if (AboutStaleLeaf(violation.kind) || AboutTable(violation.kind)) {
    static constexpr const char* kMissing[] = {"not-issued", "too-narrow", "pending", "refilled"};
    const Cause cause = FindCause(trace);
    text += "+" + StepSignature(schedule, trace, cause.removed);
    if (cause.examined >= 0 && cause.examined != cause.removed) {
      text += "+" + StepSignature(schedule, trace, cause.examined);
    }
    text += "+" + StepSignature(schedule, trace, cause.judged);
    return text + "+" + kMissing[static_cast<int>(cause.missing)];
  }
  for (const char c : std::string_view(violation.detail)) {
    if (text.size() == Info(violation.kind).name.size()) text += '+';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    text += plain ? c : '-';
  }
  return text;
}

}  // namespace gatherfuzz
