// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"
#include "triage/corpus/stats.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

// Steps of policies that keep state of their own or wait: no others make them.
constexpr PointMask kOfSomePolicies = MaskOf(Point::policy_read) | MaskOf(Point::policy_write) |
                                      MaskOf(Point::policy_rmw) | MaskOf(Point::finish_wait);

// What there is to reach, and what of it was; in the order in which it is worth most to reach it.
struct Reached {
  std::vector<std::string> points, points_missing;
  uint64_t pairs = 0, pairs_possible = 0;
  std::vector<std::string> pairs_missing;
};

// The lower the more useful: telling steps, then others, then those of some policies.
int UseOf(Point point) {
  if ((kOfSomePolicies & MaskOf(point)) != 0) return 2;
  return (kTellingPoints & MaskOf(point)) != 0 ? 0 : 1;
}

// Only a kernel's own code makes it, a line of the zoo, or one memory model: nothing to look for
// where there is none.
bool IsElsewhere(Point point) {
  return ((kOwnCodePoints | kSplitPoints | kLatePoints | kRcuPoints) & MaskOf(point)) != 0;
}

void AddPairs(const Reach& reach, Reached& reached) {
  std::vector<std::tuple<int, int, std::string>> missing;
  for (int i = 0; i < kPointCount * kPointCount; ++i) {
    const Point first{static_cast<uint8_t>(i / kPointCount)};
    const Point second{static_cast<uint8_t>(i % kPointCount)};
    if (!Reach::MayHavePair(first, second)) continue;
    const bool has = reach.HasPair(first, second);
    if (!has && (IsElsewhere(first) || IsElsewhere(second))) continue;
    ++reached.pairs_possible;
    if (has) {
      ++reached.pairs;
      continue;
    }
    // A race that was seen one way round only is the nearest to the other.
    const bool seen_reversed = reach.HasPair(second, first);
    missing.emplace_back(UseOf(first) + UseOf(second) + (seen_reversed ? 0 : 10), i,
                         absl::StrCat(Info(first).name, " > ", Info(second).name));
  }
  std::sort(missing.begin(), missing.end());
  for (auto& [use, index, name] : missing) reached.pairs_missing.push_back(std::move(name));
}

Reached ReachedBy(const Reach& reach) {
  Reached reached;
  for (int use = 0; use <= 2; ++use) {
    for (int i = 0; i < kPointCount; ++i) {
      const Point point{static_cast<uint8_t>(i)};
      if (UseOf(point) != use) continue;
      const bool missing = (reach.reached() & MaskOf(point)) == 0;
      if (missing && IsElsewhere(point)) continue;
      (missing ? reached.points_missing : reached.points).emplace_back(Info(point).name);
    }
  }
  AddPairs(reach, reached);
  return reached;
}

// "cpus        1: 3, 2: 14", in as many lines as it takes; "-" for no items.
std::string Line(std::string_view name, const std::vector<std::string>& items) {
  constexpr size_t kIndent = 12, kWidth = 76;
  std::string text, line(name);
  line.resize(std::max(line.size() + 1, kIndent), ' ');
  for (size_t i = 0; i < items.size(); ++i) {
    if (i != 0 && line.size() + items[i].size() > kWidth) {
      text += line + ",\n";
      line.assign(kIndent, ' ');
    } else if (i != 0) {
      line += ", ";
    }
    line += items[i];
  }
  if (items.empty()) line += '-';
  return text + line + "\n";
}

std::string Line(const Tally& tally) {
  std::vector<std::string> there;
  for (const auto& [name, count] : tally.counts) {
    if (count != 0) there.push_back(absl::StrCat(name, ": ", count));
  }
  return Line(tally.what, there);
}

std::string MissingLine(std::string_view name, const std::vector<std::string>& missing) {
  return missing.empty() ? "" : Line(std::string("  ").append(name), missing);
}

std::string MissingOf(const Tally& tally) {
  std::vector<std::string> missing;
  for (const auto& [name, count] : tally.counts) {
    if (count == 0) missing.push_back(name);
  }
  return MissingLine(tally.what, missing);
}

std::string PrintMissing(const CorpusStats& stats, const Reached& reached) {
  constexpr size_t kShownPairs = 12;
  std::string text = MissingLine("steps", reached.points_missing);
  for (const Tally* tally :
       {&stats.operations, &stats.init, &stats.runs, &stats.tails, &stats.cpus, &stats.batches}) {
    text += MissingOf(*tally);
  }
  std::vector<std::string> pairs = reached.pairs_missing;
  if (pairs.size() > kShownPairs) {
    pairs.resize(kShownPairs);
    pairs.push_back(absl::StrCat("and ", reached.pairs_missing.size() - kShownPairs, " more"));
  }
  text += MissingLine("pairs", pairs);
  return text.empty() ? "" : "missing, of each kind what tells most first:\n" + text;
}

nlohmann::ordered_json JsonOf(const Tally& tally) {
  auto json = nlohmann::ordered_json::object();
  for (const auto& [name, count] : tally.counts) json[name] = count;
  return json;
}

// Only those that are there, and neither none nor the limit.
nlohmann::ordered_json ViolationsOf(const Tally& verdicts) {
  auto json = nlohmann::ordered_json::object();
  for (size_t i = 1; i + 1 < verdicts.counts.size(); ++i) {
    const auto& [name, count] = verdicts.counts[i];
    if (count != 0) json[name] = count;
  }
  return json;
}

}  // namespace

std::string PrintStats(const CorpusStats& stats, const Target& under) {
  const Reached reached = ReachedBy(stats.reach);
  std::string text = absl::StrCat(Counted(stats.files, "file"), ", ", stats.bytes, " bytes; ",
                                  stats.unreadable, " unreadable, ", stats.skipped, " skipped\n");
  absl::StrAppend(&text, Counted(stats.schedules, "schedule"), ", ", stats.traces, " different, ",
                  stats.steps, " steps; bytes that do not say are run\nunder       ",
                  Absl(under.policy->name()), " on ", Absl(under.arch->name()), "\n");
  text += Line(stats.versions);
  for (const Tally* tally : stats.Parts()) text += Line(*tally);
  text += Line(stats.verdicts);
  text += Line("steps",
               {absl::StrCat(reached.points.size(), " of ",
                             reached.points.size() + reached.points_missing.size(), " kinds")});
  text += Line("pairs", {absl::StrCat(reached.pairs, " of at most ", reached.pairs_possible,
                                      ": steps that do not commute, in this order")});
  text += Line("cells", {absl::StrCat(stats.reach.CountCells(), " of ", kFeatureCells,
                                      " of the features, of which not all can be set")});
  return text + PrintMissing(stats, reached);
}

std::string JsonOfStats(const CorpusStats& stats, const Target& under) {
  const Reached reached = ReachedBy(stats.reach);
  nlohmann::ordered_json json;
  json["policy"] = under.policy->name();
  json["arch"] = under.arch->name();
  json["files"] = stats.files;
  json["bytes"] = stats.bytes;
  json["unreadable"] = stats.unreadable;
  json["skipped"] = stats.skipped;
  json["schedules"] = stats.schedules;
  json["executions"] = stats.executions;
  json["steps"] = stats.steps;
  json["total_steps"] = stats.steps;
  json["traces"] = stats.traces;
  json["cells"] = stats.reach.CountCells();
  json["cells_possible"] = kFeatureCells;
  json["cells_hash"] = ShortHash(stats.reach.cells());
  json["points_reached"] = reached.points;
  json["points_missing"] = reached.points_missing;
  json["pairs"] = reached.pairs;
  json["pairs_possible"] = reached.pairs_possible;
  json["pairs_missing"] = reached.pairs_missing;
  json["violations"] = ViolationsOf(stats.verdicts);
  json["limits"] = stats.verdicts.counts.back().second;
  json["versions"] = JsonOf(stats.versions);
  for (const Tally* tally : stats.Parts()) json[tally->what] = JsonOf(*tally);
  return json.dump() + "\n";
}

}  // namespace gatherfuzz
