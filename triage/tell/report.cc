// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/strings.h"
#include "harness/cause.h"
#include "harness/text.h"
#include "model/machine/memory.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/interleaving.h"

namespace gatherfuzz {
namespace {

constexpr size_t kColumns = 80;
constexpr char kRule[] = "==================================================================\n";

class Report {
 public:
  explicit Report(const ReportInput& input)
      : in_(input), violation_(input.trace.result.violation), cause_(FindCause(input.trace)) {}

  std::string Print() {
    text_ = absl::StrCat(kRule, Title(), "\n\n", Wrapped(SummaryOf(in_.trace)), "\n\n");
    Facts();
    absl::StrAppend(&text_, "\n", PrintInterleaving(in_.trace, RelevantSteps(in_.trace, cause_)),
                    "\n");
    if (in_.members > 1) {
      absl::StrAppend(&text_, "member: ", in_.member, " of ", in_.members,
                      " of the input's family\n");
    }
    if (in_.excused) {
      absl::StrAppend(
          &text_, Wrapped("excused: under such a schedule it says nothing against the policy", 2),
          "\n");
    }
    absl::StrAppend(&text_, "replay: ", in_.replay, "\n", kRule);
    return text_;
  }

 private:
  std::string Title() const {
    return TitleOf(absl::StrCat("BUG: gatherfuzz: ", Absl(Info(violation_.kind).name), " in ",
                                CallInQuestion(in_.trace)),
                   in_.policy, MachineText(in_.arch, in_.trace), 5);
  }
  std::string At(int index) const {
    const TraceStep& step = in_.trace.steps[static_cast<size_t>(index)];
    return absl::StrCat("step ", index + 1, ", ", StepName(step.event.point, step.event.page),
                        " of ", ActorOf(step));
  }
  void Fact(const char* name, const std::string& text) {
    absl::StrAppendFormat(&text_, "%-9s %s\n", name, Wrapped(text, 10));
  }

  void Facts() {
    if (violation_.page < 0) return Fact("state:", StateText());
    const ViolationAbout about = Info(violation_.kind).about;
    if (about == ViolationAbout::kFault || about == ViolationAbout::kBalance) {
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
    for (int i = 0; i < in_.trace.end.cpu_count; ++i) {
      if ((mm.mmap_readers & CpuBit(MakeCpu(i))) != 0) {
        absl::StrAppend(&text, ", cpu", i, " holds mmap_lock for reading");
      }
      if (const int vma = in_.trace.end.at(MakeCpu(i)).vma_read; vma != 0) {
        absl::StrAppend(&text, ", cpu", i, " holds the lock of the VMA at ", vma - 1);
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
      case Missing::kNotTold:
        return absl::StrCat("the invalidation of ", issued, " was not sent to cpu",
                            violation_.holder, others);
      case Missing::kOtherAsid:
        return absl::StrCat("the invalidation of ", issued, " names another ASID than that of cpu",
                            violation_.holder, others);
      case Missing::kNotDropped:
        return absl::StrCat("the invalidation of ", issued, " did not drop it on cpu",
                            violation_.holder, others);
      case Missing::kNotIssued:
      case Missing::kRefilled: break;
    }
    return absl::StrCat("filled again after the invalidation of ", issued);
  }

  std::string IssuerOf(int index) const {
    const TraceStep& step = in_.trace.steps[static_cast<size_t>(index)];
    return AgentName(step.event.agent, step.event.point, step.kswapd);
  }

  const ReportInput& in_;
  const Violation& violation_;
  const Cause cause_;
  std::string text_;
};

}  // namespace

std::string MachineText(std::string_view arch, KernelVersion kernel, HardwareKind hardware,
                        MemoryModel memory, bool rcu) {
  std::string text(arch);
  if (kernel != kDefaultKernel) absl::StrAppend(&text, ", kernel ", Absl(NameOf(kernel)));
  if (hardware != HardwareKind::kPlain) {
    absl::StrAppend(&text, ", hardware ", Absl(NameOf(hardware)));
  }
  if (memory != MemoryModel::kSc) absl::StrAppend(&text, ", memory ", Absl(NameOf(memory)));
  if (rcu) absl::StrAppend(&text, ", rcu");
  return text;
}

std::string TitleOf(const std::string& bug, std::string_view policy, const std::string& machine,
                    size_t indent) {
  const std::string target = absl::StrCat("(", Absl(policy), ", ", machine, ")");
  if (bug.size() > kColumns) return Wrapped(absl::StrCat(bug, " ", target), indent);
  const bool fits = bug.size() + 1 + target.size() <= kColumns;
  return absl::StrCat(bug, fits ? " " : "\n" + std::string(indent, ' '), target);
}

std::string PrintReport(const ReportInput& input) { return Report(input).Print(); }

}  // namespace gatherfuzz
