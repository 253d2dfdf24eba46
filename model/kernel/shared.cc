// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/shared.h"

#include "model/check.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/walk.h"

namespace gatherfuzz {
namespace {

// The values of `at` that are open to `observer`, but for the newest.
uint32_t OpenTo(const World& world, Observer observer, Location at, View sees = 0) {
  return (uint32_t{1} << OpenValues(world, observer, at, sees)) - 1;
}

uint32_t ChoicesOfWalk(const System& system, CpuId cpu, const Walk& walk) {
  // Of another mm, in which nothing is mapped.
  if (walk.level == Level::kPud && !WalksMm0(system.world, cpu)) return 0;
  const Location at = LocationOfWalk(walk);
  const uint32_t open = OpenTo(system.world, WalkerOf(cpu), at);
  uint32_t choices = 0;
  for (int old = 1; open >> (old - 1) != 0; ++old) {
    const Pte entry = EntryIn(ValueAt(system.world, at, old).value);
    // The hardware sets A and D in the newest only.
    if (!ChangesLeaf(walk, entry, system.hardware)) choices |= 1u << (old - 1);
  }
  return choices;
}

// Of `choices`, those with which the wait is over.
uint32_t ThatAreReady(const System& system, Location at, uint32_t choices, Ready ready, int arg) {
  // The value is put in its place for the question only.
  auto& world = const_cast<World&>(system.world);
  uint32_t good = 0;
  for (int old = 1; choices >> (old - 1) != 0; ++old) {
    if ((choices >> (old - 1) & 1) == 0) continue;
    const AsIfNewest value(world, at, old);
    if (ready(world, arg)) good |= 1u << (old - 1);
  }
  return good;
}

bool Asks(uint8_t who, CpuId cpu) { return (who & CpuBit(cpu)) != 0; }

// What it has loaded it does not load again.
void Loaded(const Thread& t, bool count, bool policy) {
  const Weak& weak = t.world().weak;
  NoteAsks(t.world(), t.cpu, !count && Asks(weak.asks_count, t.cpu),
           !policy && Asks(weak.asks_policy, t.cpu));
}

// Whether it loads what it has just changed, before it changes it again.
bool AsksSince(WhenLoaded when, FinishPart part) {
  switch (when) {
    case WhenLoaded::kNever: return false;
    case WhenLoaded::kInFinish:
    case WhenLoaded::kInWait: return part == FinishPart::kNone;
    case WhenLoaded::kAfterDec: return part == FinishPart::kCompletes;
    case WhenLoaded::kAnytime: break;
  }
  return true;
}

}  // namespace

Look LoadEntryWeakly(const Thread& t, Point point, FrameId table, int page) {
  const PendingLoad load{.at = LocationOf(t.world(), table, page)};
  const int old = t.system.steps->LoadStep(CpuAgent(t.cpu), point, page, load);
  const KeptValue value = ValueAt(t.world(), load.at, old);
  NoteLoad(t.world(), ThreadOf(t.cpu), load.at, t.system.order(point), old);
  return {EntryIn(value.value), old != 0, value.moment};
}

void StoreWeakly(const Thread& t, MemoryOrder order, Location at, Access access, int page) {
  NoteStore(t.world(), t.cpu, at, order, access, page);
  const Weak& weak = t.world().weak;
  if (weak.full != 0) t.system.steps->OutOfStores();
  if (IsEntry(at)) return;
  const FinishPart part = t.system.finish_part[static_cast<size_t>(Index(t.cpu))];
  const PolicyLoads& loads = t.system.loads;
  NoteAsks(t.world(), t.cpu,
           at == kCountAt ? AsksSince(loads.count, part) : Asks(weak.asks_count, t.cpu),
           at == kPolicyAt ? AsksSince(loads.policy, part) : Asks(weak.asks_policy, t.cpu));
}

int LoadCount(const Thread& t, Point point) { return LoadCount(t, point, t.system.order(point)); }

void StoresLate(System& system, CpuId cpu) {
  World& world = system.world;
  NoteStore(world, cpu, kCountAt, MemoryOrder::relaxed, Access::kLate);
  if (world.weak.full != 0) system.steps->OutOfStores();
  NoteAsks(world, cpu, AsksSince(system.loads.count, FinishPart::kNone),
           Asks(world.weak.asks_policy, cpu));
}

int LoadCount(const Thread& t, Point point, MemoryOrder order) {
  if (t.world().sc()) [[likely]] {
    t.Step(point);
    return t.world().mm.tlb_flush_pending;
  }
  const int old = t.system.steps->LoadStep(CpuAgent(t.cpu), point, kNoPage, {.at = kCountAt});
  const auto count = static_cast<int>(ValueAt(t.world(), kCountAt, old).value);
  GATHERFUZZ_CHECK((t.world().weak.asks_count & CpuBit(t.cpu)) != 0);  // as PolicyTraits say
  NoteLoad(t.world(), ThreadOf(t.cpu), kCountAt, order, old);
  Loaded(t, t.system.loads.count == WhenLoaded::kInFinish, false);
  return count;
}

PolicyBytes LoadPolicy(const Thread& t, Point point) {
  if (t.world().sc()) [[likely]] {
    t.Step(point);
    return t.world().mm.policy_state;
  }
  const int old = t.system.steps->LoadStep(CpuAgent(t.cpu), point, kNoPage, {.at = kPolicyAt});
  const PolicyBytes bytes = PolicyValueAt(t.world(), old);
  GATHERFUZZ_CHECK((t.world().weak.asks_policy & CpuBit(t.cpu)) != 0);  // as PolicyTraits say
  NoteLoad(t.world(), ThreadOf(t.cpu), kPolicyAt, t.system.order(point), old);
  Loaded(t, false, t.system.loads.policy == WhenLoaded::kInFinish);
  return bytes;
}

void LoadWhen(const Thread& t, Point point, Ready ready, Location at) {
  const int cpu = Index(t.cpu);
  if (t.world().sc()) [[likely]]
    return t.StepWhen(point, kNoPage, ready, cpu);
  const int old =
      t.system.steps->LoadStepWhen(CpuAgent(t.cpu), point, kNoPage, ready, cpu, {.at = at});
  const Weak& weak = t.world().weak;
  const uint8_t asks = at == kCountAt ? weak.asks_count : weak.asks_policy;
  GATHERFUZZ_CHECK((asks & CpuBit(t.cpu)) != 0);  // as PolicyTraits say
  NoteLoad(t.world(), ThreadOf(t.cpu), at, t.system.order(point), old);
  LoadsNoMore(t);
}

uint64_t LoadOfCpus(const Thread& t, Point point, int page, Location at, bool ordered) {
  World& world = t.world();
  if (world.sc() || ordered) {
    t.Step(point, page);
    if (!world.sc()) NoteBarrier(world, t.cpu);
    return ValueAt(world, at, 0).value;
  }
  const int old = t.system.steps->LoadStep(CpuAgent(t.cpu), point, page, {.at = at});
  const uint64_t value = ValueAt(world, at, old).value;
  const Weak& weak = world.weak;
  GATHERFUZZ_CHECK(((at == kTlbGenAt ? weak.reads_gen : weak.looks_at_cpus) & CpuBit(t.cpu)) != 0 ||
                   old == 0);
  NoteLoad(world, ThreadOf(t.cpu), at, MemoryOrder::relaxed, old);
  return value;
}

void LoadsNoMore(const Thread& t) {
  if (t.world().sc()) [[likely]]
    return;
  const PolicyLoads& loads = t.system.loads;
  NoteAsks(t.world(), t.cpu, loads.count == WhenLoaded::kAnytime,
           loads.policy == WhenLoaded::kAnytime);
}

void LeavesCall(const Thread& t) {
  if (t.world().sc()) [[likely]]
    return;
  // From 6.17 on a madvise opens its gather before it takes the lock.
  bool locks_first = t.system.kernel < KernelVersion::k6_17;
  for (const Point lock : {Point::mmap_read_lock, Point::mmap_write_lock, Point::mmap_write_wait}) {
    locks_first = locks_first && t.system.order(lock) != MemoryOrder::relaxed;
  }
  if (t.world().reclaims != 0) return;  // it may be next, and takes none
  if (locks_first) NoteIdle(t.world(), t.cpu, true);
}

uint32_t OldChoices(const System& system, const PendingLoad& load, CpuId cpu, Ready ready,
                    int arg) {
  const World& world = system.world;
  if (world.sc() || world.weak.count == 0 || !load.any()) return 0;
  if (load.walk) {
    const Walk& walk = world.at(cpu).walks[kOwnWalk];
    return walk.active() ? ChoicesOfWalk(system, cpu, walk) : 0;
  }
  if (load.lock >= 0) {
    if (ready != nullptr && !ready(world, arg)) return 0;
    const Point point =
        world.at(MakeFrame(load.lock)).level == Level::kPte ? Point::pte_lock : Point::pmd_lock;
    const View sees = SeenByLock(world, cpu, load.lock, system.order(point));
    return OpenTo(world, ThreadOf(cpu), load.at, sees);
  }
  const uint32_t choices = OpenTo(world, ThreadOf(cpu), load.at);
  return ready == nullptr ? choices : ThatAreReady(system, load.at, choices, ready, arg);
}

uint32_t OldChoicesOfWalker(const System& system, CpuId cpu, int page) {
  if (system.world.sc() || system.world.weak.count == 0) return 0;
  const Walk& walk = system.world.at(cpu).walks[kWalkerWalk];
  return ChoicesOfWalk(system, cpu, walk.active() ? walk : NewWalk(system.world, cpu, page, false));
}

}  // namespace gatherfuzz
