// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/switching.h"

#include <utility>

#include "model/check.h"
#include "model/machine/world.h"

namespace gatherfuzz {

void BeginSwitching(World& world, bool generations) {
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
}

void InterruptsOff(World& world, CpuId cpu) {
  world.switching.at(cpu).irqs_off = 1;
  world.deliveries_pending &= static_cast<uint8_t>(~CpuBit(cpu));
}

void InterruptsOn(World& world, CpuId cpu) {
  world.switching.at(cpu).irqs_off = 0;
  if (world.at(cpu).deliveries.count != 0) world.deliveries_pending |= CpuBit(cpu);
  for (int i = 0; i < world.cpu_count; ++i) {
    world.switching.at(MakeCpu(i)).grace &= static_cast<uint8_t>(~CpuBit(cpu));
  }
}

void LoadRoot(World& world, CpuId cpu, MmId mm, uint8_t slot, bool flush) {
  GATHERFUZZ_CHECK(slot < kSlots);
  SwitchCpu& self = world.switching.at(cpu);
  CpuState& hardware = world.at(cpu);
  if (slot != self.slot) {
    std::swap(hardware.tlb, self.parked_tlb);
    std::swap(hardware.walk_cache, self.parked_cache);
  }
  if (flush) {
    hardware.tlb = {};
    hardware.walk_cache = {};
  }
  hardware.walks = {};
  self.slot = slot;
  self.root = mm;
}

bool WalksMm0(const World& world, CpuId cpu) {
  return world.switches == 0 || world.switching.at(cpu).root == MmId::kMm0;
}

}  // namespace gatherfuzz
