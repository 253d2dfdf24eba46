// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/cause.h"

#include <algorithm>

#include "model/machine/tlb.h"

namespace gatherfuzz {
bool AboutTable(ViolationKind kind) { return Info(kind).about == ViolationAbout::kTable; }

namespace {

bool AboutStaleLeaf(ViolationKind kind) { return Info(kind).about == ViolationAbout::kLeaf; }

bool Removes(Point point) { return Info(point).is(role::kRemoves); }
bool Unlinks(Point point) { return Info(point).is(role::kUnlinks); }
bool Examines(Point point) { return Info(point).is(role::kExamines); }
bool ReadsAbove(Point point) { return Info(point).is(role::kLockless); }

// Whether the step is about `page`: lockless reads of upper levels are about all that lies below.
bool Concerns(const StepEvent& event, int page) {
  const Touches touches = TouchesOf(event.point);
  const auto has = [&](Thing thing) {
    return ((touches.reads | touches.writes) & MaskOf(thing)) != 0;
  };
  const int span = has(Thing::kPud) ? kPagesPerPud : has(Thing::kPte) ? 1 : kPagesPerPmd;
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

// Where the stale entry stands: what names it, and what reaches it.
struct StaleEntry {
  enum class Is : uint8_t { kSmall, kHuge, kPteTable, kPmdTable } is = Is::kSmall;
  int page = 0;  // the first it is for

  int span() const {
    return is == Is::kSmall ? 1 : is == Is::kPmdTable ? kPagesPerPud : kPagesPerPmd;
  }
  bool NamedBy(const Invalidation& request) const {
    switch (is) {
      case Is::kSmall: return request.small >> page & 1;
      case Is::kHuge: return request.huge >> page / kPagesPerPmd & 1;
      case Is::kPteTable: return request.pte_tables >> page / kPagesPerPmd & 1;
      case Is::kPmdTable: return request.pmd_tables >> page / kPagesPerPud & 1;
    }
    return false;
  }
  bool ReachedBy(const Invalidation& request) const {
    return request.whole || (request.start < page + span() && page < request.end);
  }
};

// A leaf is found by its mapping: a walk through a dead table may have cached it for another page.
StaleEntry FindStale(const Trace& trace, const Cause& cause) {
  using enum StaleEntry::Is;
  const Violation& violation = trace.result.violation;
  if (AboutTable(violation.kind)) {
    const Point unlinked =
        cause.removed >= 0 ? trace.steps[cause.removed].event.point : Point::pte_table_unlink;
    const bool pmd = unlinked == Point::pmd_table_unlink || unlinked == Point::huge_pmd_unshare;
    StaleEntry entry{.is = pmd ? kPmdTable : kPteTable};
    entry.page = RoundDown(violation.page, entry.span());
    return entry;
  }
  const Tlb& tlb = trace.end.at(MakeCpu(violation.holder)).tlb;
  const auto is_stale = [&](const Pte& entry) {
    return entry.present() && entry.mapping == violation.mapping;
  };
  const auto small = std::find_if(tlb.small.begin(), tlb.small.end(), is_stale);
  if (small != tlb.small.end()) return {kSmall, static_cast<int>(small - tlb.small.begin())};
  const auto huge = std::find_if(tlb.huge.begin(), tlb.huge.end(), is_stale);
  if (huge == tlb.huge.end()) return {kSmall, violation.page};
  return {kHuge, static_cast<int>(huge - tlb.huge.begin()) * kPagesPerPmd};
}

bool SameCall(const StepEvent& a, const StepEvent& b) { return a.agent == b.agent && a.op == b.op; }

// The step that delivered it to the holder, or -1.
int DeliveredToHolder(const Trace& trace, int flushed) {
  const AgentId issuer = trace.steps[flushed].event.agent;
  for (size_t i = flushed + 1; i < trace.steps.size(); ++i) {
    const StepEvent& event = trace.steps[i].event;
    if (event.point == Point::tlb_flush_done && event.agent == issuer) break;
    if (event.point == Point::deliver && event.page == Index(CpuOf(issuer)) &&
        Index(CpuOf(event.agent)) == trace.result.violation.holder) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

// Where CPUs switch: whether the request was sent to the holder, or is to be.
bool ToldHolder(const Trace& trace, int flushed) {
  const int holder = trace.result.violation.holder;
  const TraceStep& flush = trace.steps[flushed];
  if (!flush.loaded.generations || (flush.request.undelivered >> holder & 1) != 0) return true;
  for (size_t i = flushed + 1; i < trace.steps.size(); ++i) {
    const TraceStep& step = trace.steps[i];
    if (step.event.agent != flush.event.agent) continue;
    if (step.event.point == Point::tlb_flush_done) return false;
    if (step.event.point == Point::should_flush_tlb && step.event.page == holder) {
      return step.loaded.told;
    }
  }
  return false;
}

// Where ASIDs are allocated: whether the holder has nothing under the one that is named.
bool NamesOtherAsid(const Trace& trace, int flushed) {
  const uint8_t named = trace.steps[flushed].loaded.asid;
  const auto& has = trace.end.switching.at(MakeCpu(trace.result.violation.holder)).slot_asid;
  const bool of_all = trace.steps[flushed].request.of_all != 0;
  return named != 0 && !of_all && std::find(has.begin(), has.end(), named) == has.end();
}

// Of an INVLPGB: up to its issuer's TLBSYNC it is under way.
Missing MissingOfInvlpgb(const Trace& trace, const Cause& cause, int flushed) {
  const auto after = trace.steps.begin() + flushed;
  const auto sync = std::find_if(after, trace.steps.end(), [&](const TraceStep& step) {
    return step.event.point == Point::tlbsync && step.event.agent == after->event.agent;
  });
  if (sync == trace.steps.end()) return Missing::kPending;
  const bool global =
      trace.end.switching.at(MakeCpu(trace.result.violation.holder)).slot == kGlobalSlot;
  const bool other = !global && after->request.of_all == 0;
  return other && cause.filled < sync - trace.steps.begin() ? Missing::kOtherAsid
                                                            : Missing::kRefilled;
}

Missing MissingOfNamed(const Trace& trace, const Cause& cause, int flushed) {
  if (trace.steps[flushed].event.point == Point::invlpgb) {
    return MissingOfInvlpgb(trace, cause, flushed);
  }
  const int delivered = DeliveredToHolder(trace, flushed);
  if (delivered < 0) return ToldHolder(trace, flushed) ? Missing::kPending : Missing::kNotTold;
  if (NamesOtherAsid(trace, flushed) && cause.filled < delivered) return Missing::kOtherAsid;
  const bool kept = trace.steps[flushed].loaded.generations && cause.filled < delivered;
  return kept ? Missing::kNotDropped : Missing::kRefilled;
}

bool OfOther(const TraceStep& step) { return step.op && Info(step.op->kind).is(effect::kOfOther); }

// The step whose call had to invalidate the entry.
const StepEvent& Responsible(const Trace& trace, const Cause& cause) {
  const uint32_t handed_at = trace.steps[cause.judged].handed_at;
  if (handed_at != 0) return trace.steps[handed_at - 1].event;  // to RCU, which frees
  const StepEvent& judged = trace.steps[cause.judged].event;
  // The hardware, or a CPU that is back in user code, has called nothing. Another mm has nothing of
  // this one to invalidate.
  const bool calls =
      !Info(judged.point).is(role::kWalk | role::kSwitch) && !OfOther(trace.steps[cause.judged]);
  return !calls && cause.removed >= 0 ? trace.steps[cause.removed].event : judged;
}

void FindFlush(const Trace& trace, Cause& cause) {
  const StepEvent& responsible = Responsible(trace, cause);
  const StaleEntry stale = FindStale(trace, cause);
  for (int i = cause.removed + 1; i < static_cast<int>(trace.steps.size()); ++i) {
    const TraceStep& step = trace.steps[i];
    if (step.event.point != Point::tlb_flush && step.event.point != Point::invlpgb) continue;
    const bool names = stale.NamedBy(step.request);
    if (!SameCall(step.event, responsible)) {
      if (names && cause.others < 0) cause.others = i;
      continue;
    }
    const Missing missing = names                           ? MissingOfNamed(trace, cause, i)
                            : stale.ReachedBy(step.request) ? Missing::kWrongLevel
                                                            : Missing::kTooNarrow;
    if (missing < cause.missing) continue;
    cause.missing = missing;
    cause.flushed = i;
  }
}

std::string StepSignature(const Trace& trace, int index) {
  if (index < 0) return "init";
  const TraceStep& step = trace.steps[index];
  std::string text = Info(step.event.point).name;
  // A lockless read that finds nothing and one that finds something are different places to race.
  if (ReadsAbove(step.event.point)) text += step.saw_none ? "-none" : "";
  return Examines(step.event.point) && step.op ? text + "." + Info(step.op->kind).shares() : text;
}

}  // namespace

bool FaultsForTlb(const Trace& trace) {
  const Violation& violation = trace.result.violation;
  return Lookup(trace.end.at(MakeCpu(violation.holder)).tlb, violation.page) != nullptr;
}

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
    // With the table all leaves in it are gone.
    if (leaf && event.point == Point::huge_pmd_unshare && Concerns(event, violation.page)) {
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
  FindFlush(trace, cause);
  return cause;
}

const char* NameOf(Missing missing) {
  switch (missing) {
    case Missing::kNotIssued: return "not-issued";
    case Missing::kTooNarrow: return "too-narrow";
    case Missing::kWrongLevel: return "wrong-level";
    case Missing::kNotTold: return "not-told";
    case Missing::kOtherAsid: return "other-asid";
    case Missing::kPending: return "pending";
    case Missing::kNotDropped: return "not-dropped";
    case Missing::kRefilled: break;
  }
  return "refilled";
}

std::string Signature(const Trace& trace) {
  const Violation& violation = trace.result.violation;
  std::string text(Info(violation.kind).name);
  if (AboutStaleLeaf(violation.kind) || AboutTable(violation.kind)) {
    const Cause cause = FindCause(trace);
    text += "+" + StepSignature(trace, cause.removed);
    if (cause.examined >= 0 && cause.examined != cause.removed) {
      text += "+" + StepSignature(trace, cause.examined);
    }
    text += "+" + StepSignature(trace, cause.judged);
    return text + "+" + NameOf(cause.missing);
  }
  if (Info(violation.kind).about == ViolationAbout::kFault) {
    return text + (FaultsForTlb(trace) ? "+tlb" : "+walk-cache");
  }
  for (const char c : std::string_view(violation.detail)) {
    if (text.size() == Info(violation.kind).name.size()) text += '+';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    text += plain ? c : '-';
  }
  return text;
}

}  // namespace gatherfuzz
