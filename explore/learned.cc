// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/learned.h"

#include <cstring>

#include "harness/agents.h"
#include "model/machine/frames.h"
#include "model/machine/tlb.h"

namespace gatherfuzz {
namespace {

uint64_t Value(Pte entry) { return static_cast<uint64_t>(Index(entry.frame)) << 8 | entry.flags; }

Pte PudEntry(const World& world, int page) { return EntryAt(world, page, Level::kPud); }
Pte PmdEntry(const World& world, int page) { return EntryAt(world, page, Level::kPmd); }
Pte PteEntry(const World& world, int page) { return EntryAt(world, page, Level::kPte); }

// What the allocator would give: the lowest frame, the lowest block, and whether there is room.
uint64_t NextFrames(const World& world) {
  const int room = DataRoom(world);
  return static_cast<uint64_t>(LowestFree(world, Level::kPte) + 1) |
         static_cast<uint64_t>(LowestFree(world, Level::kPmd) + 1) << 8 |
         static_cast<uint64_t>(room >= kPagesPerPmd ? 2
                               : room > 0           ? 1
                                                    : 0)
             << 16 |
         static_cast<uint64_t>(world.mm.table_frames > kMaxTables) << 24;
}

uint64_t Vmas(const Mm& mm) {
  return Mix(Mix(Mix(Mix(0, mm.vma_pages), mm.vma_starts), mm.vma_write), mm.vma_huge);
}

uint64_t PolicyState(const Mm& mm) {
  uint64_t hash = 0;
  for (size_t i = 0; i < mm.policy_state.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, &mm.policy_state[i], 8);
    hash = Mix(hash, word);
  }
  return hash;
}

uint64_t ThroughTlb(const CpuState& cpu, int page) {
  const Pte* entry = Lookup(cpu.tlb, page);
  return entry == nullptr ? 0 : 1 + entry->flags;
}

// The entry its own walk reads, or that an invalidation has ended the walk.
uint64_t WalkRead(const World& world, CpuId cpu) {
  const Walk& walk = world.at(cpu).walks[kOwnWalk];
  if (!walk.active()) return 0;
  return 1 + world.at(walk.at.frame).entries[EntryIndex(walk.page, walk.level)].flags;
}

uint64_t Read(const World& world, CpuId cpu, Point point, int page) {
  switch (Info(point).teaches) {
    case Teaches::kVmasIfFree: {
      const bool is_free = world.mm.mmap_writer == 0 && world.mm.mmap_readers == 0;
      return is_free ? Vmas(world.mm) : 0;
    }
    case Teaches::kVmas: return Vmas(world.mm);
    case Teaches::kPudEntry: return Value(PudEntry(world, page));
    case Teaches::kPudAndFrames: return Value(PudEntry(world, page)) << 32 | NextFrames(world);
    case Teaches::kPmdEntry: return Value(PmdEntry(world, page));
    case Teaches::kPmdAndFrames: return Value(PmdEntry(world, page)) << 32 | NextFrames(world);
    case Teaches::kPteEntry: return Value(PteEntry(world, page));
    case Teaches::kFrames: return NextFrames(world);
    case Teaches::kNested: return world.mm.tlb_flush_pending > 1;
    case Teaches::kPolicyState: return PolicyState(world.mm);
    case Teaches::kTranslation: return ThroughTlb(world.at(cpu), page);
    case Teaches::kWalked: return WalkRead(world, cpu);
    case Teaches::kEverything: return Digest(world);
    case Teaches::kNothing:
    case Teaches::kUnsaid: break;
  }
  return 0;
}

// The mapping of a leaf that a page fault finds in place, at the steps where it looks.
Mapping SeenByFault(const World& world, Point point, int page) {
  if (!Info(point).teaches_mapping) return 0;
  const Pte pmd = PmdEntry(world, page);
  const Pte leaf = Info(point).teaches == Teaches::kPteEntry ? PteEntry(world, page)
                   : pmd.leaf()                              ? pmd
                                                             : Pte{};
  return leaf.mapping;
}

// True if the step tells nothing new, as one on the way back to a PTE.
bool GoesBack(Learned& learned, const World& before, Point point, int page) {
  if (point == Point::need_resched) {
    learned.low = learned.low_before;
    learned.high = learned.high_before;
    learned.again = true;
  } else if (point == Point::pmd_read) {
    const uint64_t seen = Value(PmdEntry(before, page));
    learned.again = learned.again && seen == learned.pmd;
    learned.pmd = seen;
  } else if (point == Point::pte_read) {
    learned.again = false;
    learned.low_before = learned.low;
    learned.high_before = learned.high;
  }
  return learned.again;
}

}  // namespace

GATHERFUZZ_WRAPS void Learn(Learned& learned, const World& before, CpuId cpu, const Op& op,
                            Point point, int page, bool foreign) {
  if (GoesBack(learned, before, point, page)) return;
  uint64_t value = Read(before, cpu, point, page);
  if (foreign && point == Point::pending_read) value = before.mm.tlb_flush_pending;
  if (Info(op.kind).is(effect::kAccesses)) {
    const Mapping seen = SeenByFault(before, point, page);
    value |= static_cast<uint64_t>(seen != 0 && seen == learned.mapping) << 62;
    if (seen != 0) learned.mapping = seen;
  }
  value = Mix(value, static_cast<uint64_t>(point));
  learned.low = Mix(learned.low, value);
  learned.high = (learned.high + value) * 0xd6e8feb86659fd93u;
  learned.high ^= learned.high >> 29;
}

}  // namespace gatherfuzz
