// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// deadlock: some agent can move until all are done. The scheduler finds out that none can; a
// blocked agent takes no steps, so no limit is involved.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckDeadlock(System& system, CpuId cpu, Point point) {
  system.steps->Violate(
      {.kind = ViolationKind::kDeadlock, .cpu = Index(cpu), .detail = Info(point).name});
}

}  // namespace gatherfuzz
