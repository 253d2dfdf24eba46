// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/trace.h"

#include <algorithm>
#include <bit>
#include <map>

#include "model/machine/walk.h"

namespace gatherfuzz {
namespace {

void CompareTlbs(const World& before, const World& after, std::vector<TlbChange>& changes) {
  for (int i = 0; i < after.cpu_count; ++i) {
    // What is cached under another slot comes and goes with it.
    if (after.switches != 0 && before.switching.cpus[i].slot != after.switching.cpus[i].slot) {
      continue;
    }
    const Tlb& old_tlb = before.cpus[i].tlb;
    const Tlb& new_tlb = after.cpus[i].tlb;
    const auto compare = [&](const auto& old_entries, const auto& new_entries, Level level) {
      for (size_t k = 0; k < new_entries.size(); ++k) {
        if (old_entries[k] == new_entries[k]) continue;
        const int page = static_cast<int>(k) * PagesAt(level);
        if (old_entries[k].present()) {
          changes.push_back({MakeCpu(i), page, level, old_entries[k], false});
        }
        if (new_entries[k].present()) {
          changes.push_back({MakeCpu(i), page, level, new_entries[k], true});
        }
      }
    };
    compare(old_tlb.small, new_tlb.small, Level::kPte);
    compare(old_tlb.huge, new_tlb.huge, Level::kPmd);
  }
}

bool SamePointer(const TablePointer& a, const TablePointer& b) {
  return a.generation == b.generation && a.frame == b.frame && a.prefix == b.prefix;
}

int TableWalkedTo(const WalkCache& before, const WalkCache& after) {
  const auto changed = [](const auto& old_tables, const auto& new_tables) {
    for (size_t i = 0; i < new_tables.size(); ++i) {
      const TablePointer& now = new_tables[i];
      if (now.valid() && !SamePointer(old_tables[i], now)) return Index(now.frame);
    }
    return -1;
  };
  const int pte_table = changed(before.pte_tables, after.pte_tables);
  return pte_table >= 0 ? pte_table : changed(before.pmd_tables, after.pmd_tables);
}

int FrameThatChanged(const World& before, const World& after) {
  for (int frame = 0; frame < kFrames; ++frame) {
    const Frame& old_frame = before.frames[frame];
    const Frame& new_frame = after.frames[frame];
    const bool unlinked =
        old_frame.state == FrameState::kTable && old_frame.mapped != new_frame.mapped;
    if (old_frame.state != new_frame.state || unlinked) return frame;
  }
  return -1;
}

bool AboutPage(const StepEvent& event) {
  return event.page != kNoPage && !Info(event.point).is(role::kNamesCpu);
}

// ... of the variables of CPUs that switch.
Location LocationOfCpus(const StepEvent& event) {
  const auto is_any = [&](PointMask points) { return (points & MaskOf(event.point)) != 0; };
  using enum Point;
  if (is_any(MaskOf(tlb_gen_inc) | MaskOf(tlb_gen_read))) return kTlbGenAt;
  if (is_any(MaskOf(mm_cpumask_set) | MaskOf(mm_cpumask_clear) | MaskOf(tlb_flush))) {
    return kCpumaskAt;
  }
  if (event.point == should_flush_tlb) return CpuLocation(MakeCpu(event.page));
  const bool own = is_any(MaskOf(switch_mm_irqs_off) | MaskOf(loaded_mm_switching) |
                          MaskOf(loaded_mm_set) | MaskOf(resume_user) | MaskOf(enter_lazy_tlb));
  return own ? CpuLocation(CpuOf(event.agent)) : kNoLocation;
}

// What the step loads or stores; kNoLocation if that is not weak.
Location LocationOfStep(const World& world, const StepEvent& event) {
  if (event.point == Point::pending_inc_done) return kCountAt;
  const OrderInfo* order = MemoryOrderOf(event.point);
  if (world.sc()) return kNoLocation;
  if (world.switches != 0 && world.switching.generations != 0) {
    const Location of_cpus = LocationOfCpus(event);
    if (of_cpus != kNoLocation) return of_cpus;
  }
  if (order == nullptr) return kNoLocation;
  const auto entry = [&](Level level) {
    const Pte above = level == Level::kPud ? Pte{} : EntryAt(world, event.page, Level::kPud);
    const Pte pmd = level == Level::kPte ? EntryAt(world, event.page, Level::kPmd) : above;
    if (level != Level::kPud && !pmd.table()) return kNoLocation;
    return EntryLocation(level == Level::kPud ? kRootFrame : pmd.frame,
                         EntryIndex(event.page, level));
  };
  const CpuState& cpu = world.at(CpuOf(event.agent));
  if (Info(event.point).is(role::kWalk)) {
    const bool own = KindOf(event.agent) == AgentKind::kCpu;
    const Walk& walk = cpu.walks[own ? kOwnWalk : kWalkerWalk];
    return walk.active() ? LocationOfWalk(walk) : kNoLocation;
  }
  const ThingMask things = Info(event.point).touches.reads | Info(event.point).touches.writes;
  if ((things & MaskOf(Thing::kCounter)) != 0 && event.point != Point::finish_wait) return kCountAt;
  if ((things & MaskOf(Thing::kPolicy)) != 0) return kPolicyAt;
  if ((things & (MaskOf(Thing::kPmd) | MaskOf(Thing::kPmdLock))) != 0) return entry(Level::kPmd);
  if ((things & MaskOf(Thing::kPte)) != 0) return entry(Level::kPte);
  if ((things & MaskOf(Thing::kPud)) != 0) return entry(Level::kPud);
  return kNoLocation;
}

std::string MmName(MmId mm) {
  if (mm == MmId::kSwitching) return "LOADED_MM_SWITCHING";
  return mm == MmId::kInit ? "init_mm" : "mm" + std::to_string(Index(mm) - Index(MmId::kMm0));
}

std::string DescribeValue(Location at, uint64_t value) {
  if (at == kCountAt || at == kTlbGenAt) return std::to_string(value);
  if (IsOfCpus(at) && at != kCpumaskAt) {
    return MmName(LoadedMmIn(value)) + (LazyIn(value) ? ", lazy," : "");
  }
  if (!IsEntry(at)) return "";
  const Pte entry = EntryIn(value);
  if (entry.none()) return "none";
  return entry.table() ? "a table" : "mapping " + std::to_string(entry.mapping);
}

// Where ASIDs are allocated: that which a TLBI names or will name, or which is loaded.
uint8_t AsidOfStep(const StepEvent& event, const SwitchCpu& it) {
  if (event.point == Point::tlbi_asid_read) return it.named_asid;
  if (event.point == Point::tlb_flush && it.tlbi_asids != 0) {
    return static_cast<uint8_t>(std::bit_width(it.tlbi_asids) - 1);
  }
  return it.slot_asid[it.slot];
}

// What the CPU that the step is about has loaded.
LoadedMm LoadedAfter(const StepEvent& event, const World& after) {
  const bool asks = Info(event.point).is(role::kSwitch) && Info(event.point).is(role::kNamesCpu) &&
                    after.switching.generations != 0;
  const CpuId cpu = asks ? MakeCpu(event.page) : CpuOf(event.agent);
  const SwitchCpu& it = after.switching.at(cpu);
  const auto gen = [&](MmId mm) {
    return mm == MmId::kSwitching ? uint16_t{0}
                                  : after.switching.tlb_gen[static_cast<size_t>(Index(mm))];
  };
  // Of a switch under way: that of the mm it goes to.
  const bool chooses = event.point == Point::tlb_gen_read;
  const uint8_t slot = chooses && it.loaded_mm == MmId::kSwitching ? it.new_slot : it.slot;
  const bool global = slot == kGlobalSlot;
  const MmId whose = event.point == Point::tlb_gen_inc || global ? MmId::kMm0 : it.slots[slot].mm;
  const bool invlpgb = after.invlpgb != 0;
  const uint8_t undelivered = after.at(CpuOf(event.agent)).invalidation.undelivered;
  return {.known = true,
          .generations = after.switching.generations != 0,
          .is_lazy = it.is_lazy != 0,
          .in_user = it.in_user != 0,
          .irqs_off = it.irqs_off != 0,
          .flush = it.need_flush != 0,
          .told = asks && (undelivered & CpuBit(cpu)) != 0,
          .global = invlpgb && after.broadcast.global_asid != 0,
          .transition = invlpgb && after.broadcast.asid_transition != 0,
          .mm = it.loaded_mm,
          .root = it.root,
          .slot = it.slot,
          .new_slot = slot,
          .said = invlpgb ? after.broadcast.at(cpu).loaded_asid : uint8_t{0},
          .asid = AsidOfStep(event, it),
          .id = it.read_id,
          .generation = it.slot == kGlobalSlot ? uint16_t{0} : it.slots[it.slot].generation,
          .newest = gen(whose)};
}

class Recorder final : public StepObserver {
 public:
  explicit Recorder(Trace& trace) : trace_(trace) {}

  void OnStep(const StepEvent& event, const World& before) override {
    Complete(before);
    before_ = before;
    TraceStep step;
    step.event = event;
    step.kswapd = before.kswapd_cpu();
    if (AboutPage(event)) step.leaf_before = LastEntry(before, event.page);
    if (Info(event.point).is(role::kLockless)) {
      const Level level = event.point == Point::pud_read ? Level::kPud : Level::kPmd;
      step.saw_none = EntryAt(before, event.page, level).none();
    }
    const CpuState& cpu = before.at(CpuOf(event.agent));
    if (KindOf(event.agent) == AgentKind::kCpu) step.gather = cpu.gather;
    if (event.point == Point::deliver) {
      step.request = before.at(MakeCpu(event.page)).invalidation;
    } else if (event.point == Point::tlb_flush_done) {
      step.request = cpu.invalidation;
    }
    at_ = LocationOfStep(before, event);
    // A finish that waits looks at the count, unless it is the policy's bytes that are stored to.
    if (event.point == Point::finish_wait && at_ != kNoLocation && StoresOf(kPolicyAt).empty()) {
      at_ = kCountAt;
    }
    step.at = at_;
    const auto left = static_cast<size_t>(Index(CpuOf(event.agent)));
    if (event.point == Point::pending_inc_later) {
      left_at_[left] = static_cast<uint32_t>(trace_.steps.size()) + 1;
    }
    if (event.point == Point::pending_inc_done) step.left_at = left_at_[left];
    if (event.old != 0) TakeOld(step, before);
    trace_.steps.push_back(std::move(step));
  }

  // The operation of the last step is done; `after` is the state now.
  void Complete(const World& after) {
    if (trace_.steps.empty()) return;
    TraceStep& step = trace_.steps.back();
    const StepEvent& event = step.event;
    if (AboutPage(event)) step.leaf_after = LastEntry(after, event.page);
    if (event.old == 0 || at_ != kCountAt) step.pending_after = after.mm.tlb_flush_pending;
    step.at = at_;
    step.stored = at_ != kNoLocation && Stored(event, after);
    if (step.stored) {
      stores_[at_].push_back(static_cast<uint32_t>(trace_.steps.size()));
    }
    if (after.switches != 0) {
      step.loaded = LoadedAfter(event, after);
      const MmId root = before_.switching.at(CpuOf(event.agent)).root;
      step.loaded.left = event.point == Point::deliver && root != step.loaded.root;
      if (event.point == Point::deliver && !after.sc()) NoteStoresOfDelivery(event, after);
      if (event.old != 0) LoadedOld(step.loaded);
    }
    step.batched_after = after.mm.batched_pending;
    step.paid_after = after.mm.batched_flushed;
    if (event.point == Point::tlb_flush || event.point == Point::invlpgb) {
      step.request = after.at(CpuOf(event.agent)).invalidation;
    }
    if (event.point == Point::call_rcu) NoteHandedOver(step, after);
    if (event.point == Point::rcu_free) {
      step.handed_at = handed_at_[Index(FirstCallback(before_, CpuOf(event.agent))->frame)];
    }
    CompareTlbs(before_, after, step.tlb);
    const bool walk = event.point == Point::walk_pud || event.point == Point::walk_pmd;
    const CpuId cpu = CpuOf(event.agent);
    step.frame = walk ? TableWalkedTo(before_.at(cpu).walk_cache, after.at(cpu).walk_cache)
                      : FrameThatChanged(before_, after);
  }

 private:
  // What is new in the queue of the CPU: the last of it.
  void NoteHandedOver(TraceStep& step, const World& after) {
    const CpuId cpu = CpuOf(step.event.agent);
    const auto of_cpu = [cpu](const Callback& it) { return it.cpu == cpu; };
    const auto count = [&](const World& world) {
      const auto& queue = world.callbacks.queue;
      return std::count_if(queue.begin(), queue.begin() + world.callbacks.count, of_cpu);
    };
    const auto& queue = after.callbacks.queue;
    auto it = std::find_if(queue.begin(), queue.begin() + after.callbacks.count, of_cpu);
    const auto end = it + count(after);
    for (it += count(before_); it != end; ++it) {
      step.handed_over.push_back(it->frame);
      step.waits_for = it->waits_for;
      handed_at_[Index(it->frame)] = static_cast<uint32_t>(trace_.steps.size());
    }
  }
  // The step takes a value that is not the newest.
  void TakeOld(TraceStep& step, const World& before) {
    const int old = step.event.old;
    const std::vector<uint32_t>& stores = StoresOf(at_);
    if (at_ == kNoLocation || stores.size() < static_cast<size_t>(old)) return;
    step.old_since = stores[stores.size() - static_cast<size_t>(old)];
    step.old_writer = trace_.steps[step.old_since - 1].event.agent;
    step.newer = DescribeValue(at_, ValueAt(before, at_, old - 1).value);
    const uint64_t value = ValueAt(before, at_, old).value;
    old_value_ = value;
    if (at_ == kCountAt) step.pending_after = static_cast<int>(value);
    if (!IsEntry(at_)) return;
    step.leaf_before = EntryIn(value);
    step.saw_none = EntryIn(value).none();
  }
  void LoadedOld(LoadedMm& loaded) const {
    if (at_ == kTlbGenAt) loaded.newest = static_cast<uint16_t>(old_value_);
    if (!IsOfCpus(at_) || at_ < kFirstCpuAt) return;
    loaded.mm = LoadedMmIn(old_value_);
    loaded.is_lazy = LazyIn(old_value_);
  }
  // It may take its CPU out of the mask, and to init_mm.
  void NoteStoresOfDelivery(const StepEvent& event, const World& after) {
    for (const Location at : {kCpumaskAt, CpuLocation(CpuOf(event.agent))}) {
      if (ValueAt(before_, at, 0).value == ValueAt(after, at, 0).value) continue;
      stores_[at].push_back(static_cast<uint32_t>(trace_.steps.size()));
    }
  }
  // Whether the step that was made last has stored there.
  bool Stored(const StepEvent& event, const World& after) const {
    if (event.point == Point::pending_inc_done) return true;
    if (IsOfCpus(at_)) return ValueAt(before_, at_, 0).value != ValueAt(after, at_, 0).value;
    const MemoryAccess access = MemoryOrderOf(event.point)->access;
    if (access == MemoryAccess::kUpdate) return true;
    return access == MemoryAccess::kStore &&
           (!IsEntry(at_) || ValueAt(before_, at_, 0).value != ValueAt(after, at_, 0).value);
  }
  const std::vector<uint32_t>& StoresOf(Location at) { return stores_[at]; }

  Trace& trace_;
  World before_;
  Location at_ = kNoLocation;                         // of the step that is being made
  uint64_t old_value_ = 0;                            // that it takes, if it is an old one
  std::array<uint32_t, kMaxCpus> left_at_{};          // by CPU: the last pending_inc_later
  std::array<uint32_t, kFrames> handed_at_{};         // by frame: the last call_rcu
  std::map<Location, std::vector<uint32_t>> stores_;  // steps, by number
};

std::optional<Op> OpOf(const Schedule& schedule, const StepEvent& event) {
  int index = event.op;
  for (const ProgramLine& line : schedule.program) {
    if (line.agent == event.agent && index-- == 0) return line.op;
  }
  return std::nullopt;
}

std::string MappingName(Pte leaf) {
  if (leaf.guard()) return "guard";
  if (leaf.migration()) return "migration of frame " + std::to_string(Index(leaf.frame));
  std::string text = "mapping " + std::to_string(leaf.mapping);
  if (leaf.dirty()) text += ", dirty";
  return text;
}

std::string Pages(int begin, int end) { return std::to_string(begin) + ".." + std::to_string(end); }

std::string DescribeRequest(const Invalidation& request) {
  if (request.whole) return "whole mm";
  static constexpr const char* kNames[] = {"PTE", "PMD", "PUD"};
  std::string text = Pages(request.start, request.end);
  if (request.stride != Level::kPte) {
    text += ", stride " + std::to_string(PagesAt(request.stride));
  }
  if (request.last_level) text += ", leaf only";
  if (request.level_hint != 0) text += std::string(", level ") + kNames[request.level_hint - 1];
  return text;
}

// Where ASIDs are allocated.
std::string DescribeAsid(const TraceStep& step) {
  const LoadedMm& it = step.loaded;
  const std::string asid = "ASID " + std::to_string(it.asid);
  const Point point = step.event.point;
  if (point == Point::tlbi_asid_read) return "= " + asid;
  if (point == Point::asid_read || point == Point::asid_set) {
    if (it.id == 0) return "none yet";
    return "= ASID " + std::to_string(AsidOf(it.id)) + " of generation " +
           std::to_string(GenerationOf(it.id));
  }
  if (point == Point::reserved_ttbr0) return "no tables, " + asid;
  if (point == Point::write_ttbr1) return asid;
  return MmName(it.root) + (it.is_lazy ? ", lazy, " : ", ") + asid;
}

std::string SlotName(uint8_t slot) {
  return slot == kGlobalSlot ? "global ASID" : "slot " + std::to_string(slot);
}

// Where there is INVLPGB.
std::string DescribeBroadcast(const TraceStep& step) {
  const LoadedMm& it = step.loaded;
  const Point point = step.event.point;
  if (point == Point::loaded_mm_read) return "= " + MmName(it.mm);
  if (point == Point::asid_transition_read) return it.transition ? "yes" : "no";
  if (point == Point::global_asid_lock && it.transition && !it.global) return "is to have one";
  if (point == Point::global_asid_read || point == Point::global_asid_lock) {
    return it.global ? "has one" : "none yet";
  }
  return (point == Point::loaded_asid_read ? "= " : "") + SlotName(it.said);
}

std::string DescribeLoaded(const TraceStep& step) {
  const LoadedMm& it = step.loaded;
  if (!it.known) return "";
  if (Info(step.event.point).is(role::kInvlpgb)) return DescribeBroadcast(step);
  if (step.event.point == Point::tlb_gen_inc) return "= " + std::to_string(it.newest);
  if (step.event.point == Point::should_flush_tlb) {
    if (it.told) return "yes";
    return it.is_lazy ? "no, it is lazy" : "no, it has " + MmName(it.mm) + " loaded";
  }
  if (it.asid != 0 && !it.generations) return DescribeAsid(step);
  std::string text = MmName(step.event.point == Point::write_cr3 ? it.root : it.mm);
  if (it.is_lazy) text += ", lazy";
  if (!it.generations || step.event.point == Point::switch_mm_irqs_off) return text;
  if (step.event.point == Point::tlb_gen_read) {
    return "= " + std::to_string(it.newest) + ", " + SlotName(it.new_slot) +
           (it.flush ? ", to flush" : ", up to date");
  }
  text += ", " + SlotName(it.slot);
  if (it.slot == kGlobalSlot) return text;
  return text + ", generation " + std::to_string(it.generation);
}

std::string DescribeDropped(const TraceStep& step) {
  std::string text;
  for (const TlbChange& change : step.tlb) {
    if (change.filled) continue;
    text += text.empty() ? "drops " : ", ";
    text += PageName(change.page, change.level);
  }
  if (step.loaded.left) return "leaves for init_mm";
  return text.empty() ? "drops nothing" : text;
}

std::string DescribeWalk(const TraceStep& step) {
  for (const TlbChange& change : step.tlb) {
    if (change.filled) return "fills TLB, " + MappingName(change.entry);
  }
  return "";
}

}  // namespace

std::string PageName(int page, Level level) {
  return level == Level::kPte ? "page " + std::to_string(page)
                              : "pages " + Pages(page, page + PagesAt(level));
}

Trace Record(Execution& execution, const Schedule& schedule, const Policy& policy, const Arch& arch,
             uint32_t ignored) {
  Trace trace;
  trace.kernel = schedule.kernel;
  trace.hardware = schedule.hardware;
  Recorder recorder(trace);
  trace.result =
      execution.Execute(schedule, policy, arch, {.ignored = ignored, .observer = &recorder});
  recorder.Complete(execution.world());
  trace.end = execution.world();
  trace.asked = execution.asked();
  for (TraceStep& step : trace.steps) step.op = OpOf(schedule, step.event);
  for (int i = 0; i < trace.end.cpu_count; ++i) {
    const bool last =
        !trace.steps.empty() && trace.steps.back().event.agent == CpuAgent(MakeCpu(i));
    if (!last) trace.next[i] = execution.StandsBefore(MakeCpu(i));
  }
  return trace;
}

namespace {

// "frames 2, 1, behind cpu1".
std::string DescribeHandedOver(const TraceStep& step) {
  std::string text;
  for (const FrameId frame : step.handed_over) {
    text += (text.empty() ? "frame " : ", ") + std::to_string(Index(frame));
  }
  std::string whom;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if ((step.waits_for >> cpu & 1) == 0) continue;
    whom += (whom.empty() ? "; waits for " : ", ") + CpuName(cpu, step.kswapd);
  }
  return text + whom;
}

std::string DescribePlainly(const TraceStep& step) {
  switch (Info(step.event.point).shows) {
    case Shows::kLeafOrNone:
      return step.leaf_before.none() ? "none" : MappingName(step.leaf_before);
    case Shows::kWhenNone: return step.saw_none ? "none" : "";
    case Shows::kLeafBefore: return MappingName(step.leaf_before);
    case Shows::kLeafAfter: return MappingName(step.leaf_after);
    case Shows::kPending: return "= " + std::to_string(step.pending_after);
    case Shows::kBatched:
      return "pending " + std::to_string(step.batched_after) + ", flushed " +
             std::to_string(step.paid_after);
    case Shows::kLoaded: return DescribeLoaded(step);
    case Shows::kRequest: return DescribeRequest(step.request);
    case Shows::kDropped: return DescribeDropped(step);
    case Shows::kFilled: return DescribeWalk(step);
    case Shows::kHandedOver: return DescribeHandedOver(step);
    case Shows::kFrame: return step.frame < 0 ? "" : "frame " + std::to_string(step.frame);
    case Shows::kNothing: break;
  }
  return "";
}

}  // namespace

std::string Describe(const TraceStep& step) {
  std::string text = DescribePlainly(step);
  if (step.handed_at != 0)
    text += (text.empty() ? "of step " : ", of step ") + std::to_string(step.handed_at);
  if (step.left_at != 0) text += "  <- late: of step " + std::to_string(step.left_at);
  if (step.event.old == 0) return text;
  if (!text.empty()) text += "  ";
  text += "<- old";
  if (step.old_since == 0) return text;
  text += ": ";
  if (!step.newer.empty()) text += step.newer + " ";
  return text + "since step " + std::to_string(step.old_since) + " (" + AgentName(step.old_writer) +
         ")";
}

namespace {

// The steps that have to be named. One made in the place of an agent comes by itself if the next
// that is named is that agent's: it lends its turn again. If the agent got no further, it does not.
// The trials of threads that look also come by themselves, at the end.
std::vector<const StepEvent*> StepsToName(const Trace& trace) {
  std::vector<const StepEvent*> named;
  bool at_end = true;
  for (auto step = trace.steps.rbegin(); step != trace.steps.rend(); ++step) {
    const StepEvent& event = step->event;
    at_end = at_end && event.on_trial;
    if (at_end) continue;
    if (!event.lent || named.empty() || named.back()->agent != event.turn_of) {
      named.push_back(&event);
    }
  }
  std::reverse(named.begin(), named.end());
  return named;
}

// What only a run of its own says.
bool IsOwnRun(const StepEvent& event) {
  return event.old != 0 || event.point == Point::pending_inc_done || event.point == Point::rcu_free;
}

Run OwnRun(const StepEvent& event) {
  if (event.old == 0) return {.kind = Run::Kind::kLate, .agent = event.agent};
  Run run{.kind = Run::Kind::kOld, .agent = event.agent};
  if (KindOf(run.agent) == AgentKind::kCpu) run.agent = DetourAgent(CpuOf(run.agent));
  run.count = static_cast<uint16_t>(event.old);
  return run;
}

}  // namespace

Schedule NameSwitches(const Schedule& schedule, const Trace& trace) {
  Schedule named = schedule;
  named.order.clear();
  named.tail = {};
  const std::vector<const StepEvent*> steps = StepsToName(trace);
  for (size_t begin = 0; begin < steps.size();) {
    size_t end = begin + 1;
    if (IsOwnRun(*steps[begin])) {
      if (!named.order.push_back(OwnRun(*steps[begin]))) break;
      begin = end;
      continue;
    }
    // A delivery is a run of its own, and a detour ends one: naming it is also what chooses it.
    while (end < steps.size() && steps[end]->agent == steps[begin]->agent &&
           !IsOwnRun(*steps[end]) && (kChosenByName & MaskOf(steps[end - 1]->point)) == 0) {
      ++end;
    }
    const StepEvent& last = *steps[end - 1];
    Run run{.kind = Run::Kind::kUntilPoint, .agent = last.agent, .point = last.point, .count = 0};
    run.page = static_cast<int8_t>(last.page);
    for (size_t i = begin; i < end; ++i) {
      run.count += steps[i]->point == last.point && steps[i]->page == last.page;
    }
    if (run.count > 255 || !named.order.push_back(run)) break;
    begin = end;
  }
  return named;
}

}  // namespace gatherfuzz
