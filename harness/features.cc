// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/features.h"

#include <algorithm>
#include <bit>

namespace gatherfuzz {
namespace {

// Pairs in the first half of the map, states in the second.
constexpr size_t kHalf = kFeatureCells / 2;

constexpr PointMask kStatePoints = kBeginsGather | MaskOf(Point::pending_read) |
                                   MaskOf(Point::pending_dec) | MaskOf(Point::tlb_flush) |
                                   MaskOf(Point::free_table) | kRcuPoints | kPfnPoints |
                                   MaskOf(Point::syscall_return);

// What a step touches first, as a place: an entry or a lock by the page, or the one that there is.
struct Place {
  bool any = false, writes = false;
  uint8_t first = 0;
  uint8_t pages = 0, shift = 0;  // bits of the page's number that count, and from which on
  // Its page may be owed for; what is owed, or the state, changes with it.
  bool owed = false, clears = false, state = false;
};

constexpr PointMask kClearPoints =
    kBeginsGather | MaskOf(Point::tlb_flush) | MaskOf(Point::pte_clear) | MaskOf(Point::pmd_clear) |
    MaskOf(Point::pte_table_unlink) | MaskOf(Point::pending_dec) | MaskOf(Point::free_page);

constexpr Place PlaceOf(Touches touches) {
  const unsigned things = touches.reads | touches.writes;
  if (things == 0) return {};
  const bool writes = touches.writes != 0;
  const auto by = [&](int first, int pages_each) {
    return Place{true, writes, static_cast<uint8_t>(first), kPages - 1,
                 static_cast<uint8_t>(std::countr_zero(unsigned(pages_each)))};
  };
  const int thing = std::countr_zero(things);
  switch (static_cast<Thing>(thing)) {
    case Thing::kPte: return by(0, 1);
    case Thing::kPmd: return by(kPages, kPagesPerPmd);
    case Thing::kPteLock: return by(kPages + kPmds, kPagesPerPmd);
    case Thing::kPud: return by(kPages + 2 * kPmds, kPagesPerPud);
    case Thing::kPmdLock: return by(kPages + 2 * kPmds + kPuds, kPagesPerPud);
    case Thing::kMmapLock:
    case Thing::kCounter:
    case Thing::kPolicy:
    case Thing::kAllocator:
    case Thing::kTlb:
    case Thing::kWalkCache:
    case Thing::kQueue:
    case Thing::kRequest:
    case Thing::kMmapTurn:
    case Thing::kBatched:
    case Thing::kRmap:
    case Thing::kLoaded:
    case Thing::kCpumask:
    case Thing::kTlbGen:
    case Thing::kFolio:
    case Thing::kVmaLock:
    case Thing::kRcu:
    case Thing::kMapping: break;
  }
  return {true, writes, static_cast<uint8_t>(kPages + 2 * kPmds + 2 * kPuds + thing), 0, 0};
}

constexpr auto kPlaceOf = [] {
  static_assert(std::has_single_bit(unsigned{kPages}));
  std::array<Place, kPointCount> table;
  for (size_t i = 0; i < table.size(); ++i) {
    const auto point = static_cast<Point>(i);
    table[i] = PlaceOf(kTouches[i]);
    // A delivery names a CPU; a flush of everything, page 0.
    table[i].owed =
        Info(point).has_page && !Info(point).is(role::kNamesCpu) && point != Point::tlb_flush;
    table[i].clears = Has(kClearPoints, point);
    table[i].state = Has(kStatePoints, point);
  }
  return table;
}();

uint32_t Few(uint32_t count) { return std::min(count, 3u); }

}  // namespace

void Features::BeginRun(uint8_t* map) {
  map_ = map;
  touched_.fill({});
  debts_.fill({});
  all_ = {};
  flushed_ = 0;
  last_bits_.fill(0);
  looked_.fill(0);
  raised_.fill(0);
  paying_ = 0;
}

void Features::See(AgentId agent, Point point, int page, const World& before, int old) {
  const Made step{agent, point, page};
  const Place& place = kPlaceOf[static_cast<size_t>(point)];
  Pair(step);
  if (old != 0) [[unlikely]]
    Set(kHalf, 1u << 30 | static_cast<uint32_t>(point) << 2 | Few(static_cast<uint32_t>(old)));
  if (place.state) State(step, before);
  if (before.reclaims != 0) Pays(step, before);
  if (place.clears) Clear(step, before);
}

void Features::Pair(const Made& step) {
  const Place& place = kPlaceOf[static_cast<size_t>(step.point)];
  if (!place.any) return;
  Toucher& last =
      touched_[place.first + ((static_cast<unsigned>(step.page) & place.pages) >> place.shift)];
  const Toucher before = last;
  last = {step.agent, step.point, before.point, place.writes};
  // As one branch: none of these could be guessed.
  const bool alone = (before.point == kNoPoint) | (before.agent == step.agent);
  if (alone | !(place.writes | before.writes)) return;
  uint32_t owed = 0;
  if (place.owed && step.page >= 0) {
    const Debt foreign = ForeignDebt(CpuOf(step.agent));
    owed = (foreign.small >> step.page & 1) | (foreign.huge >> step.page / kPagesPerPmd & 1) << 1;
  }
  const auto first = static_cast<uint32_t>(before.point),
             second = static_cast<uint32_t>(step.point);
  const bool wide = (first | second) >= 64;  // the first 64 steps have the numbers they always had
  const uint32_t pair = wide ? 1u << 27 | first | second << 7 : first | second << 6;
  Set(0, pair | owed << (wide ? 14 : 12));
  if (before.previous != kNoPoint)
    Set(0, 1u << 30 | static_cast<uint32_t>(before.previous) << (wide ? 16 : 12) | pair);
}

void Features::Clear(const Made& step, const World& before) {
  if (KindOf(step.agent) != AgentKind::kCpu) return;
  if (BeginsGather(step.point)) flushed_ &= ~(1u << Index(CpuOf(step.agent)));
  if (step.point == Point::tlb_flush) flushed_ |= 1u << Index(CpuOf(step.agent));
  const CpuId cpu = CpuOf(step.agent);
  Debt& debt = debts_[static_cast<size_t>(Index(cpu))];
  const auto block = static_cast<uint16_t>(step.page < 0 ? 0 : 1u << step.page / kPagesPerPmd);
  if (step.point == Point::pte_clear) {
    debt.small |= PageBit(step.page);
    all_.small |= PageBit(step.page);
  } else if (step.point == Point::pmd_clear) {
    debt.huge |= block;
    all_.huge |= block;
  } else if (step.point == Point::pte_table_unlink) {
    debt.tables |= block;
    all_.tables |= block;
  } else if (step.point == Point::pending_dec ||
             (step.point == Point::free_page &&
              (before.at(cpu).gather.live != 0 || before.at(cpu).gather.page_count != 0))) {
    Pay(cpu);
  }
}

void Features::Pay(CpuId cpu) {
  debts_[static_cast<size_t>(Index(cpu))] = {};
  all_ = {};
  for (const Debt& debt : debts_) {
    all_.small |= debt.small;
    all_.huge |= debt.huge;
    all_.tables |= debt.tables;
  }
}

// Somebody flushes for reclaim, and then says that it has: what has come to be owed meanwhile, and
// whether a TLB holds any of it.
void Features::Pays(const Made& step, const World& before) {
  const auto cpu = static_cast<size_t>(Index(CpuOf(step.agent)));
  if (step.point == Point::batched_inc) {
    for (uint8_t& raised : raised_) raised += raised < 15;
  } else if (step.point == Point::batched_read) {
    looked_[cpu] = before.mm.batched_pending;
    raised_[cpu] = 0;
    if (before.mm.batched_pending != before.mm.batched_flushed) paying_ |= 1u << cpu;
  } else if (step.point == Point::batched_cmpxchg) {
    paying_ &= ~(1u << cpu);
    uint64_t held = 0;
    for (int i = 0; i < before.cpu_count; ++i) held |= before.cpus[i].tlb.small_valid;
    held &= ForeignDebt(CpuOf(step.agent)).small;
    Set(kHalf, 1u << 31 | raised_[cpu] | Few(static_cast<uint32_t>(std::popcount(held))) << 4 |
                   (before.mm.batched_pending < looked_[cpu] ? 1u << 6 : 0) |
                   (before.mm.batched_pending == looked_[cpu] ? 1u << 7 : 0));
  }
}

// Two CPUs never owe for the same page: a cleared entry cannot be cleared again.
Features::Debt Features::ForeignDebt(CpuId cpu) const {
  const Debt& own = debts_[static_cast<size_t>(Index(cpu))];
  return {all_.small & ~own.small, static_cast<uint16_t>(all_.huge & ~own.huge),
          static_cast<uint16_t>(all_.tables & ~own.tables)};
}

// What a gather begins with: what is in its range (a huge leaf, a table of small ones, a hole), and
// who is live.
void Features::Shape(const Made& step, const World& before) {
  const MmuGather& gather = before.at(CpuOf(step.agent)).gather;
  uint32_t shape = 0;
  for (int page = RoundDown(gather.caller_start, kPagesPerPmd); page < gather.caller_end;
       page += kPagesPerPmd) {
    const Pte pmd = EntryAt(before, page, Level::kPmd);
    shape |= pmd.none() ? 1u : pmd.table() ? 2u : 4u;
  }
  Set(kHalf, 1u << 28 | shape | Few(before.mm.tlb_flush_pending) << 3);
}

// How far those that wait in finish have been overtaken, when another call returns.
void Features::Waits(const World& before) {
  for (int i = 0; i < before.cpu_count; ++i) {
    const Call& call = before.cpus[i].call;
    if (call.waiting) Set(kHalf, 1u << 29 | call.overtaken);
  }
}

void Features::State(const Made& step, const World& before) {
  const CpuId cpu = CpuOf(step.agent);
  const MmuGather& gather = before.at(cpu).gather;
  if (BeginsGather(step.point)) Shape(step, before);
  if (step.point == Point::syscall_return) Waits(before);
  const uint64_t range = step.point == Point::syscall_return
                             ? before.at(cpu).call.examined
                             : MaskOf(PageRange{gather.caller_start, gather.caller_end});
  const Debt foreign = ForeignDebt(cpu);
  uint32_t owed = (foreign.small & range) != 0;
  unsigned owed_huge = 0;
  for (unsigned blocks = foreign.huge | foreign.tables; blocks != 0; blocks &= blocks - 1) {
    const int block = std::countr_zero(blocks);
    if ((range >> block * kPagesPerPmd & 15) == 0) continue;
    owed |= (foreign.huge >> block & 1u) << 1 | (foreign.tables >> block & 1u) << 2;
    owed_huge |= foreign.huge & 1u << block;
  }
  if (owed == 0) return;
  uint32_t held = 0;
  for (int i = 0; i < before.cpu_count; ++i) {
    const Tlb& tlb = before.cpus[i].tlb;
    held |= (tlb.small_valid & foreign.small & range) != 0 || (tlb.huge_valid & owed_huge) != 0;
  }
  uint8_t& bits = last_bits_[static_cast<size_t>(Index(cpu))];
  if (gather.live) {
    bits = static_cast<uint8_t>(gather.freed_tables | gather.cleared_ptes << 1 |
                                gather.cleared_pmds << 2 | gather.cleared_puds << 3);
  }
  const uint32_t queued = gather.page_count == 0                    ? 0
                          : gather.page_count + 1 < before.mm.batch ? 1
                                                                    : 2;
  const bool continued = (before.at(cpu).call.examined & ~range) != 0;
  Set(kHalf, static_cast<uint32_t>(step.point) | Few(before.mm.tlb_flush_pending) << 6 | owed << 8 |
                 held << 11 | uint32_t{bits} << 12 | queued << 16 |
                 (before.deliveries_pending != 0 ? 1u << 18 : 0) | (continued ? 1u << 19 : 0) |
                 (flushed_ >> Index(cpu) & 1u) << 20 |
                 (before.mm.batched_pending != before.mm.batched_flushed ? 1u << 21 : 0) |
                 (paying_ != 0 ? 1u << 22 : 0));
}

GATHERFUZZ_WRAPS void Features::Set(size_t region, uint32_t value) {
  map_[region + (value * 0x9e3779b97f4a7c15u >> 40) % kHalf] = 1;
}

}  // namespace gatherfuzz
