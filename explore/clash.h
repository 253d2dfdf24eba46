// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which agents may clash with a step: make one, before it is made, that does not commute with it.
//
// Two steps commute if in either order both can be made, the states that follow are written the
// same (key.h), and each ends in the same violation, or in none, whether it comes first or second.
// For each kind of step a rule says when, and of whom, no step that may come can fail to commute
// with it: from what its operation and the oracle read and write, from what locks exclude, and from
// what others may yet do (future.h). What no rule speaks for may clash with everybody.
//
// Always: a step that a rule speaks for does not end in a violation where it stands; and as long as
// only agents move that cannot clash with it, nobody else comes to be one that can.
// tests/explore/clash_test.cc holds that against every pair of steps in every reachable state of
// small programs. By induction over the steps of others, nothing more is needed (independence.h).
//
// Under MemoryModel::kWeak a step also changes what its agent has seen, and what it hands on. What
// that adds: changes of one variable do not commute, though their sums do; nor do two full
// barriers; who takes mmap_lock sees what others had seen who dropped it before; a DSB shows
// walkers what they may not have seen. An old value is a choice of the agent that loads it, and
// clashes with nobody else than the newest does. What was left for later, under kLate, clashes with
// whom the increment would have clashed. Under kTso there are no rules.
//
// What rules lean on: kernel paths are legal (locks are taken in the model's way, page tables are
// unlinked where no VMA is left, a leaf is cleared before its frame is queued), no violation that
// breaks the machine is ignored, and a policy's traits are true.
#ifndef GATHERFUZZ_EXPLORE_CLASH_H_
#define GATHERFUZZ_EXPLORE_CLASH_H_

#include <array>
#include <cstdint>

#include "explore/future.h"

namespace gatherfuzz {

enum class Rule : uint8_t {
  kIdle,      // a page fault begins; a detour
  kRelease,   // a lock is dropped; a writer of mmap_lock changes VMAs
  kFlush,     // an invalidation is issued, or complete
  kTable,     // an upper entry is read
  kPte,       // a PTE is read, cleared or set
  kLock,      // a lock is taken
  kHuge,      // a huge leaf is changed
  kUnlink,    // a page table is unlinked
  kTake,      // a frame is taken, a page table linked
  kFree,      // a page or a page table is freed
  kReturn,    // a call returns
  kCount,     // tlb_flush_pending is raised, lowered or read
  kReclaim,   // the rmap is looked up or changed, tlb_flush_batched raised, read or paid
  kPolicy,    // what a policy adds
  kWalk,      // an access looks into the TLB, a walk reads an entry
  kDelivery,  // an invalidation is delivered
  kTogether,  // of sets of agents (independence.h), not of a step
};
inline constexpr int kRules = 17;
const char* NameOf(Rule rule);

using RuleMask = uint32_t;
inline constexpr RuleMask kAllRules = (RuleMask{1} << kRules) - 1;
constexpr RuleMask MaskOf(Rule rule) { return RuleMask{1} << static_cast<int>(rule); }

struct Clashers {
  bool known = false;  // a rule speaks for the step; else anybody may clash
  Rule rule{};
  Actions agents;  // threads, walkers, pending deliveries
};

// Of the state the stepper is in, for as long as it is there. Cheap to make.
class Clashes {
 public:
  Clashes(const Stepper& stepper, const Futures& futures, bool waits)
      : stepper_(stepper), world_(stepper.world()), futures_(futures), waits_(waits) {}

  // Who may clash with the next step of `action`, which can move.
  Clashers With(Action action) const;

  // Of a thread that is blocked: agents of which one has to move before it can. Empty if that is
  // not known.
  Actions Blockers(CpuId cpu) const;

 private:
  // What a rule says of a step: nobody clashes but those who may do this.
  struct Claim {
    bool known = false;
    Rule rule{};
    Future threads;              // of other threads
    uint64_t fills = 0;          // of other walkers: pages
    uint64_t walks_here = 0;     // of those who walk for the same CPU: pages
    uint64_t delivers_here = 0;  // of deliveries there: pages that are named
    bool returns = false;        // of calls that count against a wait
    unsigned holders = 0;        // threads by CPU: those that hold a lock
  };

  Claim OfThread(CpuId cpu, PendingStep next) const;
  Claim OfStep(CpuId cpu, PendingStep next) const;
  void AddMemory(CpuId cpu, PendingStep next, Claim& claim) const;
  Claim OfUnlock(CpuId cpu, PendingStep next) const;
  Claim OfLock(PendingStep next) const;
  Claim OfMmapLock(PendingStep next) const;
  Claim OfUpperEntry(PendingStep next) const;
  Claim OfUnlink(CpuId cpu, PendingStep next) const;
  Claim OfPte(CpuId cpu, PendingStep next) const;
  Claim OfTake(PendingStep next) const;
  Claim OfFree(CpuId cpu, PendingStep next) const;
  Claim OfCount(PendingStep next) const;
  Claim OfPolicy() const;
  Claim OfReturn(CpuId cpu) const;
  Claim OfReclaim(CpuId cpu, PendingStep next) const;
  Claim OfAccess(CpuId cpu, int page) const;
  Claim OfWalk(CpuId cpu, const Walk& walk, bool asked) const;
  uint64_t ReplacesStale(CpuId cpu, const Walk& walk, Pte leaf) const;
  Claim OfWalker(CpuId cpu) const;

  Clashers WithDelivery(CpuId target, CpuId issuer) const;
  Clashers WithLate(CpuId cpu) const;
  void AddLate(CpuId cpu, const Claim& claim, Actions& agents) const;
  // What the thread of `cpu` may yet do; before that of `mover` moves.
  const Future& Of(CpuId cpu) const { return Of(cpu, false); }
  const Future& OfBefore(CpuId cpu, CpuId mover) const {
    return Of(cpu, (world_.mm.mmap_readers & CpuBit(mover)) != 0);
  }
  const Future& Of(CpuId cpu, bool read) const;
  // One more page can be queued.
  bool HasRoom(CpuId cpu) const { return world_.at(cpu).gather.page_count < kMaxBatch; }
  // For a step behind which finish may come to wait: as it begins to, it notes who has begun.
  unsigned IfItWaits() const { return waits_ ? Future::kBegins : 0; }

  const Stepper& stepper_;
  const World& world_;
  const Futures& futures_;
  const bool waits_;
  // Those asked for so far, by CPU; then while mmap_lock is held for reading.
  mutable std::array<Future, 2 * kMaxCpus> known_;
  mutable uint16_t is_known_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_CLASH_H_
