// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/search.h"

#include <algorithm>
#include <barrier>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "harness/bytes.h"
#include "harness/random.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kNone = ~uint64_t{0};
constexpr uint64_t kFirstRound = 1024, kLargestRound = 65536;
constexpr uint64_t kBlock = 64;  // executions that a thread takes at a time

// What is drawn for execution i. The states of two generators differ by less than the step of
// splitmix64, so their numbers are never the same.
Random RandomOf(uint64_t seed, uint64_t i) { return Random(Random(seed).Next() ^ i); }

// Makes the schedules of executions. A copy for each thread.
class Source {
 public:
  explicit Source(const SearchSettings& settings) : settings_(settings), tails_(settings) {
    if (settings.schedule == nullptr) return;
    schedule_ = *settings.schedule;
    schedule_.order.clear();
    schedule_.tail = {};
  }

  // Whether all executions are of the same programs.
  bool fixed() const { return settings_.schedule != nullptr; }

  const Schedule& Make(uint64_t i) {
    Random random = RandomOf(settings_.seed, i);
    schedule_.tail = tails_.From(random);
    if (fixed()) return schedule_;
    const Tail tail = schedule_.tail;
    std::array<uint8_t, 64> bytes;
    const size_t size = 12 + random.Below(52);
    for (size_t k = 0; k < size; ++k) bytes[k] = static_cast<uint8_t>(random.Next() >> 40);
    DecodeBytes({bytes.data(), size}, schedule_);
    schedule_.order.clear();
    schedule_.tail = tail;
    return schedule_;
  }

  // The schedule's tail alone.
  Tail TailOf(uint64_t i) const { return tails_.Of(i); }

 private:
  const SearchSettings& settings_;
  const TailSource tails_;
  Schedule schedule_;
};

struct Outcome {
  uint64_t trace_hash;
  uint32_t steps;
  ViolationKind kind;
  bool limit;
};

class Searcher {
 public:
  Searcher(const SearchSettings& settings, const std::atomic<bool>& stop,
           const std::function<void(const SearchResult&)>& progress)
      : settings_(settings),
        stop_(stop),
        progress_(progress),
        source_(settings),
        seen_(static_cast<size_t>(settings.jobs)),
        ran_(settings.jobs, {this}),
        counted_(settings.jobs, {this}) {
    BeginRound(std::min(kFirstRound, settings.executions));
  }

  SearchResult Run() {
    if (settings_.executions == 0) return result_;
    std::vector<std::thread> threads;
    for (int job = 1; job < settings_.jobs; ++job) {
      threads.emplace_back([this, job] { Work(job); });
    }
    Work(0);
    for (std::thread& thread : threads) thread.join();
    return result_;
  }

 private:
  // What one thread does when all have come to the end of a phase.
  struct CloseIt {
    Searcher* self;
    void operator()() noexcept { self->CloseRound(); }
  };
  struct OpenNext {
    Searcher* self;
    void operator()() noexcept { self->OpenRound(); }
  };

  void Work(int job) {
    const auto execution = std::make_unique<Execution>();
    Source source = source_;
    if (source.fixed()) execution->Load(source.Make(0));
    while (!done_) {
      RunBlocks(*execution, source);
      ran_.arrive_and_wait();
      CountDistinct(job);
      counted_.arrive_and_wait();
    }
  }

  void RunBlocks(Execution& execution, Source& source) {
    for (;;) {
      const uint64_t begin = next_.fetch_add(kBlock, std::memory_order_relaxed);
      // What comes after the first violation does not count.
      if (begin >= size_ || begin > found_.load(std::memory_order_relaxed)) return;
      for (uint64_t i = begin; i < std::min(begin + kBlock, size_); ++i) {
        const RunResult run = RunOne(execution, source, began_ + i);
        outcomes_[i] = {run.trace_hash, run.steps, run.violation.kind, run.limit};
        if (run.violation.kind == ViolationKind::kNone || settings_.keep_going) continue;
        uint64_t found = found_.load(std::memory_order_relaxed);
        while (i < found && !found_.compare_exchange_weak(found, i)) {
        }
        break;
      }
    }
  }

  RunResult RunOne(Execution& execution, Source& source, uint64_t i) const {
    const RunOptions options{.ignored = settings_.ignored};
    if (!source.fixed()) {
      return execution.Execute(source.Make(i), *settings_.policy, *settings_.arch, options);
    }
    return execution.RunLoaded(*settings_.policy, *settings_.arch,
                               {.runs = 0, .tail = source.TailOf(i)}, options);
  }

  // One thread: how many executions of the round count.
  void CloseRound() {
    size_ = std::min(size_, found_ == kNone ? size_ : found_ + 1);
    for (uint64_t i = 0; i < size_; ++i) {
      const Outcome& outcome = outcomes_[i];
      result_.steps += outcome.steps;
      result_.limits += outcome.limit;
      ++result_.hits[static_cast<size_t>(outcome.kind)];
      if (outcome.kind != ViolationKind::kNone && !result_.first) result_.first = began_ + i;
    }
  }

  // Each thread: those hashes that fall to it.
  void CountDistinct(int job) {
    if (result_.distinct_at_least) return;
    const auto jobs = static_cast<uint64_t>(settings_.jobs);
    auto& seen = seen_[static_cast<size_t>(job)];
    for (uint64_t i = 0; i < size_; ++i) {
      const uint64_t hash = outcomes_[i].trace_hash;
      if ((hash >> 40) % jobs == static_cast<uint64_t>(job)) seen.insert(hash);
    }
  }

  // One thread: what is next.
  void OpenRound() {
    result_.executions += size_;
    result_.distinct = 0;
    for (const auto& seen : seen_) result_.distinct += seen.size();
    result_.distinct_at_least |= result_.distinct >= kMaxDistinct;
    progress_(result_);
    const uint64_t left = settings_.executions - result_.executions;
    done_ = found_ != kNone || left == 0;
    if (done_) return;
    result_.stopped = done_ = stop_;
    BeginRound(std::min({left, 2 * size_, kLargestRound}));
  }

  void BeginRound(uint64_t size) {
    size_ = size;
    outcomes_.resize(size);
    began_ = result_.executions;
    next_ = 0;
    found_ = kNone;
  }

  const SearchSettings& settings_;
  const std::atomic<bool>& stop_;
  const std::function<void(const SearchResult&)>& progress_;
  const Source source_;
  SearchResult result_;
  std::vector<Outcome> outcomes_;       // of the round
  uint64_t began_ = 0, size_ = 0;       // the round: its first execution, how many
  std::atomic<uint64_t> next_{0};       // the first that nobody has taken
  std::atomic<uint64_t> found_{kNone};  // the first that shows a violation, unless keep_going
  std::vector<absl::flat_hash_set<uint64_t>> seen_;  // by thread
  bool done_ = false;
  std::barrier<CloseIt> ran_;
  std::barrier<OpenNext> counted_;
};

}  // namespace

uint16_t StepsOfPlainRun(const Schedule& programs, const Policy& policy, const Arch& arch) {
  Schedule plain = programs;
  plain.order.clear();
  plain.tail = {};
  const RunResult result =
      std::make_unique<Execution>()->Execute(plain, policy, arch, {.ignored = ~0u});
  return static_cast<uint16_t>(std::clamp<uint32_t>(result.steps, 1, 65535));
}

TailSource::TailSource(const SearchSettings& settings) : settings_(settings) {
  if (settings.schedule == nullptr || settings.strategy->kind != Tail::Kind::kPct) return;
  steps_ = StepsOfPlainRun(*settings.schedule, *settings.policy, *settings.arch);
}

Tail TailSource::Of(uint64_t i) const {
  Random random = RandomOf(settings_.seed, i);
  return From(random);
}

Tail TailSource::From(Random& random) const {
  return {settings_.strategy->kind, static_cast<uint32_t>(random.Next() >> 32), steps_,
          settings_.joined};
}

SearchResult Search(const SearchSettings& settings, const std::atomic<bool>& stop,
                    const std::function<void(const SearchResult&)>& progress) {
  return Searcher(settings, stop, progress).Run();
}

Schedule ScheduleOfExecution(const SearchSettings& settings, uint64_t i) {
  return Source(settings).Make(i);
}

Interval WilsonInterval(uint64_t hits, uint64_t n, double z) {
  if (n == 0) return {0, 1};
  const double count = static_cast<double>(n), p = static_cast<double>(hits) / count;
  const double center = p + z * z / (2 * count);
  const double half = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  const double scale = 1 + z * z / count;
  return {.low = hits == 0 ? 0 : (center - half) / scale,
          .high = hits == n ? 1 : (center + half) / scale};
}

}  // namespace gatherfuzz
