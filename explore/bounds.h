// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The bounds within which every program is explored, and their text form: KEY=VALUE, separated by
// blanks, in any order, each key at most once.
//
//   cpus=N      CPUs of the machine; any of them may have a program (1 to 4, default 2)
//   ops=N       operations of all threads together, at most (1 to 6, default 2)
//   walkers=N   `fill PAGE` lines of all hardware walkers together, at most (0 to 4, default 1)
//   pages=N     consecutive virtual pages in play: the window (1 to 8, default 3)
//   at=N        the first of them (default: see DefaultAt)
//   vmas=N      1: one VMA over the window (default); 2: split in its middle, at page at + pages/2
//   huge=N      1: the VMAs are marked huge (default 0)
//   batch=N     pages that a gather queues before it is full (1 to 8, default 4)
//   init=A,B    initial states: each program is run from each. Default warm.
//                 warm: every page present, and cached by every CPU
//                 cold: every page present, cached by none
//                 dirty: as warm, and dirty
//                 empty: mapped, but no page present
//   kernel=V    whose paths the operations follow: 6.1, 6.12 (default), 6.17 or 7.1, or one of
//               the last three with +vma, where VMAs have locks
//   hardware=H  which machine of the architecture: plain (default) or tce (docs/model.md, H3)
//   memory=M    which values a load may take: sc (default), tso or weak (docs/memory.md)
//   asids=N     where CPUs switch: ASIDs that are free (0 to 5; default -1: tags for good; see
//               docs/switching.md)
//   rcu=N       1: RCU frees page tables in steps of its own (default 0; see docs/model.md)
//   kinds=A,B   kinds of operations, by name, but for fill, which `walkers` counts
//               (default munmap,dontneed,free,read,write)
//               unshare and othermunmap are of one page table, whose span is beside the window
//   symmetry=N  0: programs that differ only in names are all kept (default 1; see programs.h)
//
// Invariant: bounds that WhatIsWrong() finds nothing wrong with have at least one program. Bounds
// without any would prove nothing, and look as if they had.
#ifndef GATHERFUZZ_EXPLORE_BOUNDS_H_
#define GATHERFUZZ_EXPLORE_BOUNDS_H_

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "model/kernel/paths.h"
#include "model/machine/hardware.h"
#include "model/machine/switching.h"
#include "model/machine/types.h"
#include "model/machine/weak.h"

namespace gatherfuzz {

inline constexpr int kMaxBoundCpus = 4;
inline constexpr int kMaxBoundOps = 6;
inline constexpr int kMaxBoundFills = 4;
inline constexpr int kMaxBoundPages = 8;

enum class InitState : uint8_t { kWarm, kCold, kDirty, kEmpty };
inline constexpr const char* kInitStates[] = {"warm", "cold", "dirty", "empty"};

constexpr uint32_t Bit(InitState state) { return 1u << static_cast<int>(state); }
// The kinds that `kinds` has if it is not said.
inline constexpr uint32_t kUsualKinds = OpsThat([](const OpInfo& op) {
  constexpr unsigned kUsual = effect::kZaps | effect::kCleans | effect::kAccesses;
  return op.exists_in(kDefaultKernel) && op.is(kUsual) &&
         !op.is(effect::kReaps | effect::kExits | effect::kRevokes);
});

struct Bounds {
  int cpus = 2;
  int ops = 2;
  int walkers = 1;
  int pages = 3;
  int at = 3;
  int vmas = 1;
  int huge = 0;
  int batch = kDefaultBatch;
  int symmetry = 1;
  int asids = kNoAsids;
  int rcu = 0;
  int pfn = 0;                            // 1: the VMA, of two the second, is a PFN map
  uint32_t init = Bit(InitState::kWarm);  // Bit() of each
  uint32_t kinds = kUsualKinds;           // Bit() of each
  uint32_t kernel = 1u << static_cast<int>(kDefaultKernel);  // one bit

  uint32_t hardware = 1u << static_cast<int>(HardwareKind::kPlain);  // one bit
  uint32_t memory = 1u << static_cast<int>(MemoryModel::kSc);        // one bit

  HardwareKind machine() const { return static_cast<HardwareKind>(std::countr_zero(hardware)); }
  MemoryModel memory_model() const { return static_cast<MemoryModel>(std::countr_zero(memory)); }
  KernelVersion version() const { return static_cast<KernelVersion>(std::countr_zero(kernel)); }

  PageRange window() const { return {at, at + pages}; }
  int split() const { return at + pages / 2; }  // where the second of two VMAs begins
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// The first page of a window of so many pages that crosses the boundary between two page tables, at
// page 4, in its middle. So a munmap of one table's part frees that table and keeps the upper one
// (on arm64, reset-range needs that), and ranges can be under either table or both. Of an odd
// number the lower table has the smaller part: of three pages page 3, whose munmap frees a table
// and is the smallest that does. Page 3 is also not where its table's span begins, which is the one
// page that a flush in strides of a table names; the upper part does begin there. A single page is
// page 3 for that reason.
//
// With `huge` the window ends where the upper table does, at page 8, so that a huge leaf comes with
// as many small pages as there can be (with 8 pages, another huge leaf). widen-range on x86 needs
// two of them: a stride of huge pages from the first misses the second.
int DefaultAt(int pages, bool huge);

// What is out of bounds, or contradicts itself; empty if nothing. It names the key, what it is, and
// what it may be.
std::string WhatIsWrong(const Bounds& bounds);

// The bounds that `text` gives, or what is wrong with it.
std::variant<Bounds, std::string> ParseBounds(std::string_view text);

// All keys, in one order: ParseBounds(PrintBounds(b)) == b.
std::string PrintBounds(const Bounds& bounds);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_BOUNDS_H_
