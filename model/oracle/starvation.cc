// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// starvation: a finish that waits is released within a bound of other agents' completed calls.
//
// Judged when a call that opened a gather completes, for every finish that is blocked in its wait
// at that moment: if every gather that was live when its wait began is over, and at least
// kStarvationBound calls that began since have completed, the waiter depends on newcomers, of which
// there is no end. While one of the old gathers is live the wait has a reason, whatever others do.
// A waiter that could have gone on for a moment, but was not chosen before a newcomer closed the
// way again, is still waiting: that is what wait_var_event() does, which looks again once it runs.
// A wait for something that stays true once it is cannot lose such a moment.
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

bool CanGoOn(const System& system, int waiter) {
  return system.finish_wait[waiter](system.world, waiter);
}

}  // namespace

void NoteWaitBegins(System& system, CpuId cpu, Ready ready) {
  Call& call = system.world.at(cpu).call;
  call.waiting = 1;
  call.wait_since = system.world.mm.calls_begun;
  for (int i = 0; i < system.world.cpu_count; ++i) {
    const CpuId other = MakeCpu(i);
    if (other != cpu && system.world.at(other).gather.live) call.wait_live |= CpuBit(other);
  }
  system.finish_wait[Index(cpu)] = ready;
}

void NoteWaitEnds(System& system, CpuId cpu) {
  Call& call = system.world.at(cpu).call;
  call.waiting = call.wait_live = call.overtaken = 0;
  call.wait_since = 0;
}

void NoteGatherOver(System& system, CpuId cpu) {
  for (int i = 0; i < system.world.cpu_count; ++i) {
    system.world.at(MakeCpu(i)).call.wait_live &= static_cast<uint8_t>(~CpuBit(cpu));
  }
}

void CheckStarvation(System& system, uint16_t completed_call) {
  for (int i = 0; i < system.world.cpu_count; ++i) {
    Call& call = system.world.at(MakeCpu(i)).call;
    if (!call.waiting || completed_call <= call.wait_since) continue;
    if (call.overtaken < kStarvationBound) ++call.overtaken;
    if (call.wait_live == 0 && call.overtaken >= kStarvationBound && !CanGoOn(system, i)) {
      system.Report({.kind = ViolationKind::kStarvation, .cpu = i});
    }
  }
}

}  // namespace gatherfuzz
