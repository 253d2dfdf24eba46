// starvation: a finish that waits is released within a bound of other agents' completed calls.
//
// Judged when a call completes, for every finish that waits and is blocked at that moment: if every
// gather that was live when its wait began is over, and at least kStarvationBound calls that began
// after its wait have completed, the waiter depends on newcomers, of which there is no end. While
// one of the old gathers is live the wait has a reason, whatever others do. A moment at which the
// waiter could have gone on starts the count anew.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckStarvation(System& system, uint16_t completed_call) {
  for (int i = 0; i < system.world.cpu_count; ++i) {
    const CpuId waiter = MakeCpu(i);
    Call& call = system.world.at(waiter).call;
    if (!call.waiting) continue;
    if (system.finish_wait[i](system.world, i)) {
      call.overtaken = 0;
      continue;
    }
    if (completed_call <= call.wait_since) continue;
    ++call.overtaken;
    if (call.wait_live != 0 || call.overtaken < kStarvationBound) continue;
    system.Report({.kind = ViolationKind::kStarvation, .cpu = i});
  }
}

}  // namespace gatherfuzz
