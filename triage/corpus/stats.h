// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a corpus covers, and what it does not: what its schedules are made of, and what their runs
// reach. A function of the files' contents, whatever their names, order and folders, but that text
// runs under what it names itself.
//
// Files are run as fuzz targets have it: bytes by the current version, whatever their first byte,
// and each member of a family, until its first violation. What is counted of schedules is counted
// in files (their programs and runs), but tails in members.
#ifndef GATHERFUZZ_TRIAGE_CORPUS_STATS_H_
#define GATHERFUZZ_TRIAGE_CORPUS_STATS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/target.h"
#include "harness/text.h"
#include "model/check.h"
#include "triage/corpus/reach.h"

namespace gatherfuzz {

// How often each of a list of named things is there.
struct Tally {
  std::string what;
  std::vector<std::pair<std::string, uint64_t>> counts;
  void Add(size_t index, uint64_t count = 1) {
    GATHERFUZZ_CHECK(index < counts.size());
    counts[index].second += count;
  }
};

struct CorpusStats {
  CorpusStats();

  uint64_t files = 0, bytes = 0;  // that were read
  uint64_t unreadable = 0, skipped = 0;
  uint64_t schedules = 0, executions = 0, steps = 0;
  uint64_t traces = 0;  // that differ
  Tally versions, cpus, batches, init, operations, runs, tails, verdicts;
  Reach reach;

  std::vector<const Tally*> Parts() const {
    return {&cpus, &batches, &init, &operations, &runs, &tails};
  }
};

struct StatsSettings {
  std::vector<std::string> roots;  // files, and folders with those below them
  // What a file is run under; an error says why it cannot be.
  std::function<absl::StatusOr<Target>(const std::string& path, const ScheduleFile&)> target;
  // Is told of each file that cannot be read, with a sentence.
  std::function<void(const std::string&)> unreadable;
  // ... that is most likely no schedule (explore/io/foreign.h), but counted; if there is somebody.
  std::function<void(const std::string&)> doubtful = nullptr;
};

// Large, so it lies on the heap.
absl::StatusOr<std::unique_ptr<CorpusStats>> StatsOf(const StatsSettings& settings);

// For people; lines end in '\n'. `under` says what bytes were run under.
std::string PrintStats(const CorpusStats& stats, const Target& under);
// One object, in a line.
std::string JsonOfStats(const CorpusStats& stats, const Target& under);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CORPUS_STATS_H_
