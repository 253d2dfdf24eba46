// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// endless-fault: no access faults forever on a PTE that is present and allows it.
//
// A spurious fault is legal: another CPU may have populated the page, or an invalidation may still
// be on its way. So the access faults once, faults again on the same mapping, then waits until no
// gather is live and no invalidation pending anywhere. If it then faults on the same mapping once
// more, nothing that is under way can repair its TLB. This is what the reporter of 2019 saw.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

bool Quiet(const World& world, int) {
  for (int i = 0; i < world.cpu_count; ++i) {
    if (world.at(MakeCpu(i)).gather.live) return false;
  }
  if (world.switches == 0) return world.deliveries_pending == 0;
  if (world.invlpgb != 0 && world.broadcast.under_way != 0) return false;
  for (int i = 0; i < world.cpu_count; ++i) {  // also those that wait for interrupts to go on
    if (world.at(MakeCpu(i)).deliveries.count != 0) return false;
  }
  return true;
}

void CheckEndlessFault(System& system, CpuId cpu, int page, Mapping mapping) {
  system.Report({.kind = ViolationKind::kEndlessFault,
                 .page = page,
                 .cpu = Index(cpu),
                 .holder = Index(cpu),
                 .mapping = mapping});
}

}  // namespace gatherfuzz
