// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What riscv code of a kernel calls (facade.h): SFENCE.VMA, and the CPUs on which it is executed.
#include <algorithm>

#include "model/arch/drops.h"
#include "model/kernel/asids.h"
#include "model/linux/room.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {

void FenceBatch::Add(int page) {
  any = true;
  if (request.whole != 0 || page >= kPages) return;
  if (request.end == 0) request.start = static_cast<uint8_t>(page);
  if (request.end != 0 && page - last > 1) {
    request.stride = page - last < kPagesPerPud ? Level::kPmd : Level::kPud;
  }
  last = static_cast<uint8_t>(page);
  request.start = std::min(request.start, last);
  request.end = std::max(request.end, static_cast<uint8_t>(page + 1));
  AddSfence(request, page);
}

void FenceBatch::AddAll() {
  any = true;
  request = WholeInvalidation();
}

Invalidation FenceBatch::Take() {
  Invalidation taken = request;
  if (taken.whole == 0 && taken.stride != Level::kPte) {
    taken.end = static_cast<uint8_t>(std::min(last + PagesAt(taken.stride), kPages));
  }
  taken.of_all = of_all;
  *this = {};
  return taken;
}

// The steps tlb_flush and, if it is waited for, tlb_flush_done.
void Room::IssueFences(uint8_t targets, bool wait) {
  Mirror();
  Makes(Point::tlb_flush);
  IssueInvalidationTo(*thread, sfences.Take(), targets);
  if (wait) {
    Makes(Point::tlb_flush_done);
    AwaitInvalidation(*thread);
  }
  current_room = this;
}

}  // namespace gatherfuzz

using namespace gatherfuzz;  // NOLINT: definitions of C functions

namespace {

// Of any mm, of this one, or of none.
bool Names(FenceBatch& fences, unsigned long asid) {
  const bool any = asid == ~0ul;
  if (any && AllocatesAsids(current_room->thread->world())) fences.of_all = true;
  return any || asid == GF_ASID;
}

}  // namespace

void gf_sfence(unsigned long address, unsigned long asid) {
  FenceBatch& fences = current_room->sfences;
  fences.any = true;
  if (Names(fences, asid))
    fences.Add(static_cast<int>(std::min(address >> GF_PAGE_SHIFT, kPages + 0ul)));
}

void gf_sfence_all(unsigned long asid) {
  FenceBatch& fences = current_room->sfences;
  fences.any = true;
  if (Names(fences, asid)) fences.AddAll();
}

void gf_issue_fences(unsigned long cpus, int wait) {
  Room& room = *current_room;
  if (room.sfences.any) room.IssueFences(static_cast<uint8_t>(cpus), wait != 0);
}

unsigned int gf_this_cpu() { return static_cast<unsigned>(Index(current_room->thread->cpu)); }

unsigned long* gf_mm_cpumask() {
  current_room->mm_cpus = current_room->thread->world().MmCpus();
  return &current_room->mm_cpus;
}
