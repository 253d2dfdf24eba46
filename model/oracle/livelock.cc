// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// livelock: an agent that waits by looking again and again can be released by some order of the
// others. It cannot if nobody can move but those that look, and each comes back to the same step,
// with the same variables, in the same state, whatever way they take turns. Who runs the agents
// finds out (harness/looking.h, explore/stepper.h); no limit is involved.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckLivelock(System& system, CpuId cpu, Point point) {
  system.steps->Violate(
      {.kind = ViolationKind::kLivelock, .cpu = Index(cpu), .detail = Info(point).name});
}

}  // namespace gatherfuzz
