// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What runs an operation, and what kernel paths share with each other and with the state before the
// first step. To add an operation: one file here with its path, and a row of ops.def.
#ifndef GATHERFUZZ_MODEL_KERNEL_PATHS_H_
#define GATHERFUZZ_MODEL_KERNEL_PATHS_H_

#include "model/kernel/ops.h"

namespace gatherfuzz {

// Runs one operation of a CPU's program, from its entry into the kernel to its return.
void RunOp(const Thread& t, const Op& op);

// A page fault at `page`: read lock, populate what is missing.
struct FaultOutcome {
  bool resolved = false;  // false: no such VMA, not allowed, or no memory
  Mapping spurious = 0;   // the mapping, if the PTE was present and allowed the access already
};
FaultOutcome HandleFault(const Thread& t, int page, bool write);

// The three ways an initial state is built, before the first step: a VMA, populated pages, and
// pages that `cpu` has walked. Present pages outside of any VMA are left out.
void InitMap(World& world, PageRange range, VmaFlags flags);
void InitPresent(World& world, PageRange range, bool dirty);
// The same, of pages of one table that are one large folio: as many as come to be in a row.
void InitFolio(World& world, PageRange range, bool dirty);
void InitCached(World& world, CpuId cpu, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_PATHS_H_
