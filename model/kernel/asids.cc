// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/asids.h"

#include <utility>

#include "model/arch/arch.h"
#include "model/check.h"
#include "model/kernel/cpu_code.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

AsidAllocation AllocationOn(const System& system) { return system.protocol->AllocatesAsids(); }
bool RootHasAsid(const Thread& t) { return t.system.arch->root_has_asid(); }
Asids& AsidsOf(const Thread& t) { return t.world().switching.asids; }
SwitchCpu& Switcher(const Thread& t) { return t.world().switching.at(t.cpu); }
ContextId& IdOf(Asids& asids, MmId mm) { return asids.id[static_cast<size_t>(Index(mm))]; }
ContextId& Active(Asids& asids, CpuId cpu) {
  return asids.active_asids[static_cast<size_t>(Index(cpu))];
}
ContextId& Reserved(Asids& asids, CpuId cpu) {
  return asids.reserved_asids[static_cast<size_t>(Index(cpu))];
}

uint16_t AsidBit(int asid) { return static_cast<uint16_t>(1u << asid); }

// --- new_context(), with cpu_asid_lock held ---

constexpr int kNoneFree = 0;

// find_next_zero_bit().
int FreeFrom(const Asids& asids, int first) {
  for (int asid = first; asid < asids.count; ++asid) {
    if ((asids.map & AsidBit(asid)) == 0) return asid;
  }
  return kNoneFree;
}

// flush_context().
void FlushContext(const Thread& t, const AsidAllocation& rules) {
  Asids& asids = AsidsOf(t);
  const int cpus = t.world().cpu_count;
  for (int i = 0; i < cpus; ++i) {
    t.Step(Point::active_asids_xchg, i);
    ContextId id = std::exchange(Active(asids, MakeCpu(i)), ContextId{0});
    if (id == 0 && !rules.drops_reserved) id = Reserved(asids, MakeCpu(i));
    asids.map |= AsidBit(AsidOf(id));
    Reserved(asids, MakeCpu(i)) = id;
  }
  if (RootHasAsid(t)) asids.map |= AsidBit(0);  // that of boot
  const auto all = static_cast<uint8_t>((1u << cpus) - 1);
  if (!rules.queues_no_flush) asids.tlb_flush_pending |= rules.queues_itself ? CpuBit(t.cpu) : all;
}

// check_update_reserved_asid().
bool UpdatesReserved(const Thread& t, ContextId old_id, ContextId id, const AsidAllocation& rules) {
  Asids& asids = AsidsOf(t);
  bool hit = false;
  for (int i = 0; i < t.world().cpu_count; ++i) {
    ContextId& reserved = Reserved(asids, MakeCpu(i));
    if (reserved != old_id || (hit && rules.updates_one)) continue;
    hit = true;
    reserved = id;
  }
  return hit;
}

ContextId NewContext(const Thread& t, MmId mm, const AsidAllocation& rules) {
  Asids& asids = AsidsOf(t);
  if (const ContextId old_id = IdOf(asids, mm); old_id != 0) {
    const ContextId id = MakeContextId(asids.generation, AsidOf(old_id));
    if (UpdatesReserved(t, old_id, id, rules)) return id;
    const uint16_t bit = AsidBit(AsidOf(old_id));
    if ((asids.map & bit) == 0) {
      asids.map |= bit;
      return id;
    }
  }
  int asid = FreeFrom(asids, asids.next);
  if (asid == kNoneFree) {
    t.Step(Point::asid_generation_add);
    ++asids.generation;
    asids.map = 0;
    FlushContext(t, rules);
    asid = FreeFrom(asids, 1);
    GATHERFUZZ_CHECK(asid != kNoneFree);  // there are more than CPUs
  }
  asids.map |= AsidBit(asid);
  asids.next = static_cast<uint8_t>(asid);
  return MakeContextId(asids.generation, asid);
}

// --- check_and_switch_context() ---

bool OfThisGeneration(const Asids& asids, ContextId id) {
  return GenerationOf(id) == asids.generation;
}

// Without the lock: whether active_asids could be changed.
bool SwitchesFast(const Thread& t, MmId next, const AsidAllocation& rules) {
  Asids& asids = AsidsOf(t);
  SwitchCpu& self = Switcher(t);
  t.Step(Point::asid_read);
  InterruptsOff(t.world(), t.cpu);
  self.in_user = 0;
  self.read_id = IdOf(asids, next);
  t.Step(Point::active_asids_read);
  self.was_active = Active(asids, t.cpu) != 0;
  if (self.was_active == 0 && !rules.swaps_zero) return false;
  t.Step(Point::asid_generation_read);
  const bool any = rules.any_generation && self.read_id != 0;
  if (!OfThisGeneration(asids, self.read_id) && !any) return false;
  t.Step(Point::active_asids_cmpxchg);
  ContextId& active = Active(asids, t.cpu);
  const bool found = active != 0;
  const bool same = found == (self.was_active != 0);  // nobody else stores but 0
  if (same || rules.stores_active) active = self.read_id;
  if (!found && !rules.stores_active) return false;
  self.was_active = 0;
  if (!RootHasAsid(t)) self.read_id = 0;  // else that is what will be loaded
  return true;
}

void LocalFlushTlbAll(const Thread& t) {
  t.Step(Point::local_flush_tlb_all);
  DropAllCached(t.world(), t.cpu);
}

// What is queued for the CPU is done at once, or behind the write of SATP.
void FlushQueued(const Thread& t, const AsidAllocation& rules) {
  uint8_t& pending = AsidsOf(t).tlb_flush_pending;
  const auto own = CpuBit(t.cpu);
  if ((pending & own) == 0) return;
  pending &= static_cast<uint8_t>(~own);
  if (rules.never_flushes) return;
  if (!RootHasAsid(t) || rules.flushes_first) return LocalFlushTlbAll(t);
  Switcher(t).need_flush = 1;
}

void SwitchSlowly(const Thread& t, MmId next, const AsidAllocation& rules) {
  Asids& asids = AsidsOf(t);
  t.StepWhen(Point::cpu_asid_lock, kNoPage, AsidLockIsFree, Index(t.cpu));
  asids.lock_owner = static_cast<uint8_t>(Index(t.cpu) + 1);
  Switcher(t).was_active = 0;
  if (!rules.looks_once) Switcher(t).read_id = 0;
  ContextId id = rules.looks_once ? Switcher(t).read_id : IdOf(asids, next);
  if (!OfThisGeneration(asids, id)) {
    id = NewContext(t, next, rules);
    Switcher(t).read_id = id;
    t.Step(Point::asid_set);
    IdOf(asids, next) = id;
  }
  if (RootHasAsid(t)) Switcher(t).read_id = id;
  FlushQueued(t, rules);
  if (!rules.active_not_marked) Active(asids, t.cpu) = id;
  t.Step(Point::cpu_asid_unlock);
  asids.lock_owner = 0;
}

void WriteRoot(const Thread& t, MmId next) {
  t.Step(Point::write_cr3);
  Switcher(t).loaded_mm = next;
  WriteTtbr0(t.world(), t.cpu, next);
}

// cpu_set_reserved_ttbr0().
void ReserveRoot(const Thread& t, const AsidAllocation& rules) {
  if (rules.no_reserved_root) return;
  t.Step(Point::reserved_ttbr0);
  WriteTtbr0(t.world(), t.cpu, MmId::kInit);
}

void CpuDoSwitchMm(const Thread& t, MmId next, const AsidAllocation& rules) {
  SwitchCpu& self = Switcher(t);
  const bool reserves_first = t.system.kernel < KernelVersion::k6_12;  // in cpu_switch_mm()
  if (reserves_first) ReserveRoot(t, rules);
  t.Step(Point::asid_read);
  self.read_id = IdOf(AsidsOf(t), next);
  if (!reserves_first) ReserveRoot(t, rules);
  if (rules.root_before_asid) WriteRoot(t, next);
  t.Step(Point::write_ttbr1);
  WriteTtbr1(t.world(), t.cpu, static_cast<uint8_t>(AsidOf(self.read_id)));
  self.read_id = 0;
  CheckLoaded(t.system, t.cpu);
  if (!rules.root_before_asid) WriteRoot(t, next);
}

// The end of set_mm_asid().
void WriteSatp(const Thread& t, MmId next) {
  SwitchCpu& self = Switcher(t);
  t.Step(Point::write_cr3);
  self.loaded_mm = next;
  WriteTtbr1(t.world(), t.cpu, static_cast<uint8_t>(AsidOf(self.read_id)));
  WriteTtbr0(t.world(), t.cpu, next);
  self.read_id = 0;
  CheckLoaded(t.system, t.cpu);
  if (self.need_flush == 0) return;
  LocalFlushTlbAll(t);
  self.need_flush = 0;
}

}  // namespace

bool AsidLockIsFree(const World& world, int) { return world.switching.asids.lock_owner == 0; }

void CheckAndSwitchContext(const Thread& t, MmId next) {
  if (const AsidCode* own = t.system.protocol->asid_code(t.system)) {
    return own->CheckAndSwitchContext(t, next);
  }
  const AsidAllocation rules = AllocationOn(t.system);
  if (!SwitchesFast(t, next, rules)) SwitchSlowly(t, next, rules);
  if (RootHasAsid(t)) return WriteSatp(t, next);
  CpuDoSwitchMm(t, next, rules);
}

// --- TLBI ---

void ReadTlbiAsid(const Thread& t) {
  if (!AllocatesAsids(t.world()) || Switcher(t).named_asid != 0) return;
  t.Step(Point::tlbi_asid_read);
  Switcher(t).named_asid = static_cast<uint8_t>(AsidOf(IdOf(AsidsOf(t), MmId::kMm0)));
}

void ReadTlbiAsidFirst(const Thread& t) {
  if (AllocatesAsids(t.world()) && AllocationOn(t.system).reads_first) ReadTlbiAsid(t);
}

void ForgetTlbiAsid(const Thread& t) {
  if (AllocatesAsids(t.world())) Switcher(t).named_asid = 0;
}

void TakeTlbi(System& system, CpuId target, CpuId issuer) {
  const Invalidation& request = system.world.at(issuer).invalidation;
  const SwitchCpu& cpu = system.world.switching.at(target);
  const uint16_t named = system.world.switching.at(issuer).tlbi_asids;
  const auto names = [&](int slot) {
    return request.of_all != 0 || (named & AsidBit(cpu.slot_asid[static_cast<size_t>(slot)])) != 0;
  };
  if (names(cpu.slot)) DropNamed(system, target, request);
  if (names(kSlots - 1 - cpu.slot)) DropNamedParked(system, target, request);
}

}  // namespace gatherfuzz
