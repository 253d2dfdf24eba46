// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/learned.h"

#include <cstring>

#include "harness/agents.h"
#include "model/kernel/switch_mm.h"
#include "model/kernel/zap.h"
#include "model/machine/frames.h"
#include "model/machine/tlb.h"

namespace gatherfuzz {
namespace {

bool In(PointMask points, Point point) { return (points & MaskOf(point)) != 0; }

uint64_t ValueOf(Pte entry) { return static_cast<uint64_t>(Index(entry.frame)) << 8 | entry.flags; }

Pte PudOf(const World& world, int page) { return EntryAt(world, page, Level::kPud); }
Pte PmdOf(const World& world, int page) { return EntryAt(world, page, Level::kPmd); }
Pte PteOf(const World& world, int page) { return EntryAt(world, page, Level::kPte); }

bool IsFree(const Mm& mm) { return mm.mmap_writer == 0 && mm.mmap_readers == 0; }

// Whether memory for a table may be short. Where nothing else has tables that are unlinked, that is
// if there are as many as there can be.
bool ShortOfTables(const World& world) {
  return world.rcu != 0 ? !HasTable(world) : world.mm.table_frames > kMaxTables;
}

// What the allocator would give: the lowest frame, the lowest block, and whether there is room.
uint64_t NextFrames(const World& world) {
  const int room = DataRoom(world);
  return static_cast<uint64_t>(LowestFree(world, Level::kPte) + 1) |
         static_cast<uint64_t>(LowestFree(world, Level::kPmd) + 1) << 8 |
         static_cast<uint64_t>(room >= kPagesPerPmd ? 2
                               : room > 0           ? 1
                                                    : 0)
             << 16 |
         static_cast<uint64_t>(ShortOfTables(world)) << 24;
}

uint64_t Vmas(const Mm& mm) {
  const uint64_t vmas =
      Mix(Mix(Mix(Mix(0, mm.vma_pages), mm.vma_starts), mm.vma_write), mm.vma_huge);
  return mm.vma_none == 0 ? vmas : Mix(vmas, mm.vma_none);
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
  if (entry != nullptr) return 2 + entry->flags;
  return (cpu.tlb.absent & PageBit(page)) != 0 ? 1 : 0;
}

// The entry its own walk reads, or that an invalidation has ended the walk.
uint64_t WalkRead(const World& world, CpuId cpu) {
  const Walk& walk = world.at(cpu).walks[kOwnWalk];
  if (!walk.active()) return 0;
  return 1 + world.at(walk.at.frame).entries[EntryIndex(walk.page, walk.level)].flags;
}

// What a switch goes by: what the CPU has loaded, and has chosen.
uint64_t LoadedBy(const World& world, CpuId cpu) {
  const SwitchCpu& it = world.switching.at(cpu);
  const auto& gen = world.switching.tlb_gen;
  uint64_t loaded = static_cast<uint64_t>(it.loaded_mm) | static_cast<uint64_t>(it.is_lazy) << 8;
  if (world.invlpgb != 0) {
    const Broadcast& all = world.broadcast;
    loaded |= static_cast<uint64_t>(all.global_asid) << 10 |
              static_cast<uint64_t>(all.asid_transition) << 11 |
              static_cast<uint64_t>(all.at(cpu).loaded_asid) << 12;
    if (it.slot == kGlobalSlot) return loaded;
  }
  const Slot& slot = it.slots[it.slot];
  const bool stale = slot.generation != gen[static_cast<size_t>(Index(slot.mm))];
  return loaded | static_cast<uint64_t>(stale) << 9;
}

uint64_t LoadedByOther(const World& world, CpuId other) {
  return static_cast<uint64_t>(world.switching.at(other).loaded_mm) |
         static_cast<uint64_t>(world.broadcast.at(other).loaded_asid) << 8;
}

// What is known of frames beside what maps them.
uint64_t FoliosOf(const World& world) {
  uint64_t hash = 0;
  for (size_t i = 0; i < world.folios.size(); ++i) {
    const Folio& it = world.folios[i];
    const uint64_t known = static_cast<uint64_t>(it.refs) | static_cast<uint64_t>(it.others) << 8 |
                           static_cast<uint64_t>(it.lock_owner) << 16 |
                           static_cast<uint64_t>(it.shared) << 24 |
                           static_cast<uint64_t>(it.holds) << 32;
    if (known != 0) hash = Mix(Mix(hash, i), known);
  }
  return hash;
}

// Which PFN maps are linked, and which frames their owner has.
uint64_t MappingOf(const World& world) {
  uint64_t hash = world.pfn_maps.linked;
  for (const FrameId frame : world.pfn_maps.frames) {
    hash = Mix(hash, static_cast<uint64_t>(Index(frame)));
  }
  return hash;
}

// The PMD table that mms share: whose it is, and the leaves in it.
uint64_t SharedAt(const World& world, int page) {
  const Pte own = PudOf(world, page);
  const FrameId other = world.others_tables[static_cast<size_t>(page / kPagesPerPud)];
  uint64_t hash = Mix(ValueOf(own), static_cast<uint64_t>(Index(other)));
  for (const FrameId table : {own.table() ? own.frame : kRootFrame, other}) {
    if (table == kRootFrame) continue;
    for (const Pte& entry : world.at(table).entries) hash = Mix(hash, ValueOf(entry));
  }
  return hash;
}

// --- Of a kernel's own tlb.c ---

// The steps behind which it reads the variables of its CPU.
constexpr PointMask kOfCpuCode =
    kSwitchPoints | MaskOf(Point::tlb_flush) | MaskOf(Point::tlb_flush_done);
// The steps at which it reads mm_cpumask(); and loaded_mm or is_lazy of another CPU.
constexpr PointMask kReadsMask =
    MaskOf(Point::mm_cpumask_read) | MaskOf(Point::tlb_flush) | MaskOf(Point::pte_clear);
constexpr PointMask kReadsOther = MaskOf(Point::should_flush_tlb) | MaskOf(Point::is_lazy_read) |
                                  MaskOf(Point::loaded_mm_read) | MaskOf(Point::loaded_asid_read);

// All that it can read at a step and up to the next one. Generations are as they are, since it may
// hold one against another later (key.cc has them so, too).
uint64_t ReadByCpuCode(const World& world, CpuId cpu, Point point, int page) {
  const Switching& all = world.switching;
  uint64_t hash = 0;
  if (In(kOfCpuCode, point)) {
    const SwitchCpu& it = all.at(cpu);
    for (const int field :
         {Index(it.loaded_mm), Index(it.root), int{it.slot}, int{it.said_slot}, int{it.next_slot},
          int{it.is_lazy}, int{it.irqs_off}, int{it.batch_mask}, int{it.flush_mask}}) {
      hash = Mix(hash, static_cast<uint64_t>(field));
    }
    for (const Slot& slot : it.slots) {
      hash = Mix(hash, static_cast<uint64_t>(Index(slot.mm)) << 16 | slot.generation);
    }
    for (const uint16_t generation : all.tlb_gen) hash = Mix(hash, generation);
    if (world.invlpgb != 0) {
      const Broadcast& its = world.broadcast;
      hash = Mix(hash, static_cast<uint64_t>(its.global_asid) << 1 | its.asid_transition);
    }
  }
  if (In(kReadsMask, point)) {
    for (const uint8_t mask : all.cpumask) hash = Mix(hash, mask);
  }
  if (In(kReadsOther, point) && 0 <= page && page < world.cpu_count) {
    const SwitchCpu& other = all.at(MakeCpu(page));
    hash = Mix(hash, static_cast<uint64_t>(Index(other.loaded_mm)) << 8 | other.is_lazy);
    if (world.invlpgb != 0) hash = Mix(hash, world.broadcast.at(MakeCpu(page)).loaded_asid);
  }
  return hash;
}

// Where ASIDs are allocated by a kernel's own context.c: of one variable, without the lock; with it
// of all.
constexpr PointMask kWithoutAsidLock = MaskOf(Point::asid_read) | MaskOf(Point::active_asids_read) |
                                       MaskOf(Point::asid_generation_read) |
                                       MaskOf(Point::active_asids_cmpxchg);

uint64_t ReadByAsidCode(const World& world, CpuId cpu, Point point) {
  if (!In(kAsidPoints, point)) return 0;
  const Asids& asids = world.switching.asids;
  const ContextId active = asids.active_asids[static_cast<size_t>(Index(cpu))];
  uint64_t hash = asids.generation;
  if (point == Point::asid_generation_read) return hash;
  if (In(kWithoutAsidLock, point) && point != Point::asid_read) return active;
  for (const ContextId id : asids.id) hash = Mix(hash, id);
  if (point == Point::asid_read) return hash;
  for (const ContextId id : asids.active_asids) hash = Mix(hash, id);
  for (const ContextId id : asids.reserved_asids) hash = Mix(hash, id);
  const SwitchCpu& it = world.switching.at(cpu);
  for (const int field : {int{asids.next}, int{asids.map}, int{asids.tlb_flush_pending},
                          int{it.slot_asid[it.slot]}}) {
    hash = Mix(hash, static_cast<uint64_t>(field));
  }
  return hash;
}

uint64_t Read(const World& world, CpuId cpu, Point point, int page) {
  switch (Info(point).teaches) {
    case Teaches::kVmasIfFree: return IsFree(world.mm) ? Vmas(world.mm) : 0;
    case Teaches::kVmas: return Vmas(world.mm);
    case Teaches::kVmaLocks: return Mix(Vmas(world.mm), world.mm.vma_locked);
    case Teaches::kPudEntry: return ValueOf(PudOf(world, page));
    case Teaches::kPudAndFrames: return ValueOf(PudOf(world, page)) << 32 | NextFrames(world);
    case Teaches::kPmdEntry: return ValueOf(PmdOf(world, page));
    case Teaches::kPmdAndFrames: return ValueOf(PmdOf(world, page)) << 32 | NextFrames(world);
    case Teaches::kPteEntry: return ValueOf(PteOf(world, page));
    case Teaches::kFrames: return NextFrames(world);
    case Teaches::kNested: return world.mm.tlb_flush_pending > 1;
    case Teaches::kPending: return world.mm.tlb_flush_pending > 0;
    case Teaches::kPolicyState: return PolicyState(world.mm);
    case Teaches::kBatched:  // and where it goes on, which the flush behind it does not say
      return static_cast<uint64_t>(world.mm.batched_pending) << 16 | world.mm.batched_flushed |
             static_cast<uint64_t>(page) << 32;
    case Teaches::kLoaded: return LoadedBy(world, cpu);
    case Teaches::kOtherLoaded: return LoadedByOther(world, MakeCpu(page));
    case Teaches::kTranslation: return ThroughTlb(world.at(cpu), page);
    case Teaches::kWalked: return WalkRead(world, cpu);
    case Teaches::kFolios: return Mix(FoliosOf(world), ValueOf(PteOf(world, page)));
    case Teaches::kMapping: return MappingOf(world);
    case Teaches::kShared: return SharedAt(world, page);
    case Teaches::kEverything: return Digest(world);
    case Teaches::kOwnCode:  // ReadByCpuCode() has it
    case Teaches::kNothing:
    case Teaches::kUnsaid: break;
  }
  return 0;
}

// Steps that only policies make, and the verbs of the base.
constexpr PointMask kOfPolicy =
    MaskOf(Point::pending_inc) | MaskOf(Point::pending_read) | MaskOf(Point::pending_dec) |
    MaskOf(Point::policy_read) | MaskOf(Point::policy_write) | MaskOf(Point::policy_rmw) |
    MaskOf(Point::finish_wait) | MaskOf(Point::tlb_flush) | MaskOf(Point::tlb_flush_done) |
    MaskOf(Point::free_page) | MaskOf(Point::free_table) | MaskOf(Point::call_rcu);

// --- All that is read ---

// The mapping of a leaf that a page fault finds in place, at the steps where it looks.
Mapping SeenByFault(const World& world, Point point, int page) {
  if (!Info(point).teaches_mapping) return 0;
  const Pte pmd = PmdOf(world, page);
  const Pte leaf = Info(point).teaches == Teaches::kPteEntry ? PteOf(world, page)
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
    const uint64_t seen = ValueOf(PmdOf(before, page));
    learned.again = learned.again && seen == learned.pmd;
    learned.pmd = seen;
  } else if (point == Point::batched_read) {
    learned.again = false;  // it reads a word that is put to use
  } else if (point == Point::pte_read) {
    learned.again = false;
    learned.low_before = learned.low;
    learned.high_before = learned.high;
  }
  return learned.again;
}

GATHERFUZZ_WRAPS void Note(uint64_t& low, uint64_t& high, Point point, uint64_t value) {
  value = Mix(value, static_cast<uint64_t>(point));
  low = Mix(low, value);
  high = (high + value) * 0xd6e8feb86659fd93u;
  high ^= high >> 29;
}

void NoteStep(Learned& learned, Point point, uint64_t value) {
  Note(learned.low, learned.high, point, value);
  ++learned.noted;
}

// Of a thread of which all counts: whose code its policy's is, whether that recalls what it reads,
// whether its path remembers that it has dropped a lock (MayReclaimTables(), or a path of which
// that is not known), and whether the CPU side is a kernel's own.
struct WhoLearns {
  bool foreign, recalls, remembers, cpu_code, asid_code;
};

void LearnAll(Learned& learned, const World& before, CpuId cpu, const Op& op, Point point, int page,
              WhoLearns who) {
  if (point == Point::pte_read || In(kDetourPoints, point)) learned.noted = 0;
  if (!who.remembers && GoesBack(learned, before, point, page)) return;
  const bool used = !who.recalls && In(kOfPolicy, point);
  uint64_t value = used                                          ? 0
                   : who.foreign && point == Point::pending_read ? before.mm.tlb_flush_pending
                                                                 : Read(before, cpu, point, page);
  if (who.cpu_code) value = Mix(value, ReadByCpuCode(before, cpu, point, page));
  if (who.asid_code) value = Mix(value, ReadByAsidCode(before, cpu, point));
  if (Info(op.kind).is(effect::kAccesses)) {
    const Mapping seen = SeenByFault(before, point, page);
    value |= static_cast<uint64_t>(seen != 0 && seen == learned.mapping) << 62;
    if (seen != 0) learned.mapping = seen;
  }
  NoteStep(learned, point, value);
}

// --- Of a call ---

constexpr PointMask kCallSettles =
    MaskOf(Point::mmap_write_lock) | MaskOf(Point::mmap_write_wait) |
    MaskOf(Point::mmap_read_lock) | MaskOf(Point::mmap_write_downgrade) | MaskOf(Point::vma_link) |
    MaskOf(Point::vma_detach) | MaskOf(Point::pud_read) | MaskOf(Point::pmd_read) |
    MaskOf(Point::pte_read) | MaskOf(Point::pte_table_unlink) | MaskOf(Point::pmd_table_unlink) |
    MaskOf(Point::rmap_lock) | MaskOf(Point::vma_protect) | MaskOf(Point::vma_start_read) |
    MaskOf(Point::vma_start_write);
// Behind which nothing is done but to finish and to return.
constexpr PointMask kCallEnds = MaskOf(Point::mmap_read_unlock) | MaskOf(Point::mmap_write_unlock) |
                                MaskOf(Point::vma_end_read) | MaskOf(Point::syscall_return);
// Behind which a path knows as much as behind a PTE that it did not touch.
constexpr PointMask kPteDone =
    MaskOf(Point::pte_read) | MaskOf(Point::need_resched) | MaskOf(Point::pte_set);

// Behind which the lock of a PTE table was just taken, and reclaim paid for.
constexpr PointMask kLocksPte =
    MaskOf(Point::pte_lock) | MaskOf(Point::batched_read) | MaskOf(Point::batched_cmpxchg);

void Settle(Learned& learned) {
  learned.low = learned.call_low;
  learned.high = learned.call_high;
  learned.frame = FrameId{};
  learned.noted = 0;
}

// The pieces that VMAs have in the range of a munmap, which goes by them once they are taken out.
uint64_t Pieces(const Mm& mm, PageRange range) {
  return Mix(mm.vma_pages & MaskOf(range), mm.vma_starts & MaskOf(range));
}

// What is known to the end of the call: the pieces of a munmap, and how far it is.
void LearnForTheCall(Learned& learned, const World& before, const Op& op, Point point) {
  if (point == Point::pending_inc) {
    NoteStep(learned, point, 0);
    return Note(learned.call_low, learned.call_high, point, 0);
  }
  const bool locks = point == Point::mmap_write_lock || point == Point::mmap_write_wait;
  if (!locks && point != Point::vma_detach) return;
  if (locks) learned.call_low = learned.call_high = 0;
  const bool queues = point == Point::mmap_write_lock && !IsFree(before.mm);
  if (Info(op.kind).is(effect::kUnmaps) && !queues) {
    const uint64_t value = locks ? Pieces(before.mm, op.range) : 0;
    Note(learned.call_low, learned.call_high, locks ? Point::mmap_write_lock : point, value);
  }
  Settle(learned);
}

// The steps of calls, of what is read at which the next step tells all, but for a frame, or the
// state does. (A lock that is held keeps what was read under it as it was.)
constexpr PointMask kCallTells =
    kCallSettles | kCallEnds | kPteDone | MaskOf(Point::pte_clear) | MaskOf(Point::pte_lock) |
    MaskOf(Point::pte_unlock) | MaskOf(Point::pmd_lock) | MaskOf(Point::pmd_unlock) |
    MaskOf(Point::pmd_set) | MaskOf(Point::pmd_invalidate) | MaskOf(Point::pmd_clear) |
    MaskOf(Point::pmd_populate) | MaskOf(Point::split_folio) | MaskOf(Point::rmap_unlock) |
    MaskOf(Point::batched_inc);

uint8_t MaskOfOthers(const World& world, CpuId cpu) {
  const uint8_t mask = world.switching.cpumask[static_cast<size_t>(Index(MmId::kMm0))];
  return static_cast<uint8_t>(mask & ~CpuBit(cpu));
}

// MADV_FREE takes A and D away.
unsigned KeptBy(const Op& op) {
  return Info(op.kind).is(effect::kCleans) ? ~unsigned{Pte::kAccessed | Pte::kDirty} : ~0u;
}

uint64_t ReadByCall(Learned& learned, const World& before, CpuId cpu, const Op& op, Point point,
                    int page) {
  // A walk that puts guard markers has come to its end, or to something that is in the way.
  if (point == Point::pte_unlock && Info(op.kind).is(effect::kGuards)) {
    return PteOf(before, page).present();
  }
  if (point == Point::pmd_clear) learned.frame = PmdOf(before, page).frame;
  if (point == Point::pte_clear) learned.frame = PteOf(before, page).frame;
  // Whether it defers its flush, reclaim goes by mm_cpumask().
  if (point == Point::pte_clear && before.switches != 0) return MaskOfOthers(before, cpu) != 0;
  // What is put back or set anew has the flags of what was there.
  const bool keeps = Info(op.kind).is(effect::kCleans | effect::kProtects);
  if (keeps && point == Point::pte_clear) return PteOf(before, page).flags & KeptBy(op);
  if (keeps && point == Point::pmd_invalidate) return PmdOf(before, page).flags & KeptBy(op);
  return In(kCallTells, point) ? 0 : Read(before, cpu, point, page);
}

// Steps of policies whose place the gather tells: it has what is left to free.
constexpr PointMask kFrees =
    MaskOf(Point::free_page) | MaskOf(Point::free_table) | MaskOf(Point::call_rcu);

// A policy that recalls nothing settles from one part of a finish to the next.
void SettleInFinish(Learned& learned, FinishPart part) {
  if (part == learned.part) return;
  Settle(learned);
  learned.part = part;
  NoteStep(learned, Point::finish_wait, static_cast<uint64_t>(part));
}

void LearnInCall(Learned& learned, const World& before, CpuId cpu, const Op& op, Point point,
                 int page, bool recalls) {
  if (In(kCallEnds, point)) learned = {};  // a gather that outlives the lock has all in its fields
  if (In(kCallSettles | kPteDone, point) || point == Point::pte_clear) Settle(learned);
  if (point == Point::split_folio) learned.skipped = true;
  if (point == Point::pte_read || point == Point::pmd_read) learned.skipped = false;
  learned.last = point;
  LearnForTheCall(learned, before, op, point);
  if (!recalls && In(kFrees, point)) return;
  const bool used = !recalls && In(kOfPolicy, point);
  const uint64_t value = used ? 0 : ReadByCall(learned, before, cpu, op, point, page);
  NoteStep(learned, In(kPteDone, point) ? Point::pte_read : point, value);
}

// --- Of an access, and its page faults ---

constexpr PointMask kAccessSettles = MaskOf(Point::access) | MaskOf(Point::walk_pud) |
                                     MaskOf(Point::walk_pmd) | MaskOf(Point::walk_pte) |
                                     MaskOf(Point::fault) | MaskOf(Point::fault_retry) |
                                     MaskOf(Point::mmap_read_lock) | MaskOf(Point::vma_start_read) |
                                     MaskOf(Point::pte_lock) | MaskOf(Point::pte_read);

// What a fault makes of an entry.
int Class(Pte entry) { return entry.none() ? 0 : entry.table() ? 1 : entry.present() ? 2 : 3; }

// A page fault looks at the entry here, and takes a leaf that it finds for a reason to return.
bool LooksAt(const Learned& learned, Point point) {
  return point == Point::pmd_read || point == Point::pte_read ||
         (point == Point::pmd_unlock && learned.last == Point::pmd_populate);
}

void Find(Learned& learned, Mapping mapping) {
  learned.found = static_cast<uint8_t>(learned.mapping == mapping ? learned.found + 1 : 1);
  learned.mapping = mapping;
  learned.finds = true;
}

// The frame that the allocator is about to give; frame 0: none.
FrameId NextFrame(const World& world, Level level) {
  const int frame = LowestFree(world, level);
  return DataRoom(world) < PagesAt(level) || frame < 0 ? FrameId{} : MakeFrame(frame);
}

// The steps of page faults, of what is read at which the next step or the state tells all.
constexpr PointMask kFaultTells = kAccessSettles | MaskOf(Point::mmap_read_unlock) |
                                  MaskOf(Point::vma_end_read) | MaskOf(Point::pud_read) |
                                  MaskOf(Point::pud_populate) | MaskOf(Point::pmd_lock) |
                                  MaskOf(Point::pmd_unlock) | MaskOf(Point::pte_unlock);
// Behind which a frame in hand is in its place, or freed.
constexpr PointMask kPutsFrame =
    MaskOf(Point::pmd_set) | MaskOf(Point::pte_set) | MaskOf(Point::free_page);

uint64_t ReadByFault(Learned& learned, const World& before, CpuId cpu, Point point, int page) {
  if (point == Point::pmd_read) return static_cast<uint64_t>(Class(PmdOf(before, page)));
  if (point == Point::pmd_populate) {
    return PmdOf(before, page).none() && ShortOfTables(before);
  }
  if (point == Point::alloc_page) {
    const Level level = learned.last == Point::pte_read ? Level::kPte : Level::kPmd;
    learned.frame = NextFrame(before, level);
    return learned.frame != FrameId{};
  }
  if (In(kPutsFrame, point)) {
    learned.frame = FrameId{};
    return 0;
  }
  return In(kFaultTells, point) ? 0 : Read(before, cpu, point, page);
}

void LearnInAccess(Learned& learned, const World& before, CpuId cpu, Point point, int page) {
  if (In(kAccessSettles, point)) Settle(learned);
  if (point == Point::mmap_read_unlock || point == Point::vma_end_read) learned.finds = false;
  if (LooksAt(learned, point)) {
    const Pte entry = point == Point::pte_read ? PteOf(before, page) : PmdOf(before, page);
    if (entry.leaf()) Find(learned, entry.mapping);
  }
  const uint64_t value = ReadByFault(learned, before, cpu, point, page);
  learned.last = point;
  NoteStep(learned, point, value);
}

// Of the operation under that policy, what is known of what it carries. Where somebody decides on
// content, faults copy, which has more to carry. Where VMAs are PFN maps, a path carries which are.
Carries CarriesUnder(const Policy& policy, const Op& op, const System& system) {
  const bool faults = system.hardware.faults_on_entries;
  if (MayReclaimTables(op, system.kernel) || system.world.pfn != 0 || faults) return Carries::kAll;
  const Carries carries = Info(op.kind).carries;
  // A run of a folio is put back as it was.
  if (system.world.folio_first != 0 && Info(op.kind).is(effect::kReclaims)) return Carries::kAll;
  if (system.world.decides != 0 && carries == Carries::kOfAccess) return Carries::kAll;
  return policy.foreign() && carries == Carries::kOfCall ? Carries::kAll : carries;
}

}  // namespace

void Learn(Learned& learned, const System& before, CpuId cpu, const Op& op, Point point, int page,
           const Policy& policy) {
  const World& world = before.world;
  // Whether the increment is done now or later, the thread knows nothing of.
  if (BeginsGather(point)) point = Point::pending_inc;
  switch (CarriesUnder(policy, op, before)) {
    case Carries::kAll:
      return LearnAll(learned, world, cpu, op, point, page,
                      {policy.foreign(), policy.recalls(),
                       MayReclaimTables(op, before.kernel) || policy.own_calls(),
                       CountsGenerations(world) && policy.protocol().cpu_code(before) != nullptr,
                       AllocatesAsids(world) && policy.protocol().asid_code(before) != nullptr});
    case Carries::kOfAccess: return LearnInAccess(learned, world, cpu, point, page);
    case Carries::kOfCall: break;
  }
  if (!policy.recalls()) {
    SettleInFinish(learned, before.finish_part[static_cast<size_t>(Index(cpu))]);
  }
  LearnInCall(learned, world, cpu, op, point, page, policy.recalls());
}

Learned CarriedTo(Point next, const Learned& learned, const Op& op, const System& system,
                  const Policy& policy, FinishPart part) {
  Learned carried = learned;
  switch (CarriesUnder(policy, op, system)) {
    case Carries::kAll: return carried;
    case Carries::kOfAccess:
      if (In(kAccessSettles, next)) Settle(carried);
      return carried;
    case Carries::kOfCall: break;
  }
  if (!policy.recalls()) SettleInFinish(carried, part);
  if (In(kCallEnds, next)) carried = {};
  if (In(kCallSettles, next)) Settle(carried);
  // Where a zap or a clean stands before the first PTE under the lock, it may not stop.
  carried.again = next == Point::pte_read && In(kLocksPte, learned.last) && !learned.skipped;
  return carried;
}

}  // namespace gatherfuzz
