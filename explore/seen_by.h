// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What schedule files, or executions that a strategy draws, have seen of a schedule's programs
// (coverage.h).
#ifndef GATHERFUZZ_EXPLORE_SEEN_BY_H_
#define GATHERFUZZ_EXPLORE_SEEN_BY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "explore/coverage.h"
#include "explore/explore.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {

struct SeenSettings {
  std::string paths;                       // files, or folders with what is below; by ','
  const StrategyInfo* strategy = nullptr;  // draws `executions`, as a search from `seed` does
  uint64_t executions = 0, seed = 0;
  // Is told of each file that cannot be read, with a sentence.
  std::function<void(const std::string&)> unreadable;
};

struct SeenReport {
  uint64_t files = 0, same = 0;      // found; with these programs and this initial state
  uint64_t unreadable = 0;           // of the files
  uint64_t executions = 0;           // followed: all members of files' families, and those drawn
  bool stopped = false;              // before all were
  std::optional<Coverage> coverage;  // nothing: more states than the limits allow
  bool endless = false;              // ... or a way that has no end (graph.h)
  int kswapd = -1;                   // the number of kswapd's CPU
};

// Runs all of them under the policy and on the architecture of `settings`. A path that does not
// exist is an error.
absl::StatusOr<SeenReport> SeenFor(const Schedule& schedule, const ExploreSettings& settings,
                                   const SeenSettings& seen, const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SEEN_BY_H_
