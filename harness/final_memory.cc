// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/final_memory.h"

#include <algorithm>
#include <array>
#include <bit>

#include "model/kernel/zap.h"

namespace gatherfuzz {
namespace {

PageRange BlockOf(int page) {
  const int first = RoundDown(page, kPagesPerPmd);
  return {first, first + kPagesPerPmd};
}

// --- What is determined ---

using CpuMask = uint8_t;

// Whether a CPU of one mask and another one of the other mask meet.
bool Meet(CpuMask a, CpuMask b) { return a != 0 && b != 0 && std::popcount<CpuMask>(a | b) > 1; }

// Which CPUs do what to a page.
struct Uses {
  CpuMask access = 0, write = 0, zap = 0, unmap = 0, free = 0, map = 0, unguard = 0;

  Uses& operator|=(const Uses& other) {
    access |= other.access;
    write |= other.write;
    zap |= other.zap;
    unmap |= other.unmap;
    free |= other.free;
    map |= other.map;
    unguard |= other.unguard;
    return *this;
  }
};

Uses UsesOf(OpKind kind, CpuMask cpu) {
  const OpInfo& op = Info(kind);
  const auto if_it = [&](unsigned does) { return op.is(does) ? cpu : CpuMask{0}; };
  return {.access = if_it(effect::kAccesses),
          .write = if_it(effect::kWrites),
          .zap = if_it(effect::kZaps),
          .unmap = if_it(effect::kUnmaps),
          .free = if_it(effect::kCleans),
          .map = if_it(effect::kMaps),
          .unguard = if_it(effect::kUnguards)};
}

bool Runs(const Schedule& schedule, const ProgramLine& line) {
  return KindOf(line.agent) == AgentKind::kCpu && Index(CpuOf(line.agent)) < schedule.cpus;
}

// Who has a shared table unmaps, in which order nobody says, if he comes to run at all; and no VMA
// can come to be there.
uint64_t PagesOfSharedTables(const Schedule& schedule) {
  uint64_t pages = 0;
  for (const auto& [agent, op] : schedule.program) {
    if (!Info(op.kind).is(effect::kUnshares | effect::kOfOther)) continue;
    pages |= MaskOf({RoundDown(op.range.begin, kPagesPerPud), RoundUp(op.range.end, kPagesPerPud)});
  }
  return pages;
}

class Analysis {
 public:
  Analysis(const Schedule& schedule, uint64_t shared) : schedule_(schedule), moved_(shared) {
    for (const InitItem& item : schedule.init) {
      if (item.kind == InitItem::Kind::kMap) NoteMap(item.range, item.flags);
    }
    for (const ProgramLine& line : schedule.program) {
      if (!Runs(schedule, line)) continue;
      if (Info(line.op.kind).is(effect::kMaps)) NoteMap(line.op.range, line.op.flags);
      const Uses uses = UsesOf(line.op.kind, CpuBit(CpuOf(line.agent)));
      if (uses.free != 0) NoteSkippable(line.op.range);
      if (MayReclaimTables(line.op, schedule.kernel)) reclaimed_ |= MaskOf(line.op.range);
      if (Info(line.op.kind).is(effect::kReclaims)) taken_ |= MaskOf(line.op.range);
      if (Info(line.op.kind).is(effect::kProtects)) protected_ |= MaskOf(line.op.range);
      // Merged, moved, or referred to, which decides whether it is copied.
      if (Info(line.op.kind).is(effect::kDecides)) taken_ |= ~uint64_t{0};
      if (Info(line.op.kind).is(effect::kMoves)) {
        moved_ |= MaskOf(line.op.range) | MaskOf(MovesTo(line.op));
      }
      for (int page = line.op.range.begin; page < line.op.range.end; ++page) uses_[page] |= uses;
    }
  }

  Determined Result() {
    Determined result;
    const uint64_t unclear_vmas = UnclearVmas();
    result.vma = ~unclear_vmas & ~protected_;
    BoundMemory();
    for (int page = 0; page < kPages; ++page) {
      const Uses uses = UsesOfAllLike(page);
      if ((unclear_vmas & MaskOf(AllLike(page))) != 0 || !PteIsClear(uses, IsHuge(page))) continue;
      // Whether the next fault makes a huge leaf depends on whether a page table is left.
      if (IsHuge(page) && uses.access != 0 && (reclaimed_ & PageBit(page)) != 0) continue;
      if (((taken_ | protected_ | moved_) & MaskOf(AllLike(page))) != 0) continue;
      result.pte |= PageBit(page);
      const bool skippable = (skippable_ & MaskOf(AllLike(page))) != 0;
      if (!Meet(uses.write, uses.free) && !skippable) result.dirty |= PageBit(page);
    }
    return result;
  }

 private:
  void NoteMap(PageRange range, VmaFlags flags) {
    mapped_ |= MaskOf(range);
    for (int page = 0; flags.huge && page < kPages; page += kPagesPerPmd) {
      const uint64_t block = MaskOf(BlockOf(page));
      if ((MaskOf(range) & block) == block) huge_ |= block;
    }
  }

  // A free may skip any page but the first under a page table (split_folio), as the order says.
  void NoteSkippable(PageRange range) {
    for (int page = range.begin + 1; page < range.end; ++page) {
      if (page % kPagesPerPmd != 0) skippable_ |= PageBit(page);
    }
  }

  bool IsHuge(int page) const { return (huge_ & PageBit(page)) != 0; }
  // The pages that count as one with `page`.
  PageRange AllLike(int page) const {
    return IsHuge(page) ? BlockOf(page) : PageRange{page, page + 1};
  }
  Uses UsesOfAllLike(int page) const {
    Uses uses;
    for (int i = AllLike(page).begin; i < AllLike(page).end; ++i) uses |= uses_[i];
    return uses;
  }

  uint64_t UnclearVmas() const {
    uint64_t unclear = moved_, before = 0;
    for (int page = 0; page < kPages; ++page) {
      const Uses& uses = uses_[page];
      if (Meet(uses.map, uses.map | uses.unmap)) unclear |= PageBit(page);
    }
    while (unclear != before) {
      before = unclear;
      for (const ProgramLine& line : schedule_.program) {
        if (!Runs(schedule_, line) || !Info(line.op.kind).is(effect::kMaps)) continue;
        if ((MaskOf(line.op.range) & unclear) != 0) unclear |= MaskOf(line.op.range);
      }
    }
    return unclear;
  }

  bool PteIsClear(const Uses& uses, bool huge) const {
    if (Meet(uses.access, uses.zap | uses.map | uses.unguard)) return false;
    if (uses.access == 0) return true;
    return huge ? block_for_all_ && !Meet(uses.access, uses.free) : frame_for_all_;
  }

  // The most frames that can be in use at a time, and the most huge allocations of which something
  // is left. A page has one frame, mapped or queued, and more only if it is populated again while
  // another CPU's gather has the last one queued.
  void BoundMemory() {
    uint64_t refaulted = 0;
    for (int page = 0; page < kPages; ++page) {
      const Uses uses = UsesOfAllLike(page);
      if (Meet(uses.access, uses.zap)) refaulted |= PageBit(page);
    }
    std::array<int, kMaxCpus> frames{}, remnants{};
    const int leaf = huge_ != 0 ? kPagesPerPmd : 1;
    for (const ProgramLine& line : schedule_.program) {
      if (!Runs(schedule_, line)) continue;
      const Uses uses = UsesOf(line.op.kind, 1);
      const int i = Index(CpuOf(line.agent));
      const int pages = uses.zap != 0 ? std::popcount(MaskOf(line.op.range) & refaulted) : 0;
      const int leaves = uses.access != 0 ? 1 : std::min(schedule_.batch, pages);
      frames[i] = std::max(frames[i], uses.access != 0 ? leaf : std::min(leaves * leaf, pages));
      remnants[i] = std::max(remnants[i], leaves);
    }
    int data = std::popcount(mapped_), tables = 1, blocks = std::popcount(huge_) / kPagesPerPmd;
    for (int i = 0; i < kMaxCpus; ++i) {
      data += frames[i];
      blocks += remnants[i];
    }
    for (int page = 0; page < kPages; page += kPagesPerPmd) {
      tables += (mapped_ & MaskOf(BlockOf(page))) != 0;
      tables += page % kPagesPerPud == 0 && (mapped_ & MaskOf({page, page + kPagesPerPud})) != 0;
    }
    const int shared_blocks = RoundUp(data + tables, kPagesPerPmd) / kPagesPerPmd;
    frame_for_all_ = data <= kFrames - 1 - kMaxTables;
    block_for_all_ = frame_for_all_ && shared_blocks + blocks < kFrames / kPagesPerPmd;
  }

  const Schedule& schedule_;
  std::array<Uses, kPages> uses_{};
  uint64_t mapped_ = 0, huge_ = 0;  // by some map; in a block that one with `huge` covers
  uint64_t skippable_ = 0;
  uint64_t reclaimed_ = 0;  // whose page tables a dontneed may free
  uint64_t taken_ = 0;      // that reclaim may take, if they happen to be clean
  uint64_t protected_ = 0;  // whose access changes
  uint64_t moved_;          // which a remap moves, or moves something to; or of a shared table
  bool frame_for_all_ = false, block_for_all_ = false;
};

// --- What the program says ---

// One operation after another, on flat masks of pages.
class Reference {
 public:
  void Run(const Op& op) {
    const OpInfo& info = Info(op.kind);
    if (info.is(effect::kMaps)) Map(op.range, op.flags);
    if (info.is(effect::kUnmaps)) {
      Munmap(op.range);
    } else if (info.is(effect::kZaps)) {
      Zap(MaskOf(op.range) & vma_);
    }
    if (info.is(effect::kGuards)) Guard(MaskOf(op.range) & vma_);
    if (info.is(effect::kUnguards)) guarded_ &= ~(MaskOf(op.range) & vma_);
    if (info.is(effect::kCleans)) Clean(MaskOf(op.range) & vma_);
    if (info.is(effect::kAccesses)) Access(op.range.begin, info.is(effect::kWrites));
  }

  void Map(PageRange range, VmaFlags flags) {
    const uint64_t pages = MaskOf(range);
    if ((vma_ & pages) != 0) return;
    vma_ |= pages;
    starts_ |= PageBit(range.begin);
    if (flags.write) vma_write_ |= pages;
    if (flags.huge) vma_huge_ |= pages;
  }

  void Populate(PageRange range, bool dirty) {
    for (int first = RoundDown(range.begin, kPagesPerPmd); first < range.end;
         first += kPagesPerPmd) {
      const uint64_t block = MaskOf(BlockOf(first));
      const uint64_t pages = block & MaskOf(range) & vma_ & ~present_;
      if (pages == 0) continue;
      if (pages == block && MayBeHuge(first)) {
        huge_ |= block;
      } else {
        tables_ |= block;
      }
      present_ |= pages;
      if (dirty) dirty_ |= pages & vma_write_;
    }
  }

  FinalMemory Result() const {
    return {.vma = vma_,
            .vma_write = vma_write_,
            .present = present_,
            .writable = present_ & vma_write_,
            .dirty = dirty_};
  }

 private:
  // A huge leaf fits: one VMA that allows it covers the block, and no table of PTEs is there.
  bool MayBeHuge(int page) const {
    const uint64_t block = MaskOf(BlockOf(page));
    const uint64_t first = PageBit(BlockOf(page).begin);
    return (tables_ & block) == 0 && (vma_huge_ & vma_ & block) == block &&
           (starts_ & block & ~first) == 0;
  }

  // Huge leaves of which `pages` are only a part become small ones.
  void Split(uint64_t pages) {
    for (int page = 0; page < kPages; page += kPagesPerPmd) {
      const uint64_t block = MaskOf(BlockOf(page));
      if ((huge_ & pages & block) == 0 || (pages & block) == block) continue;
      huge_ &= ~block;
      tables_ |= block;
    }
  }

  void Zap(uint64_t pages) {
    Split(pages);
    huge_ &= ~pages;
    present_ &= ~pages;
    dirty_ &= ~pages;
  }

  // Guard markers are in tables, which stay there.
  void Guard(uint64_t pages) {
    guarded_ |= pages;
    for (int page = 0; page < kPages; page += kPagesPerPmd) {
      const uint64_t block = MaskOf(BlockOf(page));
      if ((pages & block) != 0) tables_ |= block;
    }
  }

  void Clean(uint64_t pages) {
    Split(pages);
    dirty_ &= ~pages;
  }

  void Munmap(PageRange range) {
    const uint64_t pages = MaskOf(range) & vma_;
    if (pages == 0) return;
    Zap(pages);
    if (range.end < kPages) starts_ |= vma_ & PageBit(range.end);
    for (uint64_t* mask : {&vma_, &vma_write_, &vma_huge_, &starts_, &guarded_}) *mask &= ~pages;
    for (int page = 0; page < kPages; page += kPagesPerPmd) {
      const uint64_t block = MaskOf(BlockOf(page));
      if ((vma_ & block) == 0) tables_ &= ~block;
    }
  }

  void Access(int page, bool write) {
    if (((write ? vma_write_ : vma_) & ~guarded_ & PageBit(page)) == 0) return;
    if ((present_ & PageBit(page)) == 0) {
      Populate(MayBeHuge(page) ? BlockOf(page) : PageRange{page, page + 1}, false);
    }
    if (write) dirty_ |= (huge_ & PageBit(page)) != 0 ? MaskOf(BlockOf(page)) : PageBit(page);
  }

  uint64_t vma_ = 0, starts_ = 0, vma_write_ = 0, vma_huge_ = 0;
  uint64_t present_ = 0, dirty_ = 0, guarded_ = 0;
  uint64_t tables_ = 0, huge_ = 0;  // blocks that have a table of PTEs, or a huge leaf
};

FinalMemory Masked(FinalMemory memory, const Determined& determined) {
  memory.vma &= determined.vma;
  memory.vma_write &= determined.vma;
  memory.present &= determined.pte;
  memory.writable &= determined.pte;
  memory.dirty &= determined.dirty;
  return memory;
}

}  // namespace

namespace {

// What CPUs pass over, since they run something else, is not of the program.
Schedule OfLinesThatRun(const Schedule& schedule) {
  Schedule runs = schedule;
  const uint64_t lines = LinesThatRun(schedule);
  runs.program.clear();
  for (size_t i = 0; i < schedule.program.size(); ++i) {
    const ProgramLine& line = schedule.program[i];
    if ((lines >> i & 1) != 0 && Info(line.op.kind).has_pages()) runs.program.push_back(line);
  }
  return runs;
}

}  // namespace

Determined DeterminedBy(const Schedule& schedule) {
  if (Exits(schedule)) return {};       // who is last, and when, the order decides
  if (HasPfnMaps(schedule)) return {};  // whether an owner finds a VMA decides the order, too
  const uint64_t shared = PagesOfSharedTables(schedule);
  if (Switches(schedule)) return Analysis(OfLinesThatRun(schedule), shared).Result();
  return Analysis(schedule, shared).Result();
}

FinalMemory Predict(const Schedule& schedule, const Determined& determined) {
  if (Switches(schedule)) return Predict(OfLinesThatRun(schedule), determined);
  Reference reference;
  for (const InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kMap) reference.Map(item.range, item.flags);
    if (item.kind == InitItem::Kind::kPresent) reference.Populate(item.range, item.dirty);
  }
  for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
    for (const auto& [agent, op] : schedule.program) {
      if (agent == CpuAgent(MakeCpu(cpu))) reference.Run(op);
    }
  }
  return Masked(reference.Result(), determined);
}

FinalMemory Final(const World& world, const Determined& determined) {
  FinalMemory memory{.vma = world.mm.vma_pages, .vma_write = world.mm.vma_write};
  for (uint64_t left = determined.pte; left != 0; left &= left - 1) {
    const int page = std::countr_zero(left);
    const Pte leaf = CurrentLeaf(world, page);
    if (leaf.present()) memory.present |= PageBit(page);
    if (leaf.writable()) memory.writable |= PageBit(page);
    if (leaf.dirty()) memory.dirty |= PageBit(page);
  }
  return Masked(memory, determined);
}

MemoryDifference FirstDifference(const FinalMemory& left, const FinalMemory& predicted) {
  struct Property {
    const char* name;
    uint64_t FinalMemory::* pages;
  };
  static constexpr Property kProperties[] = {{"in a VMA", &FinalMemory::vma},
                                             {"in a writable VMA", &FinalMemory::vma_write},
                                             {"present", &FinalMemory::present},
                                             {"writable", &FinalMemory::writable},
                                             {"dirty", &FinalMemory::dirty}};
  MemoryDifference first;
  for (const Property& property : kProperties) {
    const uint64_t differ = left.*property.pages ^ predicted.*property.pages;
    const int page = std::countr_zero(differ);
    if (differ == 0 || (first && page >= first.page)) continue;
    first = {page, property.name, (left.*property.pages & PageBit(page)) != 0};
  }
  return first;
}

std::string Describe(const MemoryDifference& difference) {
  const std::string not_left = difference.left ? "" : "not ";
  const std::string not_said = difference.left ? "not " : "";
  return "page " + std::to_string(difference.page) + " is left " + not_left + difference.property +
         "; the program says " + not_said + difference.property;
}

}  // namespace gatherfuzz
