// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The agents of a schedule: what each is about to do, whether it can move, and one step of each.
//
// Agents are fibers (CPUs) or single steps (walkers and deliveries, which need no stack). A detour
// is its thread, told to take it. Who moves
// next is not decided here: an Execution (execution.h) follows the order of a schedule, a Stepper
// (explore/stepper.h) is told step by step. Both therefore run the same kernel paths, hardware and
// oracle. Nothing is allocated in a run after the first.
#ifndef GATHERFUZZ_HARNESS_AGENTS_H_
#define GATHERFUZZ_HARNESS_AGENTS_H_

#include <array>
#include <cstdint>

#include "harness/conflict.h"
#include "harness/fiber.h"
#include "harness/fixed_vector.h"
#include "harness/schedule.h"
#include "model/arch/arch.h"
#include "model/kernel/late.h"
#include "model/kernel/locks.h"
#include "model/kernel/rcu.h"
#include "model/policies/policy.h"
#include "model/steps.h"
#include "model/system.h"

namespace gatherfuzz {

// Steps after which a run is given up; far above what any schedule needs, as nothing spins.
inline constexpr uint32_t kStepLimit = 1u << 17;

// The hash so far, and one more value.
GATHERFUZZ_WRAPS constexpr uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

class Agents : protected Steps {
 public:
  // Takes in a schedule, which must stay as it is while it is run, and builds its initial state.
  void Load(const Schedule& schedule);

  // The state as it is.
  const World& world() const { return system_.world; }
  // The orders that a kernel tree's own code has asked for so far.
  const AskedOrders& asked() const { return system_.asked; }
  // How far behind the newest the value may be that the load takes before which `agent`, a thread
  // or a walker, stands: bit i says 1 + i. 0: it takes the newest, or does not load.
  uint32_t OldChoices(AgentId agent) const;
  // The step before which the thread of `cpu` stands, as of when it last gave way; kNoPoint if it
  // has not begun, or is done.
  PendingStep StandsBefore(CpuId cpu) const {
    return (cpus_left_ & CpuBit(cpu)) != 0 ? pending(cpu) : PendingStep{};
  }

 protected:
  struct CpuProgram {
    FixedVector<Op, kMaxOps> ops;
    FixedVector<uint8_t, kMaxOps> fills;  // pages, for the CPU's walker
    int op = 0;                           // index of the operation in progress
    int fill = 0;                         // index of the fill in progress
    bool waits = false;                   // the pending step goes on only when ready(arg)
    Ready ready = nullptr;
    int arg = 0;
    Point detour{};  // in its place, while the thread is in at_fork_
  };

  Agents();
  ~Agents() = default;

  // Puts every agent before its first step, in the loaded initial state.
  void Prepare(const Policy& policy, const Arch& arch, uint32_t ignored);
  // The thread of `cpu` has made its last step. Called on its fiber; must not return.
  virtual void ThreadDone(CpuId cpu) = 0;

  bool Runnable(AgentId agent) const;
  // Whether the thread stands before a step that waits for the increment it has left for later.
  bool WaitsForLate(CpuId cpu) const {
    return late_ && HasLate(*world_, cpu) && StandsBeforeWaiter(cpu);
  }
  // CPUs that have something left for an agent of its own: an increment (late.h), or a page table
  // whose grace period is over (rcu.h).
  uint8_t LeftForLater() const {
    return late_ ? world_->weak.late : rcu_ ? world_->callbacks.ready : uint8_t{0};
  }
  bool HasLeft(CpuId cpu) const { return (LeftForLater() & CpuBit(cpu)) != 0; }
  // What that agent does: a step.
  PendingStep PendingLeft(CpuId cpu) const;
  void DoLeft(CpuId cpu);
  // Whether the thread could take a detour, or an old value, where it stands; or may turn out to,
  // as it begins.
  bool ThreadHasDetour(CpuId cpu) const {
    return (at_fork_ & CpuBit(cpu)) != 0 || MayBeginAtFork(cpu) || OldChoices(CpuAgent(cpu)) != 0;
  }
  // Who can move, as a bit mask by AgentId.
  uint32_t RunnableAgents() const;
  // What the agent does next. Of a delivery: the oldest.
  PendingStep PendingOf(AgentId agent) const {
    return KindOf(agent) == AgentKind::kCpu ? pending(CpuOf(agent)) : PendingOfOther(agent);
  }
  PendingStep PendingOfOther(AgentId agent) const;
  // One step of the hardware walker of `cpu`, which has a fill to do.
  void StepWalkerOf(CpuId cpu, int old = 0);

  // Whether what the thread of `cpu`, which waits, waits for has come.
  bool IsOver(CpuId cpu) const {
    const Waited& waited = waited_[static_cast<size_t>(Index(cpu))];
    return waited.at != nullptr ? waited.over() : program(cpu).ready(*world_, program(cpu).arg);
  }

  // Bookkeeping of a thread's Choose().
  void BeginChoice(CpuId cpu, Point point, Point detour, int page);
  void EndChoice(CpuId cpu);
  // What the thread of `cpu` waits for.
  void WaitFor(CpuId cpu, Ready ready, int arg);
  // Bookkeeping of a thread's Wait().
  void BeginWait(CpuId cpu, Point point, int page, Ready ready, int arg);
  void EndWait(CpuId cpu);

  // Nothing can move: judges why. Returns if all are done and nothing is wrong.
  void JudgeEnd();

  // Leaves the fiber that runs for `main_`, for good.
  [[noreturn]] void End();

  CpuProgram& program(CpuId cpu) { return programs_[Index(cpu)]; }
  const CpuProgram& program(CpuId cpu) const { return programs_[Index(cpu)]; }
  // Of a thread, as of its last yield; kNoPoint before its first step.
  PendingStep& pending(CpuId cpu) { return pending_[Index(cpu)]; }
  const PendingStep& pending(CpuId cpu) const { return pending_[Index(cpu)]; }
  // Which line of its program the agent is at; 0 for deliveries.
  int LineOf(AgentId agent) const;

  System system_;
  World start_{};  // the loaded schedule's initial state
  std::array<CpuProgram, kMaxCpus> programs_;
  std::array<PendingStep, kMaxCpus> pending_{};
  std::array<Waited, kMaxCpus> waited_{};  // what those that wait wait for, where it is a few bytes
  std::array<Fiber, kMaxCpus> fibers_;
  uint8_t cpus_loaded_ = 0, walkers_loaded_ = 0;  // bit masks of CPUs that have a program
  uint8_t cpus_left_ = 0, walkers_left_ = 0;      // ... whose program is not done
  uint8_t waiting_ = 0;                           // ... that wait
  uint8_t asks_ = 0;     // ... of these, those for what is not a few bytes (Waited)
  uint8_t at_fork_ = 0;  // ... that stand where a detour begins
  bool late_ = false;    // increments may be done later (late.h)
  bool rcu_ = false;     // page tables are freed by RCU (rcu.h)
  bool defers_ = false;  // either, or memory is weaker: more can move than what is pending says
  Fiber main_;           // the thread that runs the schedule
  Fiber* running_ = nullptr;
  const Schedule* schedule_ = nullptr;

 private:
  struct CpuEntry {
    Agents* agents;
    CpuId cpu;
  };

  [[gnu::cold]] uint32_t WithOthers(uint32_t agents) const;
  void LoadInit(const Schedule& schedule);
  void LoadShared(const Schedule& schedule);
  void PrepareMemory(const Policy& policy, const Arch& arch);
  bool StandsBeforeWaiter(CpuId cpu) const;
  // From 6.17 on the first step of a madvise is that of its gather.
  bool MayBeginAtFork(CpuId cpu) const {
    return late_ && (cpus_left_ & CpuBit(cpu)) != 0 && pending(cpu).point == kNoPoint &&
           system_.kernel >= KernelVersion::k6_17;
  }
  void LoadPrograms(const Schedule& schedule);
  void NoteThread(CpuId cpu, int looked = 0);
  void NoteWalker(CpuId cpu);
  void Looked(AgentId agent, int end) override { NoteThread(CpuOf(agent), end); }
  static void CpuFiber(void* entry);

  std::array<CpuEntry, kMaxCpus> entries_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_AGENTS_H_
