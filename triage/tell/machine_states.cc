// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/machine_states.h"

#include <bit>
#include <cstring>
#include <functional>

#include "absl/strings/str_cat.h"
#include "model/oracle/asleep.h"

namespace gatherfuzz {
namespace {

// What of a frame is not in the frame: who has it queued, and which pages a table covers.
struct FrameUse {
  std::array<uint8_t, kFrames> queued_by{};   // CPU + 1
  std::array<uint8_t, kFrames> first_page{};  // of a linked table's span, + 1
};

void FindTables(const World& world, FrameId table, Level level, int page, FrameUse& use) {
  use.first_page[Index(table)] = static_cast<uint8_t>(page + 1);
  if (level == Level::kPte) return;
  for (const Pte& entry : world.at(table).entries) {
    const auto below = static_cast<Level>(static_cast<int>(level) - 1);
    if (entry.table()) FindTables(world, entry.frame, below, page, use);
    page += PagesAt(level);
  }
}

FrameUse UseOf(const World& world) {
  FrameUse use;
  FindTables(world, kRootFrame, Level::kPud, 0, use);
  for (uint8_t cpu = 0; cpu < world.cpu_count; ++cpu) {
    const MmuGather& gather = world.cpus[cpu].gather;
    for (int i = 0; i < gather.page_count; ++i) {
      const Queued& queued = gather.pages[i];
      for (int k = 0; k < PagesAt(queued.level); ++k) {
        use.queued_by[Index(queued.frame) + k] = static_cast<uint8_t>(cpu + 1);
      }
    }
    for (int i = 0; i < gather.table_count; ++i) {
      use.queued_by[Index(gather.tables[i].frame)] = static_cast<uint8_t>(cpu + 1);
    }
  }
  return use;
}

uint32_t Number(FrameId frame) { return static_cast<uint32_t>(Index(frame)); }
uint32_t Number(Level level) { return static_cast<uint32_t>(level); }

// The entry that software finds for `page`: a leaf, also one that only software sees, or nothing.
CellValue LeafOf(const World& world, int page) {
  FrameId table = kRootFrame;
  CellValue value{};
  for (Level level : {Level::kPud, Level::kPmd, Level::kPte}) {
    const Pte entry = world.at(table).entries[EntryIndex(page, level)];
    if (!entry.table()) {
      if (!entry.none()) value = {entry.mapping, Number(entry.frame), entry.flags, Number(level)};
      break;
    }
    table = entry.frame;
  }
  if ((world.mm.vma_pages & PageBit(page)) != 0) {
    value[4] = (world.mm.vma_write & PageBit(page)) != 0 ? 2 : 1;
  }
  return value;
}

CellValue Cached(const Pte& entry) {
  return entry.none() ? CellValue{} : CellValue{entry.mapping, Number(entry.frame), entry.flags};
}

CellValue Pointer(const TablePointer& at) {
  return at.valid() ? CellValue{Number(at.frame), at.generation} : CellValue{};
}

CellValue WalkValue(const Walk& walk) {
  if (!walk.active()) return {};
  return {walk.at.generation, Number(walk.at.frame), Number(walk.level), walk.page, walk.write};
}

CellValue GatherValue(const MmuGather& gather) {
  if (gather.live == 0) return {};
  const uint32_t bits = gather.fullmm | gather.need_flush_all << 1 | gather.freed_tables << 2 |
                        gather.cleared_ptes << 3 | gather.cleared_pmds << 4 |
                        gather.cleared_puds << 5 | gather.unshared_tables << 6 |
                        gather.fully_unshared_tables << 7;
  return {1u,   gather.start,        gather.end,       gather.page_count, gather.table_count,
          bits, gather.caller_start, gather.caller_end};
}

CellValue CallValue(const Call& call) {
  return {static_cast<uint32_t>(call.kind), call.number, call.waiting, call.overtaken};
}

CellValue RequestValue(const Invalidation& request) {
  if (request.undelivered == 0) return {};
  return {request.undelivered,
          request.whole,
          request.start,
          request.end,
          static_cast<uint32_t>(PagesAt(request.stride)),
          request.last_level,
          request.level_hint};
}

CellValue QueueValue(const DeliveryQueue& queue) {
  CellValue value{};
  for (int i = 0; i < queue.count; ++i) value[i] = Index(queue.issuers[i]) + 1;
  return value;
}

CellValue FrameValue(const World& world, const FrameUse& use, int frame) {
  const Frame& f = world.frames[frame];
  return {
      static_cast<uint32_t>(f.state), f.generation,         f.mapped, Number(f.level), f.lock_owner,
      use.queued_by[frame],           use.first_page[frame]};
}

CellValue CpuValue(const World& world, CpuId cpu) {
  const SwitchCpu& it = world.switching.at(cpu);
  const bool global = it.slot == kGlobalSlot;
  const Slot slot = global ? Slot{} : it.slots[it.slot];
  const bool switching = it.loaded_mm == MmId::kSwitching;
  const uint32_t loaded = switching ? 255u : 1u + static_cast<uint32_t>(it.loaded_mm);
  uint32_t parked = 0;
  for (int tag = 0; tag < TagsOf(world); ++tag) {
    const Tlb& tlb = TlbUnder(world, cpu, tag);
    if (tag == it.slot) continue;
    parked += static_cast<uint32_t>(std::popcount(tlb.small_valid) + std::popcount(tlb.huge_valid));
  }
  const uint32_t generations = world.switching.generations;
  const bool has_asids = world.switching.asids.count != 0;
  return {loaded,
          it.is_lazy,
          it.irqs_off,
          it.in_user,
          it.slot,
          generations != 0 ? slot.generation
          : has_asids      ? it.slot_asid[it.slot]
                           : 0u,
          generations != 0 && !global ? world.switching.tlb_gen[static_cast<size_t>(Index(slot.mm))]
                                      : 0u,
          parked};
}

CellValue PolicyWord(const World& world, int k) {
  uint32_t word = 0;
  for (int i = 3; i >= 0; --i) word = word << 8 | world.mm.policy_state[4 * k + i];
  return {word};
}

// Calls put(name, value) for each cell, always in the same order. Names cost more than values, and
// are made only if asked for.
using Put = std::function<void(const std::function<std::string()>& name, const CellValue& value)>;

void ReadCpu(const CpuState& cpu, int c, const Put& put) {
  const auto each = [&](const char* what, const auto& list, const auto& read) {
    for (size_t i = 0; i < list.size(); ++i) {
      put([&] { return absl::StrCat(what, ".", c, ".", i); }, read(list[i]));
    }
  };
  each("tlb", cpu.tlb.small, Cached);
  each("huge", cpu.tlb.huge, Cached);
  put([&] { return absl::StrCat("absent.", c); },
      {static_cast<uint32_t>(cpu.tlb.absent), static_cast<uint32_t>(cpu.tlb.absent >> 32)});
  each("wpte", cpu.walk_cache.pte_tables, Pointer);
  each("wpmd", cpu.walk_cache.pmd_tables, Pointer);
  each("walk", cpu.walks, WalkValue);
  put([&] { return absl::StrCat("gather.", c); }, GatherValue(cpu.gather));
  put([&] { return absl::StrCat("call.", c); }, CallValue(cpu.call));
  put([&] { return absl::StrCat("inv.", c); }, RequestValue(cpu.invalidation));
  put([&] { return absl::StrCat("queue.", c); }, QueueValue(cpu.deliveries));
}

// The pages that are write-locked, then for each CPU, in a byte, under the lock of which VMA it
// reads: its first page + 1.
CellValue VmaLocks(const World& world) {
  CellValue value{static_cast<uint32_t>(world.mm.vma_locked),
                  static_cast<uint32_t>(world.mm.vma_locked >> 32)};
  for (size_t c = 0; c < kMaxCpus; ++c) {
    value[2 + c / 4] |= static_cast<uint32_t>(world.cpus[c].vma_read) << 8 * (c % 4);
  }
  return value;
}

void Read(const World& world, const Put& put) {
  const FrameUse use = UseOf(world);
  put([] { return "pending"; }, {world.mm.tlb_flush_pending});
  put([] { return "mmap"; }, {world.mm.mmap_writer, world.mm.mmap_readers});
  for (int p = 0; p < kPages; ++p) {
    put([&] { return absl::StrCat("pte.", p); }, LeafOf(world, p));
  }
  for (int f = 0; f < kFrames; ++f) {
    put([&] { return absl::StrCat("frame.", f); }, FrameValue(world, use, f));
  }
  for (int k = 0; k < kPolicyStateBytes / 4; ++k) {
    put([&] { return absl::StrCat("policy.", k); }, PolicyWord(world, k));
  }
  for (int c = 0; c < world.cpu_count; ++c) ReadCpu(world.cpus[c], c, put);
  put([] { return "batched"; },
      {world.mm.batched_pending, world.mm.batched_flushed, world.mm.rmap_readers});
  put([] { return "vmas"; }, VmaLocks(world));
  if (world.switches == 0) return;
  for (int c = 0; c < world.cpu_count; ++c) {
    put([&] { return absl::StrCat("cpu.", c); }, CpuValue(world, MakeCpu(c)));
  }
}

class Collector final : public StepObserver {
 public:
  void OnStep(const StepEvent&, const World& before) override {
    Take(before);
    states_.steps.emplace_back();
  }

  // `world` is the state that the steps so far led to.
  void Take(const World& world) {
    if (states_.names.empty()) return Begin(world);
    size_t cell = 0;
    Read(world, [&](const auto&, const CellValue& value) {
      if (value != now_[cell]) states_.steps.back().push_back({static_cast<int>(cell), value});
      now_[cell++] = value;
    });
  }

  MachineStates& states() { return states_; }

 private:
  void Begin(const World& world) {
    Read(world, [&](const auto& name, const CellValue& value) {
      states_.names.push_back(name());
      now_.push_back(value);
    });
    states_.start = now_;
  }

  MachineStates states_;
  std::vector<CellValue> now_;
};

}  // namespace

MachineStates StatesOf(Execution& execution, const Schedule& schedule, const Policy& policy,
                       const Arch& arch, uint32_t ignored) {
  Collector collector;
  const RunResult result =
      execution.Execute(schedule, policy, arch, {.ignored = ignored, .observer = &collector});
  collector.Take(execution.world());
  collector.states().trace_hash = result.trace_hash;
  return std::move(collector.states());
}

}  // namespace gatherfuzz
