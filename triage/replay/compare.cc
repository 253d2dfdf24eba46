// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/replay/compare.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "explore/io/strings.h"
#include "harness/family.h"
#include "harness/target.h"
#include "triage/replay/verdicts.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

using Runs = std::vector<const PolicyRun*>;

template <typename Want>
Runs Select(const Comparison& comparison, Want want) {
  Runs runs;
  for (const PolicyRun& run : comparison.runs) {
    if (std::invoke(want, run)) runs.push_back(&run);
  }
  return runs;
}

std::string Names(const Runs& runs, bool with_member = false) {
  return absl::StrJoin(runs, ", ", [&](std::string* out, const PolicyRun* run) {
    absl::StrAppend(out, Absl(run->policy->name()),
                    with_member ? absl::StrCat(" (member ", run->member, ")") : "");
  });
}

// "2 (own-range)": the least or the most of `count` among the runs, and whose it is.
template <typename Count>
std::string Extreme(const Runs& runs, bool most, Count count) {
  const auto less = [&](const PolicyRun* a, const PolicyRun* b) { return count(*a) < count(*b); };
  const PolicyRun* run = most ? *std::max_element(runs.begin(), runs.end(), less)
                              : *std::min_element(runs.begin(), runs.end(), less);
  Runs same;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(same),
               [&](const PolicyRun* other) { return count(*other) == count(*run); });
  const std::string who = same.size() == runs.size() ? "all alike" : Names(same);
  return absl::StrCat(count(*run), count(*run) == 0 ? "" : absl::StrCat(" (", who, ")"));
}

// What the clean runs cost, least and most.
std::string CostText(const Runs& clean) {
  const auto issued = [](const PolicyRun& run) { return run.trace.result.cost.invalidations; };
  const auto waited = [](const PolicyRun& run) { return run.trace.result.cost.steps_waited; };
  const auto needless = [](const PolicyRun& run) { return run.trace.result.cost.needless; };
  std::string text =
      absl::StrCat("of the clean ones, most invalidations: ", Extreme(clean, true, issued));
  if (Extreme(clean, true, issued) != Extreme(clean, false, issued)) {
    absl::StrAppend(&text, "; fewest: ", Extreme(clean, false, issued));
  }
  const std::string others =
      absl::StrCat("most needless drops: ", Extreme(clean, true, needless),
                   "; longest wait in steps: ", Extreme(clean, true, waited));
  return absl::StrCat(Wrapped(text, 2), "\n", Wrapped(others, 2), "\n");
}

bool Several(Members members) { return members.end - members.begin > 1; }

// A line for each policy; all fit a terminal.
std::string Rows(const Comparison& comparison) {
  size_t policy = 6, verdict = 7;
  for (const PolicyRun& run : comparison.runs) {
    policy = std::max(policy, run.policy->name().size());
    verdict = std::max(verdict, VerdictOf(run.trace.result).size());
  }
  std::string text =
      absl::StrFormat("  %-*s %-*s %5s %5s %5s %5s %4s %s\n", policy, "policy", verdict, "verdict",
                      "steps", "inval", "whole", "drops", "wait", "memory");
  for (const PolicyRun& run : comparison.runs) {
    const RunResult& result = run.trace.result;
    const std::string memory = !run.judged()    ? "-"
                               : run.difference ? absl::StrCat("page ", run.difference.page)
                                                : "same";
    absl::StrAppendFormat(&text, "%c %-*s %-*s %5d %5d %5d %5d %4d %s\n", run.held_safe ? '*' : ' ',
                          policy, Absl(run.policy->name()), verdict, VerdictOf(result),
                          result.steps, result.cost.invalidations, result.cost.whole,
                          result.cost.needless, result.cost.steps_waited, memory);
  }
  return text;
}

// What the columns and marks of the table say.
std::string Legend(const Comparison& comparison) {
  const Runs safe = Select(comparison, &PolicyRun::held_safe);
  const std::string memory = absl::StrFormat(
      "memory: whether the end is what the program alone says, of %d of the %d "
      "pages it touches",
      comparison.determined, comparison.touched);
  return absl::StrCat(
      Wrapped("inval: invalidations; whole: those of a whole TLB; drops: needless ones, of entries "
              "that were not stale; wait: steps that finishes waited",
              2),
      "\n", Wrapped(memory, 2), "\n",
      Wrapped(safe.empty() ? "none is held to be safe in this schedule"
                           : "*: held to be safe in this schedule",
              2),
      "\n");
}

// Pages that the programs of CPUs name.
uint64_t Touched(const Schedule& schedule) {
  uint64_t pages = 0;
  for (const auto& [agent, op] : schedule.program) {
    if (KindOf(agent) == AgentKind::kCpu) pages |= MaskOf(op.range);
  }
  return pages;
}

}  // namespace

Comparison Compare(Execution& execution, const Schedule& schedule, Members members,
                   std::span<const Policy* const> policies, const Arch& arch, uint32_t ignored) {
  const Determined determined = DeterminedBy(schedule);
  const FinalMemory predicted = Predict(schedule, determined);
  const uint64_t touched = Touched(schedule);
  Comparison comparison{.arch = &arch,
                        .members = members,
                        .touched = std::popcount(touched),
                        .determined = std::popcount(touched & determined.pte)};
  const auto run_member = [&](const Policy& policy, int number) {
    PolicyRun run{.policy = &policy,
                  .held_safe = HeldSafe(policy, arch, schedule),
                  .excused = Excused(policy, arch, schedule),
                  .member = number};
    run.trace = Record(execution, TakeMember(schedule, number), policy, arch, ignored);
    if (run.judged()) {
      run.difference = FirstDifference(Final(execution.world(), determined), predicted);
    }
    return run;
  };
  for (const Policy* policy : policies) {
    PolicyRun shown = run_member(*policy, members.begin);
    for (int number = members.begin + 1; !shown.fails() && number < members.end; ++number) {
      PolicyRun run = run_member(*policy, number);
      if (run.fails()) shown = std::move(run);
    }
    comparison.runs.push_back(std::move(shown));
  }
  return comparison;
}

std::string VerdictOf(const RunResult& result) {
  return result.limit ? "limit" : std::string(Info(result.violation.kind).name);
}

std::string FinalMemoryText(const PolicyRun& run) {
  if (!run.judged()) return "-";
  return run.difference ? absl::StrCat("differs at page ", run.difference.page)
                        : "as the program says";
}

std::string PrintComparison(const std::string& path, const Comparison& comparison) {
  const std::string which =
      !Several(comparison.members)
          ? ""
          : absl::StrFormat(" with %d members; each policy's first that fails, or else member 0",
                            comparison.members.end);
  const Trace& any = comparison.runs.front().trace;
  std::string text = absl::StrCat(
      Wrapped(absl::StrCat(path, " on ", MachineText(comparison.arch->name(), any), which), 2),
      "\n", Rows(comparison), Legend(comparison));

  const Runs failed = Select(comparison, &PolicyRun::fails);
  const Runs clean = Select(comparison, [](const PolicyRun& run) { return !run.fails(); });
  for (const PolicyRun* run : failed) {
    if (run->difference) {
      absl::StrAppend(&text, Absl(run->policy->name()), ": ", Describe(run->difference), "\n");
    }
  }
  const std::string fails = absl::StrCat("fails: ", Names(failed, Several(comparison.members)));
  absl::StrAppend(&text, failed.empty() ? "none fails" : Wrapped(fails, 2), "\n");
  const Runs excused =
      Select(comparison, [](const PolicyRun& run) { return run.excused && run.fails(); });
  if (!excused.empty()) {
    const std::string who = excused.size() == failed.size() ? "all" : Names(excused);
    absl::StrAppend(
        &text,
        Wrapped(absl::StrCat("of these, excused, so it says nothing against the policy: ", who), 2),
        "\n");
  }
  const Runs broken =
      Select(comparison, [&](const PolicyRun& run) { return run.held_safe && run.fails(); });
  if (!broken.empty()) {
    absl::StrAppend(&text,
                    Wrapped(absl::StrCat("of these, held to be safe: ", Names(broken),
                                         ": a fault of the policy, the model or the oracle"),
                            2),
                    "\n");
  }
  if (!clean.empty()) text += CostText(clean);
  return text;
}

}  // namespace gatherfuzz
