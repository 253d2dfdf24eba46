// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/explore_seen.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/words.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMostPrinted = 20;  // pairs that were missed

// "cpu0 pte_clear(2)".
std::string NameOf(const StepName& step, int kswapd) {
  std::string name =
      absl::StrCat(AgentName(step.agent, step.point, kswapd), " ", Info(step.point).name);
  if (step.page != kNoPage) absl::StrAppend(&name, "(", step.page, ")");
  // Lines are counted from 1; most programs have one.
  return step.line == 0 ? name : absl::StrCat(name, " of its line ", step.line + 1);
}

std::string NameOf(const StepPair& pair, int kswapd) {
  return absl::StrCat(NameOf(pair.second, kswapd), " right after ", NameOf(pair.first, kswapd));
}

std::string Percent(Share share) {
  const double part = share.all == 0 ? 1 : static_cast<double>(share.seen) / share.all;
  return absl::StrFormat("%d of %d, %.1f%%", share.seen, share.all, 100 * part);
}

void PrintMissed(const std::vector<StepPair>& missed, int kswapd) {
  if (missed.empty()) return;
  std::cout << "    not seen, the most telling first:\n";
  for (size_t i = 0; i < std::min(missed.size(), kMostPrinted); ++i) {
    std::cout << "      " << NameOf(missed[i], kswapd) << "\n";
  }
  if (missed.size() > kMostPrinted) {
    std::cout << absl::StreamFormat("      and %d more, which --json lists\n",
                                    missed.size() - kMostPrinted);
  }
}

nlohmann::ordered_json JsonOf(Share share) { return {{"seen", share.seen}, {"all", share.all}}; }

}  // namespace

void PrintForPeople(const SeenReport& report) {
  if (!report.coverage) {
    std::cout << "  seen: not computed" << (report.endless ? ": " + NoEnd() : "") << "\n";
    return;
  }
  std::cout << absl::StreamFormat("  seen by %s", Counted(report.executions, "execution"));
  if (report.files != 0) {
    std::cout << absl::StreamFormat("; %d of %s have these programs", report.same,
                                    Counted(report.files, "file"));
  }
  std::cout << (report.stopped ? "; stopped\n" : "\n");
  std::cout << absl::StreamFormat("    states %s\n", Percent(report.coverage->States()));
  const std::vector<Share> by_preemptions = report.coverage->StatesByPreemptions();
  for (size_t i = 0; i < by_preemptions.size(); ++i) {
    std::cout << absl::StreamFormat("      that need %s: %s\n", Counted(i, "preemption"),
                                    Percent(by_preemptions[i]));
  }
  std::cout << absl::StreamFormat("    pairs of conflicting steps, one right after the other: %s\n",
                                  Percent(report.coverage->Pairs()));
  PrintMissed(report.coverage->MissedPairs(), report.kswapd);
}

nlohmann::ordered_json JsonOf(const SeenReport& report) {
  if (!report.coverage) return nullptr;
  nlohmann::ordered_json json;
  json["files"] = report.files;
  json["same_programs"] = report.same;
  json["unreadable"] = report.unreadable;
  json["executions"] = report.executions;
  json["stopped"] = report.stopped ? ReasonOf(Stop::kAsked) : "";
  json["states"] = JsonOf(report.coverage->States());
  nlohmann::ordered_json& shares = json["states_by_preemptions"] = nlohmann::ordered_json::array();
  for (const Share share : report.coverage->StatesByPreemptions()) shares.push_back(JsonOf(share));
  json["pairs"] = JsonOf(report.coverage->Pairs());
  nlohmann::ordered_json& missed = json["missed"] = nlohmann::ordered_json::array();
  for (const StepPair& pair : report.coverage->MissedPairs()) {
    missed.push_back(NameOf(pair, report.kswapd));
  }
  return json;
}

}  // namespace gatherfuzz
