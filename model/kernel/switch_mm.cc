// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// switch, idle and wake, and the flushes of x86 that go by generations.
#include "model/kernel/switch_mm.h"

#include <bit>

#include "model/check.h"
#include "model/kernel/broadcast.h"
#include "model/kernel/cpu_code.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/paths.h"
#include "model/kernel/shared.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

SwitchCpu& Self(const Thread& t) { return t.world().switching.at(t.cpu); }
uint16_t& TlbGen(World& world, MmId mm) {
  return world.switching.tlb_gen[static_cast<size_t>(Index(mm))];
}
uint8_t& Cpumask(World& world, MmId mm) {
  return world.switching.cpumask[static_cast<size_t>(Index(mm))];
}
MmSwitching Rules(const System& system) { return system.protocol->SwitchesMms(); }
// The kernel's own code, if there is some.
const CpuCode* Own(const System& system) {
  return CountsGenerations(system.world) ? system.protocol->cpu_code(system) : nullptr;
}

// Whether a switch takes its CPU out of the mask of the mm it comes from.
bool ClearsMask(const System& system) { return system.kernel < KernelVersion::k6_17; }

// --- What others see, and may see late (memory.h). A step that changes it has been made. ---

// CR3, an interrupt: the CPU's stores are seen by all.
void Serializes(World& world, CpuId cpu) {
  if (!world.sc()) [[unlikely]]
    NoteBarrier(world, cpu);
}

void SetLoadedMm(const Thread& t, MmId mm) {
  StoresOfCpus(t, CpuLocation(t.cpu), Access::kStore);
  Self(t).loaded_mm = mm;
}

void SetLazy(const Thread& t, uint8_t lazy) {
  if (Self(t).is_lazy == lazy) return;
  if (CountsGenerations(t.world())) StoresOfCpus(t, CpuLocation(t.cpu), Access::kStore);
  Self(t).is_lazy = lazy;
}

// LOCK BTS, LOCK BTR. Nobody looks at the mask of another mm than mm0, but it is a barrier too.
void ChangeMask(const Thread& t, MmId mm, bool joins) {
  if (mm == MmId::kMm0) {
    StoresOfCpus(t, kCpumaskAt, Access::kUpdate);
  } else {
    Serializes(t.world(), t.cpu);
  }
  uint8_t& mask = Cpumask(t.world(), mm);
  mask = static_cast<uint8_t>(joins ? mask | CpuBit(t.cpu) : mask & ~CpuBit(t.cpu));
}

// The step tlb_gen_read; `ordered`: behind a full barrier. That of another mm than mm0 never
// changes.
uint16_t LoadTlbGen(const Thread& t, MmId mm, bool ordered) {
  ordered = ordered && t.system.order(Point::tlb_gen_read) == MemoryOrder::full;
  if (mm == MmId::kMm0) {
    return static_cast<uint16_t>(LoadOfCpus(t, Point::tlb_gen_read, kNoPage, kTlbGenAt, ordered));
  }
  t.Step(Point::tlb_gen_read);
  if (ordered) Serializes(t.world(), t.cpu);
  return TlbGen(t.world(), mm);
}

// --- switch_mm_irqs_off() ---

// choose_new_asid(), and what is written into the slot.
void ChooseNewAsid(const World& world, SwitchCpu& cpu, MmId next, uint16_t generation,
                   const MmSwitching& rules) {
  if (world.invlpgb != 0 && world.broadcast.global_asid != 0 && next == MmId::kMm0) {
    cpu.new_slot = kGlobalSlot;
    cpu.need_flush = 0;
    return;
  }
  for (uint8_t i = 0; i < kSlots; ++i) {
    if (cpu.slots[i].mm != next) continue;
    cpu.new_slot = i;
    cpu.need_flush = !rules.reuses_blindly && cpu.slots[i].generation < generation;
    if (cpu.need_flush != 0) cpu.slots[i].generation = generation;
    return;
  }
  cpu.new_slot = cpu.next_slot < kSlots ? cpu.next_slot : uint8_t{0};
  cpu.next_slot = static_cast<uint8_t>(cpu.new_slot + 1);
  cpu.need_flush = !rules.new_slot_unflushed;
  cpu.slots[cpu.new_slot] = {next, 0, generation};
}

void WriteCr3(System& system, CpuId cpu, MmId next) {
  Serializes(system.world, cpu);
  SwitchCpu& self = system.world.switching.at(cpu);
  LoadRoot(system.world, cpu, next, self.new_slot, self.need_flush != 0);
  self.new_slot = self.need_flush = 0;
  CheckLoaded(system, cpu);
}

void ReadTlbGen(const Thread& t, MmId next, bool ordered, const MmSwitching& rules) {
  ChooseNewAsid(t.world(), Self(t), next, LoadTlbGen(t, next, ordered), rules);
}

// Nobody else sets the bit. init_mm has no mask.
void JoinMask(const Thread& t, MmId next) {
  if (next == MmId::kInit) return;
  if ((Cpumask(t.world(), next) & CpuBit(t.cpu)) != 0) return;
  t.Step(Point::mm_cpumask_set);
  ChangeMask(t, next, true);
}

// ... from one mm to another.
void SwitchToOther(const Thread& t, MmId prev, MmId next, const MmSwitching& rules) {
  t.Step(Point::loaded_mm_switching);
  if (!rules.hides_switching) SetLoadedMm(t, MmId::kSwitching);
  if (prev != MmId::kInit && ClearsMask(t.system)) {
    t.Step(Point::mm_cpumask_clear);
    ChangeMask(t, prev, false);
  }
  const bool reads_first = rules.reads_before_mask || rules.root_before_mask;
  if (reads_first) ReadTlbGen(t, next, false, rules);
  if (!rules.root_before_mask) JoinMask(t, next);
  // The mask is changed by an atomic, or there is a barrier in its place.
  if (!reads_first) ReadTlbGen(t, next, !rules.joined_unordered, rules);
  t.Step(Point::write_cr3);
  WriteCr3(t.system, t.cpu, next);
  if (rules.root_before_mask) JoinMask(t, next);
  t.Step(Point::loaded_mm_set);
  SetLoadedMm(t, next);
  SayLoadedAsid(t);
}

// ... and where there is INVLPGB, from one ASID of mm0 to its global one: whether all is done.
bool ReloadsGlobalAsid(const Thread& t) {
  SwitchCpu& self = Self(t);
  if (t.world().invlpgb == 0 || self.loaded_mm != MmId::kMm0) return false;
  if (!ReadGlobalAsid(t) || !NeedsGlobalAsid(t.world(), t.cpu)) return self.slot == kGlobalSlot;
  ReadTlbGen(t, MmId::kMm0, false, {});
  t.Step(Point::write_cr3);
  WriteCr3(t.system, t.cpu, MmId::kMm0);
  SayLoadedAsid(t);
  return true;
}

// ... or from lazy to not lazy: whether anything was missed meanwhile.
void WakeSame(const Thread& t, MmId mm, const MmSwitching& rules) {
  SwitchCpu& self = Self(t);
  if (rules.wakes_blindly) return;
  const uint16_t newest = LoadTlbGen(t, mm, !rules.wakes_unordered);
  Slot& slot = self.slots[self.slot];
  GATHERFUZZ_CHECK_IN_ORDER(t.system, slot.mm == mm);
  if (slot.generation == newest) return;
  slot.generation = newest;
  self.new_slot = self.slot;
  self.need_flush = 1;
  t.Step(Point::write_cr3);
  WriteCr3(t.system, t.cpu, mm);
  SayLoadedAsid(t);
}

void ResumeUser(const Thread& t) {
  t.Step(Point::resume_user);
  Self(t).in_user = 1;
  if (Own(t.system) == nullptr) SetLazy(t, 0);
  CheckResume(t.system, t.cpu);
  CheckAsid(t.system, t.cpu);
}

void SwitchByGenerations(const Thread& t, MmId next) {
  const MmSwitching rules = Rules(t.system);
  t.Step(Point::switch_mm_irqs_off);
  SwitchCpu& self = Self(t);
  InterruptsOff(t.world(), t.cpu);
  self.in_user = 0;
  if (const CpuCode* own = Own(t.system)) {
    own->SwitchMm(t, next);
    return InterruptsOn(t.world(), t.cpu);
  }
  const MmId prev = self.loaded_mm;
  const bool was_lazy = self.is_lazy != 0;
  if (!rules.lazy_until_end) SetLazy(t, 0);
  if (prev != next) {
    SwitchToOther(t, prev, next, rules);
  } else if (!ReloadsGlobalAsid(t) && was_lazy) {
    WakeSame(t, next, rules);
  }
  InterruptsOn(t.world(), t.cpu);
}

// Another architecture: mm0 has one tag, whoever else has the other; or each has its ASID.
void SwitchByBroadcast(const Thread& t, MmId next) {
  SwitchCpu& self = Self(t);
  if (self.loaded_mm == next) return;
  if (AllocatesAsids(t.world())) {
    CheckAndSwitchContext(t, next);  // turns them off
    return InterruptsOn(t.world(), t.cpu);
  }
  t.Step(Point::write_cr3);
  self.in_user = 0;
  self.loaded_mm = next;
  LoadRoot(t.world(), t.cpu, next, next == MmId::kMm0 ? 0 : 1, false);
  CheckLoaded(t.system, t.cpu);
}

void SwitchTo(const Thread& t, MmId next) {
  if (t.world().switching.generations != 0) {
    SwitchByGenerations(t, next);
  } else {
    SwitchByBroadcast(t, next);
  }
  Self(t).task_mm = next;
  ResumeUser(t);
}

// --- flush_tlb_func() ---

// ... on a lazy CPU: on to init_mm, whose page tables are never freed.
void LeaveForInit(const Thread& t) {
  SwitchCpu& self = Self(t);
  if (ClearsMask(t.system)) ChangeMask(t, self.loaded_mm, false);
  StoresOfCpus(t, CpuLocation(t.cpu), Access::kStore);
  self.is_lazy = 0;
  ChooseNewAsid(t.world(), self, MmId::kInit, TlbGen(t.world(), MmId::kInit), Rules(t.system));
  WriteCr3(t.system, t.cpu, MmId::kInit);
  self.loaded_mm = MmId::kInit;
  if (t.world().invlpgb != 0) t.world().broadcast.at(t.cpu).loaded_asid = self.slot;
}

// ... on one that has no global ASID loaded yet: switch_mm_irqs_off() of the mm that is loaded,
// which takes the CPU for one that is not lazy any more.
void ReloadInInterrupt(const Thread& t) {
  World& world = t.world();
  SwitchCpu& self = Self(t);
  self.is_lazy = 0;
  ChooseNewAsid(world, self, self.loaded_mm, TlbGen(world, self.loaded_mm), Rules(t.system));
  WriteCr3(t.system, t.cpu, self.loaded_mm);
  world.broadcast.at(t.cpu).loaded_asid = self.slot;
}

void CatchUp(System& system, CpuId target, const Invalidation& request, const MmSwitching& rules) {
  World& world = system.world;
  SwitchCpu& self = world.switching.at(target);
  uint16_t& local = self.slots[self.slot].generation;
  const bool has = request.new_generation != 0 || rules.zero_is_old;
  if (has && request.new_generation <= local) return;
  const uint16_t newest = TlbGen(world, self.loaded_mm);
  if (local == newest) return;
  const bool next = request.new_generation == local + 1 || rules.partial_of_any;
  const bool last = request.new_generation == newest || rules.partial_of_old;
  const bool partial = request.whole == 0 && next && last;
  Invalidation drops = partial ? request : WholeInvalidation();
  if (rules.one_page_short && partial) drops.small &= ~PageBit(request.end - 1);
  DropNamed(system, target, drops);
  local = static_cast<uint16_t>(newest + (rules.catches_up_too_far ? 1 : 0));
}

// --- flush_tlb_mm_range() ---

// The step should_flush_tlb, of another CPU that is in the mask. It loads is_lazy and loaded_mm at
// once.
bool ShouldFlush(const Thread& t, CpuId cpu, const Invalidation& request,
                 const MmSwitching& rules) {
  const uint64_t value =
      LoadOfCpus(t, Point::should_flush_tlb, Index(cpu), CpuLocation(cpu), false);
  if (LazyIn(value)) return false;
  if (request.of_all != 0) return true;
  if (LoadedMmIn(value) == MmId::kSwitching) return !rules.trusts_loaded_mm;
  return LoadedMmIn(value) == MmId::kMm0;
}

// flush_tlb_multi(), or the flush of the own CPU alone. The step tlb_flush has been made.
void FlushTlbMulti(const Thread& t, uint8_t mask, const MmSwitching& rules, bool to_all = false) {
  World& world = t.world();
  const Invalidation& issued = t.self().invalidation;
  if (rules.skips_itself) mask &= static_cast<uint8_t>(~CpuBit(t.cpu));
  if (to_all || (issued.freed_tables != 0 && !rules.skips_lazy_always)) {
    return SendInvalidation(world, t.cpu, mask);
  }
  SendInvalidation(world, t.cpu, mask & CpuBit(t.cpu));
  SwitchCpu& self = Self(t);
  self.flush_mask = static_cast<uint8_t>(mask & ~CpuBit(t.cpu));
  while (self.flush_mask != 0) {
    const CpuId cpu = MakeCpu(std::countr_zero(self.flush_mask));
    const bool told = ShouldFlush(t, cpu, issued, rules);
    self.flush_mask &= static_cast<uint8_t>(~CpuBit(cpu));
    if (!told) continue;
    SendInvalidation(world, t.cpu, CpuBit(cpu));
    Serializes(world, t.cpu);  // llist_add(): LOCK CMPXCHG
  }
}

void RaiseTlbGen(const Thread& t, const Invalidation& request) {
  t.Step(Point::tlb_gen_inc, request.start);
  StoresOfCpus(t, kTlbGenAt, Rules(t.system).raises_unordered ? Access::kStore : Access::kUpdate);
  t.self().invalidation = request;
  t.self().invalidation.undelivered = 0;
  t.self().invalidation.new_generation = ++TlbGen(t.world(), MmId::kMm0);
}

void NoteCost(const Thread& t, const Invalidation& request) {
  ++t.system.cost.invalidations;
  t.system.cost.whole += request.whole;
}

// --- Where there is INVLPGB ---

// flush_tlb_multi() of the CPUs in the mask, and what it waits for; without `others` the CPU
// flushes itself.
void FlushTlbMultiAndWait(const Thread& t, const Invalidation& request, const MmSwitching& rules,
                          bool others) {
  const bool to_all = others && request.freed_tables == 0 && ReadAsidTransition(t);
  t.Step(Point::tlb_flush, request.start);
  FlushTlbMulti(t, Cpumask(t.world(), MmId::kMm0), rules, to_all);
  AwaitInvalidation(t);
}

// broadcast_tlb_flush().
void BroadcastFlush(const Thread& t, const Invalidation& request, const MmSwitching& rules) {
  IssueInvlpgb(t, request);
  if (!rules.transition_not_finished && FindsStraggler(t, rules)) {
    FlushTlbMultiAndWait(t, request, rules, true);
  }
  if (!rules.not_synced) Tlbsync(t);
  t.self().invalidation = {};
}

void FlushOrBroadcast(const Thread& t, const Invalidation& request, const MmSwitching& rules) {
  if (ReadGlobalAsid(t)) return BroadcastFlush(t, request, rules);
  NoteCost(t, request);
  FlushTlbMultiAndWait(t, request, rules, RunsElsewhere(t));
  ConsiderGlobalAsid(t);
}

}  // namespace

void OfCpus::Add(const System& system, const Op& op) {
  if (!CountsGenerations(system.world)) return;
  const bool variant = Rules(system) != MmSwitching{};
  const bool ordered = system.order(Point::tlb_gen_read) == MemoryOrder::full;
  const OpInfo& info = Info(op.kind);
  if (info.is(effect::kSwitches)) generation |= variant || !ordered;
  if (info.gathers()) others |= variant;
}

bool FlushTlbMmRange(const Thread& t, const Invalidation& request) {
  if (const CpuCode* own = Own(t.system)) {
    own->FlushTlbMmRange(t, request);
    return false;
  }
  const MmSwitching rules = Rules(t.system);
  if (t.world().invlpgb != 0) {
    RaiseTlbGen(t, request);
    FlushOrBroadcast(t, request, rules);
    return false;
  }
  if (!rules.looks_before_raise) RaiseTlbGen(t, request);
  const auto mask =
      static_cast<uint8_t>(LoadOfCpus(t, Point::tlb_flush, request.start, kCpumaskAt, false));
  if (rules.looks_before_raise) {
    Self(t).flush_mask = mask;
    RaiseTlbGen(t, request);
    Self(t).flush_mask = 0;
  }
  NoteCost(t, request);
  FlushTlbMulti(t, mask, rules);
  return true;
}

bool RunsElsewhere(const Thread& t) {
  if (const CpuCode* own = Own(t.system)) return own->ShouldDefer(t);
  const uint8_t cpus =
      CountsGenerations(t.world()) ? Cpumask(t.world(), MmId::kMm0) : t.world().MmCpus();
  return (cpus & ~CpuBit(t.cpu)) != 0;
}

namespace {

// Reclaim may drop locks between the barrier of inc_mm_tlb_gen() and its look at other CPUs.
void MayLookAtCpus(const Thread& t, bool may) {
  World& world = t.world();
  if (world.sc()) [[likely]]
    return;
  NoteReadsOfCpus(world, t.cpu, (world.weak.reads_gen & CpuBit(t.cpu)) != 0,
                  may || Rules(t.system) != MmSwitching{});
}

}  // namespace

void AddToBatch(const Thread& t, int page) {
  if (const CpuCode* own = Own(t.system)) return own->AddToBatch(t, page);
  t.Step(Point::tlb_gen_inc, page);
  StoresOfCpus(t, kTlbGenAt, Access::kUpdate);
  ++TlbGen(t.world(), MmId::kMm0);
  Self(t).batch_mask |= Cpumask(t.world(), MmId::kMm0);
  MayLookAtCpus(t, true);
}

// invlpgb_flush_all_nonglobals().
void BroadcastBatch(const Thread& t) {
  Invalidation request = WholeInvalidation();
  request.of_all = 1;
  t.self().invalidation = request;
  IssueInvlpgb(t, request);
  Self(t).batch_mask = 0;
  if (!Rules(t.system).not_synced) Tlbsync(t);
  t.self().invalidation = {};
}

void FlushBatch(const Thread& t) {
  if (const CpuCode* own = Own(t.system)) return own->FlushBatch(t);
  if (t.self().invalidation.undelivered != 0) AwaitInvalidation(t);
  if (t.world().invlpgb != 0) return BroadcastBatch(t);
  t.Step(Point::tlb_flush, 0);
  Invalidation& issued = t.self().invalidation;
  issued = WholeInvalidation();
  issued.of_all = 1;
  NoteCost(t, issued);
  const uint8_t mask = Self(t).batch_mask;
  Self(t).batch_mask = 0;
  FlushTlbMulti(t, mask, Rules(t.system));
  MayLookAtCpus(t, false);
  AwaitInvalidation(t);
}

void FlushTlbFunc(System& system, CpuId target, CpuId issuer) {
  World& world = system.world;
  const Invalidation& request = world.at(issuer).invalidation;
  SwitchCpu& self = world.switching.at(target);
  if (world.switching.generations == 0) {
    // By broadcast, of what has an ASID that it names, or the tag of mm0.
    if (AllocatesAsids(world)) return TakeTlbi(system, target, issuer);
    if (self.slot == 0) return DropNamed(system, target, request);
    return DropNamedParked(system, target, request);
  }
  if (const CpuCode* own = Own(system)) return own->FlushTlbFunc(system, target, issuer);
  Serializes(world, target);
  const MmSwitching rules = Rules(system);
  if (target != issuer && request.of_all == 0 && self.loaded_mm != MmId::kMm0) {
    if (!ClearsMask(system)) {
      ChangeMask({system, target}, MmId::kMm0, false);
    }
    return;
  }
  if (self.loaded_mm == MmId::kInit) return;
  if (world.invlpgb != 0 && (self.is_lazy == 0 || !rules.lazy_before_global)) {
    if (NeedsGlobalAsid(world, target)) ReloadInInterrupt({system, target});
    if (self.slot == kGlobalSlot) return;
  }
  if (self.is_lazy != 0) {
    if (!rules.lazy_stays) LeaveForInit({system, target});
    return;
  }
  CatchUp(system, target, request, rules);
}

// --- Operations ---

// To a thread of the mm that runs already there is nothing to do.
void SwitchPath(const Thread& t, const Op& op) {
  const MmId next = UserMm(op.range.begin);
  GATHERFUZZ_CHECK(Index(next) < kMms);
  if (Self(t).in_user == 0 || Self(t).task_mm != next) SwitchTo(t, next);
}

// enter_lazy_tlb(): a kernel thread, on the page tables of the mm that was loaded.
void IdlePath(const Thread& t, const Op&) {
  if (Self(t).in_user == 0) return;
  t.Step(Point::enter_lazy_tlb);
  Self(t).in_user = 0;
  if (const CpuCode* own = Own(t.system)) return own->EnterLazyTlb(t);
  SetLazy(t, 1);
}

// leave_mm(), of a deep idle state: interrupts are off from here on.
void LeavePath(const Thread& t, const Op&) {
  SwitchCpu& self = Self(t);
  if (self.in_user != 0 || t.world().switching.generations == 0) return;
  t.Step(Point::switch_mm_irqs_off);
  InterruptsOff(t.world(), t.cpu);
  if (const CpuCode* own = Own(t.system)) {
    own->LeaveMm(t);
  } else if (self.loaded_mm != MmId::kInit) {
    if (self.is_lazy == 0) ReportAssertion(t.system, t.cpu, "leave_mm(): the CPU is not lazy");
    SetLazy(t, 0);
    SwitchToOther(t, self.loaded_mm, MmId::kInit, Rules(t.system));
  }
  InterruptsOn(t.world(), t.cpu);
}

// Back to the thread that ran before.
void WakePath(const Thread& t, const Op&) {
  if (Self(t).in_user == 0) SwitchTo(t, Self(t).task_mm);
}

}  // namespace gatherfuzz
