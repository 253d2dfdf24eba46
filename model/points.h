// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The steps that there are, and what each is: the columns of model/points.def, with their defaults.
//
// What a step touches errs on the side of conflict: TLBs and frames are one thing each, whatever
// the page. Names that are given out in order (of mappings, frames, calls) do not count: steps
// commute if nothing but such a name tells their order. tests/harness/conflict_test.cc holds the
// column against the model, by brute force. Faithful to the model's code, of which it is a list.
//
// A row must say its name, its byte code, its memory order, what it touches and what it teaches;
// the compiler names the row that does not. Every other column has a default that is safe.
#ifndef GATHERFUZZ_MODEL_POINTS_H_
#define GATHERFUZZ_MODEL_POINTS_H_

#include <bit>
#include <cstdint>

namespace gatherfuzz {

enum class Point : uint8_t {
#define GATHERFUZZ_POINT(name, ...) name,
#include "model/points.def"
#undef GATHERFUZZ_POINT
};

// What the kernel's code asks for at the step.
enum class MemoryOrder : uint8_t { relaxed, acquire, release, full };

// What steps touch: a page-table entry or a lock (of a place), what a CPU has one of, or what there
// is one of.
enum class Thing : uint8_t {
  kPte,
  kPmd,
  kPud,
  kPteLock,
  kPmdLock,
  kMmapLock,
  kCounter,    // tlb_flush_pending
  kPolicy,     // the policy's own state
  kAllocator,  // which are given out, and as what
  kTlb,        // of a CPU; frees and returns look at all
  kWalkCache,  // ... as do frees of tables
  kQueue,      // the order in which invalidations were issued
  kRequest,    // where an invalidation was delivered
  kMmapTurn,   // of readers: who steals mmap_lock where a writer queues
  kBatched,    // tlb_flush_batched, of reclaim
  kRmap,       // the lock of the reverse map, and which VMAs it finds
  kLoaded,     // which mm CPUs have loaded, and whether they are lazy or their interrupts off
  kCpumask,    // mm_cpumask()
  kTlbGen,     // the generation of an mm, and those that CPUs have caught up with; arm64's ASIDs
  kFolio,      // references, locks and contents of frames
  kVmaLock,    // the locks of VMAs
  kRcu,        // who is in a read-side section, and what RCU is to free
  kMapping,    // of PFN maps: the lock, which VMAs their owner finds, and its frames
};
inline constexpr int kThings = 23;
using ThingMask = uint32_t;
constexpr ThingMask MaskOf(Thing thing) {
  return static_cast<ThingMask>(1u << static_cast<int>(thing));
}

// Of a step: what its operation reads and writes, the oracle's reads included.
struct Touches {
  ThingMask reads = 0, writes = 0;
  ThingMask adds = 0;  // of those it writes: changes that commute with each other, such as counts
  bool said = false;   // the row of the step says so

  constexpr Touches operator|(Touches more) const {
    return {static_cast<ThingMask>(reads | more.reads),
            static_cast<ThingMask>(writes | more.writes), static_cast<ThingMask>(adds | more.adds),
            true};
  }
};
template <typename... T>
constexpr ThingMask MaskOfAll(T... things) {
  return static_cast<ThingMask>((MaskOf(things) | ...));
}
inline constexpr Touches kTouchesNothing{.said = true};
template <typename... T>
constexpr Touches Reads(T... things) {
  return {.reads = MaskOfAll(things...), .said = true};
}
template <typename... T>
constexpr Touches Writes(T... things) {
  return {.writes = MaskOfAll(things...), .said = true};
}
template <typename... T>
constexpr Touches Adds(T... things) {
  return {.writes = MaskOfAll(things...), .adds = MaskOfAll(things...), .said = true};
}

// What the code of the thread that makes a step can read there, and so carry on to its next one.
// Exploration merges states by it (explore/learned.h): to leave out a value would be unsound.
enum class Teaches : uint8_t {
  kUnsaid,
  kNothing,
  kVmas,          // the VMAs
  kVmaLocks,      // ... and which of them are write-locked
  kVmasIfFree,    // ... where mmap_lock is free; that it is not, else
  kPudEntry,      // the entry for the page
  kPudAndFrames,  // ... and which frames would be given out next
  kPmdEntry,
  kPmdAndFrames,
  kPteEntry,
  kFrames,       // which frames would be given out next
  kNested,       // whether tlb_flush_pending is above 1
  kPending,      // ... above 0
  kPolicyState,  // the policy's words
  kBatched,      // tlb_flush_batched
  kTranslation,  // what the TLB has for the page
  kLoaded,       // what its CPU has loaded, and chosen
  kOtherLoaded,  // what the CPU that it names has loaded
  kWalked,       // the entry its walk stands at
  kFolios,       // the entry for the page, and what is known of frames beside what maps them
  kMapping,      // which PFN maps are linked, and which frames their owner has
  kShared,       // the PMD table of the page that mms share: who has it, what is in it
  kOwnCode,      // what is said of all steps of a kernel's own tlb.c (explore/learned.cc)
  kEverything,   // for a step of which this is not known: costs states, loses nothing
};

// What telling, strategies and exploration know a step by; or'ed.
namespace role {
inline constexpr unsigned kTelling = 1;        // at which the order of agents tells most
inline constexpr unsigned kProtocol = 2;       // of the gather protocol, whatever page it is about
inline constexpr unsigned kDetour = 4;         // made in the place of another (Steps::StepOr)
inline constexpr unsigned kRange = 8;          // about a range that begins at the page it names
inline constexpr unsigned kOwnCpu = 16;        // of TLBs and walk caches it touches its CPU's only
inline constexpr unsigned kWalk = 32;          // the hardware reads an entry
inline constexpr unsigned kRemoves = 64;       // takes a leaf away
inline constexpr unsigned kUnlinks = 128;      // takes a page table away
inline constexpr unsigned kExamines = 256;     // sees whether a leaf, or what is above it, is there
inline constexpr unsigned kLockless = 512;     // reads an entry above the PTE without a lock
inline constexpr unsigned kReclaim = 1024;     // made only where some program has reclaim in it
inline constexpr unsigned kSwitch = 2048;      // made only where some program has a CPU switch
inline constexpr unsigned kNamesCpu = 4096;    // its page is the number of a CPU
inline constexpr unsigned kExit = 8192;        // made only where some thread exits
inline constexpr unsigned kContent = 16384;    // made only where some program decides on content
inline constexpr unsigned kOwnCode = 32768;    // made only by a kernel's own tlb.c
inline constexpr unsigned kVmaLock = 65536;    // made only where VMAs have locks
inline constexpr unsigned kSplit = 131072;     // made only where a line of the zoo splits an update
inline constexpr unsigned kLate = 262144;      // made only under MemoryModel::kLate
inline constexpr unsigned kAsid = 524288;      // made only where ASIDs are allocated
inline constexpr unsigned kRcu = 1048576;      // made only where RCU frees page tables
inline constexpr unsigned kPfn = 2097152;      // made only where VMAs are PFN maps, or are revoked
inline constexpr unsigned kShared = 4194304;   // made only where mms share page tables
inline constexpr unsigned kInvlpgb = 8388608;  // made only where x86 has INVLPGB
}  // namespace role

// What a trace shows beside a step.
enum class Shows : uint8_t {
  kNothing,
  kLeafOrNone,  // the leaf before it, or that there was none
  kWhenNone,    // that the entry was empty
  kLeafBefore,
  kLeafAfter,
  kPending,  // tlb_flush_pending after it
  kBatched,  // tlb_flush_batched after it
  kRequest,
  kDropped,
  kFilled,
  kFrame,
  kLoaded,      // what the CPU has loaded after it
  kHandedOver,  // tables, and for whom they wait
};

// The rule by which exploration says who may not commute with a step of a thread
// (explore/clash.cc). kAnybody is sound for every step.
enum class ClashRule : uint8_t {
  kAnybody,
  kIdle,
  kFlush,
  kFlushDone,
  kUnlock,
  kMmapLock,
  kTableLock,
  kUpperEntry,
  kPte,
  kMarker,
  kUnlink,
  kTake,
  kFree,
  kReturn,
  kCount,
  kPolicy,
  kAccess,
  kWalk,
  kReclaim,
};

struct PointInfo {
  const char* name = "";  // what a schedule writes after `until`
  int code = 0;           // its mode byte in the order of a byte schedule (harness/bytes.cc)
  MemoryOrder order{};    // under sequential consistency it has no effect
  const char* help = "";
  bool has_page = false;
  Touches touches{};
  Teaches teaches = Teaches::kUnsaid;
  bool teaches_mapping = false;  // also a fault's: whether it is the mapping it saw last
  unsigned roles = 0;            // of role::
  Shows shows = Shows::kNothing;
  ClashRule clash = ClashRule::kAnybody;
  // Of a step that can block: how far on in a call it is, from 1. A deadlock is named after the
  // furthest step at which one is blocked. 0: it cannot block.
  int blocks = 0;

  constexpr bool is(unsigned role) const { return (roles & role) != 0; }
};

inline constexpr PointInfo kPoints[] = {
#define GATHERFUZZ_POINT(id, byte_code, memory_order, text, ...) \
  {.name = #id, .code = byte_code, .order = MemoryOrder::memory_order, .help = text, __VA_ARGS__},
#include "model/points.def"
#undef GATHERFUZZ_POINT
};
inline constexpr int kPointCount = sizeof(kPoints) / sizeof(kPoints[0]);
constexpr const PointInfo& Info(Point point) { return kPoints[static_cast<int>(point)]; }

#define GATHERFUZZ_POINT(id, ...)                                                           \
  static_assert(Info(Point::id).touches.said, "points.def: " #id " does not say .touches"); \
  static_assert(Info(Point::id).teaches != Teaches::kUnsaid,                                \
                "points.def: " #id " does not say .teaches");
#include "model/points.def"
#undef GATHERFUZZ_POINT

// A set of points, as a bit mask.
__extension__ using PointMask = unsigned __int128;
static_assert(kPointCount <= 128, "sets of points are 128 bits");
inline constexpr PointMask kAllPoints = ~PointMask{0};
constexpr PointMask MaskOf(Point point) { return PointMask{1} << static_cast<int>(point); }
// The first of a set that is not empty.
constexpr Point FirstOf(PointMask points) {
  const auto low = static_cast<uint64_t>(points);
  return static_cast<Point>(low != 0 ? std::countr_zero(low)
                                     : 64 + std::countr_zero(static_cast<uint64_t>(points >> 64)));
}
// How many it has.
constexpr int CountOf(PointMask points) {
  return std::popcount(static_cast<uint64_t>(points)) +
         std::popcount(static_cast<uint64_t>(points >> 64));
}

// The points that have any of `roles`.
constexpr PointMask PointsWith(unsigned roles) {
  PointMask mask = 0;
  for (int i = 0; i < kPointCount; ++i) mask |= PointMask{kPoints[i].is(roles)} << i;
  return mask;
}

// The points at which the order of agents tells most: what is cleared, seen empty, counted,
// flushed, delivered, freed or walked.
inline constexpr PointMask kTellingPoints = PointsWith(role::kTelling);
// Steps that are made in the place of another (Steps::StepOr).
inline constexpr PointMask kDetourPoints = PointsWith(role::kDetour);
// Steps that are made only where some program has reclaim in it, has a CPU switch, exits,
// or decides on content.
inline constexpr PointMask kReclaimPoints = PointsWith(role::kReclaim);
inline constexpr PointMask kSwitchPoints = PointsWith(role::kSwitch);
inline constexpr PointMask kExitPoints = PointsWith(role::kExit);
inline constexpr PointMask kContentPoints = PointsWith(role::kContent);
// Steps that are made only where VMAs have locks (model/kernel/vma_lock.h).
inline constexpr PointMask kVmaLockPoints = PointsWith(role::kVmaLock);
// Steps that are made only by a kernel's own tlb.c (model/kernel/cpu_code.h).
inline constexpr PointMask kOwnCodePoints = PointsWith(role::kOwnCode);
// Steps that are made only under policies that split an update (model/kernel/leaf_update.h).
inline constexpr PointMask kSplitPoints = PointsWith(role::kSplit);
// Steps that are made only where an increment may be done later (model/kernel/late.h).
inline constexpr PointMask kLatePoints = PointsWith(role::kLate);
// At which a gather begins: the increment is done there, or later.
inline constexpr PointMask kBeginsGather =
    MaskOf(Point::pending_inc) | MaskOf(Point::pending_inc_later);
constexpr bool BeginsGather(Point point) { return (kBeginsGather & MaskOf(point)) != 0; }
// Steps that are made only where ASIDs are allocated.
inline constexpr PointMask kAsidPoints = PointsWith(role::kAsid);
// Steps that are made only where RCU frees page tables (model/kernel/rcu.h).
inline constexpr PointMask kRcuPoints = PointsWith(role::kRcu);
// Steps that are made only where VMAs are PFN maps, or are revoked (model/kernel/pfn_map.h).
inline constexpr PointMask kPfnPoints = PointsWith(role::kPfn);
// Steps that are made only where mms share page tables (model/kernel/hugetlb.h).
inline constexpr PointMask kSharedPoints = PointsWith(role::kShared);
// Steps that are made only where x86 has INVLPGB (model/kernel/broadcast.h).
inline constexpr PointMask kInvlpgbPoints = PointsWith(role::kInvlpgb);
// Steps that an order chooses by naming them, among those that an agent could make.
inline constexpr PointMask kChosenByName = kDetourPoints | MaskOf(Point::deliver);

inline constexpr Point kNoPoint{255};
inline constexpr int kNoPage = -1;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POINTS_H_
