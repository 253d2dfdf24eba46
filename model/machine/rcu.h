// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The part of World that is in use where page tables are freed by RCU in steps of their own: those
// that were handed to call_rcu() and are not freed yet, and for whom they wait.
//
// A CPU is in a read-side section while it holds the lock of a page table, since preemption is off
// there, and while its interrupts are off (switching.h). A table waits for the CPUs that were in
// one as it was handed over, until each has left that. What one CPU hands over is freed in its
// order, as a CPU's callbacks are. Invariants: the queue is sorted by CPU; of the tables of one CPU
// a later one waits for all for whom an earlier one does; `ready` says of which CPUs the first
// waits for nobody.
//
// Faithful: who is waited for (kernel/rcu/tree.c, 6.12: a grace period begins behind call_rcu(),
// and is over when every CPU has been through a quiescent state). Made up: that there is room for
// as many as there are frames, and that a grace period is over as soon as it may be; from there on
// the order of the schedule says when the callback runs.
#ifndef GATHERFUZZ_MODEL_MACHINE_RCU_H_
#define GATHERFUZZ_MODEL_MACHINE_RCU_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/machine/types.h"

namespace gatherfuzz {

// A table that somebody has handed over.
struct Callback {
  FrameId frame;
  uint8_t page;  // the first of its span
  Level level;
  CpuId cpu;          // who
  uint8_t waits_for;  // CPUs, as a bit mask
};

struct Callbacks {
  uint8_t count;
  uint8_t ready;                    // bit mask of CPUs
  std::array<uint8_t, 6> padding_;  // always 0
  // By CPU, whose thread is in synchronize_rcu(): for whom it waits.
  std::array<uint8_t, kMaxCpus> waits_for;
  std::array<Callback, kFrames> queue;  // all zero from `count` on
};
static_assert(sizeof(Callbacks) % 8 == 0);

struct World;

// The CPUs that are in a read-side section, as a bit mask.
uint8_t ReadSide(const World& world);

// Hands a table over, which waits for those CPUs; false if there is no room.
bool QueueCallback(World& world, const Callback& table);
// The first of that CPU; null if there is none.
const Callback* FirstCallback(const World& world, CpuId cpu);
// Takes it out; it is ready.
Callback TakeCallback(World& world, CpuId cpu);

// Where World::rcu: `cpu` has dropped a lock, or its interrupts are on: nobody waits for it any
// more if it is in no section.
void MayLeaveReadSide(World& world, CpuId cpu);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_RCU_H_
