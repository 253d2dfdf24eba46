// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/stepper.h"

#include <bit>
#include <span>

#include "explore/future.h"
#include "harness/standing.h"
#include "model/check.h"
#include "model/machine/invalidation.h"
#include "model/machine/walk.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

namespace {

// Steps of a round that is looked for from one state.
constexpr uint32_t kMostInRound = 4096;

}  // namespace

Stepper::Stepper() { observed_ = kAllPoints; }
Stepper::~Stepper() = default;

void Stepper::Begin(const Schedule& schedule, const Policy& policy, const Arch& arch,
                    uint32_t ignored) {
  Load(schedule);
  policy_ = &policy;
  arch_ = &arch;
  ignored_ = ignored;
  points_ = 0;
  system_.asked = {};
  futures_ = std::make_unique<Futures>(schedule, policy.waits(), policy.foreign());
  Restart();
}

void Stepper::Restart() {
  const AskedOrders asked = system_.asked;
  Prepare(*policy_, *arch_, ignored_);
  system_.asked = asked;
  learned_ = {};
  learned_in_ = {};
  violation_ = {};
  rounds_ = {};
  going_round_ = 0;
  stuck_ = false;
  // What a thread does before its first step is nobody else's business.
  for (uint32_t cpus = cpus_left_; cpus != 0; cpus &= cpus - 1) {
    const int cpu = std::countr_zero(cpus);
    Go(fibers_[cpu]);
    versions_[cpu] = next_version_++;
  }
}

// --- What can be done ---

Actions Stepper::Able() const {
  if (stuck_) return {};
  const uint32_t agents = RunnableAgents();
  Actions able;
  able.agents = (agents & 0xffff) | uint32_t{at_fork_} << kFirstDetour;
  if (!world().sc()) [[unlikely]] {
    for (int i = 0; i < world().cpu_count; ++i) {
      const CpuId cpu = MakeCpu(i);
      able.olds |= uint64_t{OldChoices(CpuAgent(cpu))} << kMaxOld * i;
      able.walker_olds |= uint64_t{OldChoices(WalkerAgent(cpu))} << kMaxOld * i;
    }
  }
  able.late = LeftForLater();
  if ((agents >> 16 & 0xff) == 0) return able;
  for (int issuer = 0; issuer < world().cpu_count; ++issuer) {
    const uint8_t undelivered = world().at(MakeCpu(issuer)).invalidation.undelivered;
    for (uint32_t targets = undelivered & world().deliveries_pending; targets != 0;
         targets &= targets - 1) {
      able.Add(Delivery(MakeCpu(std::countr_zero(targets)), MakeCpu(issuer)));
    }
  }
  return able;
}

bool Stepper::Able(Action action) const {
  if (stuck_) return false;
  if (IsOld(action)) return Able().contains(action);
  if (IsLate(action)) return HasLeft(CpuOf(AgentOf(action)));
  if (IsDetour(action)) return (at_fork_ & CpuBit(CpuOf(AgentOf(action)))) != 0;
  if (!IsDelivery(action)) return Runnable(AgentOf(action));
  const uint8_t undelivered = world().at(IssuerOf(action)).invalidation.undelivered;
  return (undelivered & world().deliveries_pending & CpuBit(TargetOf(action))) != 0;
}

PendingStep Stepper::Next(Action action) const {
  if (IsLate(action)) return PendingLeft(CpuOf(AgentOf(action)));
  if (!IsDelivery(action)) return PendingOf(AgentOf(action));
  return {Point::deliver, static_cast<int8_t>(Index(IssuerOf(action)))};
}

bool Stepper::Step(Action action) {
  GATHERFUZZ_CHECK(Able(action));
  violated_ = false;
  if (IsDelivery(action) && system_.world.switches == 0) {
    DeliverFrom(system_, TargetOf(action), IssuerOf(action));  // violates nothing
  } else if (!IsDelivery(action) && !IsLate(action) &&
             KindOf(AgentOf(action)) != AgentKind::kWalker) {
    const int cpu = Index(MoverOf(action));
    detours_ = IsDetour(action);
    takes_old_ = OldOf(action);
    versions_[cpu] = next_version_++;
    const int op = program(MakeCpu(cpu)).op;
    Go(fibers_[cpu]);
    if (!violated_) NoteStand(MakeCpu(cpu), op);
  } else {
    Aside(action);
  }
  stuck_ = going_round_ != 0 && !violated_ && IsStuck();
  return !violated_;
}

bool Stepper::Judge() {
  violated_ = false;
  if (stuck_) stuck_ = IsStuck();  // for what they look at
  Aside(kNoAction);
  return !violated_;
}

// --- Fibers ---

void Stepper::Go(Fiber& fiber) {
  running_ = &fiber;
  Fiber::Switch(main_, fiber);
}

// A step without a thread may end in a violation, which leaves the stack it is made on.
void Stepper::Aside(Action action) {
  if (!aside_stands_) aside_.Prepare(AsideFiber, this);
  aside_stands_ = true;
  aside_action_ = action;
  Go(aside_);
}

void Stepper::AsideFiber(void* stepper) {
  auto& self = *static_cast<Stepper*>(stepper);
  for (;;) {
    if (self.aside_action_ == kNoAction) {
      if (self.stuck_) self.JudgeStuck();
      self.JudgeEnd();
    } else if (IsDelivery(self.aside_action_)) {
      DeliverFrom(self.system_, TargetOf(self.aside_action_), IssuerOf(self.aside_action_));
    } else if (IsLate(self.aside_action_)) {
      self.DoLeft(CpuOf(AgentOf(self.aside_action_)));
    } else {
      self.StepWalkerOf(CpuOf(AgentOf(self.aside_action_)), OldOf(self.aside_action_));
    }
    Fiber::Switch(self.aside_, self.main_);
  }
}

// --- Threads that look ---

// The thread has made a step of operation number `op`.
void Stepper::NoteStand(CpuId cpu, int op) {
  if (!kFibersCanGoBack || stands_[Index(cpu)] == nullptr) return;
  Round& round = rounds_[Index(cpu)];
  const bool same_op = ThreadLeft(cpu) && program(cpu).op == op;
  if (same_op) {
    round.Stands(op, pending(cpu), learned_[Index(cpu)], [&] { return DigestOf(cpu); });
  }
  if (same_op && round.goes_round()) {
    going_round_ |= CpuBit(cpu);
  } else {
    going_round_ &= static_cast<uint8_t>(~CpuBit(cpu));
  }
}

// Whether nobody can move but threads that go round, and each does if it is left alone, without
// anything that would let another move. With several, the state must be the same all the way.
bool Stepper::IsStuck() {
  stuck_ = false;
  const Actions able = Able();
  if (able.empty() || able.deliveries != 0 || (able.olds | able.walker_olds | able.late) != 0 ||
      (able.agents & ~uint64_t{going_round_}) != 0) {
    return false;
  }
  Save(before_rounds_);
  looks_at_ = 0;
  bool stuck = true;
  for (uint32_t cpus = static_cast<uint32_t>(able.agents); stuck && cpus != 0; cpus &= cpus - 1) {
    stuck = GoesRoundAlone(MakeCpu(std::countr_zero(cpus)), able);
    GoBackTo(before_rounds_);
  }
  violated_ = false;
  return stuck;
}

bool Stepper::GoesRoundAlone(CpuId cpu, const Actions& able) {
  Fiber& fiber = fibers_[Index(cpu)];
  const uint64_t digest = DigestOf(cpu);
  for (uint32_t steps = 0; steps < kMostInRound; ++steps) {
    looks_at_ |= MaskOf(pending(cpu).point);
    versions_[Index(cpu)] = next_version_++;
    Go(fiber);
    const bool ended = violated_ || !ThreadLeft(cpu);
    if (ended || !Runnable(CpuAgent(cpu)) || at_fork_ != 0) return false;
    const bool same = SameState(system_.world, before_rounds_.world);
    if (same && DigestOf(cpu) == digest) return true;
    if (!same && (able.size() > 1 || Able().size() > 1)) return false;
  }
  return false;
}

uint64_t Stepper::DigestOf(CpuId cpu) const {
  return StackDigest(fibers_[Index(cpu)], stands_[Index(cpu)]);
}

void Stepper::JudgeStuck() {
  const uint32_t able = RunnableAgents();
  CheckLivelock(system_, MakeCpu(std::countr_zero(able)), FirstOf(looks_at_));
}

void Stepper::Yield(AgentId agent, Point point, int page) {
  const CpuId cpu = CpuOf(agent);
  pending(cpu) = {point, static_cast<int8_t>(page)};
  stands_[Index(cpu)] = GATHERFUZZ_STANDS_HERE();
  Fiber::Switch(fibers_[Index(cpu)], main_);
}

void Stepper::Wait(AgentId agent, Point point, int page, Ready ready, int arg) {
  const CpuId cpu = CpuOf(agent);
  BeginWait(cpu, point, page, ready, arg);
  stands_[Index(cpu)] = GATHERFUZZ_STANDS_HERE();
  Fiber::Switch(fibers_[Index(cpu)], main_);
  EndWait(cpu);
}

bool Stepper::Choose(AgentId agent, Point point, Point detour, int page) {
  const CpuId cpu = CpuOf(agent);
  BeginChoice(cpu, point, detour, page);
  stands_[Index(cpu)] = GATHERFUZZ_STANDS_HERE();
  Fiber::Switch(fibers_[Index(cpu)], main_);
  EndChoice(cpu);
  return detours_;
}

int Stepper::ChooseOld(AgentId agent, Point point, int page, Ready ready, int arg) {
  const CpuId cpu = CpuOf(agent);
  if (ready != nullptr) {
    BeginWait(cpu, point, page, ready, arg);
  } else {
    pending(cpu) = {point, static_cast<int8_t>(page)};
  }
  stands_[Index(cpu)] = GATHERFUZZ_STANDS_HERE();
  Fiber::Switch(fibers_[Index(cpu)], main_);
  if (ready != nullptr) EndWait(cpu);
  return takes_old_;
}

void Stepper::OutOfStores() { Violate({}); }

void Stepper::ThreadDone(CpuId cpu) { Fiber::Switch(fibers_[Index(cpu)], main_); }

void Stepper::Violate(Violation violation) {
  violation_ = violation;
  violation_.step = steps_;
  violated_ = true;
  if (running_ == &aside_) aside_stands_ = false;
  End();
}

void Stepper::Observe(AgentId agent, Point point, int page) {
  points_ |= MaskOf(point);
  if (KindOf(agent) != AgentKind::kCpu) return;
  const CpuId cpu = CpuOf(agent);
  const auto operation = static_cast<uint8_t>(program(cpu).op + 1);
  Learned& learned = learned_[Index(cpu)];
  if (learned_in_[Index(cpu)] != operation) learned = {};
  learned_in_[Index(cpu)] = operation;
  if (old_ == 0) [[likely]]
    return Learn(learned, system_, cpu, OpInProgress(cpu), point, page, *policy_);
  const PendingLoad& load = loads_[Index(cpu)];
  const Walk& walk = system_.world.at(cpu).walks[kOwnWalk];
  const Learned before = learned;
  const AsIfNewest value(system_.world, load.walk ? LocationOfWalk(walk) : load.at, old_);
  Learn(learned, system_, cpu, OpInProgress(cpu), point, page, *policy_);
  // A page fault does not count the leaf that it finds so.
  learned.mapping = before.mapping;
  learned.found = before.found;
  learned.finds = before.finds;
}

Learned Stepper::LearnedBy(CpuId cpu) const {
  if (learned_in_[Index(cpu)] != program(cpu).op + 1) return {};
  return CarriedTo(pending(cpu).point, learned_[Index(cpu)], OpInProgress(cpu), system_, *policy_,
                   system_.finish_part[Index(cpu)]);
}

// --- Going back ---

void Stepper::Save(Snapshot& to) const {
  CopyState(system_.world, to.world);
  to.cost = system_.cost;
  to.trace_hash = trace_hash_;
  to.steps = steps_;
  to.cpus_left = cpus_left_;
  to.walkers_left = walkers_left_;
  to.waiting = waiting_;
  to.at_fork = at_fork_;
  to.going_round = going_round_;
  to.stuck = stuck_;
  to.finish_wait = system_.finish_wait;
  to.finish_part = system_.finish_part;
  to.loads = loads_;
  to.learned = learned_;
  to.learned_in = learned_in_;
  to.stacks.clear();
  for (int i = 0; i < start_.cpu_count; ++i) {
    const CpuProgram& program = programs_[i];
    Snapshot::Place& place = to.places[i];
    place = {program.op,
             program.fill,
             program.waits,
             program.ready,
             program.arg,
             pending_[i],
             program.detour,
             rounds_[i],
             stands_[i],
             versions_[i],
             static_cast<uint32_t>(to.stacks.size()),
             0};
    if (!ThreadLeft(MakeCpu(i))) continue;
    const std::span<const char> live = fibers_[i].Live();
    place.size = static_cast<uint32_t>(live.size());
    to.stacks.insert(to.stacks.end(), live.begin(), live.end());
  }
}

void Stepper::GoBackTo(const Snapshot& snapshot) {
  GATHERFUZZ_CHECK(snapshot.world.cpu_count == start_.cpu_count);  // of this program
  CopyState(snapshot.world, system_.world);
  system_.cost = snapshot.cost;
  trace_hash_ = snapshot.trace_hash;
  steps_ = snapshot.steps;
  cpus_left_ = snapshot.cpus_left;
  walkers_left_ = snapshot.walkers_left;
  waiting_ = snapshot.waiting;
  at_fork_ = snapshot.at_fork;
  going_round_ = snapshot.going_round;
  stuck_ = snapshot.stuck;
  system_.finish_wait = snapshot.finish_wait;
  system_.finish_part = snapshot.finish_part;
  loads_ = snapshot.loads;
  learned_ = snapshot.learned;
  learned_in_ = snapshot.learned_in;
  for (int i = 0; i < start_.cpu_count; ++i) {
    CpuProgram& program = programs_[i];
    const Snapshot::Place& place = snapshot.places[i];
    program.op = place.op;
    program.fill = place.fill;
    program.waits = place.waits;
    if (place.waits) WaitFor(MakeCpu(i), place.ready, place.arg);
    pending_[i] = place.pending;
    program.detour = place.detour;
    rounds_[i] = place.round;
    stands_[i] = place.stands;
    if (place.size == 0 || versions_[i] == place.version) continue;
    fibers_[i].PutBack(std::span(snapshot.stacks).subspan(place.at, place.size));
    versions_[i] = place.version;
  }
}

}  // namespace gatherfuzz
