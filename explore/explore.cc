// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/explore.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <thread>

#include "explore/held.h"
#include "explore/independence.h"
#include "explore/preemption.h"
#include "explore/seen.h"
#include "explore/stepper.h"
#include "harness/joins.h"

namespace gatherfuzz {
namespace {

using Clock = std::chrono::steady_clock;

// Steps that a worker makes between looks at who is idle, and at the limits.
constexpr uint32_t kBetweenLooks = 256;

// A part of the tree that nobody works on: the actions `todo` after `path`.
struct Part {
  Path path;
  Actions todo;
  Action last = kNoAction;
  int left = 0;       // preemptions
  double weight = 0;  // its share of the tree, as far as that can be told from above
};

// What the threads share.
class Pool {
 public:
  Pool(int jobs, uint64_t most_states, const std::atomic<bool>& asked)
      : seen(jobs > 1, most_states), jobs_(jobs), asked_(asked) {}

  void Give(Part part) {
    const std::lock_guard lock(mutex_);
    held.fetch_add(BytesOf(part.path), std::memory_order_relaxed);
    parts_.push_back(std::move(part));
    changed_.notify_one();
  }
  // Waits for a part. False if there will be none.
  bool Take(Part& part) {
    std::unique_lock lock(mutex_);
    idle_.fetch_add(1, std::memory_order_relaxed);
    if ((idle_ == jobs_ && parts_.empty()) || stopped() != Stop::kNo) over_ = true;
    if (over_) changed_.notify_all();
    changed_.wait(lock, [&] { return over_ || !parts_.empty(); });
    if (over_) return false;
    idle_.fetch_sub(1, std::memory_order_relaxed);
    part = std::move(parts_.front());
    parts_.pop_front();
    held.fetch_sub(BytesOf(part.path), std::memory_order_relaxed);
    return true;
  }
  bool SomebodyIsIdle() const { return idle_.load(std::memory_order_relaxed) != 0; }
  // Waits until all is done or `seconds` have passed; true if done.
  bool WaitUntilOver(double seconds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return over_; });
  }

  Stop stopped() const {
    const Stop stop = stop_.load(std::memory_order_relaxed);
    return stop == Stop::kNo && asked_.load(std::memory_order_relaxed) ? Stop::kAsked : stop;
  }
  void StopFor(Stop why) {
    Stop none = Stop::kNo;
    stop_.compare_exchange_strong(none, why);
  }

  // Of memory: the table of states, and what is held beside it.
  uint64_t bytes() const { return seen.bytes() + held.load(std::memory_order_relaxed); }

  Seen seen;
  // Apart from what everybody looks at with each step, since it is written often.
  alignas(64) std::atomic<uint64_t> held = 0;

 private:
  alignas(64) const int jobs_;
  const std::atomic<bool>& asked_;
  std::atomic<Stop> stop_ = Stop::kNo;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Part> parts_;
  std::atomic<int> idle_ = 0;
  bool over_ = false;
};

class Worker {
 public:
  Worker(const Schedule& schedule, const ExploreSettings& settings, Pool& pool)
      : settings_(settings),
        pool_(pool),
        independence_(schedule, *settings.policy, settings.ignored, settings.rules),
        joins_(settings.join ? Joins(schedule) : Joins()),
        writer_(false, !settings.forget) {
    stepper_.Begin(schedule, *settings.policy, *settings.arch, settings.ignored);
  }

  // Works on parts until there are none.
  void Work() {
    Part part;
    while (pool_.Take(part)) {
      Begin(part);
      while (height_ > 0 && Go()) {
      }
    }
    result_.done = done_;
    result_.points = stepper_.points();
    result_.asked = stepper_.asked();
  }

  // The part that is the whole tree.
  Part Whole() {
    Part whole{.left = std::max(settings_.preemptions, 0), .weight = 1};
    stepper_.Restart();
    pool_.seen.Add(KeyHere(kNoAction), whole.left);
    whole.todo = Choices(stepper_.Able(), kNoAction, whole.left);
    if (stepper_.Able().stand()) End();
    return whole;
  }

  const ExploreResult& result() const { return result_; }
  // What others may read while it works.
  std::atomic<uint64_t> steps = 0;
  std::atomic<double> share = 0;

 private:
  // A state on the way to where the search is, of whose actions some are still to be tried.
  struct Frame {
    Stepper::Snapshot snapshot;
    size_t depth = 0;  // of path_
    Actions todo;
    Action last = kNoAction;
    int left = 0;
    double weight = 0;  // of each action still to be tried
  };

  bool bounded() const { return settings_.preemptions >= 0; }
  // Whether what is tried in a state depends on who moved last.
  bool LastTells() const { return bounded() || settings_.switches != kAllPoints || settings_.join; }

  void Begin(const Part& part) {
    stepper_.Restart();
    path_ = part.path;
    for (const Action action : path_) stepper_.Step(action);
    height_ = 0;
    Push(part.todo, part.last, part.left, part.weight);
  }

  void Push(const Actions& todo, Action last, int left, double weight) {
    if (todo.empty()) return;
    const bool grows = height_ == frames_.size();
    if (grows) frames_.push_back(std::make_unique<Frame>());
    Frame& frame = *frames_[height_++];
    frame.depth = path_.size();
    frame.todo = todo;
    frame.last = last;
    frame.left = left;
    frame.weight = weight / todo.size();
    if (snapshots() && todo.size() > 1) {
      const size_t before = frame.snapshot.stacks.capacity();
      stepper_.Save(frame.snapshot);
      stacks_ += frame.snapshot.stacks.capacity() - before;
    }
    here_ = &frame;
    if (grows) CountMemory();
  }

  bool snapshots() const { return kFibersCanGoBack && !settings_.replay; }

  void GoBackTo(const Frame& frame) {
    path_.resize(frame.depth);
    if (snapshots()) return stepper_.GoBackTo(frame.snapshot);
    stepper_.Restart();
    for (const Action action : path_) stepper_.Step(action);
  }

  // Tries the next action of the topmost frame. False if the search is to stop.
  bool Go() {
    Frame& frame = *frames_[height_ - 1];
    if (here_ != &frame) GoBackTo(frame);
    here_ = nullptr;
    const Action action = frame.todo.TakeFirst();
    const double weight = frame.weight;
    int left = frame.left;
    const Action last = LastAfter(frame.last, action);
    if (bounded() && Preempts(frame.last, stepper_.Able(), action)) --left;
    if (frame.todo.empty()) --height_;
    path_.push_back(action);
    if (path_.size() >= settings_.limits.steps) pool_.StopFor(Stop::kSteps);
    Make(action, last, left, weight);
    if (++result_.steps % kBetweenLooks == 0) Look();
    return pool_.stopped() == Stop::kNo;
  }

  // Makes the step, and pushes what follows.
  void Make(Action action, Action last, int left, double weight) {
    const bool clean = stepper_.Step(action);
    result_.depth = std::max(result_.depth, static_cast<int>(path_.size()));
    if (!clean) {
      NoteViolation();
      done_ += weight;
      return;
    }
    const Key key = KeyHere(last);
    pool_.seen.Prefetch(key);
    const Actions able = stepper_.Able();
    if (!pool_.seen.Add(key, left)) {
      if (pool_.seen.full()) return pool_.StopFor(Stop::kStates);
      ++result_.merged;
    } else {
      if (pool_.bytes() >= settings_.limits.bytes) pool_.StopFor(Stop::kMemory);
      NoteOvertaken();
      const Actions todo = Choices(able, last, left);
      if (!todo.empty()) {
        Push(todo, last, left, weight);
        if (todo.stand()) End();
        return;
      }
      if (able.empty()) End();
    }
    done_ += weight;
  }

  // All agents are done, or blocked.
  void End() {
    if (!stepper_.Judge()) return NoteViolation();
    ++result_.executions;
    if (settings_.finals) result_.finals.push_back(writer_.KeyOf(stepper_));
  }

  void NoteViolation() {
    if (stepper_.out_of_stores()) return pool_.StopFor(Stop::kStores);
    ++result_.executions;
    ++result_.violations[static_cast<size_t>(stepper_.violation().kind)];
    if (result_.kind == ViolationKind::kNone) {
      result_.kind = stepper_.violation().kind;
      result_.path = path_;
    }
    if (settings_.to_first) pool_.StopFor(Stop::kViolation);
  }

  void NoteOvertaken() {
    for (int i = 0; i < stepper_.world().cpu_count; ++i) {
      const int overtaken = stepper_.world().at(MakeCpu(i)).call.overtaken;
      result_.overtaken = std::max(result_.overtaken, overtaken);
    }
  }

  Key KeyHere(Action last) {
    Key key = writer_.KeyOf(stepper_);
    if (LastTells()) key.low = Mix(key.low, static_cast<uint64_t>(last));
    if (settings_.join) key.low = Mix(key.low, stepper_.last_point() == Point::pte_lock);
    return key;
  }

  // What is tried here.
  Actions Choices(const Actions& able, Action last, int left) const {
    if (last != kNoAction && able.contains(last) && !Switches(last)) return Actions::Only(last);
    // An order that stands for others may not be one that is allowed.
    const bool reduce = settings_.reduce && !LastTells();
    if (!bounded()) return reduce ? independence_.Enough(stepper_, able) : able;
    if (left > 0) return able;
    Actions free;
    for (Actions rest = able; !rest.empty();) {
      const Action next = rest.TakeFirst();
      if (!Preempts(last, able, next)) free.Add(next);
    }
    return free;
  }

  bool Switches(Action last) const {
    if ((settings_.switches == kAllPoints && !settings_.join) || LooksForGood(last)) return true;
    return (settings_.switches & MaskOf(stepper_.Next(last).point)) != 0 && !IsJoined(last);
  }

  // Where a detour begins, a thread has two steps.
  bool IsJoined(Action last) const {
    if (Index(last) >= kMaxCpus || stepper_.AtFork(MakeCpu(Index(last)))) return false;
    return joins_.Between(stepper_.world(), MakeCpu(Index(last)), stepper_.last_point(),
                          stepper_.Next(last));
  }

  // It would never come to such a point.
  bool LooksForGood(Action last) const {
    return Index(last) < kMaxCpus && stepper_.GoesRound(MakeCpu(Index(last)));
  }

  // What this worker holds: the way it has gone, and what it can go back to.
  void CountMemory() {
    const uint64_t held = frames_.size() * sizeof(Frame) + BytesOf(frames_) + stacks_ +
                          BytesOf(path_) + BytesOf(result_.finals) + BytesOf(result_.path);
    pool_.held.fetch_add(held - held_, std::memory_order_relaxed);
    held_ = held;
    if (pool_.bytes() >= settings_.limits.bytes) pool_.StopFor(Stop::kMemory);
  }

  void Look() {
    CountMemory();
    steps.store(result_.steps, std::memory_order_relaxed);
    share.store(done_, std::memory_order_relaxed);
    if (pool_.SomebodyIsIdle()) GiveAway();
  }

  // Gives the lowest frame, which has most before it, to an idle worker.
  void GiveAway() {
    if (height_ < 2) return;
    const Frame& frame = *frames_[0];
    pool_.Give({.path = Path(path_.begin(), path_.begin() + static_cast<ptrdiff_t>(frame.depth)),
                .todo = frame.todo,
                .last = frame.last,
                .left = frame.left,
                .weight = frame.weight * frame.todo.size()});
    std::rotate(frames_.begin(), frames_.begin() + 1,
                frames_.begin() + static_cast<ptrdiff_t>(height_));
    --height_;
  }

  const ExploreSettings& settings_;
  Pool& pool_;
  const Independence independence_;
  const Joins joins_;
  Stepper stepper_;
  StateWriter writer_;
  Path path_;
  std::vector<std::unique_ptr<Frame>> frames_;  // the first height_ are in use
  size_t height_ = 0;
  const Frame* here_ = nullptr;  // the frame at whose state the stepper is
  double done_ = 0;
  uint64_t stacks_ = 0, held_ = 0;  // bytes: of the snapshots' stacks, of all as last counted
  ExploreResult result_;
};

void Add(ExploreResult& to, const ExploreResult& part) {
  to.steps += part.steps;
  to.executions += part.executions;
  to.merged += part.merged;
  to.depth = std::max(to.depth, part.depth);
  to.overtaken = std::max(to.overtaken, part.overtaken);
  to.points |= part.points;
  to.asked.Add(part.asked);
  for (size_t i = 0; i < to.violations.size(); ++i) to.violations[i] += part.violations[i];
  to.finals.insert(to.finals.end(), part.finals.begin(), part.finals.end());
  if (to.kind == ViolationKind::kNone) {
    to.kind = part.kind;
    to.path = part.path;
  }
  to.done += part.done;
}

class Explorer {
 public:
  Explorer(const Schedule& schedule, const ExploreSettings& settings, const std::atomic<bool>& stop)
      : settings_(settings), pool_(std::max(settings.jobs, 1), settings.limits.states, stop) {
    for (int i = 0; i < std::max(settings.jobs, 1); ++i) {
      workers_.push_back(std::make_unique<Worker>(schedule, settings, pool_));
    }
  }

  ExploreResult Run(const std::function<void(const ExploreResult&)>& progress) {
    pool_.Give(workers_[0]->Whole());
    std::vector<std::thread> threads;
    const bool watch = progress != nullptr || settings_.limits.seconds < 1e9;
    for (size_t i = watch ? 0 : 1; i < workers_.size(); ++i) {
      threads.emplace_back([worker = workers_[i].get()] { worker->Work(); });
    }
    if (watch) {
      Watch(progress);
    } else {
      workers_[0]->Work();
    }
    for (std::thread& thread : threads) thread.join();
    return Total();
  }

 private:
  void Watch(const std::function<void(const ExploreResult&)>& progress) {
    const Clock::time_point began = Clock::now();
    while (!pool_.WaitUntilOver(0.1)) {
      const std::chrono::duration<double> passed = Clock::now() - began;
      if (passed.count() >= settings_.limits.seconds) pool_.StopFor(Stop::kSeconds);
      if (progress) progress(SoFar());
    }
  }

  ExploreResult SoFar() const {
    ExploreResult result;
    for (const auto& worker : workers_) {
      result.steps += worker->steps.load(std::memory_order_relaxed);
      result.done += worker->share.load(std::memory_order_relaxed);
    }
    result.states = pool_.seen.states();
    result.bytes = pool_.bytes();
    return result;
  }

  ExploreResult Total() const {
    ExploreResult total;
    for (const auto& worker : workers_) Add(total, worker->result());
    std::sort(total.finals.begin(), total.finals.end());
    total.states = pool_.seen.states();
    total.bytes = pool_.bytes();
    total.stopped = pool_.stopped();
    return total;
  }

  const ExploreSettings& settings_;
  Pool pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

uint32_t ExploreResult::kinds() const {
  uint32_t kinds = 0;
  for (size_t i = 1; i < violations.size(); ++i) kinds |= violations[i] != 0 ? 1u << i : 0u;
  return kinds;
}

ExploreResult Explore(const Schedule& schedule, const ExploreSettings& settings,
                      const std::atomic<bool>& stop,
                      const std::function<void(const ExploreResult&)>& progress) {
  return Explorer(schedule, settings, stop).Run(progress);
}

ExploreResult Explore(const Schedule& schedule, const ExploreSettings& settings) {
  static const std::atomic<bool> never = false;
  return Explore(schedule, settings, never);
}

}  // namespace gatherfuzz
