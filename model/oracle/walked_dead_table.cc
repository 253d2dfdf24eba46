// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// walked-dead-table: no walker reads a level from a frame that is not the table it was when the
// walker got the pointer, or the walk cache did. An unlinked table that is not freed yet still is.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckWalkRead(System& system, CpuId cpu, const Walk& walk) {
  const Frame& frame = system.world.at(walk.at.frame);
  if (frame.state == FrameState::kTable && frame.generation == walk.at.generation) return;
  system.Report({.kind = ViolationKind::kWalkedDeadTable,
                 .page = walk.page,
                 .frame = Index(walk.at.frame),
                 .cpu = Index(cpu),
                 .holder = Index(cpu)});
}

}  // namespace gatherfuzz
