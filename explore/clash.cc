// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/clash.h"

#include <algorithm>
#include <bit>

#include "explore/clean.h"
#include "model/kernel/locks.h"
#include "model/kernel/page_table.h"
#include "model/machine/memory.h"
#include "model/machine/tlb.h"
#include "model/machine/walk.h"
#include "model/orders.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kEverywhere = ~uint64_t{0};

// Pages under the PMD entry, and under the PUD entry, of `page`.
uint64_t Block(int page) {
  const int first = RoundDown(page, kPagesPerPmd);
  return MaskOf({first, first + kPagesPerPmd});
}
uint64_t Span(int page) {
  const int first = RoundDown(page, kPagesPerPud);
  return MaskOf({first, first + kPagesPerPud});
}

// Pages under the entry for `page` at `level`.
uint64_t Below(int page, Level level) {
  return level == Level::kPud ? Span(page) : level == Level::kPmd ? Block(page) : PageBit(page);
}

uint64_t PagesOfBlocks(uint64_t blocks) {
  uint64_t pages = 0;
  for (; blocks != 0; blocks &= blocks - 1) {
    pages |= Block(std::countr_zero(blocks) * kPagesPerPmd);
  }
  return pages;
}
uint64_t PagesOfSpans(unsigned spans) {
  uint64_t pages = 0;
  for (; spans != 0; spans &= spans - 1) pages |= Span(std::countr_zero(spans) * kPagesPerPud);
  return pages;
}

Pte PudEntry(const World& world, int page) { return EntryAt(world, page, Level::kPud); }
Pte PmdEntry(const World& world, int page) { return EntryAt(world, page, Level::kPmd); }
Pte PteEntry(const World& world, int page) { return EntryAt(world, page, Level::kPte); }

// --- Invalidations ---

// Pages whose translation, or a table on the way to it, the request drops where it is cached.
uint64_t PagesNamed(const Invalidation& request) {
  if (request.whole) return kEverywhere;
  return request.small | PagesOfBlocks(request.huge | request.pte_tables) |
         PagesOfSpans(request.pmd_tables);
}

// What it drops: translations, by page, and table pointers, by the pages below them.
struct Drops {
  uint64_t leaves = 0, tables = 0;
};
Drops DropsOf(const CpuState& cpu, const Invalidation& request) {
  const WalkCache& cache = cpu.walk_cache;
  return {(request.small & cpu.tlb.small_valid) | PagesOfBlocks(request.huge & cpu.tlb.huge_valid),
          PagesOfBlocks(request.pte_tables & cache.pte_valid) |
              PagesOfSpans(request.pmd_tables & cache.pmd_valid)};
}

// What of `request` is left without what `other` drops too.
Invalidation Without(Invalidation request, const Invalidation& other) {
  request.small &= ~other.small;
  request.huge = static_cast<uint16_t>(request.huge & ~other.huge);
  request.pte_tables = static_cast<uint16_t>(request.pte_tables & ~other.pte_tables);
  request.pmd_tables = static_cast<uint8_t>(request.pmd_tables & ~other.pmd_tables);
  return request;
}

}  // namespace

const char* NameOf(Rule rule) {
  static constexpr std::array<const char*, kRules> kNames = {
      "idle", "release", "flush", "table",   "pte",    "lock", "huge",     "unlink",  "take",
      "free", "return",  "count", "reclaim", "policy", "walk", "delivery", "together"};
  return kNames[static_cast<size_t>(rule)];
}

const Future& Clashes::Of(CpuId cpu, bool read) const {
  const int at = Index(cpu) + (read ? kMaxCpus : 0);
  if ((is_known_ >> at & 1) == 0) {
    is_known_ = static_cast<uint16_t>(is_known_ | 1u << at);
    known_[at] =
        read ? futures_.OfThreadWhileRead(stepper_, cpu) : futures_.OfThread(stepper_, cpu);
  }
  return known_[at];
}

Clashers Clashes::With(Action action) const {
  if (IsDelivery(action)) return WithDelivery(TargetOf(action), IssuerOf(action));
  if (IsLate(action)) return WithLate(CpuOf(AgentOf(action)));
  // One that waits and could only go on with what is old may do so as long as others can move.
  if (IsOld(action) && !stepper_.Able(MoverOf(action))) return {};
  const CpuId cpu = CpuOf(AgentOf(action));
  const bool walker = KindOf(AgentOf(action)) == AgentKind::kWalker;
  const Claim claim = walker ? OfWalker(cpu) : OfThread(cpu, stepper_.Next(action));
  Clashers clashers{.known = claim.known, .rule = claim.rule};
  if (!claim.known) return clashers;
  // Where a detour begins, one thread has two steps, of which it makes one.
  if (!walker && stepper_.AtFork(cpu)) {
    clashers.agents.Add(IsDetour(action) ? MoverOf(action) : Detour(cpu));
  }
  Future thread_here = claim.threads;
  thread_here.accesses |= claim.walks_here;
  for (int i = 0; i < world_.cpu_count; ++i) {
    const CpuId other = MakeCpu(i);
    const bool here = other == cpu;
    const Future& threads = here ? thread_here : claim.threads;
    if ((walker || !here) && threads != Future{} &&
        (walker ? Of(other) : OfBefore(other, cpu)).Meets(threads)) {
      clashers.agents.Add(ActionOf(CpuAgent(other)));
    }
    if ((claim.holders >> i & 1) != 0 && !here) clashers.agents.Add(ActionOf(CpuAgent(other)));
    if (claim.returns && !here && Overtakes(world_, world_.at(other).call)) {
      clashers.agents.Add(ActionOf(CpuAgent(other)));
    }
    const uint64_t fills = claim.fills | (here ? claim.walks_here : 0);
    if (fills != 0 && !(walker && here) &&
        futures_.OfWalker(stepper_, other).Meets({.fills = fills})) {
      clashers.agents.Add(ActionOf(WalkerAgent(other)));
    }
    const Invalidation& request = world_.at(other).invalidation;
    if (claim.delivers_here != 0 && (request.undelivered & CpuBit(cpu)) != 0 &&
        (PagesNamed(request) & claim.delivers_here) != 0) {
      clashers.agents.Add(Delivery(cpu, other));
    }
  }
  AddLate(cpu, claim, clashers.agents);
  return clashers;
}

// What others have left for later is as what it stands for: a gather that begins. (That of its own
// thread is not touched by any step that does not wait for it.)
void Clashes::AddLate(CpuId cpu, const Claim& claim, Actions& agents) const {
  uint32_t late = world_.weak.late & ~uint32_t{CpuBit(cpu)};
  if (!claim.threads.Meets({.does = Future::kGathers})) return;
  for (; late != 0; late &= late - 1) agents.Add(Late(MakeCpu(std::countr_zero(late))));
}

Clashers Clashes::WithLate(CpuId cpu) const {
  const PendingStep increment{Point::pending_inc, kNoPage};
  Claim claim = OfCount(increment);
  AddMemory(cpu, increment, claim);
  Clashers clashers{.known = claim.known, .rule = claim.rule};
  for (int i = 0; i < world_.cpu_count; ++i) {
    const CpuId other = MakeCpu(i);
    if (other == cpu) continue;
    const bool overtakes = claim.returns && Overtakes(world_, world_.at(other).call);
    if (overtakes || OfBefore(other, cpu).Meets(claim.threads)) {
      clashers.agents.Add(ActionOf(CpuAgent(other)));
    }
  }
  AddLate(cpu, claim, clashers.agents);
  return clashers;
}

Clashes::Claim Clashes::OfThread(CpuId cpu, PendingStep next) const {
  // Whom an increment clashes with, one that is left for later does, at most.
  if (BeginsGather(next.point)) next.point = Point::pending_inc;
  Claim claim = OfStep(cpu, next);
  if (!world_.sc()) [[unlikely]]
    AddMemory(cpu, next, claim);
  return claim;
}

namespace {

// Whether a walk may come yet, and find what is not there any more.
bool WalksMayCome(const World& world) {
  const auto& looks = world.weak.looks;
  return std::any_of(looks.begin() + kMaxCpus, looks.end(),
                     [](uint64_t pages) { return pages != 0; });
}

}  // namespace

// Whom the memory model adds.
void Clashes::AddMemory(CpuId cpu, PendingStep next, Claim& claim) const {
  const OrderInfo* info = MemoryOrderOf(next.point);
  if (info == nullptr) {
    // A table that is given back takes its stores in flight along. What is judged must not come to
    // be cached yet by a walk that finds what is not there any more.
    const bool judged = next.point == Point::free_page || next.point == Point::syscall_return;
    claim.known =
        claim.known && next.point != Point::free_table && !(judged && WalksMayCome(world_));
    return;
  }
  const ThingMask things = Info(next.point).touches.reads | Info(next.point).touches.writes;
  if ((things & (MaskOf(Thing::kCounter) | MaskOf(Thing::kPolicy))) != 0) {
    claim.threads.does |= Future::kGathers | Future::kBegins | Future::kAsks;
  }
  // All full barriers are in one order, and they stand in gathers and flushes, or are made
  // stronger.
  if (stepper_.order(next.point) == MemoryOrder::full) {
    claim.threads.does |= Future::kGathers | Future::kBegins | Future::kFlushes;
    claim.known = claim.known && !stepper_.schedule().orders.any();
  }
  if (info->access == MemoryAccess::kDsb) claim.fills = claim.threads.accesses = kEverywhere;
  const bool of_mmap = (things & (MaskOf(Thing::kMmapLock) | MaskOf(Thing::kMmapTurn))) != 0;
  if (of_mmap) {
    claim.threads.does |= Future::kLocksMmap;
    if (info->access == MemoryAccess::kLock) {
      claim.holders |= world_.mm.mmap_readers & ~unsigned{CpuBit(cpu)};
    } else {
      claim.walks_here = kEverywhere;  // back in user space, its walker sees what it has
    }
  }
  if (Info(next.point).is(role::kRemoves) && info->access == MemoryAccess::kUpdate) {
    const Pte leaf = LastEntry(world_, next.page);
    claim.known = claim.known && !leaf.none();  // it may have been removed by somebody else
  }
  if (Info(next.point).is(role::kWalk)) {
    claim.known = claim.known && stepper_.OldChoices(CpuAgent(cpu)) == 0;
  }
}

Clashes::Claim Clashes::OfStep(CpuId cpu, PendingStep next) const {
  // With an invalidation that it does not wait for, what it does next depends on its deliveries.
  if (world_.at(cpu).invalidation.undelivered != 0) return {};
  switch (Info(next.point).clash) {
    case ClashRule::kIdle: return {true, Rule::kIdle};
    case ClashRule::kFlush: return {true, Rule::kFlush};
    case ClashRule::kFlushDone: return {true, Rule::kFlush, {.does = IfItWaits()}};
    case ClashRule::kUnlock: return OfUnlock(cpu, next);
    case ClashRule::kMmapLock: return OfMmapLock(next);
    case ClashRule::kTableLock: return OfLock(next);
    case ClashRule::kUpperEntry: return OfUpperEntry(next);
    case ClashRule::kPte: return OfPte(cpu, next);
    case ClashRule::kMarker: return {true, Rule::kPte};  // to a walk it is as none
    case ClashRule::kUnlink: return OfUnlink(cpu, next);
    case ClashRule::kTake: return OfTake(next);
    case ClashRule::kFree: return OfFree(cpu, next);
    case ClashRule::kReturn: return OfReturn(cpu);
    case ClashRule::kCount: return OfCount(next);
    case ClashRule::kPolicy: return OfPolicy();
    case ClashRule::kAccess: return OfAccess(cpu, next.page);
    case ClashRule::kWalk: return OfWalk(cpu, world_.at(cpu).walks[kOwnWalk], true);
    case ClashRule::kReclaim: return OfReclaim(cpu, next);
    case ClashRule::kAnybody: break;
  }
  return {};
}

// As long as it is held, a lock keeps out whoever could mind; but for those who come to write, and
// queue where they find mmap_lock taken.
Clashes::Claim Clashes::OfUnlock(CpuId cpu, PendingStep next) const {
  Claim claim{true, Rule::kRelease};
  if (next.point == Point::mmap_read_unlock || next.point == Point::mmap_write_unlock) {
    claim.threads.does = Future::kWritesMmap;
  }
  if (next.point == Point::mmap_read_unlock &&
      Info(stepper_.OpInProgress(cpu).kind).is(effect::kAccesses)) {
    // The end of a page fault, which is judged if it found a leaf in place more than once.
    claim.known = stepper_.LearnedBy(cpu).mapping == 0;
  }
  if (next.point == Point::pte_unlock) claim.threads.does = IfItWaits();
  if (next.point == Point::pmd_unlock) {
    claim.known = HasRoom(cpu);  // for a huge page
    claim.threads.does = IfItWaits();
    // It is looked at once more, and the hardware sets A and D without a lock.
    if (PmdEntry(world_, next.page).leaf()) {
      claim.threads.accesses = claim.fills = Block(next.page);
    }
  }
  return claim;
}

Clashes::Claim Clashes::OfLock(PendingStep next) const {
  Claim claim{true, Rule::kLock};
  if (next.point == Point::pte_lock) {
    claim.threads.pte_locks = static_cast<uint16_t>(1u << next.page / kPagesPerPmd);
    return claim;
  }
  // pmd_lock, which page faults take, and what finds a huge leaf
  claim.threads.accesses = Span(next.page);
  if (futures_.huge()) claim.threads.zaps = Span(next.page);
  if (PmdEntry(world_, next.page).leaf()) claim.fills = Block(next.page);
  return claim;
}

// A writer takes the lock or queues, as it finds it: those who hold it make the difference too.
Clashes::Claim Clashes::OfMmapLock(PendingStep next) const {
  Claim claim{true, Rule::kLock};
  if (next.point == Point::mmap_read_lock) {
    // Where a writer queues, the first reader to steal the lock keeps others out.
    claim.threads.does = world_.mm.mmap_queue != 0 ? Future::kLocksMmap : Future::kWritesMmap;
    return claim;
  }
  claim.threads.does = Future::kLocksMmap;
  if (next.point == Point::mmap_write_lock) {
    const Mm& mm = world_.mm;
    claim.holders = mm.mmap_readers | (mm.mmap_writer != 0 ? 1u << (mm.mmap_writer - 1) : 0u);
  }
  return claim;
}

// PUD entries, and PMD entries. As long as mmap_lock is held, a table that was found stays: there
// is a VMA, or nobody else may unlink it.
Clashes::Claim Clashes::OfUpperEntry(PendingStep next) const {
  Claim claim{true, Rule::kTable};
  const uint64_t block = Block(next.page);
  if (next.point == Point::pud_read) {
    if (PudEntry(world_, next.page).table()) return claim;
    claim.threads.accesses = Span(next.page);
  } else if (next.point == Point::pmd_read) {
    if (PmdEntry(world_, next.page).table()) return claim;
    claim.known = PmdEntry(world_, next.page).none();
    claim.threads.accesses = block;
  } else {
    claim.rule = Rule::kHuge;
    claim.threads.accesses = claim.threads.zaps = claim.fills = block;
  }
  claim.threads.does = IfItWaits();
  return claim;
}

// Nobody has business there any more, but the hardware; also where a table has just come to.
Clashes::Claim Clashes::OfUnlink(CpuId cpu, PendingStep next) const {
  if (next.point == Point::pmd_move) {
    const Op& op = stepper_.OpInProgress(cpu);
    const uint64_t both = Block(next.page) | Block(next.page + op.to - op.range.begin);
    return {true, Rule::kUnlink, {.accesses = both, .does = IfItWaits()}, both};
  }
  const bool pte_table = next.point == Point::pte_table_unlink;
  const uint64_t below = pte_table ? Block(next.page) : Span(next.page);
  return {true, Rule::kUnlink, {.accesses = below, .does = IfItWaits()}, below};
}

// Under the lock of its table, a PTE is the hardware's and the lock's holder's.
Clashes::Claim Clashes::OfPte(CpuId cpu, PendingStep next) const {
  Claim claim{true, Rule::kPte};
  // A walk ends at an empty one and leaves it as it is.
  if (next.point == Point::pte_read && !PteEntry(world_, next.page).present()) return claim;
  claim.known = next.point != Point::pte_clear || HasRoom(cpu);
  claim.threads.accesses = claim.fills = PageBit(next.page);
  return claim;
}

// The lowest free frame is taken, so it counts which others have been taken and freed.
Clashes::Claim Clashes::OfTake(PendingStep next) const {
  Claim claim{true, Rule::kTake, {.does = Future::kTakesFrames | Future::kFlushes}};
  if (next.point == Point::alloc_page) return claim;
  claim.known = world_.mm.table_frames <= kMaxTables;
  claim.fills = Span(next.page);
  return claim;
}

// If nothing refers to the frame by now, nothing can come to.
Clashes::Claim Clashes::OfFree(CpuId cpu, PendingStep next) const {
  const Claim claim{true, Rule::kFree, {.does = Future::kTakesFrames | IfItWaits()}};
  const MmuGather& gather = world_.at(cpu).gather;
  const bool is_page = next.point == Point::free_page;
  const size_t count = is_page ? gather.page_count : gather.table_count;
  for (size_t i = 0; i < count; ++i) {
    const Queued item = is_page ? gather.pages[i] : gather.tables[i];
    if (Index(item.frame) == 0) continue;  // freed already
    const bool clean = is_page ? PageFreesClean(world_, item) : TableFreesClean(world_, item);
    return int{item.page} == int{next.page} && clean ? claim : Claim{};
  }
  return {};
}

// The count that gathers share. When a call returns, the waits that it overtook are judged by it.
Clashes::Claim Clashes::OfCount(PendingStep next) const {
  Claim claim{true, Rule::kCount};
  claim.returns = waits_;
  if (next.point == Point::pending_read || next.point == Point::pte_accessible) {
    claim.threads.does = Future::kGathers;
    return claim;
  }
  claim.threads.does = Future::kAsks;
  if (next.point == Point::pending_inc) {
    claim.threads.accesses = kEverywhere;  // a fault that waits for quiet
  } else {
    claim.known = world_.mm.tlb_flush_pending != 0;
  }
  return claim;
}

// What a policy adds to the count; it judges waits as well.
Clashes::Claim Clashes::OfPolicy() const {
  Claim claim{true, Rule::kPolicy, {.does = Future::kGathers}};
  claim.returns = waits_;
  return claim;
}

// Who pays for reclaim holds a page-table lock, as reclaim does when it owes. It looks for tables
// that faults link and munmap unlinks, which waits for those that are on their way.
Clashes::Claim Clashes::OfReclaim(CpuId cpu, PendingStep next) const {
  Claim claim{true, Rule::kReclaim};
  if (next.point == Point::start_io) {
    claim.known = IoStartsClean(world_, cpu);
  } else if (next.point == Point::rmap_lock) {
    claim.threads.accesses = Span(next.page);
    if (futures_.huge()) claim.threads.zaps = Span(next.page);
    claim.threads.unmaps = kEverywhere;
  } else {
    claim.threads.pte_locks = 0xffff;
  }
  return claim;
}

Clashes::Claim Clashes::OfReturn(CpuId cpu) const {
  if (!ReturnsClean(world_, cpu) || Overtakes(world_, world_.at(cpu).call)) return {};
  return {true, Rule::kReturn};
}

// Looks into the TLB and then, for where to begin, into the walk cache. What is not there can only
// come by a walk of the same CPU.
Clashes::Claim Clashes::OfAccess(CpuId cpu, int page) const {
  Claim claim{true, Rule::kWalk};
  const Walk walk = NewWalk(world_, cpu, page, false);
  claim.walks_here = Below(page, std::max(walk.level, Level::kPmd));
  if (walk.level == Level::kPud && Lookup(world_.at(cpu).tlb, page) == nullptr) return claim;
  claim.threads.does = Future::kFlushes;
  claim.delivers_here = PageBit(page);
  return claim;
}

// Reads an entry, and caches a pointer to a table, or a leaf in which it sets A or D.
Clashes::Claim Clashes::OfWalk(CpuId cpu, const Walk& walk, bool asked) const {
  if (!walk.active()) return {};
  Claim claim{true, Rule::kWalk};
  const Pte entry = world_.at(walk.at.frame).entries[EntryIndex(walk.page, walk.level)];
  const uint64_t below = Below(walk.page, walk.level);
  if (!entry.table()) claim.threads.accesses = below;
  // Where absent entries are not remembered (H7), this one changes nothing.
  const bool remembers = stepper_.hardware().caches_absent_entries;
  if (walk.level == Level::kPud && entry.none() && !remembers) return claim;
  claim.threads.does = Future::kFlushes;
  claim.walks_here = below;
  claim.delivers_here = PageBit(walk.page);
  if (!entry.leaf()) return claim;
  claim.known = world_.at(entry.frame).state == FrameState::kData;
  const bool changes = (!entry.accessed() && (futures_.cleans() & below) != 0) ||
                       (walk.write != 0 && !entry.dirty());
  if (asked && changes) claim.fills = below;
  claim.threads.zaps = ReplacesStale(cpu, walk, entry);
  return claim;
}

// The pages of what the walk of a write takes out of the TLB, if that is older than the leaf: calls
// that answer for it may return before or after.
uint64_t Clashes::ReplacesStale(CpuId cpu, const Walk& walk, Pte leaf) const {
  const Tlb& tlb = world_.at(cpu).tlb;
  const int block = walk.page / kPagesPerPmd;
  uint64_t pages = 0;
  if (walk.write == 0) return pages;
  if ((tlb.small_valid & PageBit(walk.page)) != 0 && tlb.small[walk.page].mapping != leaf.mapping) {
    pages |= PageBit(walk.page);
  }
  if ((tlb.huge_valid & PageBit(block)) != 0 && tlb.huge[block].mapping != leaf.mapping) {
    pages |= Block(walk.page);
  }
  return pages;
}

Clashes::Claim Clashes::OfWalker(CpuId cpu) const {
  // What it finds may be old, and then cannot be told from the tables.
  if (!world_.sc() && stepper_.OldChoices(WalkerAgent(cpu)) != 0) return {};
  const Walk& walk = world_.at(cpu).walks[kWalkerWalk];
  if (walk.active()) return OfWalk(cpu, walk, false);
  const int page = stepper_.FillPage(cpu);
  Claim claim = OfWalk(cpu, NewWalk(world_, cpu, page, false), false);
  const Tlb& tlb = world_.at(cpu).tlb;
  uint64_t evicts = tlb.small_valid & PageBit(page);
  if ((tlb.huge_valid >> page / kPagesPerPmd & 1) != 0) evicts |= Block(page);
  if (evicts == 0) return claim;
  // What it evicts, others look at: accesses and deliveries there, frees and returns of calls.
  claim.threads.zaps |= evicts;
  claim.threads.does |= Future::kFlushes;
  claim.walks_here |= evicts;
  claim.delivers_here |= evicts;
  return claim;
}

// Whoever looks at what it drops: walks of its CPU, and the oracle when others free or return.
Clashers Clashes::WithDelivery(CpuId target, CpuId issuer) const {
  Clashers clashers{.rule = Rule::kDelivery};
  const auto awaits = [&](CpuId cpu) {
    return stepper_.Next(ActionOf(CpuAgent(cpu))).point == Point::tlb_flush_done;
  };
  if (!awaits(issuer)) return clashers;
  clashers.known = true;
  const Invalidation& request = world_.at(issuer).invalidation;
  const CpuState& there = world_.at(target);
  const uint64_t named = PagesNamed(request);
  if (futures_.OfWalker(stepper_, target).Meets({.fills = named})) {
    clashers.agents.Add(ActionOf(WalkerAgent(target)));
  }
  const Drops all = DropsOf(there, request);
  for (int i = 0; i < world_.cpu_count; ++i) {
    const CpuId cpu = MakeCpu(i);
    if (cpu == issuer) continue;
    Drops drops = all;
    const Invalidation& own = world_.at(cpu).invalidation;
    // A request of its own has to be delivered there before it looks.
    const bool own_first = (own.undelivered & CpuBit(target)) != 0 && awaits(cpu);
    if (own_first) drops = DropsOf(there, Without(request, own));
    const Future looks{
        .accesses = cpu == target ? named : 0, .zaps = drops.leaves, .unmaps = drops.tables};
    if (looks != Future{} && OfBefore(cpu, issuer).Meets(looks)) {
      clashers.agents.Add(ActionOf(CpuAgent(cpu)));
    }
  }
  return clashers;
}

// --- Who is blocked by whom ---

Actions Clashes::Blockers(CpuId cpu) const {
  if (stepper_.WaitsForLate(cpu)) return Actions::Only(Late(cpu));
  const Action thread = ActionOf(CpuAgent(cpu));
  Point at = stepper_.Next(thread).point;
  // Behind who queues to write, all that read have to go.
  if (at == Point::mmap_read_lock && world_.mm.mmap_writer == 0) at = Point::mmap_write_wait;
  const int holder = HolderOf(world_, at, stepper_.WaitArgument(cpu));
  if (holder >= 0) return Actions::Only(ActionOf(CpuAgent(MakeCpu(holder))));
  if (at == Point::tlb_flush_done) {
    const uint8_t undelivered = world_.at(cpu).invalidation.undelivered;
    return Actions::Only(Delivery(MakeCpu(std::countr_zero(undelivered)), cpu));
  }
  Actions others;
  for (int i = 0; at == Point::finish_wait && i < world_.cpu_count; ++i) {
    const bool may = MakeCpu(i) != cpu && Of(MakeCpu(i)).Meets({.does = Future::kGathers});
    if (may) others.Add(ActionOf(CpuAgent(MakeCpu(i))));
  }
  return others;
}

}  // namespace gatherfuzz
