// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/sweep.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>

namespace gatherfuzz {
namespace {

using Clock = std::chrono::steady_clock;

class Sweeper {
 public:
  Sweeper(const ProgramList& programs, const SweepSettings& settings, Checkpoint& checkpoint)
      : programs_(programs), settings_(settings), checkpoint_(checkpoint) {
    to_first_ = settings.each.to_first;
    so_far_.done = checkpoint.totals.programs + checkpoint.ahead.size();
    if (checkpoint.totals.first) NoteBroken(*checkpoint.totals.first);
    for (const auto& [index, outcome] : checkpoint.ahead) {
      if (outcome.kinds != 0) NoteBroken(index);
    }
    checkpoint.ahead.erase(checkpoint.ahead.lower_bound(End()), checkpoint.ahead.end());
  }

  Stop Run(const std::atomic<bool>& stop, const std::function<bool(const Checkpoint&)>& save,
           const std::function<void(const SweepProgress&)>& progress) {
    std::deque<Worker> workers(static_cast<size_t>(std::max(settings_.each.jobs, 1)));
    for (Worker& worker : workers) workers_.push_back(&worker);
    std::vector<std::thread> threads;
    threads.reserve(workers.size());
    for (Worker& worker : workers) {
      threads.emplace_back([this, &worker] { Work(worker); });
    }
    Watch(stop, save, progress);
    for (std::thread& thread : threads) thread.join();
    if (save) save(checkpoint_);
    workers_.clear();
    if (End() == checkpoint_.totals.programs) return Stop::kNo;
    if (stopped_ == Stop::kNo) {
      std::fprintf(stderr, "gatherfuzz: a sweep has lost a program\n");
      std::abort();
    }
    return stopped_;
  }

 private:
  struct Worker {
    uint64_t at = 0;                 // the program it is at
    std::atomic<bool> stop = false;  // its exploration
  };

  // Programs from here on are of no interest.
  uint64_t End() const {
    return to_first_ && settings_.price_runs == 0 ? std::min(last_ + 1, programs_.size())
                                                  : programs_.size();
  }

  void NoteBroken(uint64_t index) {
    if (!to_first_ || index >= last_) return;
    last_ = index;
    for (Worker* worker : workers_) {
      if (worker->at > last_) worker->stop = true;
    }
  }

  // The next program for a thread. False if there is none.
  bool Take(Worker& worker) {
    std::unique_lock lock(mutex_);
    for (;; room_.wait(lock)) {
      next_ = std::max(next_, checkpoint_.totals.programs);
      while (checkpoint_.ahead.contains(next_)) ++next_;
      if (stopped_ != Stop::kNo || next_ >= End()) return false;
      if (next_ < checkpoint_.totals.programs + kMostAhead) break;
    }
    worker.at = next_++;
    worker.stop = worker.at > last_;
    return true;
  }

  void Work(Worker& worker) {
    const auto pricer = std::make_unique<Pricer>(*settings_.each.policy, *settings_.each.arch);
    while (Take(worker)) {
      const Schedule schedule = programs_.At(worker.at);
      ProgramOutcome outcome = ExploreOne(schedule, worker.stop);
      outcome.price = pricer->Of(schedule, worker.at, settings_.price_runs);
      Finish(worker, outcome);
    }
    const std::lock_guard lock(mutex_);
    ++finished_;
    over_.notify_all();
  }

  // Each thread has its share of the memory. A program that needs more is explored again with all
  // of it while the others wait, so what comes of one does not depend on the number of threads.
  ExploreResult ExploreWithin(const Schedule& schedule, const std::atomic<bool>& stop) {
    ExploreSettings settings = settings_.each;
    const auto threads = static_cast<uint64_t>(std::max(settings.jobs, 1));
    settings.jobs = 1;
    settings.limits.seconds = ExploreLimits{}.seconds;
    settings.limits.bytes /= threads;
    {
      std::unique_lock queue(queue_);
      const std::shared_lock together(memory_);
      queue.unlock();
      ExploreResult result = Explore(schedule, settings, stop);
      if (result.stopped != Stop::kMemory || threads == 1) return result;
    }
    const std::lock_guard queue(queue_);
    const std::lock_guard alone(memory_);
    malloc_trim(0);  // what the others have freed counts as theirs until it is given back
    settings.limits.bytes = settings_.each.limits.bytes;
    return Explore(schedule, settings, stop);
  }

  ProgramOutcome ExploreOne(const Schedule& schedule, const std::atomic<bool>& stop) {
    if (stop) return {};
    const ExploreResult result = ExploreWithin(schedule, stop);
    if (result.stopped == Stop::kAsked) return {};
    return {.explored = true,
            .stopped = result.stopped == Stop::kViolation ? Stop::kNo : result.stopped,
            .kinds = result.kinds(),
            .overtaken = result.overtaken,
            .states = result.states,
            .steps = result.steps,
            .executions = result.executions};
  }

  void Finish(const Worker& worker, const ProgramOutcome& outcome) {
    const std::lock_guard lock(mutex_);
    // One that was interrupted, and not because it does not count, is not done.
    if (!outcome.explored && worker.at <= last_) return;
    if (outcome.kinds != 0) NoteBroken(worker.at);
    ++so_far_.done;
    so_far_.states += outcome.states;
    auto& ahead = checkpoint_.ahead;
    ahead.emplace(worker.at, outcome);
    ahead.erase(ahead.lower_bound(End()), ahead.end());
    SweepTotals& totals = checkpoint_.totals;
    while (!ahead.empty() && ahead.begin()->first == totals.programs) {
      const ProgramOutcome& next = ahead.begin()->second;
      totals.Add(totals.programs > last_ ? ProgramOutcome{.price = next.price} : next);
      ahead.erase(ahead.begin());
    }
    room_.notify_all();
  }

  void StopFor(Stop why) {
    const std::lock_guard lock(mutex_);
    if (stopped_ == Stop::kNo) stopped_ = why;
    for (Worker* worker : workers_) worker->stop = true;
    room_.notify_all();
  }

  // Until all threads are done.
  void Watch(const std::atomic<bool>& stop, const std::function<bool(const Checkpoint&)>& save,
             const std::function<void(const SweepProgress&)>& progress) {
    const Clock::time_point began = Clock::now();
    Clock::time_point saved = began;
    for (std::unique_lock lock(mutex_); finished_ < workers_.size();) {
      over_.wait_for(lock, std::chrono::milliseconds(50),
                     [&] { return finished_ == workers_.size(); });
      const SweepProgress so_far = so_far_;
      const Clock::time_point now = Clock::now();
      const bool due = save && now - saved >= std::chrono::duration<double>(settings_.save_every);
      const Checkpoint copy = due ? checkpoint_ : Checkpoint{};
      lock.unlock();
      const std::chrono::duration<double> passed = now - began;
      if (stop) StopFor(Stop::kAsked);
      if (passed.count() >= settings_.each.limits.seconds) StopFor(Stop::kSeconds);
      if (due) {
        saved = now;
        if (!save(copy)) StopFor(Stop::kAsked);
      }
      if (progress) progress(so_far);
      lock.lock();
    }
  }

  const ProgramList& programs_;
  const SweepSettings& settings_;
  bool to_first_;
  std::shared_mutex memory_;  // held by all that explore, or by one that has all the memory
  std::mutex queue_;          // ... which the others let go first
  std::mutex mutex_;
  std::condition_variable room_, over_;  // a thread may go on; all have ended
  Checkpoint& checkpoint_;
  SweepProgress so_far_;
  std::vector<Worker*> workers_;
  size_t finished_ = 0;
  uint64_t next_ = 0;                 // no program below is to be taken
  uint64_t last_ = ~uint64_t{0} - 1;  // the last program that counts, as far as is known
  Stop stopped_ = Stop::kNo;
};

}  // namespace

void SweepTotals::Add(const ProgramOutcome& outcome) {
  const uint64_t index = programs++;
  price.Add(outcome.price);
  if (!outcome.explored) return;
  ++explored;
  incomplete += outcome.stopped != Stop::kNo ? 1 : 0;
  if (outcome.kinds != 0) {
    ++broken;
    if (!first) first = index;
  }
  for (size_t kind = 0; kind < by_kind.size(); ++kind) by_kind[kind] += outcome.kinds >> kind & 1;
  states += outcome.states;
  steps += outcome.steps;
  executions += outcome.executions;
  if (outcome.states > largest) {
    largest = outcome.states;
    largest_program = index;
  }
  overtaken = std::max(overtaken, outcome.overtaken);
}

Stop Sweep(const ProgramList& programs, const SweepSettings& settings, Checkpoint& checkpoint,
           const std::atomic<bool>& stop, const std::function<bool(const Checkpoint&)>& save,
           const std::function<void(const SweepProgress&)>& progress) {
  return Sweeper(programs, settings, checkpoint).Run(stop, save, progress);
}

}  // namespace gatherfuzz
