// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The results as Markdown. The same results and labels give the same bytes: no clock, no locale.
#ifndef GATHERFUZZ_BENCH_SURVIVAL_TABLE_H_
#define GATHERFUZZ_BENCH_SURVIVAL_TABLE_H_

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/survival_results.h"

namespace gatherfuzz::survival {

// What was measured on what; given by the caller.
struct Labels {
  std::string date = "unknown", cpu = "unknown", cores = "unknown";
  std::string compiler = "unknown", plot = "survival.svg", notes;
};

// Two to four figures: 0.0021, 0.85, 7, 1542, 12.3k, 5.00M.
inline std::string Short(double value) {
  static constexpr std::array<std::pair<double, const char*>, 3> kUnits = {
      {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  std::array<char, 40> text;
  const char* format = "%.0f%s";
  const char* unit = "";
  if (value < 99.95 && value != static_cast<double>(static_cast<int64_t>(value))) {
    format = value < 0.995 ? "%#.2g%s" : value < 9.995 ? "%.2f%s" : "%.1f%s";
  } else if (value >= 9999.5) {
    for (const auto& [size, name] : kUnits) {
      if (value < size * 0.9995) continue;
      value /= size;
      unit = name;
      format = value < 9.995 ? "%.2f%s" : value < 99.95 ? "%.1f%s" : "%.0f%s";
      break;
    }
  }
  std::snprintf(text.data(), text.size(), format, value, unit);
  return text.data();
}

inline std::string Short(Bounds median) {
  return median.Exact() ? Short(median.low) : "&gt;" + Short(median.low);
}

namespace table {

inline std::string RatioText(Bounds ratio) {
  if (ratio.Exact()) return Short(ratio.low);
  if (ratio.low == 0 && ratio.high == kNever) return "?";
  return ratio.low == 0 ? "&lt;" + Short(ratio.high) : "&gt;" + Short(ratio.low);
}

inline std::string VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKept: return "pass";
    case Verdict::kBroken: return "**FAIL**";
    case Verdict::kOpen: return "open";
    case Verdict::kNotAsked: return "not asked";
  }
  return {};
}

inline std::string ComparisonText(const Comparison& comparison) {
  if (!comparison.with) return "not run";
  return RatioText(comparison.ratio) + " of " + std::string(kWays[*comparison.with]);
}

inline std::string Judged(const Comparison& comparison) {
  return ComparisonText(comparison) + ", " + VerdictText(comparison.verdict);
}

inline std::vector<size_t> WaysRun(const std::vector<DefectResult>& defects) {
  std::vector<size_t> ways;
  for (size_t way = 0; way < kWays.size(); ++way) {
    for (const DefectResult& defect : defects) {
      if (!defect.ways[way]) continue;
      ways.push_back(way);
      break;
    }
  }
  return ways;
}

inline std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

// The first `left` columns hold names, the rest figures.
inline std::string Head(const std::vector<std::string>& cells, size_t left) {
  std::string head = Row(cells) + "|";
  for (size_t i = 0; i < cells.size(); ++i) head += i < left ? "---|" : "--:|";
  return head + "\n";
}

// A table with a line for each defect and a column for each way; `cell` makes the text.
template <typename Cell>
std::string ByWay(const std::vector<DefectResult>& defects, const char* limit, Cell cell) {
  const std::vector<size_t> ways = WaysRun(defects);
  std::vector<std::string> names = {"defect", "arch"};
  if (limit) names.emplace_back(limit);
  const size_t left = 2;
  for (const size_t way : ways) names.emplace_back(kWays[way]);
  std::string text = Head(names, left);
  for (const DefectResult& defect : defects) {
    std::vector<std::string> cells = {defect.defect, defect.arch};
    if (limit) cells.push_back(cell(defect, nullptr));
    for (const size_t way : ways) {
      cells.push_back(defect.ways[way] ? cell(defect, &*defect.ways[way]) : "");
    }
    text += Row(cells);
  }
  return text;
}

inline std::string Medians(const std::vector<DefectResult>& defects, Curve WayResult::* curve) {
  return ByWay(defects, nullptr, [curve](const DefectResult& defect, const WayResult* way) {
    double least = kNever;
    for (const auto& other : defect.ways) {
      if (other) least = std::min(least, Median((*other).*curve).high);
    }
    const Bounds median = Median(way->*curve);
    std::string text = Short(median);
    if (median.high == least && median.Exact()) text = "**" + text + "**";
    if (way->found == way->runs) return text;
    return text + " (" + std::to_string(way->found) + "/" + std::to_string(way->runs) + ")";
  });
}

inline std::string Means(const std::vector<DefectResult>& defects, Curve WayResult::* curve,
                         double DefectResult::* limit) {
  return ByWay(defects, "limit", [=](const DefectResult& defect, const WayResult* way) {
    if (way == nullptr) return Short(defect.*limit);
    const Mean mean = RestrictedMean(way->*curve, defect.*limit);
    return Short(mean.value) + " ± " + Short(mean.half_width);
  });
}

inline std::string Promises(const std::vector<DefectResult>& defects) {
  std::string text = Head({"defect", "arch", "within 60 s", "to uniform", "to the best strategy",
                           "to the best other way", "all"},
                          2);
  for (const DefectResult& defect : defects) {
    const auto& both = defect.ways[kBoth];
    text += Row({defect.defect + (defect.by_program ? " (program)" : ""), defect.arch,
                 both ? std::to_string(both->in_time) + "/" + std::to_string(both->runs) + ", " +
                            VerdictText(FoundInTime(defect))
                      : "not run",
                 Judged(AgainstUniform(defect)), Judged(AgainstStrategies(defect)),
                 ComparisonText(AgainstAll(defect)), VerdictText(Overall(defect))});
  }
  return text;
}

// What each way was measured at.
inline std::string Measured(const std::vector<DefectResult>& defects) {
  std::string text = Head({"way", "commit", "cap of schedules", "cap of seconds", "runs"}, 2);
  for (const size_t way : WaysRun(defects)) {
    std::map<std::string, int> runs;
    for (const DefectResult& defect : defects) {
      if (!defect.ways[way]) continue;
      for (const auto& [one, count] : defect.ways[way]->measured) runs[one] += count;
    }
    for (const auto& [one, count] : runs) {
      text += Row({std::string(kWays[way]), one, std::to_string(count)});
    }
  }
  return text;
}

// A value from outside, in a cell.
inline std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_') escaped += '\\';
    if (c == '<') {
      escaped += "&lt;";
    } else {
      escaped += c == '\n' ? ' ' : c;
    }
  }
  return escaped;
}

}  // namespace table

inline std::string WriteTable(const std::vector<DefectResult>& defects, const Labels& labels) {
  using namespace table;
  int least = 0, most = 0, kept = 0;
  for (const DefectResult& defect : defects) {
    kept += Overall(defect) == Verdict::kKept;
    for (const auto& way : defect.ways) {
      if (!way) continue;
      least = least == 0 ? way->runs : std::min(least, way->runs);
      most = std::max(most, way->runs);
    }
  }
  std::string seeds = std::to_string(most);
  if (least != most) seeds = std::to_string(least) + " to " + seeds;
  std::string text = "# How long each way to search takes to the first violation\n\n";
  text += Row({"date", "CPU", "cores", "compiler", "seeds"});
  text += "|---|---|--:|---|--:|\n";
  text += Row({Escape(labels.date), Escape(labels.cpu), Escape(labels.cores),
               Escape(labels.compiler), seeds});
  text +=
      "\nMade by `scripts/survival --publish`; one core a run. `&gt;`: the median is beyond "
      "what the caps let see;\n(n/m): found in n of m runs, the others counted as censored.\n";
  text += "\n" + Measured(defects);
  if (!labels.notes.empty()) text += "\n" + labels.notes + "\n";
  text += "\n![medians of schedules](" + labels.plot + ")\n";
  text +=
      "\n## What libfuzzer+both is held to\n\n" + std::to_string(kept) + " of " +
      std::to_string(defects.size()) +
      " pass. Within 60 s in 19 of 20 runs; at most 0.01 of uniform's median of schedules, where "
      "that is over\n100,000; where a strategy needs over 1,000, at most 2 of the best strategy's, "
      "and below 1 where the\ndefect depends on the program. The best other way is for "
      "comparison. Open: caps or runs do not decide it.\n\n" +
      Promises(defects);
  text += "\n## Schedules, median\n\n" + Medians(defects, &WayResult::schedules);
  text +=
      "\n## Schedules, restricted mean\n\nThe mean up to the limit, as far as the "
      "runs of every way went, with its 95 % interval.\n\n" +
      Means(defects, &WayResult::schedules, &DefectResult::schedules_limit);
  text += "\n## Seconds, median\n\n" + Medians(defects, &WayResult::seconds);
  text += "\n## Seconds, restricted mean\n\n" +
          Means(defects, &WayResult::seconds, &DefectResult::seconds_limit);
  text +=
      "\n## Executions, median\n\nOne execution is one input of a fuzzer, which may be more "
      "than one schedule.\n\n" +
      Medians(defects, &WayResult::executions);
  return text;
}

}  // namespace gatherfuzz::survival

#endif  // GATHERFUZZ_BENCH_SURVIVAL_TABLE_H_
