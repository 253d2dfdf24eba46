// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The kernel paths: what programs are made of, one file each.
//
// Each is legal by construction: it takes the locks the kernel takes, in its order, with a step at
// every touch of shared state. A path that cannot do what it was asked (no VMA, no memory, an
// address in use) returns as the system call or the access would fail, quietly.
// To add a path: one file here, one line in ops.def, one declaration below.
#ifndef GATHERFUZZ_MODEL_KERNEL_PATHS_H_
#define GATHERFUZZ_MODEL_KERNEL_PATHS_H_

#include <cstdint>

#include "model/system.h"

namespace gatherfuzz {

enum class OpKind : uint8_t {
#define GATHERFUZZ_OP(id, text, agent, operands, help) id,
#include "model/kernel/ops.def"
#undef GATHERFUZZ_OP
};

enum class Operands : uint8_t { kRange, kMap, kPage };

struct OpInfo {
  const char* name;
  AgentKind agent;
  Operands operands;
  const char* help;
};

inline constexpr OpInfo kOps[] = {
#define GATHERFUZZ_OP(id, text, agent, operands, help) \
  {text, AgentKind::agent, Operands::operands, help},
#include "model/kernel/ops.def"
#undef GATHERFUZZ_OP
};
inline constexpr int kOpCount = sizeof(kOps) / sizeof(kOps[0]);
constexpr const OpInfo& Info(OpKind kind) { return kOps[static_cast<int>(kind)]; }

struct VmaFlags {
  bool write = false;
  bool huge = false;
  friend bool operator==(const VmaFlags&, const VmaFlags&) = default;
};

// One line of a program. 0 <= range.begin < range.end <= kPages; an operation on one page has
// range.end == range.begin + 1; flags are of a map.
struct Op {
  OpKind kind = OpKind::kRead;
  PageRange range;
  VmaFlags flags;
  friend bool operator==(const Op&, const Op&) = default;
};

// Runs one operation of a CPU's program, from its entry into the kernel to its return.
void RunOp(const Thread& t, const Op& op);

// mmap(MAP_FIXED_NOREPLACE): a new VMA, nothing populated. Write lock.
void MapPath(const Thread& t, PageRange range, VmaFlags flags);
// munmap(): write lock, detach, downgrade, gather, zap, free page tables, finish.
void MunmapPath(const Thread& t, PageRange range);
// madvise(MADV_DONTNEED): read lock, a gather for each VMA piece of the range.
void DontneedPath(const Thread& t, PageRange range);
// madvise(MADV_FREE): the same, but leaves are cleaned and stay.
void FreePath(const Thread& t, PageRange range);
// A read or write by the thread, with the page faults it takes.
void AccessPath(const Thread& t, int page, bool write);

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
void InitCached(World& world, CpuId cpu, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_PATHS_H_
