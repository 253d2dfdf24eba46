// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Runs a schedule: the deterministic cooperative scheduler.
//
// As long as the order lets the running fiber go on, a step counts down and returns
// (model/steps.h); fibers switch, directly from one to the next, only when the order says so.
// Blocked agents are not runnable, so waiting costs no steps. Same schedule, policy and
// architecture: same trace, on every build. Nothing is allocated in a run after the first.
//
// An Execution is used by one thread at a time, and is large: keep one and use it again.
#ifndef GATHERFUZZ_HARNESS_EXECUTION_H_
#define GATHERFUZZ_HARNESS_EXECUTION_H_

#include <array>
#include <cstdint>
#include <memory>

#include "harness/agents.h"
#include "harness/family.h"
#include "harness/joins.h"
#include "harness/looking.h"
#include "harness/schedule.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {

class Features;

struct StepEvent {
  AgentId agent{};
  Point point{};
  int page = kNoPage;
  int op = 0;  // which line of the agent's program it belongs to; 0 for deliveries
  bool lent =
      false;  // the agent moved in the place of the one whose turn it is, which waits for it
  AgentId turn_of{};      // whose turn it is
  bool on_trial = false;  // made to see whether its thread only looks (looking.h)
  int old = 0;            // how far behind the newest the value is that it loads
};

// Sees each step of a run just before its operation.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void OnStep(const StepEvent& event, const World& before) = 0;
  // The points it wants to see.
  virtual PointMask points() const { return kAllPoints; }
};

struct RunOptions {
  uint32_t ignored = 0;              // Bit(kind) of violations that do not end the run
  StepObserver* observer = nullptr;  // may allocate; the run itself does not
  Features* features = nullptr;      // as an observer, without the cost of a virtual call
};

struct RunResult {
  Violation violation;         // kind kNone: clean
  bool limit = false;          // kStepLimit was reached: no verdict
  bool out_of_stores = false;  // ... or more stores were in flight than the pool has room for
  uint32_t steps = 0;
  uint64_t trace_hash = 0;  // of every step, and of the state at the end
  Cost cost;
  uint8_t looking = 0;  // of a livelock: who looks, as a bit mask of CPUs
  // The first entry of the order, by index, that names a step which did not come in it, or more
  // steps than its agent had left; -1 for none. No fault, but in a schedule written by hand it is
  // likely not what was meant.
  int unreached_run = -1;

  bool clean() const { return violation.kind == ViolationKind::kNone && !limit; }
};

class Execution final : public Agents {
 public:
  Execution();

  // Runs what was loaded last: its own order, or that of a member of its family.
  RunResult RunLoaded(const Policy& policy, const Arch& arch, const RunOptions& options = {}) {
    return RunLoaded(policy, arch, {schedule_->order.size(), schedule_->tail}, options);
  }
  RunResult RunLoaded(const Policy& policy, const Arch& arch, const Member& member,
                      const RunOptions& options = {});

  // Both.
  RunResult Execute(const Schedule& schedule, const Policy& policy, const Arch& arch,
                    const RunOptions& options = {}) {
    Load(schedule);
    return RunLoaded(policy, arch, options);
  }

 private:
  // To whom the owner of a turn gives way while it is blocked: to nobody (the turn ends), to the
  // deliveries of its own invalidation, or also to the holder of the lock it waits for.
  enum class Lends : uint8_t { kNothing, kToDeliveries, kToAll };
  // The turn: whose it is, and how far.
  struct Turn {
    enum class Kind : uint8_t { kCount, kUntil, kFree };
    Kind kind = Kind::kCount;
    AgentId agent{};
    Lends lends = Lends::kNothing;
    bool strict = false;  // it is over when an agent becomes able to move that could not
    bool plain = false;   // so many steps of its owner, whatever happens
    bool over = false;
    int8_t page = kNoPage;
    uint8_t old = 0;                 // of a run of an old value: how old
    bool late = false;               // of a run of what was left for later
    uint32_t left = 0;               // steps, or (kUntil) steps that count
    uint32_t able = 0;               // who could move when it began; of a strict one
    PointMask counted = kAllPoints;  // kUntil: which steps count
  };
  // What a strategy sees of the run.
  class View final : public Situation {
   public:
    explicit View(const Execution& execution)
        : Situation(execution.pending_.data()), execution_(execution) {}

   private:
    PendingStep PendingOfOther(AgentId agent) const override {
      return execution_.Agents::PendingOfOther(agent);
    }

    const Execution& execution_;
  };

  // Steps.
  void Yield(AgentId agent, Point point, int page) override;
  void Wait(AgentId agent, Point point, int page, Ready ready, int arg) override;
  bool Choose(AgentId agent, Point point, Point detour, int page) override;
  int ChooseOld(AgentId agent, Point point, int page, Ready ready, int arg) override;
  [[noreturn]] void OutOfStores() override;
  void Observe(AgentId agent, Point point, int page) override;
  [[noreturn]] void Violate(Violation violation) override;

  void ThreadDone(CpuId cpu) override;
  static void BootFiber(void* execution);

  // Who can move, and does not sleep.
  uint32_t AbleAgents() const {
    const uint32_t agents = RunnableAgents();
    if (looking_.anybody_sleeps()) [[unlikely]]
      return WithoutSleepers(agents);
    return agents;
  }
  bool Able(AgentId agent) const {
    return Runnable(agent) &&
           (!looking_.anybody_sleeps() || WithoutSleepers(1u << Index(agent)) != 0);
  }
  [[gnu::cold]] uint32_t WithoutSleepers(uint32_t agents) const;
  bool SomebodyBecameAble() const;
  // Whether a turn has to ask at each step if somebody became able.
  bool Watches() const {
    return turn_.strict && (waiting_ != 0 || looking_.anybody_sleeps() || rcu_);
  }
  void TakeBackBudget();
  uint32_t Grant(CpuId cpu, uint32_t most, PointMask stops);
  // Whether the thread stands where Ask() may have something to say.
  bool Asks(CpuId cpu) const { return steps_ >= looking_.ask_at() || looking_.marked(cpu); }
  bool GoesOnJoined(CpuId cpu, Point point, int page);
  bool TakeJoined(CpuId cpu, PendingStep next);
  void YieldAsked(AgentId agent, Point point, int page);
  void WaitAsked(AgentId agent, Point point, int page, Ready ready, int arg);
  bool ChooseAsked(AgentId agent, Point point, Point detour, int page);
  void Wake(CpuId cpu);
  void Ask(CpuId cpu, const char* stands);
  void JudgeLooking();
  void WakeForTurn();
  bool MayGoOnTrial(Point point);
  bool BeginTrial();
  bool MayGoOn(CpuId cpu, Point point, int page);
  bool MayGoOnElse(CpuId cpu, Point point, int page);
  bool TurnTakes(CpuId cpu, Point detour, int page);
  int TurnTakesOld(CpuId cpu);
  int OldFor(AgentId agent);
  int OldForWalker(AgentId walker);
  bool MovesLate() const;
  bool IsForNothing() const;
  CpuId NextCpu();
  bool GoOnWithTurn();
  AgentId Blocker(AgentId agent);
  bool NextTurn();
  void NoteUnreached();
  bool IsAtEnd(AgentId agent) const;
  void BeginTurn(const Run& run);
  bool BeginRestTurn();
  bool BeginLateTurn();
  bool BeginDrawnTurn();
  // Whether the next turn is drawn, whatever else a turn can be.
  bool Draws() const { return drawing_ != nullptr && turn_.left == 0 && !looking_.anybody_slept(); }
  void GiveUpAtLimit();
  void RunInlineTurn();
  void InlineStep(AgentId agent);
  void Deliver(CpuId target);
  bool TurnCounts(Point point, int page);
  void SwitchFrom(Fiber& from, CpuId next);
  [[noreturn]] void NothingCanMove();

  Fiber boot_;  // decides who is first
  Looking looking_;
  Member member_;  // how much of the order is run, and what comes after it
  size_t next_run_ = 0;
  Turn turn_;
  AgentId mover_{};       // the owner of the turn, or who moves in its place
  CpuId delivers_for_{};  // whose invalidation a delivery delivers that moves in another's place
  std::array<std::unique_ptr<Strategy>, kTailKinds> strategies_;  // by Tail::Kind
  Strategy* drawing_ = nullptr;  // the one that draws the order, once it has begun
  View view_{*this};
  Joins joins_;  // of a drawn order that has them; what is drawn before it has none
  StepObserver* observer_ = nullptr;
  Features* features_ = nullptr;
  RunResult result_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_EXECUTION_H_
