// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/execution.h"

#include <bit>
#include <cstdlib>
#include <utility>

#include "model/kernel/paths.h"
#include "model/machine/invalidation.h"
#include "model/machine/walk.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

constexpr AgentId kNobody{kMaxAgents};

// The hash so far, and one more value.
GATHERFUZZ_WRAPS uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

}  // namespace

Execution::Execution() {
  world_ = &system_.world;
  system_.steps = this;
  for (const StrategyInfo& info : Strategies()) {
    strategies_[static_cast<size_t>(info.kind)] = info.make();
  }
  for (int i = 0; i < kMaxCpus; ++i) entries_[i] = {this, MakeCpu(i)};
}

RunResult Execution::RunLoaded(const Policy& policy, const Arch& arch, const Member& member,
                               const RunOptions& options) {
  system_.arch = &arch;
  system_.protocol = &policy.protocol();
  system_.ignored = options.ignored;
  system_.cost = {};
  observer_ = options.observer;
  observed_ = observer_ != nullptr ? observer_->points() : 0;
  result_ = {};
  trace_hash_ = 0;
  steps_ = 0;
  budget_ = 0;
  stops_ = 0;
  member_ = member;
  next_run_ = 0;
  drawing_ = false;
  turn_ = {};
  turn_.agent = mover_ = kNobody;
  CopyState(start_, system_.world);
  PrepareAgents();
  boot_.Prepare(BootFiber, this);
  running_ = &boot_;
  Fiber::Switch(main_, boot_);

  const Violation& violation = result_.violation;
  result_.steps = steps_;
  result_.cost = system_.cost;
  result_.trace_hash = Mix(Mix(trace_hash_, static_cast<uint64_t>(violation.kind) << 32 |
                                                static_cast<uint32_t>(violation.page)),
                           system_.world.mm.next_mapping);
  return result_;
}

void Execution::Load(const Schedule& schedule) {
  schedule_ = &schedule;
  Reset(start_, schedule.cpus, schedule.batch);
  LoadInit(schedule);
  LoadPrograms(schedule);
}

void Execution::LoadPrograms(const Schedule& schedule) {
  for (int i = 0; i < schedule.cpus; ++i) {
    programs_[i].ops.clear();
    programs_[i].fills.clear();
  }
  cpus_loaded_ = walkers_loaded_ = 0;
  for (const auto& [agent, op] : schedule.program) {
    if (Index(CpuOf(agent)) >= schedule.cpus) continue;
    CpuProgram& program = programs_[Index(CpuOf(agent))];
    if (KindOf(agent) == AgentKind::kCpu) {
      program.ops.push_back(op);
      cpus_loaded_ |= CpuBit(CpuOf(agent));
    } else {
      walkers_loaded_ |= CpuBit(CpuOf(agent));
      program.fills.push_back(static_cast<uint8_t>(op.range.begin));
    }
  }
}

void Execution::LoadInit(const Schedule& schedule) {
  for (const InitItem& item : schedule.init) {
    switch (item.kind) {
      case InitItem::Kind::kMap: InitMap(start_, item.range, item.flags); break;
      case InitItem::Kind::kPresent: InitPresent(start_, item.range, item.dirty); break;
      case InitItem::Kind::kCached:
        if (Index(item.cpu) < schedule.cpus) InitCached(start_, item.cpu, item.range);
        break;
    }
  }
}

void Execution::PrepareAgents() {
  cpus_left_ = cpus_loaded_;
  walkers_left_ = walkers_loaded_;
  waiting_ = 0;
  for (int i = 0; i < start_.cpu_count; ++i) {
    CpuProgram& program = programs_[i];
    program.fill = 0;
    program.waits = false;
    program.pending = {};
    if ((cpus_left_ & CpuBit(MakeCpu(i))) != 0) fibers_[i].Prepare(CpuFiber, &entries_[i]);
  }
}

void Execution::BootFiber(void* execution) {
  auto& self = *static_cast<Execution*>(execution);
  self.SwitchFrom(self.boot_, self.NextCpu());
  std::abort();
}

void Execution::CpuFiber(void* entry) {
  const auto [self, cpu] = *static_cast<CpuEntry*>(entry);
  CpuProgram& program = self->program(cpu);
  const Thread thread{self->system_, cpu};
  for (program.op = 0; program.op < static_cast<int>(program.ops.size()); ++program.op) {
    RunOp(thread, program.ops[program.op]);
  }
  self->cpus_left_ &= static_cast<uint8_t>(~CpuBit(cpu));
  self->TakeBackBudget();
  self->SwitchFrom(self->fibers_[Index(cpu)], self->NextCpu());
  std::abort();
}

// --- What a thread's step asks ---

void Execution::Yield(AgentId agent, Point point, int page) {
  const CpuId cpu = CpuOf(agent);
  program(cpu).pending = {point, static_cast<int8_t>(page)};
  while (!MayGoOn(cpu, point, page)) SwitchFrom(fibers_[Index(cpu)], NextCpu());
}

void Execution::Wait(AgentId agent, Point point, int page, Ready ready, int arg) {
  const CpuId cpu = CpuOf(agent);
  CpuProgram& self = program(cpu);
  TakeBackBudget();
  self.ready = ready;
  self.arg = arg;
  self.pending = {point, static_cast<int8_t>(page)};
  self.waits = true;
  waiting_ |= CpuBit(cpu);
  while (!ready(system_.world, arg) || !MayGoOn(cpu, point, page)) {
    SwitchFrom(fibers_[Index(cpu)], NextCpu());
  }
  self.waits = false;
  waiting_ &= static_cast<uint8_t>(~CpuBit(cpu));
}

// Steps that the running agent was given and has not made.
void Execution::TakeBackBudget() {
  const uint32_t unused = std::exchange(budget_, 0);
  stops_ = 0;
  if (turn_.kind == Turn::Kind::kCount) turn_.left += unused;
}

// Whether the thread that is chosen to move may do this step before somebody else is chosen.
bool Execution::MayGoOn(CpuId cpu, Point point, int page) {
  if (steps_ >= kStepLimit) {
    result_.limit = true;
    End();
  }
  if (mover_ != CpuAgent(cpu) || turn_.over) return false;
  if (mover_ != turn_.agent) return !Runnable(turn_.agent) && Blocker(turn_.agent) == mover_;
  if (turn_.kind == Turn::Kind::kFree) {
    budget_ = kStepLimit - steps_ - 1;
    return true;
  }
  if (turn_.left == 0) return false;
  const bool watch = turn_.strict && waiting_ != 0;
  if (watch && SomebodyBecameAble()) {
    turn_.over = true;
    return false;
  }
  if (turn_.kind == Turn::Kind::kCount && !watch) {
    budget_ = std::exchange(turn_.left, 0) - 1;
    return true;
  }
  turn_.left -= TurnCounts(point, page);
  const bool on = turn_.kind == Turn::Kind::kUntil && turn_.left != 0 && !watch;
  budget_ = on ? kStepLimit - steps_ - 1 : 0;
  stops_ = on ? turn_.counted : 0;
  return true;
}

bool Execution::SomebodyBecameAble() const { return (RunnableAgents() & ~turn_.able) != 0; }

void Execution::Observe(AgentId agent, Point point, int page) {
  const CpuProgram& it = program(CpuOf(agent));
  const AgentKind kind = KindOf(agent);
  observer_->OnStep({.agent = agent,
                     .point = point,
                     .page = page,
                     .op = kind == AgentKind::kCpu      ? it.op
                           : kind == AgentKind::kWalker ? it.fill
                                                        : 0,
                     .lent = mover_ != turn_.agent,
                     .turn_of = turn_.agent},
                    system_.world);
}

void Execution::Violate(Violation violation) {
  result_.violation = violation;
  result_.violation.step = steps_;
  End();
}

void Execution::End() {
  Fiber::Switch(*running_, main_);
  std::abort();
}

void Execution::SwitchFrom(Fiber& from, CpuId next) {
  Fiber& to = fibers_[Index(next)];
  if (&from == &to) return;
  running_ = &to;
  Fiber::Switch(from, to);
}

// --- Whose turn it is ---

bool Execution::Runnable(AgentId agent) const {
  const CpuId cpu = CpuOf(agent);
  const CpuProgram& it = program(cpu);
  switch (KindOf(agent)) {
    case AgentKind::kCpu:
      return (cpus_left_ & CpuBit(cpu)) != 0 && (!it.waits || it.ready(system_.world, it.arg));
    case AgentKind::kWalker: return (walkers_left_ & CpuBit(cpu)) != 0;
    case AgentKind::kInvalidation: break;
  }
  return (system_.world.deliveries_pending & CpuBit(cpu)) != 0;
}

// Goes on with the turn or begins the next one, and lives through the steps of agents without a
// thread, until it is a thread's.
CpuId Execution::NextCpu() {
  for (;;) {
    if (!GoOnWithTurn() && !NextTurn()) NothingCanMove();
    if (KindOf(mover_) == AgentKind::kCpu) return CpuOf(mover_);
    RunInlineTurn();
  }
}

// If the turn is not over: its owner moves, or, if that is blocked, the one it waits for.
bool Execution::GoOnWithTurn() {
  if (turn_.agent == kNobody || turn_.over) return false;
  if (turn_.kind != Turn::Kind::kFree && turn_.left == 0) return false;
  mover_ = Runnable(turn_.agent) ? turn_.agent : Blocker(turn_.agent);
  return mover_ != kNobody;
}

// Who can move and has to, for `agent` to go on: a delivery, or the holder of a lock, or whoever
// that one waits for. Nobody if the turn is not lent, or if `agent` waits for something else.
AgentId Execution::Blocker(AgentId agent) {
  const Mm& mm = system_.world.mm;
  for (int depth = 0; depth < kMaxCpus; ++depth) {
    const bool thread =
        KindOf(agent) == AgentKind::kCpu && (cpus_left_ & CpuBit(CpuOf(agent))) != 0;
    if (!thread || !program(CpuOf(agent)).waits) return kNobody;
    const CpuProgram& waiter = program(CpuOf(agent));
    if (waiter.pending.point == Point::tlb_flush_done && turn_.lends != Lends::kNothing) {
      delivers_for_ = CpuOf(agent);
      return DeliveryAgent(
          MakeCpu(std::countr_zero(system_.world.at(CpuOf(agent)).invalidation.undelivered)));
    }
    if (turn_.lends != Lends::kToAll) return kNobody;
    int holder = -1;
    switch (waiter.pending.point) {
      case Point::pte_lock:
      case Point::pmd_lock: holder = system_.world.at(MakeFrame(waiter.arg)).lock_owner - 1; break;
      case Point::mmap_read_lock: holder = mm.mmap_writer - 1; break;
      case Point::mmap_write_lock:
        holder = mm.mmap_writer != 0 ? mm.mmap_writer - 1 : std::countr_zero(mm.mmap_readers);
        break;
      default: return kNobody;
    }
    agent = CpuAgent(MakeCpu(holder));
    if (Runnable(agent)) return agent;
  }
  return kNobody;
}

bool Execution::NextTurn() {
  budget_ = 0;
  stops_ = 0;
  if (steps_ >= kStepLimit) {
    result_.limit = true;
    End();
  }
  NoteUnreached();
  while (next_run_ < member_.runs) {
    const Turn before = turn_;
    BeginTurn(schedule_->order[next_run_++]);
    if (GoOnWithTurn()) return true;
    NoteUnreached();
    turn_ = before;
  }
  return member_.tail.kind == Tail::Kind::kRest ? BeginRestTurn() : BeginDrawnTurn();
}

// A turn of the order is over: did the step that it names come?
void Execution::NoteUnreached() {
  const bool unreached = turn_.kind == Turn::Kind::kUntil && turn_.left != 0 && !drawing_;
  if (unreached && result_.unreached_run < 0)
    result_.unreached_run = static_cast<int>(next_run_) - 1;
}

void Execution::BeginTurn(const Run& run) {
  turn_ = {.kind = run.kind == Run::Kind::kCount        ? Turn::Kind::kCount
                   : run.kind == Run::Kind::kUntilPoint ? Turn::Kind::kUntil
                                                        : Turn::Kind::kFree,
           .agent = run.agent,
           .lends = Lends::kToAll,
           .page = run.page,
           .left = run.count,
           .counted = MaskOf(run.point)};
}

// Who can move, as a bit mask by AgentId.
uint32_t Execution::RunnableAgents() const {
  static_assert(kMaxAgents <= 32);
  uint32_t agents = world_->deliveries_pending;
  agents = agents << kMaxCpus | walkers_left_;
  agents <<= kMaxCpus;
  agents |= cpus_left_ & ~waiting_;
  for (uint32_t cpus = waiting_; cpus != 0; cpus &= cpus - 1) {
    const int cpu = std::countr_zero(cpus);
    const CpuProgram& waiter = programs_[cpu];
    if (waiter.ready(*world_, waiter.arg)) agents |= 1u << cpu;
  }
  return agents;
}

bool Execution::BeginRestTurn() {
  AgentId next = turn_.agent;
  if (next == kNobody || !Runnable(next)) {
    const uint32_t runnable = RunnableAgents();
    if (runnable == 0) return false;
    next = AgentId(std::countr_zero(runnable));
  }
  turn_ = {.kind = Turn::Kind::kFree, .agent = next, .lends = Lends::kToDeliveries};
  mover_ = next;
  return true;
}

bool Execution::BeginDrawnTurn() {
  Strategy& strategy = *strategies_[static_cast<size_t>(member_.tail.kind)];
  view_.runnable = RunnableAgents();
  if (view_.runnable == 0) return false;
  view_.unspent = drawing_ ? turn_.left : 0;
  view_.last = last_point_;
  if (!drawing_) strategy.Begin(*schedule_, member_.tail);
  drawing_ = true;
  const Move move = strategy.Next(view_);
  mover_ = move.agent;
  turn_ = {.kind = move.counted == kAllPoints ? Turn::Kind::kCount : Turn::Kind::kUntil,
           .agent = move.agent,
           .strict = move.strict,
           .left = move.steps,
           .able = view_.runnable,
           .counted = move.counted};
  return true;
}

// What the agent does next. Of a delivery: the oldest.
PendingStep Execution::PendingOf(AgentId agent) const {
  const CpuId cpu = CpuOf(agent);
  const CpuState& state = world_->at(cpu);
  switch (KindOf(agent)) {
    case AgentKind::kCpu: return program(cpu).pending;
    case AgentKind::kWalker: {
      const Walk& walk = state.walks[kWalkerWalk];
      const uint8_t page = program(cpu).fills[static_cast<size_t>(program(cpu).fill)];
      return {NextPoint(walk.active() ? walk : NewWalk(*world_, cpu, page, false)),
              static_cast<int8_t>(page)};
    }
    case AgentKind::kInvalidation: break;
  }
  return {Point::deliver, static_cast<int8_t>(Index(state.deliveries.issuers[0]))};
}

// 1 if a step at `point` is one the turn counts, else 0.
bool Execution::TurnCounts(Point point, int page) {
  return turn_.kind == Turn::Kind::kCount ||
         (turn_.kind == Turn::Kind::kUntil && (turn_.counted & MaskOf(point)) != 0 &&
          (turn_.page == kNoPage || turn_.page == page));
}

void Execution::RunInlineTurn() {
  if (mover_ != turn_.agent) return DeliverFrom(system_, CpuOf(mover_), delivers_for_);
  do {
    InlineStep(turn_.agent);
    if (turn_.kind != Turn::Kind::kFree) turn_.left -= TurnCounts(last_point_, last_page_);
    if (turn_.strict && waiting_ != 0) turn_.over = SomebodyBecameAble();
  } while (!turn_.over && (turn_.kind == Turn::Kind::kFree || turn_.left != 0) &&
           Runnable(turn_.agent));
}

void Execution::InlineStep(AgentId agent) {
  const CpuId cpu = CpuOf(agent);
  if (KindOf(agent) == AgentKind::kInvalidation) return Deliver(cpu);
  CpuProgram& self = program(cpu);
  if (!StepWalker(system_, cpu, self.fills[self.fill])) return;
  if (++self.fill == static_cast<int>(self.fills.size())) {
    walkers_left_ &= static_cast<uint8_t>(~CpuBit(cpu));
  }
}

// The oldest pending invalidation, or the one that the turn names, as in `inv0 until deliver(1)`.
void Execution::Deliver(CpuId target) {
  const bool named = turn_.kind == Turn::Kind::kUntil && turn_.counted == MaskOf(Point::deliver) &&
                     0 <= turn_.page && turn_.page < system_.world.cpu_count;
  if (named) {
    const CpuId issuer = MakeCpu(turn_.page);
    const uint8_t undelivered = system_.world.at(issuer).invalidation.undelivered;
    if ((undelivered & CpuBit(target)) != 0) return DeliverFrom(system_, target, issuer);
  }
  DeliverOldest(system_, target);
}

void Execution::NothingCanMove() {
  if (cpus_left_ != 0) {
    // Named after the step that is furthest on in a call, so that the same deadlock is named the
    // same whichever CPUs are in it.
    CpuId blocked = MakeCpu(std::countr_zero(cpus_left_));
    for (uint32_t cpus = cpus_left_; cpus != 0; cpus &= cpus - 1) {
      const CpuId cpu = MakeCpu(std::countr_zero(cpus));
      if (program(cpu).pending.point > program(blocked).pending.point) blocked = cpu;
    }
    CheckDeadlock(system_, blocked, program(blocked).pending.point);
  }
  CheckEnd(system_);
  End();
}

}  // namespace gatherfuzz
