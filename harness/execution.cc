// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/execution.h"

#include <bit>
#include <cstdlib>
#include <utility>

#include "harness/features.h"
#include "harness/standing.h"
#include "model/kernel/locks.h"
#include "model/kernel/paths.h"
#include "model/machine/invalidation.h"
#include "model/machine/walk.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

constexpr AgentId kNobody{kMaxAgents};

}  // namespace

Execution::Execution() {
  for (const StrategyInfo& info : Strategies()) {
    strategies_[static_cast<size_t>(info.kind)] = info.make();
  }
}

RunResult Execution::RunLoaded(const Policy& policy, const Arch& arch, const Member& member,
                               const RunOptions& options) {
  observer_ = options.observer;
  features_ = options.features;
  observed_ = (observer_ != nullptr ? observer_->points() : 0) |
              (features_ != nullptr ? kTellingPoints : 0);
  result_ = {};
  member_ = member;
  next_run_ = 0;
  drawing_ = nullptr;
  joins_ = {};
  view_.joined.clear();
  turn_ = {};
  turn_.agent = mover_ = kNobody;
  Prepare(policy, arch, options.ignored);
  looking_.Begin(kStepLimit);
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

void Execution::BootFiber(void* execution) {
  auto& self = *static_cast<Execution*>(execution);
  self.SwitchFrom(self.boot_, self.NextCpu());
  std::abort();
}

void Execution::ThreadDone(CpuId cpu) {
  TakeBackBudget();
  SwitchFrom(fibers_[Index(cpu)], NextCpu());
}

// Steps that the running agent was given and has not made.
void Execution::TakeBackBudget() {
  const uint32_t unused = std::exchange(budget_, 0);
  stops_ = 0;
  if (turn_.kind == Turn::Kind::kCount) turn_.left += unused;
}

// Lets the thread make so many steps, or fewer, before it asks again; says how many.
inline uint32_t Execution::Grant(CpuId cpu, uint32_t most, PointMask stops) {
  const uint32_t until_asked = steps_ < looking_.ask_at() ? looking_.ask_at() - steps_ : 1;
  const uint32_t granted = most < until_asked ? most : until_asked;
  budget_ = granted - 1;
  if (budget_ != 0) stops_ = stops | looking_.StopsOf(cpu);
  return granted;
}

// Whether the thread that is chosen to move may do this step before somebody else is chosen.
inline bool Execution::MayGoOn(CpuId cpu, Point point, int page) {
  if (!turn_.plain || turn_.over || steps_ >= kStepLimit) return MayGoOnElse(cpu, point, page);
  if (turn_.left == 0 || turn_.agent != CpuAgent(cpu)) return false;
  turn_.left -= Grant(cpu, turn_.left, 0);
  return true;
}

// Whether it does that step though its turn is over, since a choice here could not matter.
inline bool Execution::GoesOnJoined(CpuId cpu, Point point, int page) {
  return joins_.any() && TakeJoined(cpu, {point, static_cast<int8_t>(page)});
}

bool Execution::TakeJoined(CpuId cpu, PendingStep next) {
  if (CpuOf(mover_) != cpu || view_.joined.full()) return false;
  if (!joins_.Between(system_.world, cpu, last_point_, next)) return false;
  if (view_.joined.empty()) view_.last = last_point_;
  view_.joined.push_back(next);
  return true;
}

// --- What a thread's step asks ---

void Execution::Yield(AgentId agent, Point point, int page) {
  const CpuId cpu = CpuOf(agent);
  if (Asks(cpu)) [[unlikely]] {
    GATHERFUZZ_TAIL_CALL return YieldAsked(agent, point, page);
  }
  pending(cpu) = {point, static_cast<int8_t>(page)};
  if (MayGoOn(cpu, point, page) || GoesOnJoined(cpu, point, page)) return;
  do SwitchFrom(fibers_[Index(cpu)], NextCpu());
  while (!MayGoOn(cpu, point, page));
}

void Execution::Wait(AgentId agent, Point point, int page, Ready ready, int arg) {
  const CpuId cpu = CpuOf(agent);
  if (Asks(cpu)) [[unlikely]] {
    GATHERFUZZ_TAIL_CALL return WaitAsked(agent, point, page, ready, arg);
  }
  TakeBackBudget();
  BeginWait(cpu, point, page, ready, arg);
  bool goes_on = IsOver(cpu) && (MayGoOn(cpu, point, page) || GoesOnJoined(cpu, point, page));
  while (!goes_on) {
    SwitchFrom(fibers_[Index(cpu)], NextCpu());
    goes_on = IsOver(cpu) && MayGoOn(cpu, point, page);
  }
  EndWait(cpu);
}

bool Execution::Choose(AgentId agent, Point point, Point detour, int page) {
  const CpuId cpu = CpuOf(agent);
  if (Asks(cpu)) [[unlikely]] {
    GATHERFUZZ_TAIL_CALL return ChooseAsked(agent, point, detour, page);
  }
  TakeBackBudget();
  BeginChoice(cpu, point, detour, page);
  if (turn_.strict && SomebodyBecameAble()) turn_.over = true;
  bool taken;
  while (!(taken = TurnTakes(cpu, detour, page)) && !MayGoOn(cpu, point, page)) {
    SwitchFrom(fibers_[Index(cpu)], NextCpu());
  }
  EndChoice(cpu);
  return taken;
}

int Execution::ChooseOld(AgentId agent, Point point, int page, Ready ready, int arg) {
  const CpuId cpu = CpuOf(agent);
  const auto is_ready = [&] { return ready == nullptr || ready(system_.world, arg); };
  if (budget_ != 0 && !Stops(point) && is_ready()) {
    --budget_;
    return 0;
  }
  TakeBackBudget();
  if (ready != nullptr) {
    BeginWait(cpu, point, page, ready, arg);
  } else {
    pending(cpu) = {point, static_cast<int8_t>(page)};
  }
  if (Asks(cpu)) Ask(cpu, GATHERFUZZ_STANDS_HERE());
  if (turn_.strict && SomebodyBecameAble()) turn_.over = true;
  int old;
  while ((old = TurnTakesOld(cpu)) == 0 && !(is_ready() && MayGoOn(cpu, point, page))) {
    SwitchFrom(fibers_[Index(cpu)], NextCpu());
  }
  Wake(cpu);
  if (ready != nullptr) EndWait(cpu);
  return old;
}

// How old a value the turn takes, if it is a turn of old values.
int Execution::TurnTakesOld(CpuId cpu) {
  if (turn_.over || turn_.left == 0 || mover_ != DetourAgent(cpu)) return 0;
  const int old = OldFor(CpuAgent(cpu));
  turn_.left -= old != 0;
  return old;
}

// ... of those that the agent may take: as old as the run says, or else any.
int Execution::OldFor(AgentId agent) {
  const uint32_t choices = OldChoices(agent);
  if (choices == 0) return 0;
  if (turn_.old != 0) {
    const uint32_t as_old = choices & ((2u << (turn_.old - 1)) - 1);
    return as_old != 0 ? std::bit_width(as_old) : std::countr_zero(choices) + 1;
  }
  uint32_t rest = choices;
  for (uint64_t skip = trace_hash_ % static_cast<uint64_t>(std::popcount(choices)); skip > 0;
       --skip) {
    rest &= rest - 1;
  }
  return std::countr_zero(rest) + 1;
}

void Execution::OutOfStores() {
  result_.limit = result_.out_of_stores = true;
  End();
}

// The same of a thread that is asked whether it looks. Apart, since they save all registers.

void Execution::YieldAsked(AgentId agent, Point point, int page) {
  const CpuId cpu = CpuOf(agent);
  pending(cpu) = {point, static_cast<int8_t>(page)};
  Ask(cpu, GATHERFUZZ_STANDS_HERE());
  while (!MayGoOn(cpu, point, page)) SwitchFrom(fibers_[Index(cpu)], NextCpu());
  Wake(cpu);
}

void Execution::WaitAsked(AgentId agent, Point point, int page, Ready ready, int arg) {
  const CpuId cpu = CpuOf(agent);
  BeginWait(cpu, point, page, ready, arg);
  Ask(cpu, GATHERFUZZ_STANDS_HERE());
  while (!ready(system_.world, arg) || !MayGoOn(cpu, point, page)) {
    SwitchFrom(fibers_[Index(cpu)], NextCpu());
  }
  Wake(cpu);
  EndWait(cpu);
}

bool Execution::ChooseAsked(AgentId agent, Point point, Point detour, int page) {
  const CpuId cpu = CpuOf(agent);
  BeginChoice(cpu, point, detour, page);
  Ask(cpu, GATHERFUZZ_STANDS_HERE());
  if (turn_.strict && SomebodyBecameAble()) turn_.over = true;
  bool taken;
  while (!(taken = TurnTakes(cpu, detour, page)) && !MayGoOn(cpu, point, page)) {
    SwitchFrom(fibers_[Index(cpu)], NextCpu());
  }
  Wake(cpu);
  if (taken) looking_.Unmark(cpu);  // it came back by choice, if it does
  EndChoice(cpu);
  return taken;
}

void Execution::Wake(CpuId cpu) {
  if (looking_.sleeps(cpu)) looking_.Wake(cpu, system_.world, steps_);
}

// Whether the turn is one of the detour, or of a run that names it.
bool Execution::TurnTakes(CpuId cpu, Point detour, int page) {
  if (turn_.over || turn_.left == 0) return false;
  const bool drawn = mover_ == DetourAgent(cpu);
  const bool named = mover_ == CpuAgent(cpu) && mover_ == turn_.agent && drawing_ == nullptr &&
                     turn_.kind == Turn::Kind::kUntil && TurnCounts(detour, page);
  turn_.left -= drawn || named;
  return drawn || named;
}

bool Execution::MayGoOnElse(CpuId cpu, Point point, int page) {
  if (steps_ >= kStepLimit) GiveUpAtLimit();
  if (WaitsForLate(cpu)) return false;
  if (mover_ != CpuAgent(cpu) || turn_.over) return false;
  if (mover_ != turn_.agent) return !Able(turn_.agent) && Blocker(turn_.agent) == mover_;
  if (looking_.on_trial()) return MayGoOnTrial(point);
  if (turn_.kind == Turn::Kind::kFree) {
    Grant(cpu, late_ ? 1 : kNoLimit, 0);
    return true;
  }
  if (turn_.left == 0) return false;
  const bool watch = Watches();
  if (watch && SomebodyBecameAble()) {
    turn_.over = true;
    return false;
  }
  if (turn_.kind == Turn::Kind::kCount && !watch && !late_) {
    turn_.left -= Grant(cpu, turn_.left, turn_.strict ? kDetourPoints : 0);
    return true;
  }
  turn_.left -= TurnCounts(point, page);
  const bool on = turn_.kind == Turn::Kind::kUntil && turn_.left != 0 && !watch && !late_;
  Grant(cpu, on ? kNoLimit : 1, on ? turn_.counted | (turn_.strict ? kDetourPoints : 0) : 0);
  return true;
}

// Of those that can move, those whose threads do not sleep.
uint32_t Execution::WithoutSleepers(uint32_t agents) const {
  return agents & ~looking_.Idle(agents & ((1u << kMaxCpus) - 1), system_.world);
}

bool Execution::SomebodyBecameAble() const { return (AbleAgents() & ~turn_.able) != 0; }

// --- Threads that look ---

// A thread that looks falls asleep, and its turn is over.
void Execution::Ask(CpuId cpu, const char* stands) {
  TakeBackBudget();
  const Looking::Stand stand{program(cpu).op, pending(cpu)};
  const bool back = stands != nullptr && looking_.marked(cpu) && looking_.BackAtMark(cpu, stand);
  if (back &&
      looking_.Recurs(cpu, StackDigest(fibers_[Index(cpu)], stands), system_.world, steps_)) {
    looking_.Sleep(cpu);
    if (mover_ == turn_.agent) turn_.over = true;
    if (looking_.Confirm(cpu)) JudgeLooking();
    looking_.EndTrial();
  }
  if (steps_ >= looking_.ask_at()) looking_.Mark(cpu, stand, steps_);
}

// Nobody can move but sleepers: the next of them goes round once more, alone.
bool Execution::BeginTrial() {
  const uint32_t sleepers = looking_.sleepers() & RunnableAgents() & ~looking_.confirmed();
  if (sleepers == 0) return false;
  const CpuId cpu = MakeCpu(std::countr_zero(sleepers));
  looking_.BeginTrial(cpu, system_.world, steps_);
  turn_ = {.kind = Turn::Kind::kFree, .agent = CpuAgent(cpu), .strict = true, .left = turn_.left};
  turn_.able = AbleAgents();
  mover_ = turn_.agent;
  return true;
}

bool Execution::MayGoOnTrial(Point point) {
  if (SomebodyBecameAble()) {
    looking_.EndTrial();
    turn_.over = true;
    return false;
  }
  looking_.NoteTrialStep(point);
  budget_ = 0;
  return true;
}

// A sleeper went round alone, and nobody became able to move. Once that is true of all, it stays so
// in every order: with several, the World was the same all the way round.
void Execution::JudgeLooking() {
  const uint32_t sleepers = looking_.sleepers() & RunnableAgents();
  if ((sleepers & ~looking_.confirmed()) != 0) return;
  result_.looking = static_cast<uint8_t>(sleepers);
  CheckLivelock(system_, MakeCpu(std::countr_zero(sleepers)), FirstOf(looking_.looks_at()));
}

void Execution::Observe(AgentId agent, Point point, int page) {
  if (features_ != nullptr) {
    if (observer_ == nullptr) return features_->See(agent, point, page, system_.world, old_);
    if (Has(kTellingPoints, point)) features_->See(agent, point, page, system_.world, old_);
  }
  observer_->OnStep({.agent = agent,
                     .point = point,
                     .page = page,
                     .op = LineOf(agent),
                     .lent = mover_ != turn_.agent,
                     .turn_of = turn_.agent,
                     .on_trial = looking_.on_trial(),
                     .old = old_},
                    system_.world);
}

void Execution::Violate(Violation violation) {
  result_.violation = violation;
  result_.violation.step = steps_;
  End();
}

void Execution::SwitchFrom(Fiber& from, CpuId next) {
  Fiber& to = fibers_[Index(next)];
  if (&from == &to) return;
  running_ = &to;
  Fiber::Switch(from, to);
}

// --- Whose turn it is ---

// Goes on with the turn or begins the next one, and lives through the steps of agents without a
// thread, until it is a thread's.
CpuId Execution::NextCpu() {
  for (;;) {
    if (Draws()) [[likely]] {
      budget_ = 0;
      stops_ = 0;
      if (steps_ >= kStepLimit) GiveUpAtLimit();
      if (!BeginDrawnTurn()) NothingCanMove();
    } else if (!GoOnWithTurn() && !NextTurn()) {
      NothingCanMove();
    }
    const AgentKind kind = KindOf(mover_);
    const bool thread = kind == AgentKind::kCpu || kind == AgentKind::kDetour;
    if (thread && !(defers_ && MovesLate())) return CpuOf(mover_);
    RunInlineTurn();
  }
}

// Whether it is not the thread of the detour that moves, but what it has left for later. A strategy
// sees one agent, and where both could be it is either.
bool Execution::MovesLate() const {
  if (!(late_ || rcu_) || KindOf(mover_) != AgentKind::kDetour) return false;
  if (mover_ != turn_.agent || turn_.late) return true;
  const CpuId cpu = CpuOf(mover_);
  if (drawing_ == nullptr || !HasLeft(cpu)) return false;
  return !ThreadHasDetour(cpu) || (trace_hash_ >> 61 & 1) != 0;
}

// If the turn is not over: its owner moves, or, if that is blocked, the one it waits for.
bool Execution::GoOnWithTurn() {
  if (turn_.agent == kNobody || turn_.over) return false;
  if (turn_.kind != Turn::Kind::kFree && turn_.left == 0) return false;
  mover_ = Able(turn_.agent) ? turn_.agent : Blocker(turn_.agent);
  return mover_ != kNobody;
}

// Who can move and has to, for `agent` to go on: a delivery, or the holder of a lock, or whoever
// that one waits for. Nobody if the turn is not lent, or if `agent` waits for something else.
AgentId Execution::Blocker(AgentId agent) {
  for (int depth = 0; depth < kMaxCpus; ++depth) {
    const bool thread =
        KindOf(agent) == AgentKind::kCpu && (cpus_left_ & CpuBit(CpuOf(agent))) != 0;
    if (thread && WaitsForLate(CpuOf(agent)) && turn_.lends != Lends::kNothing) {
      return DetourAgent(CpuOf(agent));
    }
    if (!thread || !program(CpuOf(agent)).waits) return kNobody;
    const CpuProgram& waiter = program(CpuOf(agent));
    const Point point = pending(CpuOf(agent)).point;
    int holder = -1;
    if (point == Point::tlb_flush_done && turn_.lends != Lends::kNothing) {
      const uint8_t undelivered = system_.world.at(CpuOf(agent)).invalidation.undelivered;
      const unsigned now = undelivered & system_.world.deliveries_pending;
      delivers_for_ = CpuOf(agent);
      if (now != 0) [[likely]]
        return DeliveryAgent(MakeCpu(std::countr_zero(now)));
      holder = std::countr_zero(undelivered);  // its interrupts are off
    }
    if (turn_.lends != Lends::kToAll) return kNobody;
    if (holder < 0) holder = HolderOf(system_.world, point, waiter.arg);
    if (holder < 0) return kNobody;
    agent = CpuAgent(MakeCpu(holder));
    if (Able(agent)) return agent;
  }
  return kNobody;
}

bool Execution::NextTurn() {
  budget_ = 0;
  stops_ = 0;
  if (steps_ >= kStepLimit) GiveUpAtLimit();
  NoteUnreached();
  while (next_run_ < member_.runs) {
    const Turn before = turn_;
    BeginTurn(schedule_->order[next_run_++]);
    if (IsForNothing()) {
      NoteUnreached();
      turn_ = before;
      continue;
    }
    if (looking_.anybody_slept()) [[unlikely]]
      WakeForTurn();
    if (GoOnWithTurn()) return true;
    NoteUnreached();
    turn_ = before;
  }
  const bool begun = member_.tail.kind == Tail::Kind::kRest ? BeginRestTurn() : BeginDrawnTurn();
  if (!looking_.anybody_slept()) [[likely]]
    return begun;
  looking_.EndTrial();
  if (!begun) return BeginTrial();
  looking_.Forget();
  return true;
}

// Whether the turn, which has just begun, is of an old value, or of what was left for later, and
// there is none.
bool Execution::IsForNothing() const {
  const CpuId cpu = CpuOf(turn_.agent);
  if (turn_.late) return !HasLeft(cpu);
  if (KindOf(turn_.agent) != AgentKind::kDetour) {
    return turn_.old != 0 && OldChoices(turn_.agent) == 0;
  }
  // Before an increment, or as it begins, a thread loads nothing.
  const Point stands = pending(cpu).point;
  if (turn_.old != 0 && late_ && (stands == Point::pending_inc || stands == kNoPoint)) return true;
  return !ThreadHasDetour(cpu);
}

// An order may have a sleeper look again.
void Execution::WakeForTurn() {
  if (KindOf(turn_.agent) != AgentKind::kCpu) return;
  looking_.Forget();
  const CpuId cpu = CpuOf(turn_.agent);
  if (looking_.sleeps(cpu)) looking_.Wake(cpu, system_.world, steps_);
}

// A turn of the order is over: did the step that it names come, or did its agent have so many?
void Execution::NoteUnreached() {
  if (turn_.left == 0 || drawing_ != nullptr || result_.unreached_run >= 0) return;
  const bool unreached = turn_.kind == Turn::Kind::kUntil || turn_.old != 0 || turn_.late ||
                         (turn_.kind == Turn::Kind::kCount && IsAtEnd(turn_.agent));
  if (unreached) result_.unreached_run = static_cast<int>(next_run_) - 1;
}

// Whether the agent has no step left that it could ever make; of deliveries and detours, none now.
bool Execution::IsAtEnd(AgentId agent) const {
  switch (KindOf(agent)) {
    case AgentKind::kCpu: return (cpus_left_ & CpuBit(CpuOf(agent))) == 0;
    case AgentKind::kWalker:
    case AgentKind::kInvalidation: return !Runnable(agent);
    case AgentKind::kDetour: break;
  }
  return true;
}

void Execution::BeginTurn(const Run& run) {
  turn_ = {.kind = run.kind == Run::Kind::kUntilPoint  ? Turn::Kind::kUntil
                   : run.kind == Run::Kind::kUntilDone ? Turn::Kind::kFree
                                                       : Turn::Kind::kCount,
           .agent = run.agent,
           .lends = Lends::kToAll,
           .page = run.page,
           .old = static_cast<uint8_t>(run.kind == Run::Kind::kOld ? run.count : 0),
           .late = run.kind == Run::Kind::kLate,
           .left = run.kind == Run::Kind::kOld || run.kind == Run::Kind::kLate ? 1u : run.count,
           .counted = MaskOf(run.point)};
}

bool Execution::BeginRestTurn() {
  AgentId next = turn_.agent;
  if (next != kNobody && KindOf(next) == AgentKind::kDetour) next = CpuAgent(CpuOf(next));
  if (next == kNobody || !Able(next)) {
    // A rest takes no old value, so who could go on with one only waits for ever.
    constexpr uint32_t kDetours = 0xffu << 3 * kMaxCpus;
    const uint32_t runnable = AbleAgents() & ~kDetours;
    if (runnable == 0) return BeginLateTurn();
    next = AgentId(std::countr_zero(runnable));
  }
  turn_ = {.kind = Turn::Kind::kFree, .agent = next, .lends = Lends::kToDeliveries};
  mover_ = next;
  return true;
}

// Nobody else can move: of what was left for later, the first.
bool Execution::BeginLateTurn() {
  const uint8_t late = LeftForLater();
  if (late == 0) return false;
  const CpuId cpu = MakeCpu(std::countr_zero(late));
  turn_ = {
      .kind = Turn::Kind::kFree, .agent = CpuAgent(cpu), .lends = Lends::kToDeliveries, .left = 0};
  mover_ = DetourAgent(cpu);
  return true;
}

bool Execution::BeginDrawnTurn() {
  view_.runnable = AbleAgents();
  if (view_.runnable == 0) return false;
  view_.unspent = drawing_ != nullptr ? turn_.left : 0;
  if (view_.joined.empty()) view_.last = last_point_;
  if (drawing_ == nullptr) {
    drawing_ = strategies_[static_cast<size_t>(member_.tail.kind)].get();
    drawing_->Begin(*schedule_, member_.tail);
    if (member_.tail.joined) joins_ = Joins(*schedule_);
    turn_ = {};
  }
  // What is not set here is as in a turn that is new, since all turns before were drawn.
  const Move move = drawing_->Next(view_);
  view_.joined.clear();
  const bool count = move.counted == nullptr;
  mover_ = turn_.agent = move.agent;
  turn_.kind = count ? Turn::Kind::kCount : Turn::Kind::kUntil;
  turn_.strict = move.strict;
  turn_.plain = count && !move.strict && !late_;
  turn_.over = false;
  turn_.left = move.steps;
  turn_.able = view_.runnable;
  if (!count) turn_.counted = *move.counted;
  return true;
}

void Execution::GiveUpAtLimit() {
  result_.limit = true;
  End();
}

// 1 if a step at `point` is one the turn counts, else 0.
bool Execution::TurnCounts(Point point, int page) {
  return turn_.kind == Turn::Kind::kCount ||
         (turn_.kind == Turn::Kind::kUntil && Has(turn_.counted, point) &&
          (turn_.page == kNoPage || turn_.page == page));
}

void Execution::RunInlineTurn() {
  const bool late = KindOf(mover_) == AgentKind::kDetour;
  if (mover_ != turn_.agent) {
    return late ? DoLeft(CpuOf(mover_)) : DeliverFrom(system_, CpuOf(mover_), delivers_for_);
  }
  do {
    InlineStep(turn_.agent);
    if (turn_.kind != Turn::Kind::kFree) turn_.left -= TurnCounts(last_point_, last_page_);
    if (Watches()) turn_.over = SomebodyBecameAble();
  } while (!turn_.over && !late && (turn_.kind == Turn::Kind::kFree || turn_.left != 0) &&
           Runnable(turn_.agent));
}

// A run says how old a value the walker takes. A strategy, which sees one agent, has it take the
// newest in three of four.
int Execution::OldForWalker(AgentId walker) {
  if (system_.world.sc()) [[likely]]
    return 0;
  const bool drawn = drawing_ && trace_hash_ >> 62 == 0;
  return turn_.old != 0 || drawn ? OldFor(walker) : 0;
}

void Execution::InlineStep(AgentId agent) {
  const CpuId cpu = CpuOf(agent);
  if (KindOf(agent) == AgentKind::kInvalidation) return Deliver(cpu);
  if (KindOf(agent) == AgentKind::kDetour) return DoLeft(cpu);
  StepWalkerOf(cpu, OldForWalker(agent));
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
  JudgeEnd();
  End();
}

}  // namespace gatherfuzz
