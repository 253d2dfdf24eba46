// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/switching.h"

#include <algorithm>

#include "model/check.h"
#include "model/machine/world.h"

namespace gatherfuzz {

namespace {

bool NothingIn(const Tlb& tlb, const WalkCache& cache) {
  return (tlb.small_valid | tlb.huge_valid | tlb.absent | cache.pte_valid | cache.pmd_valid) == 0;
}

// mm0 has the first ASID, mms that do not run have those behind it, and the last `free` are free.
void BeginAsids(World& world, int free) {
  constexpr int kFirstGeneration = 1, kFirstAsid = 1;
  Asids& asids = world.switching.asids;
  asids.count = static_cast<uint8_t>(world.cpu_count + 2);
  const int taken = std::max(asids.count - 1 - free, kFirstAsid);
  asids.generation = kFirstGeneration;
  asids.next = static_cast<uint8_t>(taken);
  asids.map = static_cast<uint16_t>((2u << taken) - 2);
  const ContextId id = MakeContextId(kFirstGeneration, kFirstAsid);
  asids.id[static_cast<size_t>(Index(MmId::kMm0))] = id;
  for (int i = 0; i < world.cpu_count; ++i) {
    if (i == world.kswapd_cpu()) continue;  // it has run kernel threads only
    asids.active_asids[static_cast<size_t>(i)] = id;
    world.switching.at(MakeCpu(i)).slot_asid[0] = kFirstAsid;
  }
}

}  // namespace

void BeginSwitching(World& world, bool generations, int free_asids) {
  Switching& all = world.switching;
  all = {};
  all.generations = generations;
  for (int mm = Index(MmId::kMm0); mm < kMms; ++mm) all.tlb_gen[static_cast<size_t>(mm)] = 1;
  for (int i = 0; i < world.cpu_count; ++i) {
    SwitchCpu& cpu = all.at(MakeCpu(i));
    if (i == world.kswapd_cpu()) continue;  // it has init_mm loaded, in slot 0
    cpu.slots[0] = {MmId::kMm0, 0, 1};
    cpu.next_slot = 1;
    cpu.loaded_mm = cpu.root = cpu.task_mm = MmId::kMm0;
    cpu.in_user = 1;
    all.cpumask[static_cast<size_t>(Index(MmId::kMm0))] |= CpuBit(MakeCpu(i));
  }
  if (free_asids != kNoAsids && !generations) BeginAsids(world, free_asids);
}

void InterruptsOff(World& world, CpuId cpu) {
  world.switching.at(cpu).irqs_off = 1;
  if (world.switching.generations == 0) return;  // a broadcast is no interrupt
  world.deliveries_pending &= static_cast<uint8_t>(~CpuBit(cpu));
}

void InterruptsOn(World& world, CpuId cpu) {
  world.switching.at(cpu).irqs_off = 0;
  if (world.at(cpu).deliveries.count != 0) world.deliveries_pending |= CpuBit(cpu);
  for (int i = 0; i < world.cpu_count; ++i) {
    world.switching.at(MakeCpu(i)).grace &= static_cast<uint8_t>(~CpuBit(cpu));
  }
  if (world.rcu != 0) MayLeaveReadSide(world, cpu);
}

void LoadRoot(World& world, CpuId cpu, MmId mm, uint8_t slot, bool flush) {
  GATHERFUZZ_CHECK(slot < (world.invlpgb != 0 ? kTags : kSlots));
  SwitchCpu& self = world.switching.at(cpu);
  CpuState& hardware = world.at(cpu);
  LoadTag(world, cpu, slot);
  if (flush) {
    hardware.tlb = {};
    hardware.walk_cache = {};
  }
  hardware.walks = {};
  self.root = mm;
}

void WriteTtbr0(World& world, CpuId cpu, MmId mm) {
  world.at(cpu).walks = {};
  world.switching.at(cpu).root = mm;
}

void WriteTtbr1(World& world, CpuId cpu, uint8_t asid) {
  SwitchCpu& self = world.switching.at(cpu);
  CpuState& hardware = world.at(cpu);
  hardware.walks = {};
  if (self.slot_asid[self.slot] == asid) return;
  const auto other = static_cast<uint8_t>(kSlots - 1 - self.slot);
  const bool loaded_empty = NothingIn(hardware.tlb, hardware.walk_cache);
  const bool parked_empty = NothingIn(self.parked_tlb, self.parked_cache);
  if (!loaded_empty || (!parked_empty && self.slot_asid[other] == asid)) {
    LoadTag(world, cpu, other);
    if (!parked_empty && self.slot_asid[other] != asid) {
      hardware.tlb = {};
      hardware.walk_cache = {};
    }
  }
  self.slot_asid[self.slot] = asid;
}

void DropAllCached(World& world, CpuId cpu) {
  SwitchCpu& self = world.switching.at(cpu);
  world.at(cpu).tlb = self.parked_tlb = {};
  world.at(cpu).walk_cache = self.parked_cache = {};
  world.at(cpu).walks = {};
}

bool WalksMm0(const World& world, CpuId cpu) {
  return world.switches == 0 || world.switching.at(cpu).root == MmId::kMm0;
}

}  // namespace gatherfuzz
