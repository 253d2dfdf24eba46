// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/broadcast.h"

#include <bit>

#include "model/check.h"
#include "model/kernel/switch_mm.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

constexpr int kActiveCpusToExceed = 1;  // 3 in the kernel

SwitchCpu& SwitchOf(const Thread& t) { return t.world().switching.at(t.cpu); }
BroadcastCpu& OnCpu(const Thread& t) { return t.world().broadcast.at(t.cpu); }
uint8_t MaskOfMm0(const World& world) {
  return world.switching.cpumask[static_cast<size_t>(Index(MmId::kMm0))];
}

// mm_active_cpus_exceeds().
bool IsActiveOnEnough(const World& world) {
  int count = 0;
  for (unsigned left = MaskOfMm0(world); left != 0; left &= left - 1) {
    const SwitchCpu& it = world.switching.at(MakeCpu(std::countr_zero(left)));
    count += it.loaded_mm == MmId::kMm0 && it.is_lazy == 0;
  }
  return count > kActiveCpusToExceed;
}

// The step loaded_mm_read.
MmId ReadLoadedMm(const Thread& t, CpuId cpu) {
  t.Step(Point::loaded_mm_read, Index(cpu));
  return t.world().switching.at(cpu).loaded_mm;
}

// Whether `cpu` has mm0 loaded under another ASID.
bool Straggles(const Thread& t, CpuId cpu, const MmSwitching& rules) {
  if (!rules.switch_not_awaited) {
    while (ReadLoadedMm(t, cpu) == MmId::kSwitching) {
      t.StepWhen(Point::loaded_mm_wait, Index(cpu), HasSwitched, Index(cpu));
    }
  }
  if (ReadLoadedMm(t, cpu) != MmId::kMm0) return false;
  t.Step(Point::loaded_asid_read, Index(cpu));
  return t.world().broadcast.at(cpu).loaded_asid != kGlobalSlot;
}

}  // namespace

bool HasSwitched(const World& world, int arg) {
  return world.switching.at(MakeCpu(arg)).loaded_mm != MmId::kSwitching;
}
bool GlobalAsidLockIsFree(const World& world, int) { return world.broadcast.lock_owner == 0; }

bool NeedsGlobalAsid(const World& world, CpuId cpu) {
  return world.invlpgb != 0 && world.broadcast.global_asid != 0 &&
         world.switching.at(cpu).loaded_mm == MmId::kMm0 &&
         world.broadcast.at(cpu).loaded_asid != kGlobalSlot;
}

bool ReadGlobalAsid(const Thread& t) {
  t.Step(Point::global_asid_read);
  return t.world().broadcast.global_asid != 0;
}

bool ReadAsidTransition(const Thread& t) {
  t.Step(Point::asid_transition_read);
  return t.world().broadcast.asid_transition != 0;
}

void ConsiderGlobalAsid(const Thread& t) {
  Broadcast& all = t.world().broadcast;
  t.StepWhen(Point::global_asid_lock, kNoPage, GlobalAsidLockIsFree, Index(t.cpu));
  if (all.global_asid != 0 || !IsActiveOnEnough(t.world())) return;
  all.lock_owner = static_cast<uint8_t>(Index(t.cpu) + 1);
  InterruptsOff(t.world(), t.cpu);
  all.asid_transition = 1;
  t.Step(Point::global_asid_set);
  all.global_asid = 1;
  all.lock_owner = 0;
  InterruptsOn(t.world(), t.cpu);
}

void IssueInvlpgb(const Thread& t, const Invalidation& request) {
  t.Step(Point::invlpgb, request.start);
  Broadcast& all = t.world().broadcast;
  all.under_way |= CpuBit(t.cpu);
  if (request.of_all != 0) all.of_all |= CpuBit(t.cpu);
  BroadcastCpu& self = OnCpu(t);
  self.small |= request.small;
  self.huge |= request.huge;
  self.pte_tables |= request.pte_tables;
  self.pmd_tables |= request.pmd_tables;
  ++t.system.cost.invalidations;
  t.system.cost.whole += request.whole;
}

void Tlbsync(const Thread& t) {
  t.Step(Point::tlbsync);
  World& world = t.world();
  BroadcastCpu& self = OnCpu(t);
  const auto own = CpuBit(t.cpu);
  const bool of_all = (world.broadcast.of_all & own) != 0;
  Invalidation drops{};
  drops.small = self.small;
  drops.huge = self.huge;
  drops.pte_tables = self.pte_tables;
  drops.pmd_tables = self.pmd_tables;
  for (int i = 0; i < world.cpu_count; ++i) {
    for (int slot = of_all ? 0 : kGlobalSlot; slot < kTags; ++slot) {
      DropNamedUnder(t.system, MakeCpu(i), slot, drops);
    }
  }
  self.small = 0;
  self.huge = self.pte_tables = 0;
  self.pmd_tables = 0;
  world.broadcast.under_way &= static_cast<uint8_t>(~own);
  world.broadcast.of_all &= static_cast<uint8_t>(~own);
}

bool FindsStraggler(const Thread& t, const MmSwitching& rules) {
  if (!ReadAsidTransition(t)) return false;
  SwitchCpu& self = SwitchOf(t);
  self.flush_mask = MaskOfMm0(t.world());
  while (self.flush_mask != 0) {
    const CpuId cpu = MakeCpu(std::countr_zero(self.flush_mask));
    const bool straggles = Straggles(t, cpu, rules);
    self.flush_mask &= static_cast<uint8_t>(~CpuBit(cpu));
    if (!straggles) continue;
    self.flush_mask = 0;
    return true;
  }
  t.Step(Point::asid_transition_clear);
  t.world().broadcast.asid_transition = 0;
  return false;
}

void SayLoadedAsid(const Thread& t) {
  if (t.world().invlpgb == 0) return;
  t.Step(Point::loaded_asid_set);
  OnCpu(t).loaded_asid = SwitchOf(t).slot;
}

}  // namespace gatherfuzz
