// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Sweeps: exploration of every program of a list, under one policy and architecture.
//
// Threads take programs in their order, and each explores one of its own at a time. What they find
// is added up in the order of the list, so the result is the same for any number of threads, and
// for a sweep that was stopped and gone on with: a Checkpoint is all there is to know, and counts
// whole programs only. What is lost with a thread is the program it was at.
#ifndef GATHERFUZZ_EXPLORE_SWEEP_H_
#define GATHERFUZZ_EXPLORE_SWEEP_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "explore/answer.h"
#include "explore/price.h"
#include "explore/program_list.h"

namespace gatherfuzz {

struct SweepSettings {
  // Of the exploration of each program; its states limit one program, its bytes all that are
  // explored at a time, its seconds the sweep, its jobs are threads. to_first: the first program
  // that violates is the last that counts.
  ExploreSettings each;
  int price_runs = 0;  // each program is also run so often, for what the policy costs; also those
                       // behind the last that counts
  double save_every = 1;  // seconds, at least
};

// What came of one program.
struct ProgramOutcome {
  bool explored = false;  // not if it is behind the last that counts
  Stop stopped = Stop::kNo;
  uint32_t kinds = 0;  // Bit(kind) of violations that were met; with to_first, one
  int overtaken = 0;
  uint64_t states = 0, steps = 0, executions = 0;
  Price price;
  friend bool operator==(const ProgramOutcome&, const ProgramOutcome&) = default;
};

// Sums over the first programs of the list.
struct SweepTotals {
  uint64_t programs = 0;          // how many: the next one's index
  uint64_t explored = 0;          // of these, how many count; all of them up to the last that does
  uint64_t incomplete = 0;        // ... and ran into a limit
  uint64_t broken = 0;            // ... and violate
  std::optional<uint64_t> first;  // the first of those
  std::array<uint64_t, kViolationCount> by_kind{};  // of those, how many in this way
  uint64_t states = 0, steps = 0, executions = 0;
  uint64_t largest = 0;          // most states of one program
  uint64_t largest_program = 0;  // the first one that has so many
  int overtaken = 0;             // most calls that overtook one that waits
  Price price;

  void Add(const ProgramOutcome& outcome);
  friend bool operator==(const SweepTotals&, const SweepTotals&) = default;
};

struct Checkpoint {
  SweepTotals totals;
  // Programs behind those that are done too. Sweep() never lets there be more than kMostAhead.
  std::map<uint64_t, ProgramOutcome> ahead;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};
inline constexpr uint64_t kMostAhead = 1 << 14;

struct SweepProgress {
  uint64_t done = 0;    // programs, also those of the checkpoint it went on from
  uint64_t states = 0;  // made since then, not counting programs in progress
};

// Goes on from `checkpoint`, and brings it up to date: at the end, and for `save`, which is called
// now and then and may return false to stop. `progress` is called more often. Returns why it
// stopped: kNo (it is done: every program counts that should), kSeconds or kAsked.
Stop Sweep(const ProgramList& programs, const SweepSettings& settings, Checkpoint& checkpoint,
           const std::atomic<bool>& stop,
           const std::function<bool(const Checkpoint&)>& save = nullptr,
           const std::function<void(const SweepProgress&)>& progress = nullptr);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SWEEP_H_
