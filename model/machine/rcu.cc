// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/rcu.h"

#include <algorithm>

#include "model/check.h"
#include "model/machine/world.h"

namespace gatherfuzz {
namespace {

auto Begin(Callbacks& all) { return all.queue.begin(); }
auto End(Callbacks& all) { return all.queue.begin() + all.count; }

bool HoldsTableLock(const World& world, CpuId cpu) {
  const auto holds = [&](const Frame& frame) { return frame.lock_owner == Index(cpu) + 1; };
  return world.mm.table_locks != 0 && std::ranges::any_of(world.frames, holds);
}

void NoteReady(Callbacks& all) {
  all.ready = 0;
  for (auto it = Begin(all); it != End(all); ++it) {
    const bool first = it == Begin(all) || it[-1].cpu != it->cpu;
    if (first && it->waits_for == 0) all.ready |= CpuBit(it->cpu);
  }
}

}  // namespace

uint8_t ReadSide(const World& world) {
  uint8_t cpus = 0;
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuId cpu = MakeCpu(i);
    const bool irqs_off = world.switches != 0 && world.switching.at(cpu).irqs_off != 0;
    if (irqs_off || HoldsTableLock(world, cpu)) cpus |= CpuBit(cpu);
  }
  return cpus;
}

bool QueueCallback(World& world, const Callback& table) {
  Callbacks& all = world.callbacks;
  if (all.count == all.queue.size()) return false;
  const auto at =
      std::upper_bound(Begin(all), End(all), table,
                       [](const Callback& a, const Callback& b) { return a.cpu < b.cpu; });
  std::copy_backward(at, End(all), End(all) + 1);
  *at = table;
  ++all.count;
  NoteReady(all);
  return true;
}

const Callback* FirstCallback(const World& world, CpuId cpu) {
  const auto& all = world.callbacks;
  const auto end = all.queue.begin() + all.count;
  const auto it =
      std::find_if(all.queue.begin(), end, [cpu](const Callback& it) { return it.cpu == cpu; });
  return it == end ? nullptr : &*it;
}

Callback TakeCallback(World& world, CpuId cpu) {
  GATHERFUZZ_CHECK((world.callbacks.ready & CpuBit(cpu)) != 0);
  Callbacks& all = world.callbacks;
  const auto it = Begin(all) + (FirstCallback(world, cpu) - all.queue.data());
  const Callback first = *it;
  std::copy(it + 1, End(all), it);
  all.queue[--all.count] = {};
  NoteReady(all);
  return first;
}

void MayLeaveReadSide(World& world, CpuId cpu) {
  if ((ReadSide(world) & CpuBit(cpu)) != 0) return;
  Callbacks& all = world.callbacks;
  const auto leave = [cpu](uint8_t& cpus) { cpus &= static_cast<uint8_t>(~CpuBit(cpu)); };
  std::ranges::for_each(all.waits_for, leave);
  for (auto it = Begin(all); it != End(all); ++it) leave(it->waits_for);
  NoteReady(all);
}

}  // namespace gatherfuzz
