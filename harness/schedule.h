// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Schedule: the one value everything passes around. Programs, the initial state, and the order.
//
// Fuzz targets decode it from bytes (bytes.h), people write it as text (text.h), an execution runs
// it (execution.h). docs/schedule-format.md is its reference.
#ifndef GATHERFUZZ_HARNESS_SCHEDULE_H_
#define GATHERFUZZ_HARNESS_SCHEDULE_H_

#include <cstdint>
#include <string>

#include "harness/fixed_vector.h"
#include "model/kernel/paths.h"
#include "model/machine/hardware.h"
#include "model/machine/types.h"
#include "model/steps.h"

namespace gatherfuzz {

inline constexpr size_t kMaxInit = 32;
inline constexpr size_t kMaxOps = 64;  // over all agents
inline constexpr size_t kMaxRuns = 512;
inline constexpr int kMaxFreeAsids = 5;

// One line of the initial state. Maps are applied first, then present pages, then cached ones,
// each in their order.
struct InitItem {
  enum class Kind : uint8_t { kMap, kPresent, kCached };
  Kind kind = Kind::kMap;
  PageRange range;     // not empty
  VmaFlags flags;      // of a map
  bool dirty = false;  // of present pages
  bool folio = false;  // of present pages: they are one large folio (model/machine/folios.h)
  CpuId cpu{};         // of cached pages
  friend bool operator==(const InitItem&, const InitItem&) = default;
};

// One line of an agent's program; an agent's lines run in their order.
struct ProgramLine {
  AgentId agent{};  // a CPU, or (for fill) a walker
  Op op;
  friend bool operator==(const ProgramLine&, const ProgramLine&) = default;
};

// One entry of the order: an agent moves so far. While it is blocked, the one it waits for moves in
// its place: the holder of a lock until the lock is free, or the deliveries of its own
// invalidation, and only of that (lowest CPU first). A run ends early when its agent ends, or waits
// for something else; if that is so when its turn comes, it is passed over. A detour
// (AgentKind::kDetour) is one step, or is named: `until need_resched(2)` takes the detours it
// names. An old value is one step as well, of a detour or a walker: the load before which the agent
// stands takes a value that is `count` behind the newest, or as far behind as it may; where it may
// take none but the newest, the run is passed over. So is one of a detour that does what its thread
// has left for later (model/kernel/late.h), or frees a page table that it has handed to RCU
// (model/kernel/rcu.h), where there is none.
struct Run {
  enum class Kind : uint8_t { kCount, kUntilPoint, kUntilDone, kOld, kLate };
  Kind kind = Kind::kCount;
  AgentId agent{};
  Point point{};          // kUntilPoint: up to and with the occurrence-th such step of this run,
  int8_t page = kNoPage;  // on any page (kNoPage) or on this one
  // kCount: steps; kUntilPoint: occurrence, 1 to 255; kOld: how old, 1 to kMaxOld. At least 1.
  uint16_t count = 1;
  friend bool operator==(const Run&, const Run&) = default;
};

// What decides when the list of runs is used up: a plain rule, or a strategy of harness/search/,
// which draws the rest of the order from `seed`. The numbers stand in byte schedules.
struct Tail {
  enum class Kind : uint8_t {
    kRest = 0,  // the running agent goes on until it ends or blocks (deliveries of its own
                // invalidation move in its place), then the lowest-numbered that can move
#define GATHERFUZZ_STRATEGY(id, ...) id,
#include "harness/search/strategies.def"
#undef GATHERFUZZ_STRATEGY
  };
  Kind kind = Kind::kRest;
  uint32_t seed = 0;    // 0 for kRest
  uint16_t steps = 0;   // kPct: how many steps the run is expected to have; 0: estimated
  bool joined = false;  // no choice where none can matter (joins.h); not of kRest
  friend bool operator==(const Tail&, const Tail&) = default;
};
inline constexpr int kTailKinds = 1
#define GATHERFUZZ_STRATEGY(...) +1  // NOLINT(bugprone-macro-parentheses): a sum
#include "harness/search/strategies.def"
#undef GATHERFUZZ_STRATEGY
    ;

struct Schedule {
  int cpus = 2;                           // 1 to kMaxCpus, that of kswapd included
  bool kswapd = false;                    // the last of them is kswapd's
  int batch = kDefaultBatch;              // 1 to kMaxBatch
  KernelVersion kernel = kDefaultKernel;  // it has every operation of the program
  HardwareKind hardware = HardwareKind::kPlain;
  MemoryModel memory = MemoryModel::kSc;
  OrderChanges orders;  // of no effect under kSc; bytes cannot say them
  // Where CPUs switch, on an architecture with ASIDs: how many of these are free; or mms have tags
  // for good (model/kernel/asids.h).
  int asids = kNoAsids;
  bool rcu = false;  // RCU frees page tables in steps of its own (model/kernel/rcu.h)
  FixedVector<InitItem, kMaxInit> init;
  FixedVector<ProgramLine, kMaxOps> program;
  FixedVector<Run, kMaxRuns> order;
  Tail tail;
  // The number of kswapd's CPU, on which the mm does not run; -1 if there is none.
  int kswapd_cpu() const { return kswapd ? cpus - 1 : -1; }
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// Whether some program has reclaim in it, a CPU switches or sleeps in it, or a thread exits; or
// decides on what pages hold, which takes the rmap lock as reclaim does; or parts from page tables
// that two mms share.
bool HasFolio(const Schedule& schedule);  // a large one
bool Reclaims(const Schedule& schedule);
bool Shares(const Schedule& schedule);
bool Decides(const Schedule& schedule);
bool Exits(const Schedule& schedule);
bool Switches(const Schedule& schedule);
// Whether some VMA is a PFN map, or an owner revokes.
bool HasPfnMaps(const Schedule& schedule);
// Whether its CPUs have INVLPGB, which makes a difference where one switches or sleeps, on x86,
// from kernel 6.17 on.
bool HasInvlpgb(const Schedule& schedule);
// Whether it has what is not modelled under its memory model, but under kSc, where there are no
// rules for it that leave out orders: operations with such effects, VMA locks, page tables that RCU
// frees, PFN maps, INVLPGB, or hardware that faults on what is cached. CPUs that switch are under
// kTso as well.
unsigned OnlyScUnder(MemoryModel memory);  // the effects
bool OnlySc(const Schedule& schedule);

// What a CPU runs, as far as its program has come: a thread of a user mm, or a kernel thread after
// that, or nothing any more. As each CPU begins.
struct Running {
  int mm = 0;
  bool idle = false, exited = false;

  // Whether an operation can be next, or else is passed over: calls and accesses are of mm0, a CPU
  // sleeps once, and switches to what it does not run.
  bool May(const Op& op) const;
  void Do(const Op& op);
};
// The lines of `program`, by bit, that are not passed over for that. It must be in canonical order.
static_assert(kMaxOps <= 64);
uint64_t LinesThatRun(const Schedule& schedule);

// Orders init items by kind and program lines by agent, keeping the order within each: the form in
// which two schedules that mean the same are equal, and in which they are written. A CPU is
// kswapd's only if reclaim is all that its program has; then nothing is cached there. Where there
// is what is not modelled under its memory model (OnlySc), memory is kSc; where no CPU switches,
// nothing is said of ASIDs; where INVLPGB makes no difference, nothing of that, and where it does,
// nothing of ASIDs. A PFN map may be written, and has no huge leaves. Only the first of several
// large folios is one, up to the end of its first page table.
void Canonicalize(Schedule& schedule);

// "cpu0", "walk3", "inv1"; of a detour, which makes a step of its own only where its thread has
// left one for later, "late0"; of the agent that frees what it has handed to RCU, "rcu0". On CPU
// `kswapd`, "kswapd".
std::string AgentName(AgentId agent, int kswapd = -1);
std::string RcuName(AgentId agent);
// Of who makes a step at that point.
std::string AgentName(AgentId agent, Point point, int kswapd);
std::string CpuName(int cpu, int kswapd = -1);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_SCHEDULE_H_
