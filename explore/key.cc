// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/machine/memory.h"
#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// Numbers of so many bits, packed into a word, the first lowest.
template <typename... Numbers>
constexpr uint64_t Pack(int bits, Numbers... numbers) {
  uint64_t word = 0;
  int at = 0;
  ((word |= static_cast<uint64_t>(numbers) << at, at += bits), ...);
  return word;
}

uint64_t Value(Pte entry) { return Pack(8, Index(entry.frame), entry.flags); }

// A pointer to a table, and whether the table is still there.
uint64_t Value(const World& world, const TablePointer& pointer) {
  if (!pointer.valid()) return 0;
  const bool alive = world.at(pointer.frame).generation == pointer.generation;
  return Pack(8, alive ? 2 : 1, Index(pointer.frame), pointer.prefix);
}

uint64_t Value(Queued item) {
  return Pack(8, 1 + Index(item.frame), item.page, static_cast<int>(item.level));
}

// Calls `put` for each bit of `mask`.
template <typename Put>
void ForEachBit(uint64_t mask, Put put) {
  for (; mask != 0; mask &= mask - 1) put(std::countr_zero(mask));
}

// The leaf of `page` in the tables as they are linked, small or huge; also one that only software
// sees.
struct Leaves {
  Pte small{}, huge{};
};
Leaves LeavesOf(const World& world, int page) {
  const Pte pud = world.at(kRootFrame).entries[EntryIndex(page, Level::kPud)];
  if (!pud.table()) return {};
  const Pte pmd = world.at(pud.frame).entries[EntryIndex(page, Level::kPmd)];
  if (!pmd.table()) return {.huge = pmd};
  return {.small = world.at(pmd.frame).entries[EntryIndex(page, Level::kPte)]};
}

// Whether somebody may load anything yet. If nobody may, there is no store in flight either.
bool AnybodyLoads(const World& world) {
  const unsigned cpus = (1u << world.cpu_count) - 1;
  return (world.weak.gone & (cpus | cpus << kMaxCpus)) != (cpus | cpus << kMaxCpus);
}

// The tags of a CPU that are not loaded, where CPUs switch.
template <typename Look>
void ForEachParked(const World& world, CpuId cpu, Look look) {
  for (int slot = 0; slot < TagsOf(world); ++slot) {
    if (slot != world.switching.at(cpu).slot) look(slot);
  }
}

// The flags that count, of leaves. (By page it would be finer.)
uint8_t FlagsThatCount(const Live& live) {
  uint8_t flags = 0xff;
  if (live.cleans() == 0) flags &= static_cast<uint8_t>(~Pte::kAccessed);
  if ((live.cleans() | live.writes()) == 0) flags &= static_cast<uint8_t>(~Pte::kDirty);
  return flags;
}

}  // namespace

Key StateWriter::KeyOf(const Stepper& stepper) {
  const std::span<const uint64_t> words = Words(stepper);
  const XXH128_hash_t hash = XXH3_128bits(words.data(), words.size_bytes());
  return {hash.low64, hash.high64};
}

std::span<const uint64_t> StateWriter::Words(const Stepper& stepper) {
  const World& world = stepper.world();
  count_ = 0;
  PutMm(world.mm);
  PutPolicy(stepper);
  const Live live = all_ ? Live() : Live(stepper);
  PutFrames(world, live);
  if (world.folio_frames != 0) [[unlikely]]
    Put(world.folio_frames);
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuState& cpu = world.at(MakeCpu(i));
    PutTlb(cpu.tlb, live[MakeCpu(i)]);
    PutWalks(world, cpu, live[MakeCpu(i)]);
    PutCall(world, cpu.call, live.starves(MakeCpu(i)));
    PutGather(cpu.gather, cpu.table_in_hand);
    PutInvalidation(cpu);
    PutPlaces(stepper, MakeCpu(i));
  }
  PutAges(world, live);
  if (world.switches != 0) [[unlikely]]
    PutSwitching(stepper);
  if (world.threads != 0) [[unlikely]]
    Put(Pack(8, world.threads, world.exited));
  if (world.hugetlb != 0) [[unlikely]] {
    const auto& tables = world.others_tables;
    Put(Pack(8, world.i_mmap_writer, Index(tables[0]), Index(tables[1]), Index(tables[2]),
             Index(tables[3])));
  }
  if (world.rcu != 0) [[unlikely]]
    PutCallbacks(world.callbacks);
  if (world.pfn != 0) [[unlikely]]
    PutPfnMaps(world.pfn_maps);
  if (!world.sc() && (AnybodyLoads(world) || world.weak.late != 0)) [[unlikely]]
    PutMemory(stepper, live);
  return std::span(words_).first(count_);
}

void StateWriter::PutMm(const Mm& mm) {
  Put(mm.vma_pages);
  Put(mm.vma_starts);
  Put(mm.vma_write);
  Put(mm.vma_huge);
  Put(Pack(8, mm.mmap_writer, mm.mmap_readers, mm.tlb_flush_pending, mm.table_locks, mm.mmap_queue,
           mm.rmap_readers, mm.batched_pending != 0,
           (mm.detached != 0 ? 1 : 0) | (mm.vma_none != 0 ? 2 : 0) | (mm.vma_locked != 0 ? 4 : 0)));
  if (mm.batched_pending != 0) Put(Pack(16, mm.batched_pending, mm.batched_flushed));
  if (mm.detached != 0) Put(mm.detached);
  if (mm.vma_none != 0) Put(mm.vma_none);
  if (mm.vma_locked != 0) Put(mm.vma_locked);
  Put(Pack(16, mm.data_frames, mm.mapped_frames, mm.table_frames, mm.linked_tables));
}

void StateWriter::PutPolicy(const Stepper& stepper) {
  PutPolicyBytes(stepper, stepper.world().mm.policy_state);
}

void StateWriter::PutPolicyBytes(const Stepper& stepper, PolicyBytes bytes) {
  const World& world = stepper.world();
  stepper.policy().protocol().Canonicalize(world, bytes);
  std::array<uint64_t, kPolicyStateBytes / 8> policy;
  std::memcpy(policy.data(), bytes.data(), sizeof policy);
  uint64_t used = 0;
  for (size_t i = 0; i < policy.size(); ++i) used |= static_cast<uint64_t>(policy[i] != 0) << i;
  Put(used);
  ForEachBit(used, [&](int i) { Put(policy[i]); });
}

void StateWriter::PutFrames(const World& world, const Live& live) {
  const uint8_t kept = FlagsThatCount(live);
  for (size_t half = 0; half < 2; ++half) {
    const uint64_t all = half == 0 ? ~uint64_t{0} : (uint64_t{1} << (kFrames - 64)) - 1;
    const uint64_t used = all & ~world.free_frames[half];
    Put(used);
    ForEachBit(used, [&](int bit) {
      const Frame& frame = world.frames[64 * half + static_cast<size_t>(bit)];
      Put(Pack(8, static_cast<int>(frame.state), static_cast<int>(frame.level), frame.lock_owner,
               frame.mapped));
      if (world.decides != 0 && frame.state == FrameState::kData) [[unlikely]]
        PutFolio(world.folios[64 * half + static_cast<size_t>(bit)]);
      if (frame.state != FrameState::kTable) return;
      const auto& at = frame.entries;
      const auto value = [&](Pte entry) {
        if (!entry.table()) entry.flags &= kept;
        return Value(entry);
      };
      Put(Pack(16, value(at[0]), value(at[1]), value(at[2]), value(at[3])));
      // Which page an entry of an unlinked table is of cannot be told, so its number stays.
      if (frame.mapped != 0 || frame.level == Level::kPud) return;
      Put(Pack(16, at[0].mapping, at[1].mapping, at[2].mapping, at[3].mapping));
    });
  }
}

void StateWriter::PutPfnMaps(const PfnMaps& maps) {
  Put(maps.linked);
  Put(maps.readers);
  std::array<uint64_t, kPages / 8> frames;
  static_assert(sizeof frames == sizeof maps.frames);
  std::memcpy(frames.data(), maps.frames.data(), sizeof frames);
  for (const uint64_t word : frames) Put(word);
}

void StateWriter::PutFolio(const Folio& folio) {
  Put(Pack(8, folio.refs, folio.others, folio.lock_owner, folio.shared, folio.holds, folio.dirty));
}

void StateWriter::PutTlb(const Tlb& tlb, const LiveOfCpu& live) {
  const uint64_t small = tlb.small_valid & live.small, huge = tlb.huge_valid & live.huge;
  Put(small);
  const uint64_t absent = tlb.absent & live.small;
  Put(huge | (absent != 0 ? PageBit(kPages - 1) : 0));
  if (absent != 0) Put(absent);
  ForEachBit(small, [&](int page) { Put(Value(tlb.small[page])); });
  ForEachBit(huge, [&](int block) { Put(Value(tlb.huge[block])); });
}

void StateWriter::PutWalks(const World& world, const CpuState& cpu, const LiveOfCpu& live) {
  const WalkCache& cache = cpu.walk_cache;
  const unsigned ptes = cache.pte_valid & live.pte_tables, pmds = cache.pmd_valid & live.pmd_tables;
  Put(Pack(16, ptes, pmds, cpu.walks[0].active(), cpu.walks[1].active()));
  ForEachBit(ptes, [&](int i) { Put(Value(world, cache.pte_tables[i])); });
  ForEachBit(pmds, [&](int i) { Put(Value(world, cache.pmd_tables[i])); });
  for (const Walk& walk : cpu.walks) {
    if (!walk.active()) continue;
    Put(Value(world, walk.at) | Pack(8, static_cast<int>(walk.level), walk.page, walk.write) << 32);
  }
}

void StateWriter::PutCall(const World& world, const Call& call, bool starves) {
  uint64_t counts_against = 0;  // the waits that this call's completion overtakes
  for (int i = 0; i < world.cpu_count; ++i) {
    const Call& waiter = world.at(MakeCpu(i)).call;
    counts_against |= static_cast<uint64_t>(waiter.waiting && call.number > waiter.wait_since) << i;
  }
  Put(Pack(8, static_cast<int>(call.kind), call.number != 0, call.waiting,
           starves ? call.wait_live : 0, call.overtaken, counts_against));
}

void StateWriter::PutGather(const MmuGather& gather, int in_hand) {
  Put(Pack(8, gather.live, gather.start, gather.end, gather.fullmm, gather.need_flush_all,
           gather.freed_tables, gather.cleared_ptes, gather.cleared_pmds));
  Put(Pack(8, gather.cleared_puds, gather.caller_start, gather.caller_end, gather.page_count,
           gather.table_count, in_hand, gather.vma_pfn,
           gather.unshared_tables | gather.fully_unshared_tables << 1));
  for (size_t i = 0; i < gather.page_count; ++i) Put(Value(gather.pages[i]));
  for (size_t i = 0; i < gather.table_count; ++i) Put(Value(gather.tables[i]));
}

void StateWriter::PutInvalidation(const CpuState& cpu) {
  // Once it is delivered everywhere, nobody looks at what it named, but for the page that its
  // issuer's step has.
  const Invalidation& request = cpu.invalidation;
  Put(Pack(8, request.undelivered, request.start));
  if (request.undelivered != 0 || request.new_generation != 0 || request.of_all != 0) {
    Put(request.small);
    Put(Pack(16, request.huge, request.pte_tables, request.pmd_tables, request.whole));
  }
  if (!queue_order_) return;
  uint64_t issuers;
  static_assert(sizeof issuers == sizeof cpu.deliveries.issuers);
  std::memcpy(&issuers, cpu.deliveries.issuers.data(), sizeof issuers);
  Put(issuers);
}

namespace {

// How often a page fault has found the leaf that is there, or, until it returns, any.
int FoundStill(const Stepper& stepper, CpuId cpu, const Learned& learned) {
  if (learned.found == 0 && learned.mapping == 0) return 0;
  const Leaves leaves = LeavesOf(stepper.world(), stepper.OpInProgress(cpu).range.begin);
  const bool still = std::max(leaves.small.mapping, leaves.huge.mapping) == learned.mapping;
  return learned.finds || still ? 2 * learned.found + static_cast<int>(still) : 0;
}

}  // namespace

void StateWriter::PutPlaces(const Stepper& stepper, CpuId cpu) {
  const bool thread = stepper.ThreadLeft(cpu), walker = stepper.WalkerLeft(cpu);
  Put(Pack(8, thread, walker, walker ? stepper.FillIndex(cpu) : 0,
           stepper.world().at(cpu).vma_read));
  if (!thread) return;
  const PendingStep next = stepper.Next(ActionOf(CpuAgent(cpu)));
  const bool waits = stepper.Waits(cpu);
  const Learned learned = stepper.LearnedBy(cpu);
  Put(Pack(8, static_cast<int>(next.point), static_cast<uint8_t>(next.page), stepper.OpIndex(cpu),
           waits, waits ? stepper.WaitArgument(cpu) : 0, stepper.AtFork(cpu), learned.again,
           stepper.GoesRound(cpu)));
  Put(Pack(8, FoundStill(stepper, cpu, learned), learned.finds, Index(learned.frame)));
  Put(learned.low);
  Put(learned.high);
}

// --- Numbers of mappings ---

namespace {

// The calls that answer for `page`, as bits by CPU; of these, by bit, those whose moment is later
// than `entry`.
unsigned AnsweredFor(const World& world, int page, Pte entry) {
  unsigned stale = 0;
  for (int i = 0; i < world.cpu_count; ++i) {
    const Call& call = world.at(MakeCpu(i)).call;
    if ((call.examined & PageBit(page)) == 0) continue;
    if (AnswersFor(call, entry, page)) stale |= 1u << i;
  }
  return stale;
}

// The pages that `call` has examined, as far as it may still be judged by them. Of a call that
// takes access away these are the pages with something stale: what the tables hold is as new as
// what the call has made of it, so nothing else comes to be.
uint64_t StillJudged(const World& world, const Live& live, const Call& call) {
  const bool of_access = call.kind == CallKind::kProtect || call.kind == CallKind::kForbid;
  if (!of_access || !world.sc()) return call.examined;
  uint64_t stale = 0;
  for (int i = 0; i < world.cpu_count; ++i) {
    const Tlb& tlb = world.at(MakeCpu(i)).tlb;
    const LiveOfCpu& here = live[MakeCpu(i)];
    ForEachBit(call.examined & tlb.small_valid & here.small, [&](int page) {
      if (AnswersFor(call, tlb.small[page], page)) stale |= PageBit(page);
    });
    ForEachBit(tlb.huge_valid & here.huge, [&](int block) {
      const PageRange pages{block * kPagesPerPmd, (block + 1) * kPagesPerPmd};
      ForEachBit(call.examined & MaskOf(pages), [&](int page) {
        if (AnswersFor(call, tlb.huge[block], page)) stale |= PageBit(page);
      });
    });
  }
  return stale;
}

}  // namespace

// --- Stores in flight ---

namespace {

// The pages below an entry of a table that is linked; all, if it is not.
PageRange PagesBelow(const World& world, Location entry) {
  for (int page = 0; page < kPages; ++page) {
    FrameId table = kRootFrame;
    for (const Level level : {Level::kPud, Level::kPmd, Level::kPte}) {
      if (EntryLocation(table, EntryIndex(page, level)) == entry) {
        return {page, page + PagesAt(level)};
      }
      const Pte below = world.at(table).entries[EntryIndex(page, level)];
      if (!below.table()) break;
      table = below.frame;
    }
  }
  return {0, kPages};
}

// Of a leaf that somebody may yet find there, though it is not the newest: which page faults have
// found it before, which calls under way answer for it, and whether MADV_FREE takes it for old.
uint64_t FoundLate(const Stepper& stepper, const Live& live, PageRange pages, Pte leaf) {
  const World& world = stepper.world();
  uint64_t hash = 0;
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuId cpu = MakeCpu(i);
    const Mapping found = stepper.ThreadLeft(cpu) ? stepper.LearnedBy(cpu).mapping : Mapping{0};
    hash = Mix(hash, found != 0 && found == leaf.mapping ? 2 : 1);
  }
  for (int page = pages.begin; page < pages.end; ++page) {
    for (int i = 0; i < world.cpu_count; ++i) {
      const Call& call = world.at(MakeCpu(i)).call;
      if ((call.examined & PageBit(page)) != 0) hash = Mix(hash, leaf.mapping < call.moments[page]);
    }
    if ((live.cleans() & PageBit(page)) == 0) continue;
    const Leaves leaves = LeavesOf(world, page);
    const Mapping now = std::max(leaves.small.mapping, leaves.huge.mapping);
    hash = Mix(hash, now == 0 || leaf.mapping < now ? 2 : 3);
  }
  return hash;
}

// Of a moment at which a call may yet find that it looked: which translations are older.
uint64_t OlderThan(const World& world, const Live& live, PageRange pages, Mapping moment) {
  uint64_t hash = 0;
  const auto with = [&](Mapping mapping) { hash = Mix(hash, mapping < moment ? 1 : 2); };
  for (int page = pages.begin; page < pages.end; ++page) {
    const Leaves leaves = LeavesOf(world, page);
    with(leaves.small.mapping);
    with(leaves.huge.mapping);
    for (int i = 0; i < world.cpu_count; ++i) {
      const Tlb& tlb = world.at(MakeCpu(i)).tlb;
      const LiveOfCpu& here = live[MakeCpu(i)];
      const int block = page / kPagesPerPmd;
      if ((tlb.small_valid & here.small & PageBit(page)) != 0) with(tlb.small[page].mapping);
      if ((tlb.huge_valid & here.huge & PageBit(block)) != 0) with(tlb.huge[block].mapping);
    }
  }
  const Weak& weak = world.weak;
  for (size_t i = 0; i < weak.count; ++i) {
    const StoreInFlight& store = weak.stores[i];
    if (IsEntry(store.at) && !store.settled) with(EntryIn(store.before).mapping);
  }
  return hash;
}

// What a store replaced, but for numbers of mappings.
uint64_t ValueBefore(const World& world, const StoreInFlight& store, uint8_t kept) {
  // Of generations counts how far behind the newest they are.
  if (store.at == kTlbGenAt) return ValueAt(world, kTlbGenAt, 0).value - store.before;
  if (!IsEntry(store.at)) return store.before;
  Pte entry = EntryIn(store.before);
  if (!entry.table()) {
    entry.flags &= kept;
    return Value(entry);
  }
  const bool alive = world.at(entry.frame).generation == GenerationIn(store.before);
  return Value(entry) << 8 | (alive ? 2 : 1);
}

}  // namespace

void StateWriter::PutMemory(const Stepper& stepper, const Live& live) {
  const World& world = stepper.world();
  const Weak& weak = world.weak;
  Put(Pack(8, weak.count, weak.idle, weak.lags) | static_cast<uint64_t>(weak.gone) << 32 |
      static_cast<uint64_t>(weak.late) << 48);
  if (world.switches != 0) Put(Pack(8, weak.reads_gen, weak.looks_at_cpus));
  if (weak.count == 0) return;
  const uint8_t kept = FlagsThatCount(live);
  size_t policy = 0;
  for (size_t i = 0; i < weak.count; ++i) {
    const StoreInFlight& store = weak.stores[i];
    const bool tso = world.mm.memory == MemoryModel::kTso;
    Put(store.at | static_cast<uint64_t>(store.settled) << 16 |
        static_cast<uint64_t>(tso ? store.writer : 0) << 24 |
        static_cast<uint64_t>(store.view) << 32);
    if (store.settled) continue;
    if (store.at == kPolicyAt) {
      PutPolicyBytes(stepper, weak.policy_before[policy++]);
      continue;
    }
    Put(ValueBefore(world, store, kept));
    if (!IsEntry(store.at)) continue;
    const PageRange pages = PagesBelow(world, store.at);
    Put(FoundLate(stepper, live, pages, EntryIn(store.before)));
    Put(OlderThan(world, live, pages, store.moment));
  }
  const auto put = [&](const auto& views, size_t count) {
    for (size_t i = 0; i < count; i += 2) {
      Put(views[i] | (i + 1 < count ? static_cast<uint64_t>(views[i + 1]) << 32 : 0));
    }
  };
  const size_t cpus = world.cpu_count;
  put(weak.seen, kObservers);
  put(weak.carries, cpus);
  put(weak.brings, cpus);
  put(weak.at_unlock, cpus);
  put(weak.published, cpus);
  if (weak.late != 0) put(weak.late_carries, cpus);
  Put(weak.mmap_lock | static_cast<uint64_t>(weak.fence) << 32);
  for (size_t frame = 0; frame < kFrames; ++frame) {
    if (weak.table_locks[frame] == 0) continue;
    Put(frame << 32 | weak.table_locks[frame]);
  }
}

// Of each translation that a TLB or the tables hold: which calls under way answer for it. New ones
// have higher numbers than all of these, and a call that examines a page later answers for all of
// them; but MADV_FREE only for those that are older than what the tables hold.
void StateWriter::PutAges(const World& world, const Live& live) {
  uint64_t examined = 0;
  for (int i = 0; i < world.cpu_count; ++i) {
    examined |= StillJudged(world, live, world.at(MakeCpu(i)).call);
  }
  const auto put = [&](int page, Pte entry, Mapping now) {
    const bool older = (live.cleans() & PageBit(page)) != 0 && (now == 0 || entry.mapping < now);
    const unsigned stale = (examined & PageBit(page)) != 0 ? AnsweredFor(world, page, entry) : 0;
    Put(stale << 1 | static_cast<unsigned>(older));
  };
  uint64_t compared = examined | live.cleans();
  const auto put_cached = [&](int page, Mapping now, const Tlb& tlb, const LiveOfCpu& here) {
    const int block = page / kPagesPerPmd;
    if ((tlb.small_valid & here.small & PageBit(page)) != 0) put(page, tlb.small[page], now);
    if ((tlb.huge_valid & here.huge & PageBit(block)) != 0) put(page, tlb.huge[block], now);
  };
  ForEachBit(compared, [&](int page) {
    const Leaves leaves = LeavesOf(world, page);
    for (Pte leaf : {leaves.small, leaves.huge}) {
      leaf.flags |= Pte::kDirty | Pte::kWrite;  // which it may yet become
      if (leaf.mapping != 0) put(page, leaf, 0);
    }
    const Mapping now = std::max(leaves.small.mapping, leaves.huge.mapping);
    for (int i = 0; i < world.cpu_count; ++i) {
      put_cached(page, now, world.at(MakeCpu(i)).tlb, live[MakeCpu(i)]);
      if (world.switches == 0) [[likely]]
        continue;
      ForEachParked(world, MakeCpu(i), [&](int slot) {
        put_cached(page, now, TlbUnder(world, MakeCpu(i), slot), live[MakeCpu(i)]);
      });
    }
  });
}

// --- What RCU is to free ---

void StateWriter::PutCallbacks(const Callbacks& all) {
  Put(all.count);
  for (size_t i = 0; i < all.count; ++i) {
    const Callback& it = all.queue[i];
    Put(Pack(8, Index(it.frame), it.page, static_cast<int>(it.level), Index(it.cpu), it.waits_for));
  }
  for (const uint8_t cpus : all.waits_for) Put(cpus);
}

// --- CPUs that switch ---

// What is cached under a slot and owed for; of a slot that is parked, all that is cached there.
void StateWriter::PutSlot(const World& world, CpuId cpu, int slot) {
  const Tlb& tlb = TlbUnder(world, cpu, slot);
  if (slot != world.switching.at(cpu).slot) {
    PutTlb(tlb, {});
    const WalkCache& cache = CacheUnder(world, cpu, slot);
    Put(Pack(16, cache.pte_valid, cache.pmd_valid));
    ForEachBit(cache.pte_valid, [&](int i) { Put(Value(world, cache.pte_tables[i])); });
    ForEachBit(cache.pmd_valid, [&](int i) { Put(Value(world, cache.pmd_tables[i])); });
  }
  const auto put_owed = [&](int entry, Pte pte) {
    const ViolationKind kind = OwedFor(world, cpu, slot, entry, pte.mapping);
    if (kind != ViolationKind::kNone) Put(Pack(8, entry, static_cast<int>(kind)));
  };
  ForEachBit(tlb.small_valid, [&](int i) { put_owed(SmallEntry(i), tlb.small[i]); });
  ForEachBit(tlb.huge_valid, [&](int i) { put_owed(HugeEntry(i), tlb.huge[i]); });
  Put(~uint64_t{0});
}

// What a kernel's own tlb.c has besides. It may have read a generation, so they are not renamed.
void StateWriter::PutCpuCode(const World& world) {
  for (const uint16_t generation : world.switching.tlb_gen) Put(generation);
  for (int i = 0; i < world.cpu_count; ++i) {
    const SwitchCpu& it = world.switching.at(MakeCpu(i));
    Put(it.said_slot);
    for (const uint64_t word : it.flush_info) Put(word);
  }
}

// The allocator of ASIDs. Its generations are as they are: there are few.
void StateWriter::PutAsids(const World& world) {
  const Asids& asids = world.switching.asids;
  Put(Pack(8, asids.lock_owner, asids.next, asids.tlb_flush_pending) |
      Pack(16, asids.map, asids.generation) << 32);
  for (const ContextId id : asids.id) Put(id);
  for (size_t i = 0; i < world.cpu_count; ++i) {
    const SwitchCpu& it = world.switching.cpus[i];
    Put(Pack(16, asids.active_asids[i], asids.reserved_asids[i], it.read_id, it.tlbi_asids));
    Put(Pack(8, it.was_active, it.named_asid, it.slot_asid[0], it.slot_asid[1]));
  }
}

// Global ASIDs, and what is under way.
void StateWriter::PutBroadcast(const World& world) {
  const Broadcast& all = world.broadcast;
  Put(Pack(8, all.global_asid, all.asid_transition, all.lock_owner, all.under_way, all.of_all));
  for (int i = 0; i < world.cpu_count; ++i) {
    const BroadcastCpu& it = all.at(MakeCpu(i));
    Put(it.small);
    Put(Pack(16, it.huge, it.pte_tables, it.pmd_tables, it.loaded_asid));
  }
}

// Of generations counts how far behind the newest they are.
void StateWriter::PutSwitching(const Stepper& stepper) {
  const World& world = stepper.world();
  const Switching& all = world.switching;
  if (stepper.HasCpuCode()) PutCpuCode(world);
  if (all.asids.count != 0) PutAsids(world);
  if (world.invlpgb != 0) PutBroadcast(world);
  for (const uint8_t mask : all.cpumask) Put(mask);
  const auto behind = [&](MmId mm, uint16_t generation) {
    return static_cast<uint16_t>(all.tlb_gen[static_cast<size_t>(Index(mm))] - generation);
  };
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuId cpu = MakeCpu(i);
    const SwitchCpu& it = all.at(cpu);
    Put(Pack(8, Index(it.loaded_mm), Index(it.root), Index(it.task_mm), it.slot, it.next_slot,
             it.is_lazy, it.irqs_off, it.in_user));
    Put(Pack(8, it.new_slot, it.need_flush, it.flush_mask, it.batch_mask, it.grace));
    const Invalidation& request = world.at(cpu).invalidation;
    const bool has = request.new_generation != 0;
    Put(Pack(16, has ? behind(MmId::kMm0, request.new_generation) : 0, has, request.of_all,
             request.freed_tables));
    for (const Slot& slot : it.slots) {
      Put(Pack(16, Index(slot.mm), behind(slot.mm, slot.generation)));
    }
    PutSlot(world, cpu, it.slot);
    ForEachParked(world, cpu, [&](int slot) { PutSlot(world, cpu, slot); });
  }
}

}  // namespace gatherfuzz
