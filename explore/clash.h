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
// tests/clash_test.cc holds that against every pair of steps in every reachable state of small
// programs. By induction over the steps of others, nothing more is needed (independence.h).
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
  kIdle,      // begin a page fault; try again
  kRelease,   // drop a lock
  kVma,       // change VMAs
  kFlush,     // issue an invalidation; have it complete
  kTable,     // read an upper entry
  kPte,       // read, clear or set a PTE
  kLock,      // take a lock
  kHuge,      // change a huge leaf
  kUnlink,    // unlink a page table
  kTake,      // take a frame, link a page table
  kFree,      // free a page or a page table
  kReturn,    // return from a call
  kCount,     // raise, lower or read tlb_flush_pending
  kPolicy,    // what a policy adds
  kWalk,      // access a page, or a step of a walk
  kDelivery,  // of an invalidation
  kTogether,  // not of a step: some agents are enough together
};
inline constexpr int kRules = 17;
const char* NameOf(Rule rule);

using RuleMask = uint32_t;
inline constexpr RuleMask kAllRules = (RuleMask{1} << kRules) - 1;
constexpr RuleMask MaskOf(Rule rule) { return RuleMask{1} << static_cast<int>(rule); }

struct Clashers {
  bool known = false;  // else anybody may be one
  Rule rule{};
  Actions agents;
};

// Of the state in which the stepper is. Cheap to make.
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
  // A rule's claim on a step: nobody clashes but who may do this.
  struct Claim {
    bool known = false;
    Rule rule{};
    Future threads;              // other threads
    uint64_t fills = 0;          // other walkers, by page
    uint64_t walks_here = 0;     // whoever else walks for the same CPU
    uint64_t delivers_here = 0;  // deliveries there of what names those pages
    bool returns = false;        // returns of calls that count against a wait
  };

  Claim OfThread(CpuId cpu, PendingStep next) const;
  Claim OfUnlock(CpuId cpu, PendingStep next) const;
  Claim OfLock(PendingStep next) const;
  Claim OfUpperEntry(CpuId cpu, PendingStep next) const;
  Claim OfPte(CpuId cpu, PendingStep next) const;
  Claim OfTake(PendingStep next) const;
  Claim OfFree(CpuId cpu, PendingStep next) const;
  Claim OfCount(PendingStep next) const;
  Claim OfReturn(CpuId cpu) const;
  Claim OfAccess(CpuId cpu, int page) const;
  Claim OfWalk(const Walk& walk, bool asked) const;
  Claim OfWalker(CpuId cpu) const;

  Clashers WithDelivery(CpuId target, CpuId issuer) const;
  // What the thread of `cpu` may yet do; before that of `mover` moves.
  const Future& Of(CpuId cpu) const { return Of(cpu, false); }
  const Future& OfBefore(CpuId cpu, CpuId mover) const {
    return Of(cpu, (world_.mm.mmap_readers & CpuBit(mover)) != 0);
  }
  const Future& Of(CpuId cpu, bool read) const;
  // Finish may go on to wait behind this step, and the wait's beginning looks at who has begun.
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
