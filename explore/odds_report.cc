// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/odds_report.h"

#include <algorithm>

#include "explore/search.h"

namespace gatherfuzz {
namespace {

// For each depth of pct: some ten seconds.
constexpr uint64_t kMostWork = 20'000'000;

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
                                      MostStates(settings.limits), stop, &report.endless);
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

}  // namespace gatherfuzz
