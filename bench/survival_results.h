// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Runs, put together by defect, architecture and way; and what search power means:
// whether libFuzzer with features and mutator is held to its promises on each defect.
//
// A promise is kept, broken, not asked for, or open: what was observed does not decide it, since a
// run was capped too early or there are too few. A median that the caps cut off counts as anything
// from the cap up, so an open answer is never taken for a kept one.
#ifndef GATHERFUZZ_BENCH_SURVIVAL_RESULTS_H_
#define GATHERFUZZ_BENCH_SURVIVAL_RESULTS_H_

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench/survival_csv.h"
#include "bench/survival_stats.h"

namespace gatherfuzz::survival {

// The runs of one way against one defect.
struct WayResult {
  int runs = 0, found = 0;
  int in_time = 0;   // found within kPromisedSeconds
  int too_late = 0;  // went on for longer without having found it
  Curve schedules, executions, seconds;
  // How many runs there are of each commit and caps, as the table says these.
  std::map<std::string, int> measured;
};

inline constexpr double kPromisedSeconds = 60;

struct DefectResult {
  std::string defect, arch;
  bool by_program = false;  // depends on the operations as well as on their order
  std::array<std::optional<WayResult>, kWays.size()> ways;
  double schedules_limit = kNever, seconds_limit = kNever;  // of the restricted means
};

namespace results {

inline WayResult Summarize(const std::vector<const Record*>& runs) {
  WayResult way;
  std::vector<Observation> schedules, executions, seconds;
  for (const Record* run : runs) {
    const bool late =
        run->seconds > kPromisedSeconds || (!run->found && run->seconds >= kPromisedSeconds);
    ++way.runs;
    ++way.measured[run->commit + " | " + std::to_string(run->cap_schedules) + " | " +
                   (run->cap_seconds == 0 ? "none" : std::to_string(run->cap_seconds))];
    way.found += run->found;
    way.in_time += run->found && !late;
    way.too_late += late;
    schedules.push_back({static_cast<double>(run->schedules), run->found});
    executions.push_back({static_cast<double>(run->executions), run->found});
    seconds.push_back({run->seconds, run->found});
  }
  way.schedules = KaplanMeier(std::move(schedules));
  way.executions = KaplanMeier(std::move(executions));
  way.seconds = KaplanMeier(std::move(seconds));
  return way;
}

// The time up to which all ways' curves are known; the last time of all if that is for ever.
inline double CommonLimit(const DefectResult& defect, Curve WayResult::* curve) {
  double limit = kNever, last = 0;
  for (const auto& way : defect.ways) {
    if (!way) continue;
    limit = std::min(limit, ((*way).*curve).Reach());
    last = std::max(last, ((*way).*curve).last);
  }
  return limit == kNever ? last : limit;
}

}  // namespace results

// By defect, then architecture.
inline std::vector<DefectResult> Summarize(const std::vector<Record>& runs,
                                           const std::set<std::string>& by_program) {
  std::map<std::pair<std::string, std::string>, std::map<size_t, std::vector<const Record*>>>
      groups;
  for (const Record& run : runs) groups[{run.defect, run.arch}][run.way].push_back(&run);
  std::vector<DefectResult> all;
  for (const auto& [name, ways] : groups) {
    DefectResult& defect = all.emplace_back();
    std::tie(defect.defect, defect.arch) = name;
    defect.by_program = by_program.count(defect.defect) != 0;
    uint64_t cap = UINT64_MAX;
    for (const auto& [way, its_runs] : ways) {
      defect.ways[way] = results::Summarize(its_runs);
      for (const Record* run : its_runs) cap = std::min(cap, run->cap_schedules);
    }
    defect.schedules_limit =
        std::min(static_cast<double>(cap), results::CommonLimit(defect, &WayResult::schedules));
    defect.seconds_limit = results::CommonLimit(defect, &WayResult::seconds);
  }
  return all;
}

enum class Verdict { kKept, kBroken, kOpen, kNotAsked };

struct Comparison {
  Verdict verdict = Verdict::kOpen;
  Bounds ratio = {0, kNever};
  std::optional<size_t> with;  // the way compared with, if there is one
};

// Found within a minute in 19 of 20 runs.
inline Verdict FoundInTime(const DefectResult& defect) {
  const auto& both = defect.ways[kBoth];
  if (!both) return Verdict::kOpen;
  const int misses_allowed = std::max(1, both->runs / 20);
  if (both->too_late > misses_allowed) return Verdict::kBroken;
  if (both->runs < 20 || both->runs - both->in_time > misses_allowed) return Verdict::kOpen;
  return Verdict::kKept;
}

inline Bounds Ratio(Bounds a, Bounds b) {
  return {b.high == kNever ? 0 : a.low / b.high, a.high / b.low};
}

// Whether the ratio is at most `most`, or below it if `strictly`.
inline Verdict AtMost(Bounds ratio, double most, bool strictly = false) {
  if (strictly ? ratio.high < most : ratio.high <= most) return Verdict::kKept;
  if (strictly ? ratio.low >= most : ratio.low > most) return Verdict::kBroken;
  return Verdict::kOpen;
}

// A hundredth of uniform's schedules, where uniform needs over 100,000.
inline Comparison AgainstUniform(const DefectResult& defect) {
  const auto &both = defect.ways[kBoth], &uniform = defect.ways[kUniform];
  if (!both || !uniform) return {};
  const Bounds median = Median(uniform->schedules);
  Comparison result = {Verdict::kOpen, Ratio(Median(both->schedules), median), kUniform};
  if (median.high <= 100'000) {
    result.verdict = Verdict::kNotAsked;
  } else if (median.low > 100'000) {
    result.verdict = AtMost(result.ratio, 0.01);
  }
  return result;
}

// The way of the least median among [first, end of kWays), and that median.
inline std::pair<std::optional<size_t>, Bounds> BestWay(const DefectResult& defect, size_t first) {
  std::optional<size_t> best;
  Bounds least = {kNever, kNever};
  for (size_t way = first; way < kWays.size(); ++way) {
    if (!defect.ways[way]) continue;
    const Bounds median = Median(defect.ways[way]->schedules);
    const Bounds before = least;
    least = {std::min(least.low, median.low), std::min(least.high, median.high)};
    if (!best || median.high < before.high) best = way;
  }
  return {best, least};
}

// Where a strategy needs over 1,000 schedules: at most twice the best one's, and fewer than it if
// the defect depends on the program.
inline Comparison AgainstStrategies(const DefectResult& defect) {
  const auto& both = defect.ways[kBoth];
  const auto [best, least] = BestWay(defect, kFirstStrategy);
  if (!both || !best) return {};
  bool hard = false;
  for (size_t way = kFirstStrategy; way < kWays.size(); ++way) {
    hard = hard || (defect.ways[way] && Median(defect.ways[way]->schedules).low > 1'000);
  }
  Comparison result = {Verdict::kNotAsked, Ratio(Median(both->schedules), least), best};
  if (hard) {
    result.verdict = defect.by_program ? AtMost(result.ratio, 1, true) : AtMost(result.ratio, 2);
  }
  return result;
}

// For information: the best of all other ways, engines included.
inline Comparison AgainstAll(const DefectResult& defect) {
  const auto [best, least] = BestWay(defect, kBoth + 1);
  if (!defect.ways[kBoth] || !best) return {};
  return {Verdict::kNotAsked, Ratio(Median(defect.ways[kBoth]->schedules), least), best};
}

inline Verdict Overall(const DefectResult& defect) {
  Verdict overall = Verdict::kKept;
  for (const Verdict one :
       {FoundInTime(defect), AgainstUniform(defect).verdict, AgainstStrategies(defect).verdict}) {
    if (one == Verdict::kBroken) return one;
    if (one == Verdict::kOpen) overall = one;
  }
  return overall;
}

}  // namespace gatherfuzz::survival

#endif  // GATHERFUZZ_BENCH_SURVIVAL_RESULTS_H_
