// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The one interface the model sees of whoever runs it: "I am about to do this shared step".
//
// A thread of the model calls Step() before each operation on shared state. Step() may switch to
// other agents; when it returns, the operation is done at once, before the next call. So steps are
// atomic, in a total order, and that order is the schedule. StepWhen() is for an operation that can
// block: it returns only when ready() holds; a blocked agent is not runnable and costs no steps.
// StepOr() is for a place where the kernel may do one of two things, whatever the shared state is:
// the order decides.
//
// Invariants: an agent makes no change outside of a step that another could see; nothing is
// allocated; Violate() does not return, so a thread's stack must own nothing that needs to be
// released.
//
// The part that counts a step is inline and does not know who implements the interface: as long as
// the running agent may go on, a step is a count, a hash, and a return.
#ifndef GATHERFUZZ_MODEL_STEPS_H_
#define GATHERFUZZ_MODEL_STEPS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "model/machine/types.h"
#include "model/machine/world.h"
#include "model/points.h"
#include "model/violation.h"

namespace gatherfuzz {

// What the operation of a step loads, where the memory model lets it take a value that is not the
// newest (model/machine/memory.h). Nothing, of a step that loads nothing.
struct PendingLoad {
  Location at = kNoLocation;
  bool walk = false;  // what the thread's own table walk stands at, whatever that is by then
  int16_t lock = -1;  // the step takes this lock first
  bool any() const { return at != kNoLocation || walk; }
};

// Whether an agent that waits can go on; reads the state only. `arg` is what the waiter passed.
using Ready = bool (*)(const World& world, int arg);

class Steps {
 public:
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  void Step(AgentId agent, Point point, int page) {
    if (budget_ == 0 || Stops(point)) [[unlikely]] {
      Yield(agent, point, page);
    } else {
      --budget_;
    }
    Note(agent, point, page);
  }

  void StepWhen(AgentId agent, Point point, int page, Ready ready, int arg) {
    if (budget_ == 0 || Stops(point) || !ready(*world_, arg)) [[unlikely]] {
      Wait(agent, point, page, ready, arg);
    } else {
      --budget_;
    }
    Note(agent, point, page);
  }

  // The step `point`, or, if the order says so, the step `detour` in its place: true. An order that
  // does not speak of detours takes none.
  bool StepOr(AgentId agent, Point point, Point detour, int page) {
    bool taken = false;
    if (budget_ == 0 || Stops(point) || Stops(detour)) [[unlikely]] {
      taken = Choose(agent, point, detour, page);
    } else {
      --budget_;
    }
    Note(agent, taken ? detour : point, page);
    return taken;
  }

  // A step whose operation loads: how far behind the newest the value is that the order has it
  // take. An order that does not speak of old values takes none. Not under sequential consistency.
  int LoadStep(AgentId agent, Point point, int page, PendingLoad load) {
    return LoadStepWhen(agent, point, page, nullptr, 0, load);
  }
  // ... and that can block.
  int LoadStepWhen(AgentId agent, Point point, int page, Ready ready, int arg, PendingLoad load) {
    PendingLoad& pending = loads_[static_cast<size_t>(Index(CpuOf(agent)))];
    pending = load;
    const int old = ChooseOld(agent, point, page, ready, arg);
    NoteOld(agent, point, page, old);
    pending = {};
    return old;
  }
  // Counts a step that takes such a value.
  GATHERFUZZ_WRAPS void NoteOld(AgentId agent, Point point, int page, int old) {
    old_ = old;
    trace_hash_ ^= static_cast<uint64_t>(old) << 40;
    Note(agent, point, page);
    old_ = 0;
  }

  // The call that `agent` is in is past the entries of its range up to page `end`.
  virtual void Looked(AgentId, int /*end*/) {}

  // The pool of stores in flight has no room: ends the run without a verdict.
  [[noreturn]] virtual void OutOfStores() { std::abort(); }

  // Counts a step of an agent that has no thread (a walker, a delivery): the caller decided
  // already that it is this agent's turn.
  GATHERFUZZ_WRAPS void Note(AgentId agent, Point point, int page) {
    const uint64_t key = static_cast<uint64_t>(Index(agent)) | static_cast<uint64_t>(point) << 8 |
                         static_cast<uint64_t>(page & 0xff) << 16;
    trace_hash_ = (trace_hash_ ^ key) * 0x9e3779b97f4a7c15u;
    trace_hash_ ^= trace_hash_ >> 32;
    ++steps_;
    last_point_ = point;
    last_page_ = page;
    if ((observed_ & MaskOf(point)) != 0) [[unlikely]]
      Observe(agent, point, page);
  }

  // Ends the run with `violation`, whose step this fills in.
  [[noreturn]] virtual void Violate(Violation violation) = 0;

  uint32_t steps() const { return steps_; }

 protected:
  Steps() = default;
  ~Steps() = default;

  // Returns when `agent` may do its step. Called when the budget is used up.
  virtual void Yield(AgentId agent, Point point, int page) = 0;
  virtual void Wait(AgentId agent, Point point, int page, Ready ready, int arg) = 0;
  // As Yield(); true if the step is to be `detour`.
  virtual bool Choose(AgentId agent, Point point, Point detour, int page) = 0;
  virtual void Observe(AgentId agent, Point point, int page) = 0;
  // As Yield(), or, with `ready`, as Wait(); how far behind the newest the value is to be.
  virtual int ChooseOld(AgentId agent, Point point, int page, Ready ready, int arg) {
    ready == nullptr ? Yield(agent, point, page) : Wait(agent, point, page, ready, arg);
    return 0;
  }

  bool Stops(Point point) const { return (stops_ & MaskOf(point)) != 0; }

  const World* world_ = nullptr;  // what ready() is asked about; set by the implementation
  uint64_t trace_hash_ = 0;
  PointMask observed_ = 0;  // the points that are passed on to Observe()
  PointMask stops_ = 0;     // before a step at one of these it asks all the same
  uint32_t budget_ = 0;     // steps the running agent may still do without asking
  uint32_t steps_ = 0;
  int last_page_ = kNoPage;
  Point last_point_ = {};
  int old_ = 0;                                // of the step that is being counted
  std::array<PendingLoad, kMaxCpus> loads_{};  // of the step before which each thread stands
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_STEPS_H_
