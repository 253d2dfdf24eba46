// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/agents.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "model/check.h"
#include "model/kernel/hugetlb.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/shared.h"
#include "model/kernel/switch_mm.h"
#include "model/machine/walk.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

Agents::Agents() {
  world_ = &system_.world;
  system_.steps = this;
  system_.judge = kOracle;
  system_.cpu_side = kCpuSide;
  for (int i = 0; i < kMaxCpus; ++i) entries_[i] = {this, MakeCpu(i)};
}

namespace {

// The CPUs that have a thread of the mm: not those of kernel threads.
uint8_t ThreadsOf(const Schedule& schedule) {
  uint8_t threads = 0;
  for (const auto& [agent, op] : schedule.program) {
    const CpuId cpu = CpuOf(agent);
    if (KindOf(agent) != AgentKind::kCpu || Index(cpu) >= schedule.cpus) continue;
    constexpr unsigned kOfNone = effect::kReaps | effect::kOfOther;
    if (Index(cpu) == schedule.kswapd_cpu() || Info(op.kind).is(kOfNone)) continue;
    threads |= CpuBit(cpu);
  }
  return threads;
}

}  // namespace

void Agents::Load(const Schedule& schedule) {
  schedule_ = &schedule;
  Reset(start_, schedule.cpus, schedule.batch);
  start_.kswapd = static_cast<uint8_t>(schedule.kswapd_cpu() + 1);
  LoadInit(schedule);
  LoadPrograms(schedule);
  if (HasFolio(schedule)) start_.reclaims = start_.decides = 1;
  start_.mm.memory = OnlySc(schedule) ? MemoryModel::kSc : schedule.memory;
  if (Exits(schedule)) start_.threads = ThreadsOf(schedule);
  start_.rcu = schedule.rcu;
}

void Agents::LoadPrograms(const Schedule& schedule) {
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
      if (Info(op.kind).is(effect::kReclaims | effect::kDecides)) start_.reclaims = 1;
      if (Info(op.kind).is(effect::kDecides)) start_.decides = 1;
      if (Info(op.kind).is(effect::kSwitches)) start_.switches = 1;
      if (Info(op.kind).is(effect::kRevokes)) start_.pfn = 1;
      cpus_loaded_ |= CpuBit(CpuOf(agent));
    } else {
      walkers_loaded_ |= CpuBit(CpuOf(agent));
      program.fills.push_back(static_cast<uint8_t>(op.range.begin));
    }
  }
}

void Agents::LoadInit(const Schedule& schedule) {
  bool shared = false;
  for (const InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kCached && !std::exchange(shared, true)) LoadShared(schedule);
    switch (item.kind) {
      case InitItem::Kind::kMap:
        item.flags.pfn ? InitPfnMap(start_, item.range) : InitMap(start_, item.range, item.flags);
        break;
      case InitItem::Kind::kPresent:
        (item.folio ? InitFolio : InitPresent)(start_, item.range, item.dirty);
        break;
      case InitItem::Kind::kCached:
        if (Index(item.cpu) < schedule.cpus && Index(item.cpu) != start_.kswapd_cpu()) {
          InitCached(start_, item.cpu, item.range);
        }
        break;
    }
  }
  if (!shared) LoadShared(schedule);
}

// Page tables that are shared as all begin: those that some program unshares.
void Agents::LoadShared(const Schedule& schedule) {
  for (const auto& [agent, op] : schedule.program) {
    if (Index(CpuOf(agent)) >= schedule.cpus) continue;
    if (Info(op.kind).is(effect::kUnshares | effect::kOfOther)) InitShared(start_, op.range);
  }
}

void Agents::Prepare(const Policy& policy, const Arch& arch, uint32_t ignored) {
  system_.arch = &arch;
  system_.hardware = arch.hardware();
  if (schedule_->hardware == HardwareKind::kTce && arch.has_tce()) [[unlikely]]
    system_.hardware.drops_used_pointers = true;
  if (schedule_->hardware == HardwareKind::kFaults && arch.faults_on_entries()) [[unlikely]]
    system_.hardware.faults_on_entries = true;
  system_.protocol = &policy.protocol();
  system_.kernel = schedule_->kernel;
  system_.ignored = ignored;
  system_.cost = {};
  system_.finish_part = {};
  trace_hash_ = 0;
  steps_ = 0;
  budget_ = 0;
  stops_ = 0;
  loads_ = {};
  CopyState(start_, system_.world);
  if (start_.switches != 0) [[unlikely]]
    BeginSwitching(system_.world, arch.counts_generations(), schedule_->asids);
  if (start_.switches != 0 && arch.counts_generations() && HasInvlpgb(*schedule_)) [[unlikely]]
    system_.world.invlpgb = 1;
  cpus_left_ = cpus_loaded_;
  walkers_left_ = walkers_loaded_;
  waiting_ = 0;
  at_fork_ = 0;
  pending_.fill({});
  for (int i = 0; i < start_.cpu_count; ++i) {
    CpuProgram& program = programs_[i];
    program.fill = 0;
    program.waits = false;
    if ((cpus_left_ & CpuBit(MakeCpu(i))) != 0) fibers_[i].Prepare(CpuFiber, &entries_[i]);
    program.op = 0;
  }
  late_ = false;
  rcu_ = start_.rcu != 0;
  // What a kernel's own tlb.c orders is not known.
  const bool own = start_.switches != 0 && system_.protocol->cpu_code(system_) != nullptr;
  if (own) system_.world.mm.memory = MemoryModel::kSc;
  if (!system_.world.sc()) [[unlikely]]
    PrepareMemory(policy, arch);
  defers_ = late_ || rcu_ || !system_.world.sc();
}

void Agents::PrepareMemory(const Policy& policy, const Arch& arch) {
  system_.orders = OrdersOn(arch.orders(), schedule_->orders);
  system_.order_changes = schedule_->orders;
  system_.asked = {};
  system_.loads = policy.loads();
  // What a kernel tree's own code orders is known as it does it: too late to choose.
  system_.waits_for_late = policy.foreign() ? 0 : WaitersForLate(system_.orders);
  late_ = MayBeLate(system_);
  system_.world.weak.ptes_locked = system_.order(Point::pte_lock) != MemoryOrder::relaxed &&
                                   system_.order(Point::pte_unlock) != MemoryOrder::relaxed;
  for (int i = 0; i < start_.cpu_count; ++i) {
    const Thread thread{system_, MakeCpu(i)};
    LoadsNoMore(thread);
    LeavesCall(thread);
    NoteThread(MakeCpu(i));
    NoteWalker(MakeCpu(i));
  }
}

namespace {

// The pages at whose entries a thread may look in `range`: whole blocks, and what follows, where a
// munmap may have to split.
uint64_t LookedAt(PageRange range) {
  const int end = std::min(RoundDown(range.end, kPagesPerPmd) + kPagesPerPmd, kPages);
  return MaskOf(PageRange{RoundDown(range.begin, kPagesPerPmd), end});
}

}  // namespace

// Who may load what yet: of a thread, before the first step, where an operation is over, and where
// a call is past the entries up to page `looked`.
void Agents::NoteThread(CpuId cpu, int looked) {
  World& world = system_.world;
  if (world.sc()) [[likely]]
    return;
  const CpuProgram& it = program(cpu);
  const bool thread = (cpus_left_ & CpuBit(cpu)) != 0;
  uint64_t looks = 0;
  OfCpus reads;
  for (int i = it.op; thread && i < static_cast<int>(it.ops.size()); ++i) {
    const Op& op = it.ops[i];
    reads.Add(system_, op);
    if (Info(op.kind).is(effect::kSwitches)) continue;
    uint64_t pages = LookedAt(op.range);
    if (Info(op.kind).is(effect::kMoves)) pages |= LookedAt(MovesTo(op));
    // To put guard markers it comes back.
    if (i == it.op && !Info(op.kind).is(effect::kGuards | effect::kMoves))
      pages &= ~MaskOf(PageRange{0, looked});
    looks |= pages;
  }
  // Reclaim, which takes no mmap_lock, is of those that take the newest of all.
  if (Index(cpu) == world.kswapd_cpu()) looks = 0;
  NoteLooks(world, ThreadOf(cpu), looks);
  if (world.switches != 0) {
    const bool batch = world.switching.at(cpu).batch_mask != 0;
    NoteReadsOfCpus(world, cpu, reads.generation, reads.others || batch);
  }
  if (!thread) {
    NoteAsks(world, cpu, false, false);
    NoteGone(world, ThreadOf(cpu));
  }
}

// ... of a hardware walker, also where a fill is over: what is left to fill, and to access.
void Agents::NoteWalker(CpuId cpu) {
  World& world = system_.world;
  if (world.sc()) [[likely]]
    return;
  const CpuProgram& it = program(cpu);
  uint64_t walks = 0;
  const bool thread = (cpus_left_ & CpuBit(cpu)) != 0;
  for (int i = it.op; thread && i < static_cast<int>(it.ops.size()); ++i) {
    if (Info(it.ops[i].kind).is(effect::kAccesses)) walks |= MaskOf(it.ops[i].range);
  }
  const bool walker = (walkers_left_ & CpuBit(cpu)) != 0;
  for (int i = it.fill; walker && i < static_cast<int>(it.fills.size()); ++i) {
    walks |= PageBit(it.fills[i]);
  }
  NoteLooks(world, WalkerOf(cpu), walks);
  if (walks == 0) NoteGone(world, WalkerOf(cpu));
}

void Agents::CpuFiber(void* entry) {
  const auto [self, cpu] = *static_cast<CpuEntry*>(entry);
  CpuProgram& program = self->program(cpu);
  const Thread thread{self->system_, cpu};
  for (program.op = 0; program.op < static_cast<int>(program.ops.size()); ++program.op) {
    if (program.op != 0) self->NoteThread(cpu);
    if (program.op != 0) self->NoteWalker(cpu);
    RunOp(thread, program.ops[program.op]);
  }
  self->cpus_left_ &= static_cast<uint8_t>(~CpuBit(cpu));
  self->NoteThread(cpu);
  self->NoteWalker(cpu);
  self->ThreadDone(cpu);
  std::abort();
}

void Agents::BeginChoice(CpuId cpu, Point point, Point detour, int page) {
  pending(cpu) = {point, static_cast<int8_t>(page)};
  program(cpu).detour = detour;
  at_fork_ |= CpuBit(cpu);
}

void Agents::EndChoice(CpuId cpu) { at_fork_ &= static_cast<uint8_t>(~CpuBit(cpu)); }

void Agents::BeginWait(CpuId cpu, Point point, int page, Ready ready, int arg) {
  GATHERFUZZ_CHECK(Info(point).blocks != 0);  // points.def says how far on it is
  WaitFor(cpu, ready, arg);
  pending(cpu) = {point, static_cast<int8_t>(page)};
  program(cpu).waits = true;
  waiting_ |= CpuBit(cpu);
}

void Agents::WaitFor(CpuId cpu, Ready ready, int arg) {
  CpuProgram& self = program(cpu);
  self.ready = ready;
  self.arg = arg;
  const Waited waited = WaitedFor(system_.world, ready, arg);
  waited_[static_cast<size_t>(Index(cpu))] = waited;
  asks_ = static_cast<uint8_t>(waited.at == nullptr ? asks_ | CpuBit(cpu) : asks_ & ~CpuBit(cpu));
}

void Agents::EndWait(CpuId cpu) {
  program(cpu).waits = false;
  waiting_ &= static_cast<uint8_t>(~CpuBit(cpu));
}

bool Agents::StandsBeforeWaiter(CpuId cpu) const {
  return (cpus_left_ & CpuBit(cpu)) != 0 &&
         ((system_.waits_for_late & MaskOf(pending(cpu).point)) != 0 ||
          loads_[static_cast<size_t>(Index(cpu))].at == kCountAt);
}

bool Agents::Runnable(AgentId agent) const {
  const CpuId cpu = CpuOf(agent);
  const CpuProgram& it = program(cpu);
  switch (KindOf(agent)) {
    case AgentKind::kCpu:
      return (cpus_left_ & CpuBit(cpu)) != 0 && (!it.waits || IsOver(cpu)) && !WaitsForLate(cpu);
    case AgentKind::kWalker: return (walkers_left_ & CpuBit(cpu)) != 0;
    case AgentKind::kDetour: return ThreadHasDetour(cpu) || HasLeft(cpu);
    case AgentKind::kInvalidation: break;
  }
  return (system_.world.deliveries_pending & CpuBit(cpu)) != 0;
}

uint32_t Agents::OldChoices(AgentId agent) const {
  if (world_->sc() || world_->weak.count == 0) [[likely]]
    return 0;
  const CpuId cpu = CpuOf(agent);
  const CpuProgram& it = program(cpu);
  if (KindOf(agent) == AgentKind::kWalker) {
    if ((walkers_left_ & CpuBit(cpu)) == 0) return 0;
    return OldChoicesOfWalker(system_, cpu, it.fills[static_cast<size_t>(it.fill)]);
  }
  if ((cpus_left_ & CpuBit(cpu)) == 0 || WaitsForLate(cpu)) return 0;
  return gatherfuzz::OldChoices(system_, loads_[static_cast<size_t>(Index(cpu))], cpu,
                                it.waits ? it.ready : nullptr, it.arg);
}

uint32_t Agents::RunnableAgents() const {
  static_assert(kMaxAgents <= 32);
  uint32_t agents = at_fork_;
  agents = agents << kMaxCpus | world_->deliveries_pending;
  agents = agents << kMaxCpus | walkers_left_;
  agents <<= kMaxCpus;
  agents |= cpus_left_ & ~waiting_;
  for (uint32_t cpus = waiting_ & ~asks_; cpus != 0; cpus &= cpus - 1) {
    const int cpu = std::countr_zero(cpus);
    agents |= uint32_t{waited_[static_cast<size_t>(cpu)].over()} << cpu;
  }
  if (defers_ || (waiting_ & asks_) != 0) [[unlikely]]
    return WithOthers(agents);
  return agents;
}

// ... and of what few schedules have: those whose wait has to be asked about, who may take an old
// value, and what was left for later.
uint32_t Agents::WithOthers(uint32_t agents) const {
  for (uint32_t cpus = waiting_ & asks_; cpus != 0; cpus &= cpus - 1) {
    const CpuId cpu = MakeCpu(std::countr_zero(cpus));
    if (IsOver(cpu)) agents |= CpuBit(cpu);
  }
  if (!defers_) return agents;
  uint32_t detours = LeftForLater();
  if (!world_->sc()) {
    for (int i = 0; i < world_->cpu_count; ++i) {
      if (OldChoices(CpuAgent(MakeCpu(i))) != 0 || MayBeginAtFork(MakeCpu(i))) detours |= 1u << i;
    }
  }
  agents |= detours << 3 * kMaxCpus;
  for (uint32_t cpus = late_ ? world_->weak.late : 0u; cpus != 0; cpus &= cpus - 1) {
    const CpuId cpu = MakeCpu(std::countr_zero(cpus));
    if (StandsBeforeWaiter(cpu)) agents &= ~uint32_t{CpuBit(cpu)};
  }
  return agents;
}

PendingStep Agents::PendingOfOther(AgentId agent) const {
  const CpuId cpu = CpuOf(agent);
  const CpuState& state = world_->at(cpu);
  switch (KindOf(agent)) {
    case AgentKind::kCpu: return pending(cpu);
    case AgentKind::kWalker: {
      const Walk& walk = state.walks[kWalkerWalk];
      const uint8_t page = program(cpu).fills[static_cast<size_t>(program(cpu).fill)];
      return {walk.active() ? NextPoint(walk) : FirstPoint(*world_, cpu, page),
              static_cast<int8_t>(page)};
    }
    case AgentKind::kDetour:
      if (HasLeft(cpu) && !ThreadHasDetour(cpu)) return PendingLeft(cpu);
      if ((at_fork_ & CpuBit(cpu)) == 0) return pending(cpu);
      return {program(cpu).detour, pending(cpu).page};
    case AgentKind::kInvalidation: break;
  }
  return {Point::deliver, static_cast<int8_t>(Index(state.deliveries.issuers[0]))};
}

PendingStep Agents::PendingLeft(CpuId cpu) const {
  if (!rcu_) return {Point::pending_inc_done, kNoPage};
  return {Point::rcu_free, static_cast<int8_t>(FirstCallback(*world_, cpu)->page)};
}

void Agents::DoLeft(CpuId cpu) {
  rcu_ ? FreeFirstCallback(system_, cpu) : RaiseAtLast(system_, cpu);
}

void Agents::StepWalkerOf(CpuId cpu, int old) {
  CpuProgram& self = program(cpu);
  GATHERFUZZ_CHECK(self.fill < static_cast<int>(self.fills.size()));
  if (!StepWalker(system_, cpu, self.fills[self.fill], old)) return;
  if (++self.fill == static_cast<int>(self.fills.size())) {
    walkers_left_ &= static_cast<uint8_t>(~CpuBit(cpu));
  }
  NoteWalker(cpu);
}

int Agents::LineOf(AgentId agent) const {
  const CpuProgram& it = program(CpuOf(agent));
  switch (KindOf(agent)) {
    case AgentKind::kCpu:
    case AgentKind::kDetour: return it.op;
    case AgentKind::kWalker: return it.fill;
    case AgentKind::kInvalidation: break;
  }
  return 0;
}

void Agents::JudgeEnd() {
  if (cpus_left_ != 0) {
    // Named after the step that is furthest on in a call, so that the same deadlock is named the
    // same whichever CPUs are in it.
    CpuId blocked = MakeCpu(std::countr_zero(cpus_left_));
    for (uint32_t cpus = cpus_left_; cpus != 0; cpus &= cpus - 1) {
      const CpuId cpu = MakeCpu(std::countr_zero(cpus));
      const auto depth = [&](CpuId it) { return Info(pending(it).point).blocks; };
      if (depth(cpu) > depth(blocked)) blocked = cpu;
    }
    CheckDeadlock(system_, blocked, pending(blocked).point);
  }
  CheckEnd(system_);
}

void Agents::End() {
  Fiber::Switch(*running_, main_);
  std::abort();
}

}  // namespace gatherfuzz
