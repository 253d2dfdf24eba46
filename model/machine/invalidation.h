// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// TLB invalidation: issue, delivery on each CPU, completion (H10 of the hardware rules).
//
// An issued request stands pending on every CPU of the mm (not on that of kswapd), the issuer's own
// included. Delivery on a CPU is a step of its own; it drops what the request names from that CPU's
// TLB and walk cache and ends the walks in flight there that used what it drops. The issuer waits
// for all deliveries, so it has at most one request outstanding. Requests of different CPUs are not
// ordered: that one is complete says nothing of another, whichever was issued first.
//
// Faithful: completion belongs to the issuer; a delivery is atomic on its CPU. Simplified: IPI and
// broadcast TLBI look alike. Where CPUs switch or sleep, model/kernel/switch_mm.h says who gets a
// request and what it does there (generations, lazy CPUs); else nobody does.
#ifndef GATHERFUZZ_MODEL_MACHINE_INVALIDATION_H_
#define GATHERFUZZ_MODEL_MACHINE_INVALIDATION_H_

#include "model/system.h"

namespace gatherfuzz {

// Issues `request` (whose sets are filled in) from the thread's CPU and waits for its completion:
// the steps tlb_flush and tlb_flush_done.
void Invalidate(const Thread& thread, const Invalidation& request);

// The two halves of Invalidate, for a defect that does not wait at once. A request that is
// outstanding is awaited before the next is issued. False if there is nothing to await any more.
bool IssueInvalidation(const Thread& thread, const Invalidation& request);
// ... behind a DSB of that order, by code that says itself which it has: that one which is
// outstanding has been delivered orders nothing then.
bool IssueInvalidation(const Thread& thread, const Invalidation& request, MemoryOrder dsb);
// ... by code that says itself which CPUs of the mm get it.
void IssueInvalidationTo(const Thread& thread, const Invalidation& request, uint8_t cpus);
void AwaitInvalidation(const Thread& thread);
// What that waits for.
bool InvalidationCompleted(const World& world, int cpu);

// Invalidates on the thread's CPU alone, and completes that: the step tlbi_local (TLBI VALE1, DSB
// NSH). Other CPUs keep what they have. No delivery, since nothing of the CPU comes in between.
void InvalidateHere(const Thread& thread, const Invalidation& request);

// Issues `request` and waits neither for it nor for what the CPU has issued before: the step
// tlb_flush. Simplified: what is not delivered everywhere yet and this become one request, so a CPU
// that has taken the former takes it once more. Where ASIDs are allocated, it names those of both.
void AddInvalidation(const Thread& thread, const Invalidation& request);

// The rest is for who has flushes of its own way (System::cpu_side): sends what the CPU has issued
// to more targets,
void SendInvalidation(World& world, CpuId issuer, uint8_t targets);
// and drops what `request` names where it arrives, of what is cached there under the slot that is
// loaded, or of what is parked (switching.h).
void DropNamed(System& system, CpuId target, const Invalidation& request);
void DropNamedParked(System& system, CpuId target, const Invalidation& request);

// ... of what is cached under `slot`, where there is INVLPGB (broadcast.h).
void DropNamedUnder(System& system, CpuId target, int slot, const Invalidation& request);

// Delivers a request that is pending on `target`: the oldest, or that of `issuer`. Counts the step.
void DeliverOldest(System& system, CpuId target);
void DeliverFrom(System& system, CpuId target, CpuId issuer);

// What `request` drops on the hardware that there is (Hardware::drops_used_pointers). What is
// issued by the functions above is so already.
Invalidation AsHardwareDoes(const System& system, const Invalidation& request);

// A request that drops everything.
Invalidation WholeInvalidation();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_INVALIDATION_H_
