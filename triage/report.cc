// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cause.h"
#include "harness/text.h"
#include "triage/interleaving.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

constexpr char kRule[] = "==================================================================\n";

class Report {
 public:
  explicit Report(const ReportInput& input)
      : in_(input), violation_(input.trace.result.violation), cause_(FindCause(input.trace)) {}

  std::string Print() {
    text_ = kRule;
    absl::StrAppend(&text_, "BUG: gatherfuzz: ", Absl(Info(violation_.kind).name), " in ", Where(),
                    " (", Absl(in_.policy), ", ", Absl(in_.arch), ")\n\n", What(), "\n\n");
    Facts();
    absl::StrAppend(&text_, "\n",
                    PrintInterleaving(in_.schedule, in_.trace, RelevantSteps(in_.trace, cause_)),
                    "\n");
    if (in_.members > 1) {
      absl::StrAppend(&text_, "member: ", in_.member, " of ", in_.members,
                      " of the input's family\n");
    }
    absl::StrAppend(&text_, "replay: ", in_.replay, "\n", kRule);
    return text_;
  }

 private:
  // "cpu1's madvise(MADV_DONTNEED) of 2..4".
  std::string Actor(int index) const {
    const StepEvent& event = in_.trace.steps[static_cast<size_t>(index)].event;
    const Op* op = OpOf(in_.schedule, event);
    return absl::StrCat(AgentName(event.agent), op == nullptr ? "" : "'s " + OpName(*op));
  }
  std::string At(int index) const {
    const StepEvent& event = in_.trace.steps[static_cast<size_t>(index)].event;
    return absl::StrCat("step ", index + 1, ", ", Info(event.point).name,
                        event.page == kNoPage ? "" : absl::StrCat("(", event.page, ")"), " of ",
                        Actor(index));
  }
  void Fact(const char* name, const std::string& text) {
    absl::StrAppendFormat(&text_, "%-9s %s\n", name, text);
  }

  // The call it is about: for a wait, that of the one who waits, not of who moved last.
  std::string Where() const {
    const auto& steps = in_.trace.steps;
    for (int i = cause_.judged; i >= 0 && violation_.cpu >= 0; --i) {
      if (steps[static_cast<size_t>(i)].event.agent == CpuAgent(MakeCpu(violation_.cpu))) {
        return Actor(i);
      }
    }
    return cause_.judged < 0 ? "the initial state" : Actor(cause_.judged);
  }

  std::string What() const {
    const std::string holder = absl::StrCat("cpu", violation_.holder);
    const std::string entry =
        absl::StrCat("mapping ", violation_.mapping, " -> frame ", violation_.frame);
    switch (violation_.kind) {
      case ViolationKind::kStaleAfterReturn:
        return absl::StrCat("The call returns, and the TLB of ", holder, " still holds page ",
                            violation_.page, " (", entry, ").");
      case ViolationKind::kStaleDirtyAfterReturn:
        return absl::StrCat("The call returns, and the TLB of ", holder, " still holds page ",
                            violation_.page, " as dirty (", entry,
                            "):\na write through it leaves the cleaned PTE clean.");
      case ViolationKind::kFreedPageCached:
        return absl::StrCat("Frame ", violation_.frame, ", once page ", violation_.page,
                            ", is freed, and the TLB of ", holder, " still translates to it (",
                            entry, ").", Detail());
      case ViolationKind::kFreedTableCached:
        return absl::StrCat("The page table that begins at page ", violation_.page, ", frame ",
                            violation_.frame, ", is freed, and ", holder, " still points at it:\n",
                            violation_.detail, ".");
      case ViolationKind::kWalkedDeadTable:
        return absl::StrCat(holder, " walks page ", violation_.page, " through frame ",
                            violation_.frame, ", which is no longer that page table.");
      case ViolationKind::kEndlessFault:
        return absl::StrCat(holder, " faults on page ", violation_.page,
                            " again and again, though its PTE is present and allows the access\n"
                            "(mapping ",
                            violation_.mapping,
                            "), and no gather or invalidation is under way that could help.");
      case ViolationKind::kDeadlock: return absl::StrCat("No agent can move: ", Blocked());
      case ViolationKind::kStarvation:
        return absl::StrCat("The finish on cpu", violation_.cpu,
                            " waits, and call after call that began after it completes before it.");
      default: return absl::StrCat("The protocol did not balance: ", violation_.detail, ".");
    }
  }

  std::string Detail() const {
    return *violation_.detail == '\0' ? "" : absl::StrCat("\nIt was ", violation_.detail, ".");
  }

  // The last step and the state tell who waits for what.
  std::string Blocked() const {
    std::string text;
    for (int i = 0; i < in_.schedule.cpus; ++i) {
      const Call& call = in_.trace.end.cpus[static_cast<size_t>(i)].call;
      if (call.kind == CallKind::kNone) continue;
      absl::StrAppend(&text, text.empty() ? "" : ", ", "cpu", i,
                      call.waiting ? " waits in its finish" : " is blocked");
    }
    return text + ".";
  }

  void Facts() {
    if (violation_.page < 0) return Fact("state:", StateText());
    if (violation_.kind == ViolationKind::kEndlessFault ||
        violation_.kind == ViolationKind::kProtocolError) {
      return Fact("judged:", At(cause_.judged));
    }
    const bool table = AboutTable(violation_.kind);
    Fact("filled:",
         cause_.filled >= 0 ? At(cause_.filled) : "before the first step (the schedule's init)");
    if (cause_.removed >= 0) Fact(table ? "unlinked:" : "cleared:", At(cause_.removed));
    if (cause_.examined >= 0 && cause_.examined != cause_.removed) {
      Fact("seen so:", At(cause_.examined));
    }
    Fact("missing:", MissingText());
  }

  std::string StateText() const {
    const Mm& mm = in_.trace.end.mm;
    std::string text = absl::StrCat("tlb_flush_pending = ", int{mm.tlb_flush_pending});
    for (int i = 0; i < in_.schedule.cpus; ++i) {
      if ((mm.mmap_readers & CpuBit(MakeCpu(i))) != 0) {
        absl::StrAppend(&text, ", cpu", i, " holds mmap_lock for reading");
      }
    }
    return text;
  }

  std::string MissingText() const {
    const std::string others =
        cause_.others < 0
            ? ""
            : absl::StrCat("; step ", cause_.others + 1, " of ", IssuerOf(cause_.others),
                           " names it, but that call does not wait for it");
    if (cause_.flushed < 0) return "that call issued no invalidation after that" + others;
    const TraceStep& flush = in_.trace.steps[static_cast<size_t>(cause_.flushed)];
    const std::string issued =
        absl::StrCat("step ", cause_.flushed + 1, " of ", IssuerOf(cause_.flushed));
    switch (cause_.missing) {
      case Missing::kTooNarrow:
        return absl::StrCat("the last invalidation after that, ", issued, ", names only ",
                            Describe(flush), others);
      case Missing::kWrongLevel:
        return absl::StrCat("the invalidation of ", issued, ", ", Describe(flush),
                            ", reaches it at another level only", others);
      case Missing::kPending:
        return absl::StrCat("the invalidation of ", issued, " has not been delivered to cpu",
                            violation_.holder, others);
      default: return absl::StrCat("filled again after the invalidation of ", issued);
    }
  }

  std::string IssuerOf(int index) const {
    return AgentName(in_.trace.steps[static_cast<size_t>(index)].event.agent);
  }

  const ReportInput& in_;
  const Violation& violation_;
  const Cause cause_;
  std::string text_;
};

}  // namespace

std::string PrintReport(const ReportInput& input) { return Report(input).Print(); }

}  // namespace gatherfuzz
