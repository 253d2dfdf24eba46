// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Moves the agents of a schedule one step at a time, and goes back.
//
// The agents, kernel paths, hardware and oracle are those of every run (harness/agents.h); only who
// moves is said from outside. The schedule's own order is not looked at.
//
// Going back is by snapshot: the state, the agents' bookkeeping, and of each fiber the part of its
// stack that is in use, put back where it was. So it does not matter what stands on a stack (C code
// of a kernel included), as long as it owns nothing outside of the stack and the state. Where a
// stack cannot be put back (AddressSanitizer keeps notes of it elsewhere), it is by replay.
//
// What an agent carries from step to step on its stack is a function of what it has read since its
// operation began, so two running hashes of those values (learned.h) stand for it; key.h makes
// states of them. Faithful to the scheduler: a sequence of actions is an order, and makes the
// same trace in an Execution (tests/explore/stepper_test.cc).
#ifndef GATHERFUZZ_EXPLORE_STEPPER_H_
#define GATHERFUZZ_EXPLORE_STEPPER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "explore/action.h"
#include "explore/learned.h"
#include "explore/round.h"
#include "harness/agents.h"
#include "model/kernel/mmu_gather.h"

namespace gatherfuzz {

class Futures;

class Stepper final : public Agents {
 public:
  // What can be gone back to.
  struct Snapshot {
    struct Place {
      int op, fill;
      bool waits;
      Ready ready;
      int arg;
      PendingStep pending;
      Point detour;
      Round round;
      const char* stands;
      uint64_t version;   // of the stack
      uint32_t at, size;  // its bytes in `stacks`
    };
    World world{};
    Cost cost;
    uint64_t trace_hash;
    uint32_t steps;
    uint8_t cpus_left, walkers_left, waiting, at_fork, going_round;
    bool stuck;
    std::array<Ready, kMaxCpus> finish_wait;
    std::array<FinishPart, kMaxCpus> finish_part;
    std::array<Learned, kMaxCpus> learned;
    std::array<uint8_t, kMaxCpus> learned_in;
    std::array<PendingLoad, kMaxCpus> loads;
    std::array<Place, kMaxCpus> places;
    std::vector<char> stacks;
  };

  Stepper();
  ~Stepper();

  // Puts every agent of `schedule` (which must outlive the steps) before its first step. Violations
  // of kinds in `ignored`, a mask of Bit(kind), do not end the run.
  void Begin(const Schedule& schedule, const Policy& policy, const Arch& arch,
             uint32_t ignored = 0);
  // Back to where Begin() left it.
  void Restart();

  // Who can move. None: the run is over, and Judge() says what came of it. It also is if those who
  // can only look, and whatever way they take turns, that stays so: a livelock.
  Actions Able() const;
  // Whether that one is among them; cheap.
  bool Able(Action action) const;
  // What the action's step is.
  PendingStep Next(Action action) const;
  // Which line of its agent's program it belongs to; 0 for deliveries.
  int LineOf(Action action) const { return Agents::LineOf(AgentOf(action)); }
  // Makes one step of one that is able. False if that was a violation, which ends the run.
  bool Step(Action action);
  // Nobody is able: whether that is as it should be. False if it is a violation.
  bool Judge();
  // After a false. Of kind kNone if the memory model had no room, so that it is not known what
  // follows.
  const Violation& violation() const { return violation_; }
  bool out_of_stores() const { return violated_ && violation_.kind == ViolationKind::kNone; }

  // The kinds of steps that were made since Begin(), on all ways.
  PointMask points() const { return points_; }

  void Save(Snapshot& to) const;
  // To a snapshot taken since Begin(). Not where !kFibersCanGoBack.
  void GoBackTo(const Snapshot& snapshot);

  const Schedule& schedule() const { return *schedule_; }
  const Policy& policy() const { return *policy_; }
  // What agents may yet do.
  const Futures& futures() const { return *futures_; }
  uint32_t ignored() const { return ignored_; }
  const World& start() const { return start_; }
  const Cost& cost() const { return system_.cost; }
  // Whether the CPU side is a kernel's own code (model/kernel/cpu_code.h).
  bool HasCpuCode() const {
    return world().switches != 0 && system_.protocol->cpu_code(system_) != nullptr;
  }
  Hardware hardware() const { return system_.hardware; }
  MemoryOrder order(Point point) const { return system_.order(point); }
  uint32_t steps() const { return steps_; }
  Point last_point() const { return last_point_; }
  uint64_t trace_hash() const { return trace_hash_; }

  // Where an agent is.
  bool ThreadLeft(CpuId cpu) const { return (cpus_left_ & CpuBit(cpu)) != 0; }
  bool WalkerLeft(CpuId cpu) const { return (walkers_left_ & CpuBit(cpu)) != 0; }
  bool Waits(CpuId cpu) const { return (waiting_ & CpuBit(cpu)) != 0; }
  bool GoesRound(CpuId cpu) const { return (going_round_ & CpuBit(cpu)) != 0; }
  bool SomebodyGoesRound() const { return going_round_ != 0; }
  using Agents::WaitsForLate;
  bool AtFork(CpuId cpu) const { return (at_fork_ & CpuBit(cpu)) != 0; }
  int OpIndex(CpuId cpu) const { return program(cpu).op; }
  // After the one in progress.
  int OpsLeft(CpuId cpu) const {
    return static_cast<int>(program(cpu).ops.size()) - 1 - program(cpu).op;
  }
  int FillIndex(CpuId cpu) const { return program(cpu).fill; }
  int FillPage(CpuId cpu) const { return program(cpu).fills[static_cast<size_t>(FillIndex(cpu))]; }
  int WaitArgument(CpuId cpu) const { return program(cpu).arg; }
  const Op& OpInProgress(CpuId cpu) const { return program(cpu).ops[program(cpu).op]; }
  // What its thread carries, of the operation in progress; nothing before its first step.
  Learned LearnedBy(CpuId cpu) const;

 private:
  // Steps.
  void Yield(AgentId agent, Point point, int page) override;
  void Wait(AgentId agent, Point point, int page, Ready ready, int arg) override;
  bool Choose(AgentId agent, Point point, Point detour, int page) override;
  int ChooseOld(AgentId agent, Point point, int page, Ready ready, int arg) override;
  [[noreturn]] void OutOfStores() override;
  void Observe(AgentId agent, Point point, int page) override;
  [[noreturn]] void Violate(Violation violation) override;
  void ThreadDone(CpuId cpu) override;

  static void AsideFiber(void* stepper);
  void Go(Fiber& fiber);
  void Aside(Action action);
  void NoteStand(CpuId cpu, int op);
  bool IsStuck();
  void JudgeStuck();
  uint64_t DigestOf(CpuId cpu) const;
  bool GoesRoundAlone(CpuId cpu, const Actions& able);

  const Policy* policy_ = nullptr;
  const Arch* arch_ = nullptr;
  std::unique_ptr<const Futures> futures_;
  uint32_t ignored_ = 0;
  PointMask points_ = 0;
  Violation violation_;
  bool violated_ = false;
  bool detours_ = false;  // the thread that goes on takes its detour
  int takes_old_ = 0;     // who goes on takes a value so far behind the newest
  std::array<Learned, kMaxCpus> learned_{};
  std::array<uint8_t, kMaxCpus> learned_in_{};  // the operation, counted from 1
  // Which contents a fiber's stack has: a number that no other contents had.
  std::array<uint64_t, kMaxCpus> versions_{};
  uint64_t next_version_ = 1;
  // Threads that go round (round.h), and whether they are all that is left.
  std::array<Round, kMaxCpus> rounds_;
  std::array<const char*, kMaxCpus> stands_{};  // as standing.h has it
  uint8_t going_round_ = 0;
  bool stuck_ = false;
  PointMask looks_at_ = 0;
  Snapshot before_rounds_;
  // Where steps without a thread are made that may end in a violation.
  Fiber aside_;
  bool aside_stands_ = false;
  Action aside_action_{};
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_STEPPER_H_
