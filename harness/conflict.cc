// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/conflict.h"

namespace gatherfuzz {
namespace {

constexpr ThingMask kPlaced = MaskOf(Thing::kPte) | MaskOf(Thing::kPmd) | MaskOf(Thing::kPud) |
                              MaskOf(Thing::kPteLock) | MaskOf(Thing::kPmdLock);

constexpr ThingMask kOfCpu = MaskOf(Thing::kTlb) | MaskOf(Thing::kWalkCache);

bool IsOnOwnCpu(Point point) { return Info(point).is(role::kOwnCpu); }

}  // namespace

bool Conflict(PendingStep a, PendingStep b, bool same_cpu) {
  const Touches x = TouchesOf(a.point), y = TouchesOf(b.point);
  int shared = (x.writes & (y.reads | y.writes)) | (y.writes & x.reads);
  shared &= ~(x.adds & y.adds);
  if (shared == 0) return false;
  if (!same_cpu && IsOnOwnCpu(a.point) && IsOnOwnCpu(b.point)) shared &= ~kOfCpu;
  if ((shared & ~kPlaced) != 0) return true;
  const int pmd = MaskOf(Thing::kPmd) | MaskOf(Thing::kPteLock);
  if ((shared & MaskOf(Thing::kPte)) != 0 && a.page == b.page) return true;
  if ((shared & pmd) != 0 && a.page / kPagesPerPmd == b.page / kPagesPerPmd) return true;
  return (shared & (MaskOf(Thing::kPud) | MaskOf(Thing::kPmdLock))) != 0 &&
         a.page / kPagesPerPud == b.page / kPagesPerPud;
}

}  // namespace gatherfuzz
