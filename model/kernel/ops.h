// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The operations that programs are made of, and what each is: the columns of
// model/kernel/ops.def, with their defaults.
//
// What telling, exploration, the reference of the memory at the end, strategies and byte schedules
// know of an operation is its row; none of them names operations. A row must say its byte code and
// its path; every other column has a default, which is that of a system call that takes mmap_lock
// for writing and changes nothing. Faithful to the kernel paths, of which a row is a summary.
#ifndef GATHERFUZZ_MODEL_KERNEL_OPS_H_
#define GATHERFUZZ_MODEL_KERNEL_OPS_H_

#include <cstdint>

#include "model/kernel/version.h"
#include "model/system.h"

namespace gatherfuzz {

enum class OpKind : uint8_t {
#define GATHERFUZZ_OP(id, ...) id,
#include "model/kernel/ops.def"
#undef GATHERFUZZ_OP
};

// kProtect: a range, and what access there is left. kAll: none; its range is the whole mm. kMm: the
// number of a user mm stands where a page does. kNone: nothing does. kRemap: a range, and where it
// goes. kTwoPages: a page, and another as `to`.
enum class Operands : uint8_t {
  kRange,
  kMap,
  kPage,
  kProtect,
  kAll,
  kMm,
  kNone,
  kRemap,
  kTwoPages
};

struct VmaFlags {
  bool write = false;
  bool huge = false;
  bool none = false;   // of a protect: no access at all
  bool stays = false;  // of a remap: the old VMA does (MREMAP_DONTUNMAP)
  bool pfn = false;    // of a map before the first step: it is a PFN map (pfn_map.h)
  friend bool operator==(const VmaFlags&, const VmaFlags&) = default;
};

// One line of a program. 0 <= range.begin < range.end <= kPages; an operation on one page has
// range.end == range.begin + 1; flags are of operations with operands kMap, kProtect or kRemap, and
// of the last is `to`, the first page of as many: to + pages of range <= kPages.
struct Op {
  OpKind kind{};
  PageRange range;
  VmaFlags flags;
  uint8_t to = 0;
  friend bool operator==(const Op&, const Op&) = default;
};

// What an operation does to the pages of its range, as far as they are in a VMA; or'ed.
namespace effect {
inline constexpr unsigned kMaps = 1;        // adds a VMA
inline constexpr unsigned kUnmaps = 2;      // takes VMAs away; one gather spans the whole call
inline constexpr unsigned kZaps = 4;        // takes leaves away, in gathers
inline constexpr unsigned kCleans = 8;      // makes leaves clean, in gathers; may skip some
inline constexpr unsigned kAccesses = 16;   // reads through the TLB, with the faults that takes
inline constexpr unsigned kWrites = 32;     // ... or writes
inline constexpr unsigned kGuards = 64;     // puts guard markers, where need be after a zap
inline constexpr unsigned kUnguards = 128;  // takes guard markers away
inline constexpr unsigned kReclaims = 256;  // no call: takes clean leaves away behind the mm's back
inline constexpr unsigned kPagesOut = 512;  // ... and dirty ones, which it writes out
inline constexpr unsigned kProtects = 1024;  // changes the access of leaves, in gathers
inline constexpr unsigned kHints = 2048;     // ... for a while, which nobody is to notice
inline constexpr unsigned kReaps = 4096;     // no call: zaps behind the backs of threads that run
inline constexpr unsigned kSwitches = 8192;  // no call: changes what the CPU runs
inline constexpr unsigned kMoves = 16384;    // moves leaves and a VMA away; then as munmap, or not
inline constexpr unsigned kExits = 32768;  // no call: the thread ends; the last one takes all away
inline constexpr unsigned kDecides = 65536;    // looks at what pages hold, or at who refers to them
inline constexpr unsigned kRevokes = 131072;   // an owner of PFN maps takes its frames back
inline constexpr unsigned kUnshares = 262144;  // parts from page tables that another mm has, too
inline constexpr unsigned kOfOther = 524288;   // no call of this mm: the other does so
inline constexpr unsigned kGathers = kZaps | kCleans | kProtects | kMoves | kUnshares;
}  // namespace effect

// How an operation takes mmap_lock first.
enum class MmapLock : uint8_t { kNone, kRead, kWrite };

// What a thread knows between the steps of the path, besides the state (explore/learned.h): all
// that it has read; or what is known of the calls, or of the accesses, that are there.
enum class Carries : uint8_t { kAll, kOfCall, kOfAccess };

// The kernel path of an operation, from its entry to before its return; one file each. Each is
// legal by construction: it takes the locks the kernel takes, in its order, with a step at every
// touch of shared state. A path that cannot do what it was asked (no VMA, no memory, an address in
// use) returns as the system call or the access would fail, quietly.
using OpPath = void (*)(const Thread& t, const Op& op);

#define GATHERFUZZ_OP(id, text, byte_code, op_path, ...) \
  void op_path(const Thread& t, const Op& op);
#include "model/kernel/ops.def"
#undef GATHERFUZZ_OP

struct OpInfo {
  const char* name = "";
  // Of a byte schedule (harness/bytes.cc). With operands kMap it takes four: one for each VmaFlags.
  int code = 0;
  OpPath path = nullptr;
  const char* call = "";  // what it is called where a run is told; its name if empty
  AgentKind agent = AgentKind::kCpu;
  Operands operands = Operands::kRange;
  MmapLock lock = MmapLock::kWrite;
  unsigned does = 0;  // of effect::
  Carries carries = Carries::kAll;
  const char* in = "";  // the path that it shares with others, in signatures; its name if empty
  int weight = 7;       // of two programs minimize takes the one that weighs less
  int drawn = 0;        // how often the mutator draws it, of 16
  uint8_t steps = 4;    // of a call that finds something to do, but for those of each page
  uint8_t telling = 1;  // ... those of them that are telling
  KernelVersion since = KernelVersion::k6_1;  // the first that has it
  const char* help = "";

  constexpr bool is(unsigned effects) const { return (does & effects) != 0; }
  // It opens gathers; otherwise there is nothing to finish.
  constexpr bool gathers() const { return is(effect::kGathers) && !is(effect::kDecides); }
  // Its operand is a range of pages, or a page.
  constexpr bool has_pages() const {
    return operands != Operands::kMm && operands != Operands::kNone;
  }
  // ... or a page.
  constexpr bool has_page() const {
    return operands == Operands::kPage || operands == Operands::kTwoPages;
  }
  // Has `to`.
  constexpr bool has_target() const {
    return operands == Operands::kRemap || operands == Operands::kTwoPages;
  }
  // A system call, which returns.
  constexpr bool calls() const { return has_pages() && !has_page() && !is(effect::kReclaims); }
  constexpr const char* told() const { return *call == '\0' ? name : call; }
  constexpr const char* shares() const { return *in == '\0' ? name : in; }
  constexpr bool exists_in(KernelVersion version) const { return since <= version; }
};

inline constexpr OpInfo kOps[] = {
#define GATHERFUZZ_OP(id, text, byte_code, op_path, ...) \
  {.name = text, .code = byte_code, .path = op_path, __VA_ARGS__},
#include "model/kernel/ops.def"
#undef GATHERFUZZ_OP
};
inline constexpr int kOpCount = sizeof(kOps) / sizeof(kOps[0]);
constexpr const OpInfo& Info(OpKind kind) { return kOps[static_cast<int>(kind)]; }

// What the oracle holds a call to when it returns.
constexpr CallKind CallKindOf(const Op& op) {
  const OpInfo& info = Info(op.kind);
  constexpr unsigned kPromisesNothing =
      effect::kReaps | effect::kHints | effect::kExits | effect::kRevokes | effect::kOfOther;
  if (info.is(kPromisesNothing) || op.flags.write) return CallKind::kOther;
  constexpr unsigned kRemoves = effect::kZaps | effect::kMoves | effect::kUnshares;
  return info.is(kRemoves)            ? CallKind::kRemove
         : info.is(effect::kCleans)   ? CallKind::kClean
         : op.flags.none              ? CallKind::kForbid
         : info.is(effect::kProtects) ? CallKind::kProtect
                                      : CallKind::kOther;
}

// Where a remap moves the pages of its range to; the other page of an operation on two.
constexpr PageRange MovesTo(const Op& op) { return {op.to, op.to + op.range.end - op.range.begin}; }

// Sets of operations are masks of 32 bits.
static_assert(kOpCount <= 32);
constexpr uint32_t Bit(OpKind kind) { return 1u << static_cast<int>(kind); }

// Those for which `holds` is true.
template <typename Holds>
constexpr uint32_t OpsThat(Holds holds) {
  uint32_t kinds = 0;
  for (int i = 0; i < kOpCount; ++i) kinds |= holds(kOps[i]) ? 1u << i : 0;
  return kinds;
}
inline constexpr uint32_t kGatherKinds = OpsThat([](const OpInfo& op) { return op.gathers(); });
constexpr uint32_t KindsIn(KernelVersion version) {
  return OpsThat([version](const OpInfo& op) { return op.exists_in(version); });
}
inline constexpr uint32_t kWalkerKinds =
    OpsThat([](const OpInfo& op) { return op.agent == AgentKind::kWalker; });

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_OPS_H_
