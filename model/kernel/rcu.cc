// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/rcu.h"

#include "model/kernel/mmu_gather.h"
#include "model/kernel/switch_mm.h"
#include "model/machine/frames.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

bool FreesByRcu(const System& system) {
  return system.world.rcu != 0 && !system.protocol->SwitchesMms().frees_tables_at_once;
}

void CallRcu(const Thread& t, int page) { t.Step(Point::call_rcu, page); }

void HandOver(const Thread& t, Queued table) {
  const Callback callback{table.frame, table.page, table.level, t.cpu, ReadSide(t.world())};
  if (!QueueCallback(t.world(), callback)) CheckQueueFull(t.system, t.cpu, table.page);
}

void BeginSynchronize(const Thread& t) {
  const auto others = static_cast<uint8_t>(ReadSide(t.world()) & ~CpuBit(t.cpu));
  t.world().callbacks.waits_for[static_cast<size_t>(Index(t.cpu))] |= others;
}

void FreeFirstCallback(System& system, CpuId cpu) {
  World& world = system.world;
  const Callback* first = FirstCallback(world, cpu);
  system.steps->Note(DetourAgent(cpu), Point::rcu_free, first->page);
  const Callback table = TakeCallback(world, cpu);
  CheckGivenBack(system, cpu, table.frame, table.page, FrameState::kTable);
  CheckFreeTable(system, cpu, table.frame, table.page);
  GiveBack(world, table.frame);
}

// --- Where CPUs switch (switch_mm.h) ---

void BeginGrace(const Thread& t) {
  World& world = t.world();
  if (t.system.protocol->SwitchesMms().frees_tables_at_once) return;
  uint8_t& grace = world.switching.at(t.cpu).grace;
  for (int i = 0; i < world.cpu_count; ++i) {
    if (world.switching.at(MakeCpu(i)).irqs_off != 0) grace |= CpuBit(MakeCpu(i));
  }
}

bool GraceIsOver(const World& world, int arg) {
  return (world.switches == 0 || world.switching.at(MakeCpu(arg)).grace == 0) &&
         world.callbacks.waits_for[static_cast<size_t>(arg)] == 0;
}

}  // namespace gatherfuzz
