// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The modelled state at every step of a run, as it is shown: cells, and what each step put into
// them.
//
// A cell is one thing that can be looked at by itself: a PTE, an entry of a TLB, a gather, a lock.
// Its value is a few numbers; all zero where there is nothing. The cells are laid out here, and
// read in triage/tell/page/run.js and triage/tell/step/facts.cc.
#ifndef GATHERFUZZ_TRIAGE_TELL_MACHINE_STATES_H_
#define GATHERFUZZ_TRIAGE_TELL_MACHINE_STATES_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/execution.h"

namespace gatherfuzz {

using CellValue = std::array<uint32_t, 8>;

struct CellChange {
  int cell = 0;  // index into MachineStates::names
  CellValue value{};
};

// The names, and what the numbers are; P is a page, C a CPU, F a frame, B the index of a block of
// pages that an entry one level up covers:
//   pte.P     mapping, frame, Pte flags, level of the leaf that software finds there; 1 if a VMA
//             covers the page, 2 if a writable one
//   tlb.C.P   mapping, frame, Pte flags; huge.C.B the same, of a huge entry
//   absent.C  pages that the TLB remembers as not there: 0 to 31 as a mask, and 32 to 63
//   wpte.C.B  frame, generation of a cached pointer to a PTE table; wpmd.C.B to a PMD table
//   walk.C.K  generation, frame, level, page, write of a walk in flight; K 1: the walker's
//   gather.C  live, start, end, pages queued, tables queued, bits (fullmm 1, need_flush_all 2,
//             freed_tables 4, cleared_ptes 8, _pmds 16, _puds 32), its caller's start, end
//   call.C    kind, number, waits, calls that overtook it
//   inv.C     CPUs it is pending on as a mask, whole, start, end, pages of its stride, leaf only,
//             level hint
//   queue.C   1 + CPU of each invalidation that waits for delivery here, in order
//   frame.F   state, generation, mapped, level, lock owner, 1 + CPU whose gather has it queued,
//             1 + first page of the span of a table that is linked
//   mmap      writer (CPU + 1), readers as a mask
//   pending   tlb_flush_pending
//   cpu.C     where CPUs switch: the mm that is loaded (1 init_mm, 2 mm0 and so on, 255 while it
//             changes), lazy, interrupts off, in user code, slot, its generation, that of the mm
//             (or, where ASIDs are allocated, its ASID, 0), how many entries are cached under the
//             other slot
//   policy.K  four of the policy's own bytes
struct MachineStates {
  std::vector<std::string> names;
  std::vector<CellValue> start;                // by cell, before the first step
  std::vector<std::vector<CellChange>> steps;  // by step
  uint64_t trace_hash = 0;                     // of the run they were read from
};

MachineStates StatesOf(Execution& execution, const Schedule& schedule, const Policy& policy,
                       const Arch& arch, uint32_t ignored);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_MACHINE_STATES_H_
