// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/verdict_table.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "command/words.h"
#include "explore/io/strings.h"
#include "harness/cause.h"
#include "harness/trace.h"
#include "triage/tell/interleaving.h"

namespace gatherfuzz {
namespace {

double PerCall(uint64_t sum, const Price& price) {
  return static_cast<double>(sum) / static_cast<double>(std::max<uint64_t>(price.calls, 1));
}

std::string Mean(uint64_t sum, const Price& price) {
  return absl::StrFormat("%.3f", PerCall(sum, price));
}

// How a row's verdict stands to what the policy says of itself.
char Mark(const VerdictRow& row) {
  if (row.held_safe) return row.run.broken() ? '!' : '*';
  return row.run.safe() ? '?' : ' ';
}

// The cells of a row: of its verdict, and of its price.
constexpr size_t kVerdictCells = 7;
const std::vector<std::string> kHeads = {"policy", "arch",     "verdict", "pre",
                                         "steps",  "programs", "states",  "inval",
                                         "whole",  "needless", "waited"};
std::vector<std::string> Cells(const VerdictRow& row) {
  const SweepTotals& totals = row.run.totals;
  const Price& price = totals.price;
  const auto& shortest = row.run.answer.shortest;
  return {std::string(row.policy->name()),
          std::string(row.arch->name()),
          row.Verdict(),
          shortest ? absl::StrCat(shortest->preemptions) : "-",
          shortest ? absl::StrCat(shortest->steps) : "-",
          absl::StrCat(totals.explored),
          Short(totals.states),
          Mean(price.invalidations, price),
          Mean(price.whole, price),
          Mean(price.needless, price),
          Mean(price.waited, price)};
}

// A line for each.
std::vector<std::string> BoundsLines(const VerdictTable& table) {
  std::vector<std::string> lines;
  for (const ProgramList::Part& part : table.programs.parts()) {
    lines.push_back(absl::StrCat(part.given, ": ", Counted(part.programs.size(), "program"), "\n"));
  }
  return lines;
}

bool Has(const VerdictTable& table, char mark) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [&](const VerdictRow& row) { return Mark(row) == mark; });
}

// What the marks say that occur.
std::string Marks(const VerdictTable& table) {
  std::string text;
  if (Has(table, '*')) absl::StrAppend(&text, "* expected to be safe there\n");
  if (Has(table, '!')) absl::StrAppend(&text, "! expected to be safe there, and broken\n");
  if (Has(table, '?')) {
    absl::StrAppend(&text,
                    "? not expected to be safe there, but nothing within these bounds breaks it\n");
  }
  return text;
}

std::string Deadlocks(const VerdictTable& table) {
  std::vector<std::string> some;
  for (const VerdictRow& row : table.rows) {
    const Price& price = row.run.totals.price;
    if (price.deadlocks == 0) continue;
    some.push_back(absl::StrFormat(
        "%s on %s in %.1f%%", Absl(row.policy->name()), Absl(row.arch->name()),
        100 * static_cast<double>(price.deadlocks) / static_cast<double>(price.runs)));
  }
  return absl::StrJoin(some, ", ");
}

// What the columns of a verdict are, in lines that fit a terminal.
constexpr char kVerdictColumns[] =
    "pre, steps: preemptions and steps of the shortest violation of the smallest program that has "
    "one; programs, states: explored, up to that program or all.";

// What those of a price are.
std::string PriceColumns(const VerdictTable& table) {
  const std::string deadlocks = Deadlocks(table);
  return absl::StrFormat(
      "inval, whole, needless, waited: for each call that opens a gather, the invalidations "
      "issued, "
      "those of the whole address space, the TLB entries dropped that were not stale, and the "
      "steps "
      "that others made while it waited in finish: means over %d random orders of each program, "
      "the "
      "same for every policy. A violation does not end such a run, but a deadlock does%s",
      kPriceRuns, deadlocks.empty() ? "." : absl::StrCat(": ", deadlocks, " of the runs."));
}

nlohmann::ordered_json JsonOf(const VerdictRow& row) {
  const SweepTotals& totals = row.run.totals;
  nlohmann::ordered_json json;
  json["policy"] = row.policy->name();
  json["arch"] = row.arch->name();
  json["held_safe"] = row.held_safe;
  json["verdict"] = row.Verdict();
  json["complete"] = row.run.stopped == Stop::kNo && totals.incomplete == 0;
  json["programs"] = totals.explored;
  json["incomplete"] = totals.incomplete;
  json["states"] = totals.states;
  json["total_steps"] = totals.steps;
  json["executions"] = totals.executions;
  json["largest"] = {{"program", totals.largest_program}, {"states", totals.largest}};
  json["overtaken"] = totals.overtaken;
  for (const char* name :
       {"program", "preemptions", "steps", "proven", "schedule_file", "schedule"}) {
    json[name] = nullptr;
  }
  if (totals.first) json["program"] = *totals.first;
  if (const auto& shortest = row.run.answer.shortest) {
    json["preemptions"] = shortest->preemptions;
    json["steps"] = shortest->steps;
    json["proven"] = row.run.answer.proven;
    json["schedule_file"] = row.FileName();
    json["schedule"] = PrintText(row.run.counterexample);
  }
  const Price& price = totals.price;
  json["price"] = {{"runs", price.runs},
                   {"deadlocks", price.deadlocks},
                   {"calls", price.calls},
                   {"invalidations", PerCall(price.invalidations, price)},
                   {"whole", PerCall(price.whole, price)},
                   {"needless_drops", PerCall(price.needless, price)},
                   {"steps_waited", PerCall(price.waited, price)}};
  return json;
}

std::string Section(const VerdictRow& row, const Counterexample& shortest) {
  const Schedule& schedule = row.run.counterexample.schedule;
  const auto execution = std::make_unique<Execution>();
  const Trace trace = Record(*execution, schedule, *row.policy, *row.arch);
  return absl::StrCat("\n## ", Absl(row.policy->name()), " on ", Absl(row.arch->name()), ": ",
                      row.Verdict(), "\n\n",
                      Counted(static_cast<uint64_t>(shortest.preemptions), "preemption"), ", ",
                      Counted(static_cast<uint64_t>(shortest.steps), "step"),
                      row.run.answer.proven ? "; no order of this program is shorter."
                                            : "; there may be a shorter one.",
                      " `", row.FileName(), "`:\n\n```text\n",
                      PrintInterleaving(trace, RelevantSteps(trace, FindCause(trace))),
                      "```\n\n```text\n", PrintText(row.run.counterexample), "```\n");
}

}  // namespace

nlohmann::ordered_json JsonOf(const ProgramList& programs) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ProgramList::Part& part : programs.parts()) {
    json.push_back({{"bounds", PrintBounds(part.programs.bounds())},
                    {"programs", part.programs.size()},
                    {"before_symmetry", part.programs.before_symmetry()},
                    {"skipped", part.programs.skipped()}});
  }
  return json;
}

std::string PrintTable(const VerdictTable& table) {
  size_t policy = 6, verdict = 7;
  for (const VerdictRow& row : table.rows) {
    policy = std::max(policy, row.policy->name().size());
    verdict = std::max(verdict, row.Verdict().size());
  }
  std::string text, prices;
  const auto verdict_line = [&](char mark, const std::vector<std::string>& cells) {
    absl::StrAppendFormat(&text, "%c %-*s %-5s %-*s %3s %5s %8s %7s\n", mark, policy, cells[0],
                          cells[1], verdict, cells[2], cells[3], cells[4], cells[5], cells[6]);
  };
  const auto price_line = [&](const std::vector<std::string>& cells) {
    absl::StrAppendFormat(&prices, "  %-*s %-5s %6s %6s %8s %6s\n", policy, cells[0], cells[1],
                          cells[kVerdictCells], cells[kVerdictCells + 1], cells[kVerdictCells + 2],
                          cells[kVerdictCells + 3]);
  };
  verdict_line(' ', kHeads);
  price_line(kHeads);
  for (const VerdictRow& row : table.rows) {
    verdict_line(Mark(row), Cells(row));
    price_line(Cells(row));
  }
  absl::StrAppend(&text, "\n", Marks(table), Wrapped(kVerdictColumns, 2), "\n\n", prices, "\n",
                  Wrapped(PriceColumns(table), 2), "\n\nwithin\n");
  for (const std::string& line : BoundsLines(table)) absl::StrAppend(&text, "  ", Wrapped(line, 4));
  uint64_t states = 0, incomplete = 0;
  for (const VerdictRow& row : table.rows) {
    states += row.run.totals.states;
    incomplete += row.run.totals.incomplete;
  }
  if (incomplete != 0) {
    absl::StrAppend(&text, Counted(incomplete, "program"), " reached a limit (--limit)\n");
  }
  return absl::StrCat(text, Short(states), " states, ", absl::StrFormat("%.1f s\n", table.seconds));
}

std::string PrintJson(const VerdictTable& table) {
  nlohmann::ordered_json json;
  json["version"] = GATHERFUZZ_VERSION;
  json["bounds"] = JsonOf(table.programs);
  json["programs"] = table.programs.size();
  json["price_runs"] = kPriceRuns;
  json["complete"] = table.rows.size() == table.all_rows;
  json["rows"] = nlohmann::ordered_json::array();
  for (const VerdictRow& row : table.rows) {
    json["rows"].push_back(JsonOf(row));
    if (!json["rows"].back()["complete"]) json["complete"] = false;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string PrintMarkdown(const VerdictTable& table) {
  std::string text = absl::StrCat(
      "# Verdicts\n\nEvery order of every program within these bounds:\n\n",
      absl::StrJoin(
          BoundsLines(table), "",
          [](std::string* out, const std::string& line) { absl::StrAppend(out, "- ", line); }),
      "\n|  | policy | arch | verdict | pre | steps | programs | states | inval | "
      "whole | needless | "
      "waited |\n|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const VerdictRow& row : table.rows) {
    std::vector<std::string> cells = Cells(row);
    const std::string file = absl::StrCat("[", cells[2], "](", row.FileName(), ")");
    if (row.run.answer.shortest) cells[2] = file;
    const char mark = Mark(row);
    absl::StrAppend(&text, "| ", mark == '*' ? "\\*" : std::string(1, mark), " | ",
                    absl::StrJoin(cells, " | "), " |\n");
  }
  absl::StrAppend(&text, "\n```text\n", Marks(table), Wrapped(kVerdictColumns, 2), "\n",
                  Wrapped(PriceColumns(table), 2), "\n```\n");
  for (const VerdictRow& row : table.rows) {
    if (const auto& shortest = row.run.answer.shortest) {
      absl::StrAppend(&text, Section(row, *shortest));
    }
  }
  return text;
}

}  // namespace gatherfuzz
