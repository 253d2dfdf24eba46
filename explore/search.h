// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Many executions without a fuzzing engine: random programs, or the programs of one schedule, under
// orders that a strategy draws.
//
// Execution i is a function of the seed and i. So are the results, whatever the number of threads:
// executions run in rounds whose sizes do not depend on it, and the violation that counts is the
// one of the lowest i.
#ifndef GATHERFUZZ_EXPLORE_SEARCH_H_
#define GATHERFUZZ_EXPLORE_SEARCH_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "harness/execution.h"
#include "harness/random.h"
#include "harness/schedule.h"
#include "model/violation.h"

namespace gatherfuzz {

struct SearchSettings {
  const Policy* policy = nullptr;
  const Arch* arch = nullptr;
  const StrategyInfo* strategy = nullptr;
  bool joined = false;                 // Tail::joined
  const Schedule* schedule = nullptr;  // its programs and initial state; null: random programs
  uint32_t ignored = 0;                // Bit(kind) of violations that do not end a run
  uint64_t executions = 0;
  uint64_t seed = 0;
  int jobs = 1;
  bool keep_going = false;  // do not stop at the first violation
};

struct SearchResult {
  uint64_t executions = 0;         // up to and with the first violation, or all of them
  std::optional<uint64_t> first;   // the execution of the first violation, counted from 0
  uint64_t distinct = 0;           // different trace hashes among them ...
  bool distinct_at_least = false;  // ... that were told apart before kMaxDistinct was reached
  uint64_t steps = 0;              // over all of them
  uint64_t limits = 0;             // executions that reached kStepLimit: no verdict
  std::array<uint64_t, kViolationCount> hits{};  // by kind; of kNone: clean
  bool stopped = false;                          // by `stop`, before it was done
};

// From this many on, distinct schedules are not counted any more: their hashes take up to 600 MB.
inline constexpr uint64_t kMaxDistinct = 20'000'000;

// `stop` ends the search after the round in progress. `progress` is called between rounds, by one
// thread at a time.
SearchResult Search(const SearchSettings& settings, const std::atomic<bool>& stop,
                    const std::function<void(const SearchResult&)>& progress);

// How many steps the programs take under the plain rule: what pct spreads its drops over. No
// violation ends the run, if its kind lets it go on.
uint16_t StepsOfPlainRun(const Schedule& programs, const Policy& policy, const Arch& arch);

// The tails of a search's executions.
class TailSource {
 public:
  explicit TailSource(const SearchSettings& settings);
  Tail Of(uint64_t i) const;
  // The first that is drawn for an execution.
  Tail From(Random& random) const;

 private:
  const SearchSettings& settings_;
  uint16_t steps_ = 0;
};

// The schedule of execution i.
Schedule ScheduleOfExecution(const SearchSettings& settings, uint64_t i);

// Where the probability of something lies that came `hits` times in `n`, with 95 % confidence
// (Wilson's score interval); for other confidences, z is the quantile of the normal distribution.
struct Interval {
  double low, high;
};
Interval WilsonInterval(uint64_t hits, uint64_t n, double z = 1.959964);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SEARCH_H_
