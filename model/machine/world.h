// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The whole modelled state, as one value.
//
// World is trivially copyable, has no pointers and no padding, and every part of it that is not in
// use is zero. Two equal states are therefore equal byte for byte: they can be copied, compared and
// hashed, and exploration stands on that. What a part may hold is said beside it; who may change
// it is said in the header of its functions (frames.h, tlb.h, walk.h, invalidation.h in this
// folder; locks.h and the gather protocol in model/kernel).
//
// Faithfulness: docs/model.md, part by part.
#ifndef GATHERFUZZ_MODEL_MACHINE_WORLD_H_
#define GATHERFUZZ_MODEL_MACHINE_WORLD_H_

#include <array>
#include <cstdint>
#include <type_traits>

#include "model/machine/broadcast.h"
#include "model/machine/cached.h"
#include "model/machine/folios.h"
#include "model/machine/pfn_maps.h"
#include "model/machine/rcu.h"
#include "model/machine/switching.h"
#include "model/machine/types.h"
#include "model/machine/weak.h"

namespace gatherfuzz {

enum class FrameState : uint8_t { kFree = 0, kData = 1, kTable = 2 };

struct Frame {
  std::array<Pte, kEntriesPerTable> entries;  // of a table; all zero otherwise
  uint16_t generation;                        // grows each time the frame is given out
  FrameState state;
  Level level;         // of a table
  uint8_t lock_owner;  // page-table lock of a table: CPU index + 1, or 0
  // 1 while a PTE (data) or an upper table (table) points here; where some program decides on what
  // pages hold, of data: how many PTEs do. Of a PMD table that mms share: how many of them do.
  uint8_t mapped;
};

struct Walk {
  TablePointer at;  // the table whose entry is read next; generation 0: no walk in flight
  Level level;      // of that entry
  uint8_t page;
  uint8_t write;     // 1: must set D
  uint8_t padding_;  // always 0
  bool active() const { return at.valid(); }
};

// What a queued page or table was: the frame, the first page it mapped, and its level.
struct Queued {
  FrameId frame;
  uint8_t page;
  Level level;
};

// struct mmu_gather, fields named as in include/asm-generic/tlb.h; units are pages. An empty range
// is start = kPages (for TASK_SIZE), end = 0; a full-mm range is start = end = kWholeMm (for ~0UL).
struct MmuGather {
  static constexpr uint8_t kWholeMm = 255;

  uint8_t live;  // between gather and the end of finish
  uint8_t start, end;
  uint8_t fullmm, need_flush_all, freed_tables;
  // The second of these is set from an unsharing to tlb_flush_unshared_tables().
  uint8_t unshared_tables : 1, fully_unshared_tables : 1, vma_pfn : 1, padding_ : 5;
  uint8_t cleared_ptes, cleared_pmds, cleared_puds;
  uint8_t caller_start, caller_end;  // the range its caller announced
  uint8_t page_count, table_count;
  std::array<Queued, kMaxBatch> pages;
  std::array<Queued, kMaxTables> tables;
};

// An invalidation request. At most one per issuing CPU is outstanding, because the issuer waits.
// What it drops is worked out at issue by the architecture, as sets; the rest is for reports.
struct Invalidation {
  uint64_t small;       // pages whose small TLB entries it drops
  uint16_t huge;        // blocks whose huge TLB entries it drops
  uint16_t pte_tables;  // prefixes (page / 4) whose cached PTE-table pointers it drops
  uint8_t pmd_tables;   // prefixes (page / 16) whose cached PMD-table pointers it drops
  uint8_t undelivered;  // CPUs on which it is still pending, as a bit mask
  uint8_t whole;        // the whole address space
  uint8_t start, end;   // pages, as the architecture was asked
  Level stride;         // distance of the addresses it names
  uint8_t last_level;   // 1: leaf entries only
  uint8_t level_hint;   // 1 + level, or 0 for none
  // The rest where some program switches (switching.h) and the architecture counts generations:
  // struct flush_tlb_info.
  uint8_t freed_tables;     // 1: lazy CPUs get it as well
  uint8_t of_all;           // 1: of no mm in particular
  uint16_t new_generation;  // 0: none
};

// Requests pending on one CPU, in the order of issue.
struct DeliveryQueue {
  std::array<CpuId, kMaxCpus> issuers;
  uint8_t count;
  std::array<uint8_t, 7> padding_;  // always 0
};

// kForbid takes all access away, kProtect that of writing.
enum class CallKind : uint8_t { kNone, kRemove, kClean, kOther, kProtect, kForbid };

// What the oracle needs to judge a call when it returns. moments[p], where bit p of examined is
// set, is the number the next mapping would have got when the call cleared the PTE of p or saw it
// empty (kRemove; kForbid and kProtect, if empty), or the oldest mapping that may stay cached:
// dirty (kClean), dirty and writable (kProtect), at all (kForbid).
struct Call {
  uint64_t examined;
  std::array<Mapping, kPages> moments;
  uint16_t number;  // calls are counted, over all CPUs from 1, as they open a gather; 0: none yet
  CallKind kind;
  uint8_t padding_;  // always 0
  // While the call waits in finish for others: how many calls had opened a gather when the wait
  // began, whose gathers were live then and are still, and how many begun since have completed.
  uint16_t wait_since;
  uint8_t waiting;
  uint8_t wait_live;
  uint8_t overtaken;
  std::array<uint8_t, 7> padding2_;  // always 0
};

inline constexpr int kOwnWalk = 0;     // of an access by the CPU's thread
inline constexpr int kWalkerWalk = 1;  // of the CPU's hardware walker, unasked

struct CpuState {
  Tlb tlb;
  Call call;
  Invalidation invalidation;
  DeliveryQueue deliveries;
  std::array<Walk, 2> walks;
  WalkCache walk_cache;
  MmuGather gather;
  uint8_t vma_read;       // first page + 1 of the VMA whose lock its thread holds for reading, or 0
  uint8_t table_in_hand;  // 1: its thread has unlinked a page table, and will queue it (zap.cc)
};

// struct mm_struct, as far as the protocol needs it. VMAs are bit masks over pages: the covered
// ones, those that begin a VMA, and the properties of the VMA a page is in.
struct Mm {
  uint64_t vma_pages, vma_starts, vma_write, vma_huge;
  uint64_t vma_none;                    // PROT_NONE: no access at all
  uint64_t vma_locked;                  // write-locked, or about to be (vma_lock.h)
  alignas(8) PolicyBytes policy_state;  // of the policy under test; see PolicyStateAs in policy.h
  Mapping next_mapping;
  uint16_t calls_begun;                  // calls that have opened a gather
  uint16_t data_frames, mapped_frames;   // frames in use as data; frames a leaf points at
  uint16_t table_frames, linked_tables;  // tables in use; tables linked into the tree
  uint8_t mmap_writer;                   // CPU index + 1, or 0
  uint8_t mmap_readers;                  // bit mask of CPUs
  uint8_t tlb_flush_pending;
  uint8_t batch;         // pages a gather queues before it is full
  uint8_t table_locks;   // page-table locks that are held
  uint8_t mmap_queue;    // bit mask of CPUs that queue to write
  uint8_t rmap_readers;  // bit mask of CPUs that walk for reclaim (reclaim.h)
  MemoryModel memory;    // kSc: World::weak is all zero
  // tlb_flush_batched: what reclaim has cleared and not flushed, and up to where others have
  // flushed for it. In the kernel two halves of one word.
  uint16_t batched_pending, batched_flushed;
  uint64_t detached;  // pages of VMAs that are out of the mm, and that reclaim still finds
};

struct World {
  Mm mm;
  std::array<uint64_t, 2> free_frames;  // bit f: frame f is free
  std::array<Frame, kFrames> frames;
  uint8_t cpu_count;
  // Bit mask of CPUs whose delivery queue is not empty, and whose interrupts are on.
  uint8_t deliveries_pending;
  uint8_t reclaims;  // 1: some program has reclaim in it
  uint8_t kswapd;    // CPU index + 1 of kswapd, or 0: no invalidation goes there
  uint8_t switches;  // 1: some program has a CPU switch; `switching` is in use
  // Where some thread exits (exit.cc): the CPUs that have a thread of the mm as all begin, and
  // those whose thread has ended, as bit masks. Else 0.
  uint8_t threads, exited;
  uint8_t decides;  // 1: some program decides on content; `folios` is in use
  uint8_t rcu;      // 1: RCU frees page tables; `callbacks` is in use
  uint8_t pfn;      // 1: some VMA is a PFN map, or an owner revokes
  // Where some program unshares page tables (model/kernel/hugetlb.h): the spans of PUD entries that
  // are of a hugetlb file, from the beginning to the end, as a bit mask; who holds its i_mmap lock
  // (CPU index + 1, or 0); and by span the PMD table that the other mm has there, 0: none.
  uint8_t hugetlb, i_mmap_writer;
  std::array<FrameId, kPuds> others_tables;
  uint8_t invlpgb;  // 1: x86 has INVLPGB; `broadcast` is in use
  // Where there is a large folio (folios.h): its first frame, and, as a bit mask, which of those
  // from there on are still of it. Else 0.
  uint8_t folio_first, folio_frames;
  std::array<uint8_t, 5> padding_;      // always 0
  std::array<CpuState, kMaxCpus> cpus;  // those from cpu_count on are all zero
  // Comes behind the rest: under sequential consistency it is neither copied nor hashed.
  Weak weak;
  // Where nobody switches it is neither copied nor hashed. Not with weaker memory.
  Switching switching;
  // Where nobody decides on content it is neither copied nor hashed. As above.
  Folios folios;
  // Where RCU frees nothing it is neither copied nor hashed. As above.
  Callbacks callbacks;
  // Where no VMA is a PFN map it is neither copied nor hashed. As above.
  PfnMaps pfn_maps;
  // Comes last: where there is no INVLPGB it is neither copied nor hashed. As above.
  Broadcast broadcast;

  bool sc() const { return mm.memory == MemoryModel::kSc; }
  // The CPUs on which the mm runs, as a bit mask: who has its translations.
  uint8_t MmCpus() const {
    const unsigned all = (1u << cpu_count) - 1;
    return static_cast<uint8_t>(kswapd == 0 ? all : all & ~(1u << (kswapd - 1)));
  }
  int kswapd_cpu() const { return kswapd - 1; }  // -1: none
  // No thread of the mm is left.
  bool mm_users_gone() const { return threads != 0 && (threads & ~exited) == 0; }
  CpuState& at(CpuId cpu) { return cpus[Index(cpu)]; }
  const CpuState& at(CpuId cpu) const { return cpus[Index(cpu)]; }
  Frame& at(FrameId frame) { return frames[Index(frame)]; }
  const Frame& at(FrameId frame) const { return frames[Index(frame)]; }
  Folio& folio(FrameId frame) { return folios[static_cast<size_t>(Index(frame))]; }
  const Folio& folio(FrameId frame) const { return folios[static_cast<size_t>(Index(frame))]; }
};

static_assert(std::is_trivially_copyable_v<World>);
static_assert(std::has_unique_object_representations_v<World>, "no padding: states are hashed");

// Makes `world` the state before anything is mapped: a root table and nothing else. Before its
// first Reset it must be all zero. 1 <= cpu_count <= kMaxCpus, 1 <= batch <= kMaxBatch.
void Reset(World& world, int cpu_count, int batch);

// Makes `to` equal to `from`; cheaper than an assignment when few CPUs are in use.
void CopyState(const World& from, World& to);

// A 64-bit digest of the whole state, equal on every build.
uint64_t Digest(const World& world);

// The entry for `page` at `level`, as software finds it from the root; zero if no table is there.
Pte EntryAt(const World& world, int page, Level level);

// The entry at which that ends: a leaf at either level, also one that only software sees, or zero.
Pte LastEntry(const World& world, int page);

// The leaf a fresh walk of the current page tables would end at for `page`, or a zero entry. This
// is what software means by "the PTE".
Pte CurrentLeaf(const World& world, int page);

// The index of `page` in a table whose entries are at `level`.
constexpr int EntryIndex(int page, Level level) { return page / PagesAt(level) % kEntriesPerTable; }

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_WORLD_H_
