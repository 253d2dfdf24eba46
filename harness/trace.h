// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A recorded run: every step, and what it changed, in a form that reports and signatures read.
//
// Recording allocates and copies the state at every step; it is for showing a run, not for fuzzing.
#ifndef GATHERFUZZ_HARNESS_TRACE_H_
#define GATHERFUZZ_HARNESS_TRACE_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "harness/execution.h"

namespace gatherfuzz {

// One entry that a step put into, or dropped from, a CPU's TLB.
struct TlbChange {
  CpuId cpu{};
  int page = 0;  // the first it translates
  Level level = Level::kPte;
  Pte entry{};
  bool filled = false;  // else dropped
};

// Where CPUs switch: what the CPU that a step is about (for should_flush_tlb: asks about) had
// loaded after it.
struct LoadedMm {
  bool known = false, generations = false;
  bool is_lazy = false, in_user = false, irqs_off = false;
  bool flush = false;  // the slot that was chosen is to be flushed
  bool told = false;   // of should_flush_tlb: a request is pending there
  bool left = false;   // of deliver: the CPU was lazy, and has another root loaded now
  // Where there is INVLPGB: whether mm0 has a global ASID; whether CPUs may have it loaded under
  // another.
  bool global = false, transition = false;
  MmId mm{}, root{};
  uint8_t slot = 0, new_slot = 0;
  uint8_t said = 0;         // ... loaded_mm_asid
  uint8_t asid = 0;         // where ASIDs are allocated: what is loaded, or was read for a TLBI
  ContextId id = 0;         // ... of the mm that a switch goes to, as it was read
  uint16_t generation = 0;  // of what is loaded
  uint16_t newest = 0;      // of the mm: there
};

struct TraceStep {
  StepEvent event;
  std::optional<Op> op;             // it belongs to; none for a delivery
  Pte leaf_before{}, leaf_after{};  // of event.page; also of a leaf that only software sees
  bool saw_none = false;            // of a lockless read of an upper level: nothing was there
  int pending_after = 0;            // tlb_flush_pending
  int batched_after = 0;            // tlb_flush_batched: what reclaim has cleared in all,
  int paid_after = 0;               // ... and what of that others have flushed
  LoadedMm loaded{};
  int kswapd = -1;             // the number of kswapd's CPU
  std::vector<TlbChange> tlb;  // what changed in any TLB
  Invalidation request{};      // issued, completed or delivered
  int frame = -1;              // allocated, freed or unlinked, or the table a walk went to
  MmuGather gather{};          // of a thread's step: that of its CPU, just before
  // What it loads or stores that is weak, if anything, and whether it has stored there.
  Location at = kNoLocation;
  bool stored = false;
  // Of a step that loads a value which is not the newest: the step, by number, that stored the next
  // one, and who made it. leaf_before, saw_none and pending_after are of what was loaded.
  uint32_t old_since = 0;
  AgentId old_writer{};
  std::string newer;     // what that stored, in a few words
  uint32_t left_at = 0;  // of pending_inc_done: the step, by number, that left it for later
  // Of call_rcu: the tables, and the CPUs for which they wait. Of rcu_free: the step, by number,
  // that handed the table over.
  std::vector<FrameId> handed_over;
  uint8_t waits_for = 0;
  uint32_t handed_at = 0;
};

struct Trace {
  RunResult result;
  std::vector<TraceStep> steps;
  World end;  // after the last one
  KernelVersion kernel = kDefaultKernel;
  AskedOrders asked;  // by a kernel tree's own code, where memory is not sequentially consistent
  HardwareKind hardware = HardwareKind::kPlain;
  // The step that each thread would have made next; kNoPoint of one that has not begun, or is done,
  // or made the last step.
  std::array<PendingStep, kMaxCpus> next;
};

// Runs `schedule` with a recorder. The result is that of the same run without one.
Trace Record(Execution& execution, const Schedule& schedule, const Policy& policy, const Arch& arch,
             uint32_t ignored = 0);

// What a step did, in a few words; may be empty.
std::string Describe(const TraceStep& step);

// "page 2", "pages 4..8".
std::string PageName(int page, Level level);

// The same interleaving as explicit runs that name the step at which each switch happens, and a
// plain rest: the form in which a schedule is stored, so that a step added to a kernel path later
// does not turn it into something else. Runs that this cannot express (more than kMaxRuns switches,
// or a step repeated more than 255 times within a run) are dropped at the end.
Schedule NameSwitches(const Schedule& schedule, const Trace& trace);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_TRACE_H_
