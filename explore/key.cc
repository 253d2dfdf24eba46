// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

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

// The mappings of `page` in the tables as they are linked: of its PTE, or of its huge leaf; also of
// one that only software sees.
struct Leaves {
  Mapping small = 0, huge = 0;
};
Leaves LeavesOf(const World& world, int page) {
  const Pte pud = world.at(kRootFrame).entries[EntryIndex(page, Level::kPud)];
  if (!pud.table()) return {};
  const Pte pmd = world.at(pud.frame).entries[EntryIndex(page, Level::kPmd)];
  if (!pmd.table()) return {.huge = pmd.mapping};
  return {.small = world.at(pmd.frame).entries[EntryIndex(page, Level::kPte)].mapping};
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
  PutFrames(world);
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuState& cpu = world.at(MakeCpu(i));
    PutTlb(cpu.tlb);
    PutWalks(world, cpu);
    PutCall(world, cpu.call);
    PutGather(cpu.gather);
    PutInvalidation(cpu);
    PutPlaces(stepper, MakeCpu(i));
  }
  PutRanks(stepper);
  return std::span(words_).first(count_);
}

void StateWriter::PutMm(const Mm& mm) {
  Put(mm.vma_pages);
  Put(mm.vma_starts);
  Put(mm.vma_write);
  Put(mm.vma_huge);
  Put(Pack(8, mm.mmap_writer, mm.mmap_readers, mm.tlb_flush_pending, mm.table_locks,
           mm.mmap_queue));
  Put(Pack(16, mm.data_frames, mm.mapped_frames, mm.table_frames, mm.linked_tables));
  std::array<uint64_t, kPolicyStateBytes / 8> policy;
  std::memcpy(policy.data(), mm.policy_state.data(), sizeof policy);
  uint64_t used = 0;
  for (size_t i = 0; i < policy.size(); ++i) used |= static_cast<uint64_t>(policy[i] != 0) << i;
  Put(used);
  ForEachBit(used, [&](int i) { Put(policy[i]); });
}

void StateWriter::PutFrames(const World& world) {
  for (size_t half = 0; half < 2; ++half) {
    const uint64_t all = half == 0 ? ~uint64_t{0} : (uint64_t{1} << (kFrames - 64)) - 1;
    const uint64_t used = all & ~world.free_frames[half];
    Put(used);
    ForEachBit(used, [&](int bit) {
      const Frame& frame = world.frames[64 * half + static_cast<size_t>(bit)];
      Put(Pack(8, static_cast<int>(frame.state), static_cast<int>(frame.level), frame.lock_owner,
               frame.mapped));
      if (frame.state != FrameState::kTable) return;
      const auto& at = frame.entries;
      Put(Pack(16, Value(at[0]), Value(at[1]), Value(at[2]), Value(at[3])));
      // Which page an entry of an unlinked table is of cannot be told, so its number stays.
      if (frame.mapped != 0 || frame.level == Level::kPud) return;
      Put(Pack(16, at[0].mapping, at[1].mapping, at[2].mapping, at[3].mapping));
    });
  }
}

void StateWriter::PutTlb(const Tlb& tlb) {
  Put(tlb.small_valid);
  Put(tlb.huge_valid);
  ForEachBit(tlb.small_valid, [&](int page) { Put(Value(tlb.small[page])); });
  ForEachBit(tlb.huge_valid, [&](int block) { Put(Value(tlb.huge[block])); });
}

void StateWriter::PutWalks(const World& world, const CpuState& cpu) {
  const WalkCache& cache = cpu.walk_cache;
  Put(Pack(16, cache.pte_valid, cache.pmd_valid, cpu.walks[0].active(), cpu.walks[1].active()));
  ForEachBit(cache.pte_valid, [&](int i) { Put(Value(world, cache.pte_tables[i])); });
  ForEachBit(cache.pmd_valid, [&](int i) { Put(Value(world, cache.pmd_tables[i])); });
  for (const Walk& walk : cpu.walks) {
    if (!walk.active()) continue;
    Put(Value(world, walk.at) | Pack(8, static_cast<int>(walk.level), walk.page, walk.write) << 32);
  }
}

void StateWriter::PutCall(const World& world, const Call& call) {
  uint64_t counts_against = 0;  // the waits that this call's completion overtakes
  for (int i = 0; i < world.cpu_count; ++i) {
    const Call& waiter = world.at(MakeCpu(i)).call;
    counts_against |= static_cast<uint64_t>(waiter.waiting && call.number > waiter.wait_since) << i;
  }
  Put(call.examined);
  Put(Pack(8, static_cast<int>(call.kind), call.number != 0, call.waiting, call.wait_live,
           call.overtaken, counts_against));
}

void StateWriter::PutGather(const MmuGather& gather) {
  Put(Pack(8, gather.live, gather.start, gather.end, gather.fullmm, gather.need_flush_all,
           gather.freed_tables, gather.cleared_ptes, gather.cleared_pmds));
  Put(Pack(8, gather.cleared_puds, gather.caller_start, gather.caller_end, gather.page_count,
           gather.table_count));
  for (size_t i = 0; i < gather.page_count; ++i) Put(Value(gather.pages[i]));
  for (size_t i = 0; i < gather.table_count; ++i) Put(Value(gather.tables[i]));
}

void StateWriter::PutInvalidation(const CpuState& cpu) {
  std::array<uint64_t, sizeof(Invalidation) / 8> words;
  static_assert(sizeof words == sizeof(Invalidation));
  std::memcpy(words.data(), &cpu.invalidation, sizeof words);
  for (const uint64_t word : words) Put(word);
  if (!queue_order_) return;
  uint64_t issuers;
  static_assert(sizeof issuers == sizeof cpu.deliveries.issuers);
  std::memcpy(&issuers, cpu.deliveries.issuers.data(), sizeof issuers);
  Put(issuers);
}

void StateWriter::PutPlaces(const Stepper& stepper, CpuId cpu) {
  const bool thread = stepper.ThreadLeft(cpu), walker = stepper.WalkerLeft(cpu);
  Put(Pack(8, thread, walker, walker ? stepper.FillIndex(cpu) : 0));
  if (!thread) return;
  const PendingStep next = stepper.Next(ActionOf(CpuAgent(cpu)));
  const bool waits = stepper.Waits(cpu);
  const Learned learned = stepper.LearnedBy(cpu);
  Put(Pack(8, static_cast<int>(next.point), static_cast<uint8_t>(next.page), stepper.OpIndex(cpu),
           waits, waits ? stepper.WaitArgument(cpu) : 0, stepper.AtFork(cpu), learned.again,
           stepper.GoesRound(cpu)));
  Put(learned.low);
  Put(learned.high);
}

// --- Numbers of mappings ---

void StateWriter::PutRanks(const Stepper& stepper) {
  const World& world = stepper.world();
  // As long as none has been made since the start, each page has the one it had.
  const bool as_at_start = world.mm.next_mapping == stepper.start().mm.next_mapping;
  Put(as_at_start);
  if (as_at_start) return;
  uint64_t pages = world.mm.vma_pages;
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuState& cpu = world.at(MakeCpu(i));
    pages |= cpu.tlb.small_valid | cpu.call.examined;
    ForEachBit(cpu.tlb.huge_valid, [&](int block) {
      pages |= MaskOf({block * kPagesPerPmd, (block + 1) * kPagesPerPmd});
    });
    if (stepper.ThreadLeft(MakeCpu(i)))
      pages |= PageBit(stepper.OpInProgress(MakeCpu(i)).range.begin);
  }
  ForEachBit(pages, [&](int page) { PutRanksOf(stepper, page); });
}

void StateWriter::PutRanksOf(const Stepper& stepper, int page) {
  const World& world = stepper.world();
  FixedVector<Mapping, 2 + 3 * kMaxCpus> mappings;
  FixedVector<Mapping, kMaxCpus> moments;
  const Leaves leaves = LeavesOf(world, page);
  mappings.push_back(leaves.small);
  mappings.push_back(leaves.huge);
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuId cpu = MakeCpu(i);
    const CpuState& state = world.at(cpu);
    mappings.push_back(state.tlb.small[page].mapping);
    mappings.push_back(state.tlb.huge[page / kPagesPerPmd].mapping);
    const bool faults = stepper.ThreadLeft(cpu) && stepper.OpInProgress(cpu).range.begin == page;
    mappings.push_back(faults ? stepper.LearnedBy(cpu).mapping : Mapping{0});
    moments.push_back((state.call.examined & PageBit(page)) != 0 ? state.call.moments[page]
                                                                 : Mapping{0});
  }
  FixedVector<Mapping, 2 + 3 * kMaxCpus> sorted = mappings;
  std::sort(sorted.begin(), sorted.end());
  const Mapping* const end = std::unique(sorted.begin(), sorted.end());
  uint64_t word = 0;
  int count = 0;
  const auto put_rank = [&](Mapping number) {
    const auto rank = std::lower_bound(sorted.begin(), sorted.end(), number) - sorted.begin();
    word |= static_cast<uint64_t>(rank) << 6 * (count % 10);
    if (++count % 10 != 0) return;
    Put(word);
    word = 0;
  };
  sorted.truncate(static_cast<size_t>(end - sorted.begin()));
  for (const Mapping number : mappings) put_rank(number);
  for (const Mapping moment : moments) put_rank(moment);
  Put(word);
}

}  // namespace gatherfuzz
