// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The odds of a schedule's programs (odds.h) under each way in which orders are drawn.
#ifndef GATHERFUZZ_EXPLORE_ODDS_REPORT_H_
#define GATHERFUZZ_EXPLORE_ODDS_REPORT_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "explore/explore.h"
#include "explore/odds.h"

namespace gatherfuzz {

struct OddsReport {
  uint64_t states = 0;               // 0: there are more than the limits allow, or it was stopped
  bool endless = false;              // why there are none: a way has no end (graph.h)
  uint32_t steps = 0;                // that pct expects
  bool goes_on_undelivered = false;  // see OddsOfPct
  Odds random, runs;
  std::array<std::optional<Odds>, kMostPctDepth + 1> pct;  // by depth; nothing: too much work

  // Over the depths, as seeds draw them.
  std::optional<Odds> Pct() const;
};

// As many states as fit into the limits.
uint64_t MostStates(const ExploreLimits& limits);

// Of an execution as `gatherfuzz search FILE` makes them.
OddsReport OddsFor(const Schedule& schedule, const ExploreSettings& settings,
                   const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_ODDS_REPORT_H_
