// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// read and write: an access through the TLB, with the walks and page faults it takes.
#include "model/kernel/folio.h"
#include "model/kernel/paths.h"
#include "model/machine/tlb.h"
#include "model/machine/walk.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// A write through a clean entry has to set D in the PTE first, which is a walk of its own (H9).
bool Hits(const Tlb& tlb, int page, bool write) {
  const Pte* entry = Lookup(tlb, page);
  return entry != nullptr && (!write || (entry->writable() && entry->dirty()));
}

// Faults without a walk (H7): no translation, as the TLB has it.
bool KnownAbsent(const Tlb& tlb, int page) {
  return (tlb.absent & PageBit(page)) != 0 && Lookup(tlb, page) == nullptr;
}

// Faults without a walk (H8): an entry that is too strict.
bool KnownForbidden(const Thread& t, int page, bool write) {
  if (!t.system.hardware.faults_on_entries || !write) return false;
  const Pte* entry = Lookup(t.self().tlb, page);
  return entry != nullptr && !entry->writable();
}

int StepOwnWalk(const Thread& t, Point point, int page) {
  if (!t.world().sc()) [[unlikely]]
    return t.system.steps->LoadStep(CpuAgent(t.cpu), point, page, {.walk = true});
  t.Step(point, page);
  return 0;
}

// Walks until the TLB holds the translation (true) or the walk faults. An invalidation that
// ends the walk makes it begin again.
bool WalkForAccess(const Thread& t, int page, bool write) {
  const Walk& walk = t.self().walks[kOwnWalk];
  for (;;) {
    if (!walk.active()) BeginWalk(t.world(), t.cpu, kOwnWalk, page, write);
    const int old = StepOwnWalk(t, NextPoint(walk), page);
    if (!walk.active()) continue;
    const WalkResult result = AdvanceWalk(t.system, t.cpu, kOwnWalk, old);
    if (result != WalkResult::kGoesOn) return result == WalkResult::kFilled;
  }
}

// What the access knows of its last spurious faults: those on one and the same mapping.
struct SpuriousFaults {
  Mapping mapping = 0;
  int count = 0;
};

// False if the access is given up. A second spurious fault on one mapping waits until nothing is
// pending that could repair the TLB, in place of spinning; a third is judged.
bool RetrySpurious(const Thread& t, int page, Mapping mapping, SpuriousFaults& faults) {
  faults = {mapping, faults.mapping == mapping ? faults.count + 1 : 1};
  if (faults.count == 2) t.StepWhen(Point::fault_retry, page, Quiet, 0);
  if (faults.count < 3) return true;
  CheckEndlessFault(t.system, t.cpu, page, mapping);
  return false;
}

}  // namespace

// A read or write by the thread, with the page faults it takes.
void AccessPath(const Thread& t, const Op& op) {
  const int page = op.range.begin;
  const bool write = Info(op.kind).is(effect::kWrites);
  SpuriousFaults faults;
  for (;;) {
    t.Step(Point::access, page);
    if (Hits(t.self().tlb, page, write)) {
      if (write && t.world().decides != 0) {
        NoteWrite(t.world(), t.cpu, page, *Lookup(t.self().tlb, page));
      }
      return;
    }
    const bool walks = !KnownAbsent(t.self().tlb, page) && !KnownForbidden(t, page, write);
    if (walks && WalkForAccess(t, page, write)) continue;
    const FaultOutcome fault = HandleFault(t, page, write);
    if (!fault.resolved) return;
    if (fault.spurious != 0 && !RetrySpurious(t, page, fault.spurious, faults)) return;
  }
}

void InitCached(World& world, CpuId cpu, PageRange range) { FillAtOnce(world, cpu, range); }

}  // namespace gatherfuzz
