// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/machine/memory.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "model/check.h"

namespace gatherfuzz {
namespace {

constexpr View kAll = ~View{0};

constexpr View Bit(int store) { return View{1} << store; }
// Stores before number `end`.
constexpr View Below(int end) { return end >= kMaxStores ? kAll : Bit(end) - 1; }

bool Tso(const World& world) { return world.mm.memory == MemoryModel::kTso; }

// Under kTso a walker has no view of its own.
View& SeenBy(World& world, Observer observer) {
  const int own = Tso(world) ? observer % kMaxCpus : observer;
  return world.weak.seen[static_cast<size_t>(own)];
}
View SeenBy(const World& world, Observer observer) {
  return SeenBy(const_cast<World&>(world), observer);
}

bool IsThread(Observer observer) { return observer < kMaxCpus; }
size_t CpuIndex(Observer observer) { return static_cast<size_t>(observer % kMaxCpus); }
bool Lags(const Weak& weak, Observer observer) {
  return (weak.lags >> CpuIndex(observer) & 1) != 0;
}

// The stores to `at`: [begin, end), without one that is settled.
struct Stores {
  int begin = 0, end = 0;
  int size() const { return end - begin; }
  View all() const { return Below(end) & ~Below(begin); }
};
Stores StoresTo(const Weak& weak, Location at) {
  int begin = 0;
  while (begin < weak.count && weak.stores[static_cast<size_t>(begin)].at < at) ++begin;
  int end = begin;
  while (end < weak.count && weak.stores[static_cast<size_t>(end)].at == at) ++end;
  if (begin < end && weak.stores[static_cast<size_t>(begin)].settled) ++begin;
  return {begin, end};
}

// The view of the store that made the value `old` behind the newest: perhaps one that is settled.
View ViewOf(const Weak& weak, Location at, int old) {
  const int store = StoresTo(weak, at).end - old - 1;
  if (store < 0 || weak.stores[static_cast<size_t>(store)].at != at) return 0;
  return weak.stores[static_cast<size_t>(store)].view;
}

template <typename Apply>
void ForEachView(Weak& weak, Apply apply) {
  for (StoreInFlight& store : weak.stores) apply(store.view);
  for (View& view : weak.seen) apply(view);
  for (View& view : weak.carries) apply(view);
  for (View& view : weak.late_carries) apply(view);
  for (View& view : weak.brings) apply(view);
  for (View& view : weak.at_unlock) apply(view);
  for (View& view : weak.published) apply(view);
  for (View& view : weak.table_locks) apply(view);
  apply(weak.mmap_lock);
  apply(weak.fence);
}

// How many stores to the policy's bytes there are before number `store`.
int PolicyRank(const Weak& weak, int store) {
  const Stores policy = StoresTo(weak, kPolicyAt);
  return std::clamp(store, policy.begin, policy.end) - policy.begin;
}

void Insert(Weak& weak, int at, const StoreInFlight& store) {
  const auto first = weak.stores.begin() + at, end = weak.stores.begin() + weak.count;
  std::move_backward(first, end, end + 1);
  *first = {};
  ++weak.count;
  ForEachView(weak, [&](View& view) { view = (view & Below(at)) | (view & ~Below(at)) << 1; });
  *first = store;
}

// A store that is in no view any more, or is settled.
void Remove(Weak& weak, int at) {
  StoreInFlight& store = weak.stores[static_cast<size_t>(at)];
  if (store.at == kPolicyAt && !store.settled) {
    const int rank = PolicyRank(weak, at), size = StoresTo(weak, kPolicyAt).size();
    std::move(weak.policy_before.begin() + rank + 1, weak.policy_before.begin() + size,
              weak.policy_before.begin() + rank);
    weak.policy_before[static_cast<size_t>(size - 1)] = {};
  }
  const auto first = weak.stores.begin() + at, end = weak.stores.begin() + weak.count;
  std::move(first + 1, end, first);
  *(end - 1) = {};
  --weak.count;
  ForEachView(weak, [&](View& view) { view = (view & Below(at)) | (view & ~Below(at + 1)) >> 1; });
}

// Its value cannot be told from the newest before it any more: all have seen it. An older one that
// is settled goes; it itself stays for the sake of its view.
void Settle(Weak& weak, int at) {
  StoreInFlight& store = weak.stores[static_cast<size_t>(at)];
  if (store.at == kPolicyAt) {
    const int size = StoresTo(weak, kPolicyAt).size();
    GATHERFUZZ_CHECK(PolicyRank(weak, at) == 0);
    std::move(weak.policy_before.begin() + 1, weak.policy_before.begin() + size,
              weak.policy_before.begin());
    weak.policy_before[static_cast<size_t>(size - 1)] = {};
  }
  store.settled = 1;
  store.before = 0;
  store.moment = 0;
  store.writer = store.page = 0;
  ForEachView(weak, [&](View& view) { view &= ~Bit(at); });
  const StoreInFlight* older = at > 0 ? &weak.stores[static_cast<size_t>(at - 1)] : nullptr;
  if (older == nullptr || older->at != store.at) return;
  GATHERFUZZ_CHECK(older->settled != 0);
  Remove(weak, at - 1);
}

View AllInFlight(const Weak& weak) {
  View all = 0;
  for (int i = 0; i < weak.count; ++i) {
    if (!weak.stores[static_cast<size_t>(i)].settled) all |= Bit(i);
  }
  return all;
}

// Whether the observer may load what the store has changed, and is not sure to see it before.
bool MayLoad(const World& world, Observer observer, const StoreInFlight& store) {
  const Weak& weak = world.weak;
  const auto cpu = observer % kMaxCpus;
  if ((weak.gone >> observer & 1) != 0) return false;
  if (IsOfCpus(store.at)) {  // also outside of calls
    const uint8_t may = store.at == kTlbGenAt ? weak.reads_gen : weak.looks_at_cpus;
    return IsThread(observer) && (may >> cpu & 1) != 0;
  }
  // The next thing it does is to take mmap_lock, with all there is. Nor does its walker lag, but
  // behind the stores of a switch.
  const bool switches = !IsThread(observer) && world.switches != 0;
  if (Tso(world) && (weak.idle >> cpu & 1) != 0 && !switches) return false;
  if (store.at == kCountAt) return IsThread(observer) && (weak.asks_count >> cpu & 1) != 0;
  if (store.at == kPolicyAt) return IsThread(observer) && (weak.asks_policy >> cpu & 1) != 0;
  const Level level = world.at(TableOf(store.at)).level;
  if (IsThread(observer) && level == Level::kPte && weak.ptes_locked != 0) return false;
  const int first = RoundDown(store.page, PagesAt(level));
  const uint64_t below = MaskOf(PageRange{first, first + PagesAt(level)});
  return (weak.looks[static_cast<size_t>(observer)] & below) != 0;
}

// The stores to entries of page tables.
View EntryStores(const Weak& weak) {
  int first = 0;
  while (first < weak.count && !IsEntry(weak.stores[static_cast<size_t>(first)].at)) ++first;
  return ~Below(first);
}

// What all threads, or all walkers, that load anything yet have seen.
struct SeenByAll {
  View threads = kAll, walkers = kAll;
};
SeenByAll WhatAllHaveSeen(World& world) {
  Weak& weak = world.weak;
  SeenByAll all;
  for (Observer cpu = 0; cpu < world.cpu_count; ++cpu) {
    const bool gone = (weak.gone >> cpu & 1) != 0;
    View& seen = weak.seen[static_cast<size_t>(cpu)];
    // It takes mmap_lock before it loads anything.
    if ((weak.idle >> cpu & 1) != 0) seen |= weak.mmap_lock;
    if (!gone) all.threads &= seen;
    // Without a thread that stores, a walker under kTso does not lag.
    const bool walker_gone = (weak.gone >> (kMaxCpus + cpu) & 1) != 0 || (Tso(world) && gone);
    if (!walker_gone) all.walkers &= SeenBy(world, kMaxCpus + cpu);
  }
  return all;
}

// The oldest store, of its variable, that all have seen who may load it; -1: none.
int SeenStore(const World& world) {
  const Weak& weak = world.weak;
  for (int i = 0; i < weak.count; ++i) {
    const StoreInFlight& store = weak.stores[static_cast<size_t>(i)];
    bool seen = store.settled == 0;
    for (Observer cpu = 0; seen && cpu < world.cpu_count; ++cpu) {
      for (const Observer observer : {cpu, kMaxCpus + cpu}) {
        seen =
            seen && ((SeenBy(world, observer) & Bit(i)) != 0 || !MayLoad(world, observer, store));
      }
    }
    if (seen) return i;
  }
  return -1;
}

// Forgets what all have seen, and leaves out of the sets what tells nobody anything, so that states
// that are the same are so byte for byte. (Who has seen a store has seen those before it of the
// same variable.)
void Forget(World& world) {
  Weak& weak = world.weak;
  if (weak.count == 0) return;
  SeenByAll all = WhatAllHaveSeen(world);
  for (int seen; (seen = SeenStore(world)) >= 0; all = WhatAllHaveSeen(world)) {
    Settle(weak, seen);
  }
  for (StoreInFlight& store : weak.stores) store.view &= ~all.threads;
  for (View& view : weak.table_locks) view &= ~all.threads;
  weak.mmap_lock &= ~all.threads;
  weak.fence &= ~all.threads;
  for (size_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    weak.carries[cpu] &= ~all.threads;
    weak.late_carries[cpu] &= ~all.threads;
    weak.brings[cpu] &= ~(weak.seen[cpu] | all.threads);
    weak.at_unlock[cpu] &= ~((weak.carries[cpu] & weak.seen[cpu]) | all.threads);
    weak.published[cpu] &= EntryStores(weak) & ~all.walkers;
    weak.seen[kMaxCpus + cpu] &= EntryStores(weak);  // walkers load nothing else
  }
  for (int i = weak.count; i-- > 0;) {
    const StoreInFlight& store = weak.stores[static_cast<size_t>(i)];
    if (store.settled && store.view == 0) Remove(weak, i);
  }
}

uint64_t NewestAt(const World& world, Location at) {
  if (at == kCountAt) return world.mm.tlb_flush_pending;
  if (at == kPolicyAt) return 0;
  if (at == kTlbGenAt) return world.switching.tlb_gen[Index(MmId::kMm0)];
  if (at == kCpumaskAt) return world.switching.cpumask[Index(MmId::kMm0)];
  if (IsOfCpus(at)) {
    const SwitchCpu& cpu = world.switching.cpus[at - kFirstCpuAt];
    return static_cast<uint64_t>(cpu.loaded_mm) | static_cast<uint64_t>(cpu.is_lazy) << 8;
  }
  const Pte entry = world.at(TableOf(at)).entries[static_cast<size_t>(IndexOf(at))];
  return PackEntry(entry, entry.table() ? world.at(entry.frame).generation : uint16_t{0});
}

void SeeAll(World& world, CpuId cpu) {
  SeenBy(world, ThreadOf(cpu)) = AllInFlight(world.weak);
  world.weak.lags &= static_cast<uint8_t>(~CpuBit(cpu));
}

// smp_mb(), without forgetting.
void Barrier(World& world, CpuId cpu) {
  if (Tso(world)) return SeeAll(world, cpu);
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  weak.seen[i] |= weak.brings[i] | weak.fence;
  weak.fence = weak.carries[i] = weak.seen[i];
  weak.brings[i] = 0;
}

}  // namespace

std::string_view NameOf(MemoryModel memory) { return kMemoryModels[static_cast<size_t>(memory)]; }

std::optional<MemoryModel> ParseMemoryModel(std::string_view name) {
  const auto* const found = std::find(std::begin(kMemoryModels), std::end(kMemoryModels), name);
  if (found == std::end(kMemoryModels)) return std::nullopt;
  return static_cast<MemoryModel>(found - std::begin(kMemoryModels));
}

int OpenValues(const World& world, Observer observer, Location at, View sees) {
  const Weak& weak = world.weak;
  if (weak.count == 0 || (Tso(world) && !Lags(weak, observer))) return 0;
  const View seen = SeenBy(world, observer) | sees;
  const Stores stores = StoresTo(weak, at);
  int unseen = 0;
  while (unseen < stores.size() && (seen & Bit(stores.end - 1 - unseen)) == 0) ++unseen;
  return unseen;
}

KeptValue ValueAt(const World& world, Location at, int old) {
  if (old == 0) return {NewestAt(world, at), world.mm.next_mapping};
  const Stores stores = StoresTo(world.weak, at);
  GATHERFUZZ_CHECK(0 < old && old <= stores.size());
  const StoreInFlight& next = world.weak.stores[static_cast<size_t>(stores.end - old)];
  return {next.before, next.moment};
}

PolicyBytes PolicyValueAt(const World& world, int old) {
  if (old == 0) return world.mm.policy_state;
  const int size = StoresTo(world.weak, kPolicyAt).size();
  GATHERFUZZ_CHECK(0 < old && old <= size);
  return world.weak.policy_before[static_cast<size_t>(size - old)];
}

void NoteLoad(World& world, Observer observer, Location at, MemoryOrder order, int old) {
  Weak& weak = world.weak;
  if (weak.count == 0) return;
  const auto cpu = static_cast<size_t>(observer % kMaxCpus);
  const bool thread = IsThread(observer);
  if (Tso(world)) {
    if (!Lags(weak, observer)) {
      if (thread) SeeAll(world, MakeCpu(observer));
    } else if (thread) {
      const int store = StoresTo(weak, at).end - old - 1;
      const StoreInFlight* from = store < 0 ? nullptr : &weak.stores[static_cast<size_t>(store)];
      const bool others = from != nullptr && from->at == at && from->writer != observer + 1;
      if (others) weak.seen[cpu] |= from->view;
    }
    return Forget(world);
  }
  if (order == MemoryOrder::full && thread) Barrier(world, MakeCpu(observer));
  const Stores stores = StoresTo(weak, at);
  const View view = ViewOf(weak, at, old);
  weak.seen[static_cast<size_t>(observer)] |= stores.all() & Below(stores.end - old);
  if (thread) {
    if (order == MemoryOrder::acquire || order == MemoryOrder::full) {
      weak.seen[cpu] |= view;
    } else {
      weak.brings[cpu] |= view;
    }
    if (order == MemoryOrder::full) Barrier(world, MakeCpu(observer));
  }
  Forget(world);
}

void NoteStore(World& world, CpuId cpu, Location at, MemoryOrder order, Access access, int page) {
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  const bool update = access != Access::kStore;
  const bool full = order == MemoryOrder::full;
  if (Tso(world) ? update || full : full) Barrier(world, cpu);
  const Stores before = StoresTo(weak, at);
  if (weak.count == kMaxStores || before.size() == kMaxOld) {
    weak.full = 1;
    return;
  }
  const View replaced = ViewOf(weak, at, 0);
  const uint64_t value = NewestAt(world, at);
  const int own = before.end;
  if (at == kPolicyAt) {
    weak.policy_before[static_cast<size_t>(before.size())] = world.mm.policy_state;
  }
  Insert(weak, own,
         {.before = value,
          .view = 0,
          .at = at,
          .moment = world.mm.next_mapping,
          .writer = static_cast<uint8_t>(Index(cpu) + 1),
          .settled = 0,
          .page = static_cast<uint8_t>(page),
          .padding_ = {}});
  StoreInFlight& store = weak.stores[static_cast<size_t>(own)];
  const auto moved = [&](View view) { return (view & Below(own)) | (view & ~Below(own)) << 1; };
  const View here = StoresTo(weak, at).all();
  if (Tso(world)) {
    store.view = AllInFlight(weak);
    weak.seen[i] |= update || full ? store.view : here;
    if (!update && !full) weak.lags |= CpuBit(cpu);
    return Forget(world);
  }
  const bool acquires = order == MemoryOrder::acquire || full;
  if (update) (acquires ? weak.seen[i] : weak.brings[i]) |= moved(replaced);
  weak.seen[i] |= here;
  const bool releases = order == MemoryOrder::release || full;
  const View carries = access == Access::kLate ? weak.late_carries[i] : weak.carries[i];
  store.view = here | (releases ? weak.seen[i] : carries);
  if (update) store.view |= moved(replaced);
  weak.published[i] |= here | (releases ? weak.seen[i] : 0);
  if (access == Access::kLate) {
    weak.late &= static_cast<uint8_t>(~CpuBit(cpu));
    weak.late_carries[i] = 0;
  }
  if (full) Barrier(world, cpu);
  Forget(world);
}

void NoteLeftForLater(World& world, CpuId cpu) {
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  GATHERFUZZ_CHECK((weak.late & CpuBit(cpu)) == 0);
  weak.late |= CpuBit(cpu);
  weak.late_carries[i] = weak.carries[i];
}

View SeenByLock(const World& world, CpuId cpu, int lock, MemoryOrder order) {
  if (Tso(world)) return kAll;
  if (order == MemoryOrder::relaxed || order == MemoryOrder::release) return 0;
  const Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  const View of_lock =
      lock == kMmapLockId ? weak.mmap_lock : weak.table_locks[static_cast<size_t>(lock)];
  return of_lock | weak.at_unlock[i] |
         (order == MemoryOrder::full ? weak.brings[i] | weak.fence : 0);
}

void NoteLock(World& world, CpuId cpu, int lock, MemoryOrder order) {
  Weak& weak = world.weak;
  if (Tso(world)) {
    SeeAll(world, cpu);
    return Forget(world);
  }
  const auto i = static_cast<size_t>(Index(cpu));
  const View of_lock =
      lock == kMmapLockId ? weak.mmap_lock : weak.table_locks[static_cast<size_t>(lock)];
  if (order == MemoryOrder::acquire || order == MemoryOrder::full) {
    weak.seen[i] |= of_lock | weak.at_unlock[i];
    weak.carries[i] |= weak.at_unlock[i];
  } else {
    weak.brings[i] |= of_lock;
  }
  if (order == MemoryOrder::full) Barrier(world, cpu);
  Forget(world);
}

void NoteUnlock(World& world, CpuId cpu, int lock, MemoryOrder order) {
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  if (Tso(world)) {
    // A spinlock is dropped by a plain store, mmap_lock by an update.
    if (lock == kMmapLockId) {
      SeeAll(world, cpu);
    } else {
      weak.lags |= CpuBit(cpu);
    }
    return Forget(world);
  }
  if (order == MemoryOrder::full) Barrier(world, cpu);
  const bool releases = order == MemoryOrder::release || order == MemoryOrder::full;
  const View handed = releases ? weak.seen[i] : weak.carries[i];
  if (lock == kMmapLockId) {
    weak.mmap_lock |= handed;  // by updates of one word, so all who dropped it count
  } else {
    weak.table_locks[static_cast<size_t>(lock)] = handed;
  }
  if (releases) {
    weak.at_unlock[i] |= weak.seen[i] | weak.brings[i];
    weak.published[i] |= weak.seen[i];
  }
  Forget(world);
}

void NoteBarrier(World& world, CpuId cpu) {
  Barrier(world, cpu);
  Forget(world);
}

// Under kTso loads are in order, and so are stores.
void NoteReadBarrier(World& world, CpuId cpu) {
  if (Tso(world)) return;
  Weak& weak = world.weak;
  weak.seen[static_cast<size_t>(Index(cpu))] |= weak.brings[static_cast<size_t>(Index(cpu))];
  Forget(world);
}

void NoteWriteBarrier(World& world, CpuId cpu) {
  if (Tso(world)) return;
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  for (const StoreInFlight& store : weak.stores) {
    if (store.writer == Index(cpu) + 1) weak.carries[i] |= store.view & weak.seen[i];
  }
  Forget(world);
}

void NoteDsb(World& world, CpuId cpu, MemoryOrder order) {
  if (order == MemoryOrder::relaxed || order == MemoryOrder::acquire) return;
  const bool full = order == MemoryOrder::full;
  if (full || Tso(world)) Barrier(world, cpu);
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  const View shown = full ? weak.seen[i] : weak.published[i];
  for (int walker = kMaxCpus; !Tso(world) && walker < kMaxCpus + world.cpu_count; ++walker) {
    if ((weak.gone >> walker & 1) == 0) weak.seen[static_cast<size_t>(walker)] |= shown;
  }
  Forget(world);
}

void ShowOwnWalker(World& world, CpuId cpu) {
  if (Tso(world) || (world.weak.gone >> WalkerOf(cpu) & 1) != 0) return;
  View& walker = world.weak.seen[static_cast<size_t>(WalkerOf(cpu))];
  walker |= world.weak.seen[static_cast<size_t>(Index(cpu))];
  Forget(world);
}

void NoteIdle(World& world, CpuId cpu, bool idle) {
  Weak& weak = world.weak;
  const auto i = static_cast<size_t>(Index(cpu));
  if (idle) {
    weak.idle |= CpuBit(cpu);
  } else {
    weak.seen[i] |= weak.mmap_lock;
    weak.idle &= static_cast<uint8_t>(~CpuBit(cpu));
  }
  Forget(world);
}

void NoteGone(World& world, Observer observer) {
  Weak& weak = world.weak;
  weak.gone |= static_cast<uint16_t>(1u << observer);
  const auto i = static_cast<size_t>(observer);
  if (!Tso(world) || IsThread(observer)) weak.seen[i] = 0;
  if (IsThread(observer)) {
    weak.carries[i] = weak.brings[i] = weak.at_unlock[i] = weak.published[i] = 0;
    weak.idle &= static_cast<uint8_t>(~(1u << observer));
    weak.lags &= static_cast<uint8_t>(~(1u << observer));
  }
  Forget(world);
}

void NoteLooks(World& world, Observer observer, uint64_t pages) {
  world.weak.looks[static_cast<size_t>(observer)] = pages;
  Forget(world);
}

namespace {

void SetBit(uint8_t& mask, CpuId cpu, bool on) {
  mask = static_cast<uint8_t>(on ? mask | CpuBit(cpu) : mask & ~CpuBit(cpu));
}

}  // namespace

void NoteReadsOfCpus(World& world, CpuId cpu, bool generation, bool others) {
  SetBit(world.weak.reads_gen, cpu, generation);
  SetBit(world.weak.looks_at_cpus, cpu, others);
  Forget(world);
}

void NoteAsks(World& world, CpuId cpu, bool count, bool policy) {
  SetBit(world.weak.asks_count, cpu, count);
  SetBit(world.weak.asks_policy, cpu, policy);
  Forget(world);
}

void NoteFreed(World& world, FrameId frame) {
  Weak& weak = world.weak;
  const Location first = EntryLocation(frame, 0);
  for (int i = weak.count; i-- > 0;) {
    const StoreInFlight store = weak.stores[static_cast<size_t>(i)];
    if (store.at >= first && store.at < first + kEntriesPerTable) {
      ForEachView(weak, [&](View& view) { view &= ~Bit(i); });
      Remove(weak, i);
    }
  }
  weak.table_locks[static_cast<size_t>(Index(frame))] = 0;
  View linked = 0;  // the stores that took pointers to it away
  for (int i = 0; i < weak.count; ++i) {
    const StoreInFlight& store = weak.stores[static_cast<size_t>(i)];
    if (store.settled || !IsEntry(store.at) || !EntryIn(store.before).table()) continue;
    if (EntryIn(store.before).frame == frame)
      linked |= StoresTo(weak, store.at).all() & Below(i + 1);
  }
  for (int cpu = 0; cpu < world.cpu_count; ++cpu) {
    if ((weak.gone >> cpu & 1) == 0) weak.seen[static_cast<size_t>(cpu)] |= linked;
  }
  Forget(world);
}

namespace {

// Without the stores in flight; not of the policy's bytes.
void SetNewest(World& world, Location at, uint64_t value) {
  if (at == kCountAt) {
    world.mm.tlb_flush_pending = static_cast<uint8_t>(value);
  } else if (at == kTlbGenAt) {
    world.switching.tlb_gen[Index(MmId::kMm0)] = static_cast<uint16_t>(value);
  } else if (at == kCpumaskAt) {
    world.switching.cpumask[Index(MmId::kMm0)] = static_cast<uint8_t>(value);
  } else if (IsOfCpus(at)) {
    SwitchCpu& cpu = world.switching.cpus[at - kFirstCpuAt];
    cpu.loaded_mm = LoadedMmIn(value);
    cpu.is_lazy = LazyIn(value);
  } else {
    world.at(TableOf(at)).entries[static_cast<size_t>(IndexOf(at))] = EntryIn(value);
  }
}

}  // namespace

AsIfNewest::AsIfNewest(World& world, Location at, int old) : world_(world), at_(at), old_(old) {
  if (old_ == 0) return;
  if (at_ == kPolicyAt) {
    policy_ = world_.mm.policy_state;
    world_.mm.policy_state = PolicyValueAt(world_, old_);
  } else {
    value_ = NewestAt(world_, at_);
    SetNewest(world_, at_, ValueAt(world_, at_, old_).value);
  }
}

AsIfNewest::~AsIfNewest() {
  if (old_ == 0) return;
  if (at_ == kPolicyAt) {
    world_.mm.policy_state = policy_;
  } else {
    SetNewest(world_, at_, value_);
  }
}

}  // namespace gatherfuzz
