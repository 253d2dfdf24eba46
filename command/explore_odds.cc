// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/explore_odds.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/words.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

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

void PrintForPeople(const OddsReport& report) {
  if (report.states == 0) {
    std::cout << "  odds: not computed" << (report.endless ? ": " + NoEnd() : "") << "\n";
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
  json["uniform"] = JsonOf(std::optional(report.random));
  json["runs"] = JsonOf(std::optional(report.runs));
  json["pct"] = JsonOf(report.Pct());
  nlohmann::ordered_json& depths = json["pct_by_depth"] = nlohmann::ordered_json::object();
  for (int depth = kLeastPctDepth; depth <= kMostPctDepth; ++depth) {
    depths[absl::StrCat(depth)] = JsonOf(report.pct[depth]);
  }
  return json;
}

}  // namespace gatherfuzz
