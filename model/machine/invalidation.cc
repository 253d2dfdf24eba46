// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/invalidation.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "model/check.h"
#include "model/machine/memory.h"
#include "model/machine/tlb.h"

namespace gatherfuzz {
namespace {

void Enqueue(World& world, CpuId issuer, uint8_t targets) {
  for (unsigned left = targets; left != 0; left &= left - 1) {
    DeliveryQueue& queue = world.at(MakeCpu(std::countr_zero(left))).deliveries;
    GATHERFUZZ_CHECK(queue.count < kMaxCpus);  // one request of each CPU at most
    queue.issuers[queue.count++] = issuer;
  }
  if (world.switches != 0 && world.switching.generations != 0) [[unlikely]] {
    for (int i = 0; i < world.cpu_count; ++i) {
      if (world.switching.at(MakeCpu(i)).irqs_off != 0) targets &= static_cast<uint8_t>(~(1u << i));
    }
  }
  world.deliveries_pending |= targets;
}

void Dequeue(World& world, CpuId target, CpuId issuer) {
  DeliveryQueue& queue = world.at(target).deliveries;
  int at = 0;
  while (at < queue.count && queue.issuers[at] != issuer) ++at;
  GATHERFUZZ_CHECK(at < queue.count);  // it is pending here
  --queue.count;
  for (; at < queue.count; ++at) queue.issuers[at] = queue.issuers[at + 1];
  queue.issuers[queue.count] = CpuId{};
  if (queue.count == 0) world.deliveries_pending &= static_cast<uint8_t>(~CpuBit(target));
}

// What is issued names the ASID that was read for it.
void NameAsid(World& world, CpuId issuer) {
  if (world.switches == 0) [[likely]]
    return;
  SwitchCpu& self = world.switching.at(issuer);
  if (self.named_asid == 0) return;
  self.tlbi_asids |= static_cast<uint16_t>(1u << self.named_asid);
  self.named_asid = 0;
}

bool NamesTable(const Invalidation& request, const TablePointer& pointer, Level level) {
  const unsigned named = level == Level::kPte ? request.pte_tables : request.pmd_tables;
  return (named >> pointer.prefix & 1u) != 0;
}

void DropTables(WalkCache& cache, const Invalidation& request) {
  const auto drop = [](auto& valid, auto& tables, unsigned named) {
    for (unsigned bits = valid & named; bits != 0; bits &= bits - 1) {
      tables[std::countr_zero(bits)] = TablePointer{};
    }
    valid &= static_cast<std::remove_reference_t<decltype(valid)>>(~named);
  };
  drop(cache.pte_valid, cache.pte_tables, request.pte_tables);
  drop(cache.pmd_valid, cache.pmd_tables, request.pmd_tables);
}

void EndWalks(CpuState& cpu, const Invalidation& request) {
  for (Walk& walk : cpu.walks) {
    // A walk still at the root has used nothing yet.
    if (walk.active() && walk.level != Level::kPud && NamesTable(request, walk.at, walk.level)) {
      walk = Walk{};
    }
  }
}

[[gnu::always_inline]] inline void DropHere(System& system, CpuId target,
                                            const Invalidation& request) {
  World& world = system.world;
  const Dropped dropped = Drop(world, world.at(target).tlb, request.small, request.huge);
  system.cost.needless += static_cast<uint32_t>(dropped.needless);
  DropTables(world.at(target).walk_cache, request);
  EndWalks(world.at(target), request);
}

// `dsb`: what that wait orders besides.
void Await(const Thread& thread, MemoryOrder dsb) {
  Invalidation& issued = thread.self().invalidation;
  thread.StepWhen(Point::tlb_flush_done, issued.start, InvalidationCompleted, Index(thread.cpu));
  if (!thread.world().sc()) [[unlikely]]
    NoteDsb(thread.world(), thread.cpu, dsb);
  issued = Invalidation{};
  if (thread.world().switches != 0) [[unlikely]]
    thread.world().switching.at(thread.cpu).tlbi_asids = 0;
}

// Nothing of the thread's is outstanding.
bool Issue(const Thread& thread, const Invalidation& request, MemoryOrder dsb, uint8_t cpus) {
  World& world = thread.world();
  const Invalidation done = AsHardwareDoes(thread.system, request);
  if (world.switches != 0) [[unlikely]] {
    if (world.switching.generations != 0) return thread.system.cpu_side.flush(thread, done);
    if (done.of_all == 0) thread.system.cpu_side.names(thread);
  }
  thread.Step(Point::tlb_flush, request.start);
  if (!world.sc()) [[unlikely]]
    NoteDsb(world, thread.cpu, dsb);
  Invalidation& issued = thread.self().invalidation;
  issued = done;
  issued.undelivered = static_cast<uint8_t>(world.MmCpus() & cpus);
  NameAsid(world, thread.cpu);
  Enqueue(world, thread.cpu, issued.undelivered);
  ++thread.system.cost.invalidations;
  thread.system.cost.whole += request.whole;
  return true;
}

}  // namespace

Invalidation WholeInvalidation() {
  Invalidation request{};
  request.small = ~uint64_t{0};
  request.huge = 0xffff;
  request.pte_tables = 0xffff;
  request.pmd_tables = 0xf;
  request.whole = 1;
  request.end = kPages;
  return request;
}

Invalidation AsHardwareDoes(const System& system, const Invalidation& request) {
  Invalidation done = request;
  if (!system.hardware.drops_used_pointers || request.whole != 0) return done;
  // Each address that it names stands in `huge` as its block.
  done.pte_tables &= request.huge;
  for (int prefix = 0; prefix < kPuds; ++prefix) {
    const unsigned blocks = request.huge >> prefix * kEntriesPerTable & 0xf;
    if (blocks == 0) done.pmd_tables &= static_cast<uint8_t>(~(1u << prefix));
  }
  return done;
}

void Invalidate(const Thread& thread, const Invalidation& request) {
  if (IssueInvalidation(thread, request)) AwaitInvalidation(thread);
}

bool IssueInvalidation(const Thread& thread, const Invalidation& request) {
  if (thread.self().invalidation.undelivered != 0) AwaitInvalidation(thread);
  return IssueInvalidation(thread, request, thread.system.order(Point::tlb_flush));
}

void IssueInvalidationTo(const Thread& thread, const Invalidation& request, uint8_t cpus) {
  if (thread.self().invalidation.undelivered != 0) AwaitInvalidation(thread);
  Issue(thread, request, thread.system.order(Point::tlb_flush), cpus);
}

bool IssueInvalidation(const Thread& thread, const Invalidation& request, MemoryOrder dsb) {
  if (thread.self().invalidation.undelivered != 0) Await(thread, MemoryOrder::relaxed);
  return Issue(thread, request, dsb, ~uint8_t{0});
}

void InvalidateHere(const Thread& thread, const Invalidation& request) {
  thread.Step(Point::tlbi_local, request.start);
  DropHere(thread.system, thread.cpu, AsHardwareDoes(thread.system, request));
}

void SendInvalidation(World& world, CpuId issuer, uint8_t targets) {
  world.at(issuer).invalidation.undelivered |= targets;
  Enqueue(world, issuer, targets);
}

void DropNamed(System& system, CpuId target, const Invalidation& request) {
  DropHere(system, target, request);
}

void DropNamedParked(System& system, CpuId target, const Invalidation& request) {
  World& world = system.world;
  SwitchCpu& cpu = world.switching.at(target);
  const Dropped dropped = Drop(world, cpu.parked_tlb, request.small, request.huge);
  system.cost.needless += static_cast<uint32_t>(dropped.needless);
  DropTables(cpu.parked_cache, request);
}

void DropNamedUnder(System& system, CpuId target, int slot, const Invalidation& request) {
  World& world = system.world;
  if (world.switching.at(target).slot == slot) return DropHere(system, target, request);
  const UnderTag cached = CachedUnder(world, target, slot);
  const Dropped dropped = Drop(world, cached.tlb, request.small, request.huge);
  system.cost.needless += static_cast<uint32_t>(dropped.needless);
  DropTables(cached.cache, request);
}

void AddInvalidation(const Thread& thread, const Invalidation& request) {
  World& world = thread.world();
  const Invalidation more = AsHardwareDoes(thread.system, request);
  if (world.switches != 0) [[unlikely]]
    thread.system.cpu_side.names(thread);
  thread.Step(Point::tlb_flush, request.start);
  if (!world.sc()) [[unlikely]]
    NoteDsb(world, thread.cpu, thread.system.order(Point::tlb_flush));
  Invalidation& issued = thread.self().invalidation;
  const uint8_t before = issued.undelivered;
  if (before == 0) {
    issued = more;
  } else {
    issued.small |= more.small;
    issued.huge |= more.huge;
    issued.pte_tables |= more.pte_tables;
    issued.pmd_tables |= more.pmd_tables;
    issued.whole |= more.whole;
    issued.start = std::min(issued.start, more.start);
    issued.end = std::max(issued.end, more.end);
  }
  issued.undelivered = world.MmCpus();
  NameAsid(world, thread.cpu);
  Enqueue(world, thread.cpu, static_cast<uint8_t>(issued.undelivered & ~before));
  ++thread.system.cost.invalidations;
}

bool InvalidationCompleted(const World& world, int cpu) {
  return world.at(MakeCpu(cpu)).invalidation.undelivered == 0;
}

void AwaitInvalidation(const Thread& thread) {
  Await(thread, thread.system.order(Point::tlb_flush_done));
}

void DeliverOldest(System& system, CpuId target) {
  DeliverFrom(system, target, system.world.at(target).deliveries.issuers[0]);
}

void DeliverFrom(System& system, CpuId target, CpuId issuer) {
  World& world = system.world;
  system.steps->Note(DeliveryAgent(target), Point::deliver, Index(issuer));
  Dequeue(world, target, issuer);
  Invalidation& request = world.at(issuer).invalidation;
  GATHERFUZZ_CHECK((request.undelivered & CpuBit(target)) != 0);
  if (world.switches != 0) [[unlikely]] {
    system.cpu_side.take(system, target, issuer);
  } else {
    DropHere(system, target, request);
  }
  request.undelivered &= static_cast<uint8_t>(~CpuBit(target));
  if (!world.sc()) [[unlikely]] {
    // Under x86's model it comes as an interrupt.
    const bool tso = world.mm.memory == MemoryModel::kTso;
    if (tso || system.order(Point::deliver) == MemoryOrder::full) NoteBarrier(world, target);
  }
}

}  // namespace gatherfuzz
