// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/explore_odds.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "triage/search.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

// For each depth of pct: some ten seconds.
constexpr uint64_t kMostWork = 20'000'000;

// "12 runs", "9.6e+16 runs": how many executions there are, on average, up to and with the first.
std::string RunsFor(Chance odds) {
  if (odds == 0) return "no order it can draw violates";
  const Chance runs = 1 / odds;
  if (runs >= 1e7L) return absl::StrFormat("%.2g runs", runs);
  return absl::StrFormat("%.*f runs", runs < 10 ? 1 : 0, runs);
}

// ", of that KIND 0.01, KIND 0.02" if there is more than one.
std::string KindsOf(const Odds& odds) {
  std::string text;
  int kinds = 0;
  for (size_t kind = 1; kind < odds.of.size(); ++kind) {
    if (odds.of[kind] == 0) continue;
    absl::StrAppendFormat(&text, "%s %s %.3g", ++kinds == 1 ? "" : ",",
                          Absl(kViolations[kind].name), odds.of[kind]);
  }
  return kinds > 1 ? absl::StrCat("  of that", text) : "";
}

void PrintLine(const std::string& name, const std::optional<Odds>& odds, const char* why_not = "") {
  std::cout << absl::StreamFormat("    %-12s", name);
  if (!odds) {
    std::cout << "not computed" << why_not << "\n";
    return;
  }
  const Chance violation = odds->violation();
  std::cout << absl::StreamFormat("%-12s(%s)%s\n", absl::StrFormat("%.3g", violation),
                                  RunsFor(violation), KindsOf(*odds));
}

nlohmann::ordered_json JsonOf(const std::optional<Odds>& odds) {
  if (!odds) return nullptr;
  nlohmann::ordered_json kinds = nlohmann::ordered_json::object();
  for (size_t kind = 1; kind < odds->of.size(); ++kind) {
    if (odds->of[kind] == 0) continue;
    kinds[std::string(kViolations[kind].name)] = static_cast<double>(odds->of[kind]);
  }
  return {{"violation", static_cast<double>(odds->violation())}, {"kinds", std::move(kinds)}};
}

}  // namespace

std::optional<Odds> OddsReport::Pct() const {
  Odds mean;
  for (int depth = kLeastPctDepth; depth <= kMostPctDepth; ++depth) {
    const std::optional<Odds>& odds = pct[depth];
    if (!odds) return std::nullopt;
    for (size_t kind = 0; kind < mean.of.size(); ++kind) {
      mean.of[kind] += odds->of[kind] / (kMostPctDepth - kLeastPctDepth + 1);
    }
  }
  return mean;
}

uint64_t MostStates(const ExploreLimits& limits) {
  constexpr uint64_t kBytesOfState = 200;  // with its edges, and while the graph is made
  return std::min(limits.states, limits.bytes / kBytesOfState);
}

OddsReport OddsFor(const Schedule& schedule, const ExploreSettings& settings,
                   const std::atomic<bool>& stop) {
  OddsReport report;
  const auto graph = DrawnGraph::Make(schedule, *settings.policy, *settings.arch, settings.ignored,
                                      MostStates(settings.limits), stop);
  if (!graph) return report;
  report.states = graph->states();
  report.steps = StepsOfPlainRun(schedule, *settings.policy, *settings.arch);
  report.goes_on_undelivered = graph->goes_on_undelivered();
  report.random = OddsOfRandom(*graph);
  report.runs = OddsOfRuns(*graph);
  for (int depth = kLeastPctDepth; depth <= kMostPctDepth; ++depth) {
    report.pct[depth] = OddsOfPct(*graph, depth, report.steps, kMostWork, stop);
  }
  return report;
}

void PrintForPeople(const OddsReport& report) {
  if (report.states == 0) {
    std::cout << "  odds: not computed\n";
    return;
  }
  std::cout << "  odds of a violation in one execution, and how many a stress test would need\n";
  PrintLine("uniform", report.random);
  PrintLine("runs", report.runs);
  if (report.goes_on_undelivered) {
    return PrintLine("pct", {}, ": a thread goes on while its own invalidation is pending");
  }
  constexpr const char* kTooMuch = ": more orders of priorities than are gone through";
  PrintLine("pct", report.Pct(), kTooMuch);
  for (int depth = kLeastPctDepth; depth <= kMostPctDepth; ++depth) {
    PrintLine(absl::StrCat("  depth ", depth), report.pct[depth], kTooMuch);
  }
}

nlohmann::ordered_json JsonOf(const OddsReport& report) {
  if (report.states == 0) return nullptr;
  nlohmann::ordered_json json;
  json["states"] = report.states;
  json["steps"] = report.steps;
  json["random"] = JsonOf(std::optional(report.random));
  json["runs"] = JsonOf(std::optional(report.runs));
  json["pct"] = JsonOf(report.Pct());
  nlohmann::ordered_json& depths = json["pct_by_depth"] = nlohmann::ordered_json::object();
  for (int depth = kLeastPctDepth; depth <= kMostPctDepth; ++depth) {
    depths[absl::StrCat(depth)] = JsonOf(report.pct[depth]);
  }
  return json;
}

}  // namespace gatherfuzz
