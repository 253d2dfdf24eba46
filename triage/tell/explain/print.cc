// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/print.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/strings.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/interleaving.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

std::string Verdict(const RunResult& result) {
  return result.limit ? "limit" : std::string(Info(result.violation.kind).name);
}

}  // namespace

std::string PrintChain(const std::vector<Sentence>& chain, size_t width) {
  std::string text;
  for (const Sentence& sentence : chain) {
    const std::string step = sentence.step < 0 ? "init" : absl::StrCat("step ", sentence.step + 1);
    absl::StrAppendFormat(&text, "  %-9s%s\n", step, Wrapped(sentence.text, 11, width));
  }
  return text;
}

std::string PrintOthers(const std::vector<UnderPolicy>& others) {
  std::string always, here, not_always, violate;
  const auto add = [](std::string& to, const UnderPolicy& other, const std::string& why = "") {
    absl::StrAppend(&to, to.empty() ? "" : ", ", Absl(other.policy),
                    why.empty() ? "" : " (" + why + ")");
  };
  for (const UnderPolicy& other : others) {
    if (!other.result.clean()) {
      add(violate, other, Verdict(other.result));
    } else if (!other.explored) {
      add(here, other);
    } else if (other.any_order == ViolationKind::kNone) {
      add(always, other);
    } else {
      add(not_always, other, std::string(Info(other.any_order).name));
    }
  }
  std::string text;
  const auto line = [&](const char* what, const std::string& who) {
    if (!who.empty()) absl::StrAppend(&text, "  ", Wrapped(absl::StrCat(what, ": ", who), 4), "\n");
  };
  line("survive, in every order of these programs", always);
  line("survive this order (not every order was explored)", here);
  line("survive this order, but not every one", not_always);
  line("violate", violate);
  return text;
}

std::string PrintExplanation(const ExplanationInput& in) {
  const Explanation& it = in.explanation;
  const std::string_view kind = Info(in.trace.result.violation.kind).name;
  std::string text =
      absl::StrCat(TitleOf(absl::StrCat(Absl(kind), " in ", CallInQuestion(in.trace)), in.policy,
                           MachineText(in.arch, in.trace), 2),
                   "\n\n", Wrapped(SummaryOf(in.trace)), "\n\n");
  const std::vector<bool> all(in.trace.steps.size(), true);
  StepNotes notes;
  if (it.no_return.step >= 0) notes[it.no_return.step] = "<-- no return";
  absl::StrAppend(&text, PrintInterleaving(in.trace, in.all_steps ? all : it.shown, notes),
                  "\nHow it came to this:\n", PrintChain(it.chain), "\nPoint of no return:\n  ",
                  Wrapped(it.no_return.text, 2), "\n");
  if (!it.others.empty()) {
    absl::StrAppend(&text, "\nThe same schedule under the other policies:\n",
                    PrintOthers(it.others));
  }
  return absl::StrCat(text, "\nsignature: ", it.signature, "\nreplay: ", in.replay, "\n");
}

}  // namespace gatherfuzz
