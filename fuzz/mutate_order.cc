// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Mutations of who moves when.
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "fuzz/mutations.h"
#include "fuzz/replay.h"

namespace gatherfuzz {
namespace {

Point PickTellingPoint(const Schedule& schedule, Random& random) {
  PointMask points =
      kTellingPoints & ~(Reclaims(schedule) ? 0 : kReclaimPoints) &
      ~(Exits(schedule) ? 0 : kExitPoints) & ~(Decides(schedule) ? 0 : kContentPoints) &
      ~(Switches(schedule) ? 0 : kSwitchPoints) &
      ~(schedule.memory == MemoryModel::kLate ? 0 : kLatePoints) &
      ~(schedule.asids != kNoAsids ? 0 : kAsidPoints) & ~(HasPfnMaps(schedule) ? 0 : kPfnPoints) &
      ~(Shares(schedule) ? 0 : kSharedPoints) & ~(HasInvlpgb(schedule) ? 0 : kInvlpgbPoints) &
      ~(schedule.rcu ? MaskOf(Point::rcu_free) : kRcuPoints);
  for (uint32_t skip = random.Below(static_cast<uint32_t>(CountOf(points))); skip != 0;) {
    points &= points - 1;
    --skip;
  }
  return FirstOf(points);
}

AgentId PickAgent(const Schedule& schedule, Random& random) {
  static constexpr AgentKind kLikely[4] = {AgentKind::kCpu, AgentKind::kCpu, AgentKind::kCpu,
                                           AgentKind::kInvalidation};
  if (schedule.kswapd && OneIn(random, 4)) return CpuAgent(MakeCpu(schedule.kswapd_cpu()));
  if (OneIn(random, 8)) return WalkerAgent(PickCpu(schedule, random));
  return MakeAgent(kLikely[random.Below(4)], PickCpu(schedule, random));
}

Run UntilStep(AgentId agent, PendingStep step) {
  Run run{.kind = Run::Kind::kUntilPoint, .agent = agent, .point = step.point};
  if (Info(step.point).has_page) run.page = step.page;
  return run;
}

// A load that takes an old value; or, where increments may be late, one that is left for later, or
// is done.
Run AnyOldRun(const Schedule& schedule, Random& random) {
  const CpuId cpu = PickCpu(schedule, random);
  if (schedule.memory == MemoryModel::kLate && OneIn(random, 2)) {
    if (OneIn(random, 2)) return {.kind = Run::Kind::kLate, .agent = DetourAgent(cpu)};
    return UntilStep(CpuAgent(cpu), {Point::pending_inc_later});
  }
  Run run{.kind = Run::Kind::kOld, .agent = OneIn(random, 6) ? WalkerAgent(cpu) : DetourAgent(cpu)};
  run.count = static_cast<uint16_t>(SmallNumber(random, 2));
  return run;
}

Run AnyRun(const Schedule& schedule, Random& random) {
  if (schedule.memory != MemoryModel::kSc && OneIn(random, 4)) return AnyOldRun(schedule, random);
  if (schedule.rcu && OneIn(random, 6)) {
    return {.kind = Run::Kind::kLate, .agent = DetourAgent(PickCpu(schedule, random))};
  }
  const AgentId agent = PickAgent(schedule, random);
  switch (random.Below(4)) {
    case 0: return {.agent = agent, .count = static_cast<uint16_t>(SmallNumber(random, 40))};
    case 1: return {.kind = Run::Kind::kUntilDone, .agent = agent};
    default: break;
  }
  Run run{
      .kind = Run::Kind::kUntilPoint, .agent = agent, .point = PickTellingPoint(schedule, random)};
  run.count = static_cast<uint16_t>(SmallNumber(random, 8));
  return run;
}

bool AddRun(Schedule& schedule, Random& random) {
  const Run run = AnyRun(schedule, random);
  return schedule.order.insert(random.Below(static_cast<uint32_t>(schedule.order.size() + 1)), run);
}

bool DropRun(Schedule& schedule, Random& random) {
  if (schedule.order.empty()) return false;
  schedule.order.erase(PickIndex(schedule.order, random));
  return true;
}

bool SwapRuns(Schedule& schedule, Random& random) {
  if (schedule.order.size() < 2) return false;
  const size_t index = 1 + random.Below(static_cast<uint32_t>(schedule.order.size() - 1));
  std::swap(schedule.order[index - 1], schedule.order[index]);
  return true;
}

// Moves a run to a later place, or an earlier one.
bool DelayRun(Schedule& schedule, Random& random) {
  if (schedule.order.size() < 3) return false;
  const size_t from = PickIndex(schedule.order, random);
  const Run run = schedule.order[from];
  schedule.order.erase(from);
  return schedule.order.insert(random.Below(static_cast<uint32_t>(schedule.order.size() + 1)), run);
}

// Takes out what stands between two runs of one agent.
bool MergeRuns(Schedule& schedule, Random& random) {
  auto& order = schedule.order;
  if (order.size() < 3) return false;
  const size_t first = random.Below(static_cast<uint32_t>(order.size() - 2));
  size_t second = first + 2;
  while (second < order.size() && order[second].agent != order[first].agent) ++second;
  if (second == order.size()) return false;
  for (size_t i = second - 1; i > first; --i) order.erase(i);
  return true;
}

bool ChangeRun(Schedule& schedule, Random& random) {
  if (schedule.order.empty()) return false;
  Run& run = schedule.order[PickIndex(schedule.order, random)];
  switch (random.Below(4)) {
    case 0:
      if (run.kind == Run::Kind::kOld || run.kind == Run::Kind::kLate) return false;
      run.agent = PickAgent(schedule, random);
      return true;
    case 1: run = AnyRun(schedule, random); return true;
    default: break;
  }
  const bool detour = KindOf(run.agent) == AgentKind::kDetour;
  if (run.kind == Run::Kind::kUntilDone || run.kind == Run::Kind::kOld || detour) return false;
  const int most = run.kind == Run::Kind::kCount ? 0xffff : 0xff;
  const int change = SmallNumber(random, 8) * (OneIn(random, 2) ? 1 : -1);
  run.count = static_cast<uint16_t>(std::clamp(run.count + change, 1, most));
  return true;
}

bool CutOrder(Schedule& schedule, Random& random) {
  if (schedule.order.empty()) return false;
  schedule.order.truncate(PickIndex(schedule.order, random));
  schedule.tail = AnyTail(random);
  return true;
}

bool NewTail(Schedule& schedule, Random& random) {
  schedule.tail = AnyTail(random);
  return true;
}

// A whole new order for the same programs, drawn by a strategy.
bool NewOrder(Schedule& schedule, Random& random) {
  schedule.order.clear();
  schedule.tail = AnyTail(random);
  return true;
}

// A switch next to a step that does not commute with one that another agent makes later: that one
// comes right after it, or before it.
bool SwitchAtConflict(Schedule& schedule, Random& random) {
  const Replay& replay = ReplayMember(schedule, static_cast<int>(random.Below(4)));
  if (replay.size() < 2) return false;
  for (int tries = 0; tries < 8; ++tries) {
    const size_t first = PickIndex(replay, random);
    if ((kTellingPoints & MaskOf(replay[first].step.point)) == 0) continue;
    for (size_t later = first + 1; later < replay.size(); ++later) {
      if (replay[later].agent == replay[first].agent) continue;
      if (!Conflict(replay[first].step, replay[later].step)) continue;
      const ReplayedStep moved = replay[later];
      KeepSteps(replay, OneIn(random, 2) ? first : first + 1, schedule.order);
      schedule.order.push_back(UntilStep(moved.agent, moved.step));
      if (OneIn(random, 2)) schedule.tail = AnyTail(random);
      return true;
    }
  }
  return false;
}

// Lets a walk, a delivery or another CPU move right after a page-table entry was cleared.
bool MoveToClear(Schedule& schedule, Random& random) {
  constexpr PointMask kClears = MaskOf(Point::pte_clear) | MaskOf(Point::pmd_clear) |
                                MaskOf(Point::pte_table_unlink) | MaskOf(Point::pmd_table_unlink);
  const Replay& replay = ReplayMember(schedule, static_cast<int>(random.Below(4)));
  size_t clears = 0, chosen = 0;
  for (size_t i = 0; i < replay.size(); ++i) {
    if ((kClears & MaskOf(replay[i].step.point)) == 0) continue;
    if (random.Below(static_cast<uint32_t>(++clears)) == 0) chosen = i;
  }
  if (clears == 0) return false;
  const auto page = replay[chosen].step.page;
  KeepSteps(replay, chosen + 1, schedule.order);
  AgentId agent = PickAgent(schedule, random);
  if (OneIn(random, 2)) {
    const ProgramLine fill = MakeLine(CpuOf(agent), OpKind::kFill, {page, page + 1}, random);
    if (schedule.program.push_back(fill)) agent = fill.agent;
  }
  schedule.order.push_back({.kind = Run::Kind::kUntilDone, .agent = agent});
  return true;
}

// Writes the beginning of an order that a strategy drew as runs, so that they can be mutated.
bool AdoptOrder(Schedule& schedule, Random& random) {
  const int member = static_cast<int>(random.Below(16));
  const Replay& replay = ReplayMember(schedule, member);
  if (replay.empty()) return false;
  KeepSteps(replay, 1 + PickIndex(replay, random), schedule.order);
  return true;
}

// Takes the operations out that none of the first `steps` steps is of.
void DropUnbegun(const Replay& replay, size_t steps, Schedule& schedule) {
  std::array<int, kMaxAgents> begun{};  // how many of each agent
  for (size_t i = 0; i < steps; ++i) {
    begun[Index(replay[i].agent)] = std::max(begun[Index(replay[i].agent)], replay[i].op + 1);
  }
  for (size_t i = 0; i < schedule.program.size();) {
    int& left = begun[Index(schedule.program[i].agent)];
    if (left-- > 0) {
      ++i;
    } else {
      schedule.program.erase(i);
    }
  }
}

constexpr PointMask kRemoves = MaskOf(Point::pte_clear) | MaskOf(Point::pmd_clear) |
                               MaskOf(Point::pmd_invalidate) | MaskOf(Point::pte_table_unlink);

// The beginning of an order, and a page that it has taken a leaf from.
struct Beginning {
  size_t steps = 0;
  int page = kNoPage;  // none: it has taken none
};

// Any, and any page.
Beginning AnyBeginning(const Replay& replay, Random& random) {
  Beginning beginning{.steps = 1 + PickIndex(replay, random)};
  uint32_t seen = 0;
  for (size_t i = 0; i < beginning.steps; ++i) {
    if ((kRemoves & MaskOf(replay[i].step.point)) == 0) continue;
    if (random.Below(++seen) == 0) beginning.page = replay[i].step.page;
  }
  return beginning;
}

// One after which somebody has taken leaves and has not flushed yet, and such a page.
Beginning UnflushedBeginning(const Replay& replay, Random& random) {
  std::array<uint64_t, kMaxAgents> taken{};
  Beginning beginning;
  uint32_t seen = 0;
  for (size_t i = 0; i < replay.size(); ++i) {
    const auto [point, page] = replay[i].step;
    uint64_t& its = taken[Index(replay[i].agent)];
    if ((kRemoves & MaskOf(point)) != 0) its |= PageBit(page);
    if (point == Point::tlb_flush_done) its = 0;
    uint64_t all = 0;
    for (const uint64_t pages : taken) all |= pages;
    if (all == 0 || random.Below(++seen) != 0) continue;
    for (uint32_t skip = random.Below(static_cast<uint32_t>(std::popcount(all))); skip > 0;
         --skip) {
      all &= all - 1;
    }
    beginning = {.steps = i + 1, .page = std::countr_zero(all)};
  }
  return beginning;
}

// Keeps the beginning of an order, and goes on from there in another way: with operations on what
// it has taken away, in place of those that it has not come to, or before these. Half of the time
// the CPU of the last of them goes first.
bool GoOn(Schedule& schedule, Random& random) {
  const Replay& replay = ReplayMember(schedule, static_cast<int>(random.Below(2)));
  if (replay.size() < 2) return false;
  const auto [steps, page] =
      OneIn(random, 4) ? AnyBeginning(replay, random) : UnflushedBeginning(replay, random);
  if (page == kNoPage) return false;
  KeepSteps(replay, steps, schedule.order);
  if (!OneIn(random, 4)) DropUnbegun(replay, steps, schedule);
  CpuId cpu{};
  for (int ops = SmallNumber(random, 3); ops > 0 && !schedule.program.full(); --ops) {
    static constexpr OpKind kKinds[] = {OpKind::kDontneed, OpKind::kDontneed, OpKind::kMunmap,
                                        OpKind::kFree,     OpKind::kRead,     OpKind::kWrite,
                                        OpKind::kFill};
    cpu = PickCpu(schedule, random);
    const OpKind kind = kKinds[random.Below(7)];
    const PageRange range =
        OneIn(random, 2) ? PageRange{page, page + 1} : Overlapping({page, page + 1}, random);
    if (Info(kind).is(effect::kZaps) && OneIn(random, 3)) {  // of what it has just used
      schedule.program.push_back(MakeLine(cpu, OpKind::kRead, range, random));
    }
    schedule.program.push_back(MakeLine(cpu, kind, range, random));
  }
  if (OneIn(random, 2)) {
    schedule.order.push_back({.kind = Run::Kind::kUntilDone, .agent = CpuAgent(cpu)});
  }
  schedule.tail = AnyTail(random);
  return true;
}

// Hardware caches a page right before somebody takes it away; its CPU takes it away once more
// before that is flushed for, and is left with what it has if it believes that no flush is owed.
bool CacheAndTake(Schedule& schedule, Random& random) {
  const Replay& replay = ReplayMember(schedule, static_cast<int>(random.Below(2)));
  size_t taken = 0;
  uint32_t seen = 0;
  for (size_t i = 0; i < replay.size(); ++i) {
    if ((kRemoves & MaskOf(replay[i].step.point)) != 0 && random.Below(++seen) == 0) taken = i;
  }
  const CpuId cpu = PickCpu(schedule, random);
  if (seen == 0 || CpuOf(replay[taken].agent) == cpu) return false;
  if (schedule.program.size() + 2 > kMaxOps) return false;
  const auto flushed =
      std::find_if(replay.begin() + taken, replay.end(), [&](const ReplayedStep& it) {
        return it.agent == replay[taken].agent && it.step.point == Point::tlb_flush_done;
      });
  const size_t again =
      taken + 1 + random.Below(static_cast<uint32_t>(flushed - replay.begin() - taken));
  static constexpr OpKind kKinds[] = {OpKind::kDontneed, OpKind::kDontneed, OpKind::kMunmap,
                                      OpKind::kFree};
  const int page = replay[taken].step.page;
  const PageRange range{page, page + 1};
  const ProgramLine fill = MakeLine(cpu, OpKind::kFill, range, random);
  const ProgramLine take = MakeLine(cpu, kKinds[random.Below(4)], range, random);
  schedule.program.push_back(fill);
  schedule.program.push_back(take);
  KeepSteps(replay, taken, schedule.order);
  schedule.order.push_back({.kind = Run::Kind::kUntilDone, .agent = fill.agent});
  AddSteps(replay, taken, again, schedule.order);
  schedule.order.push_back({.kind = Run::Kind::kUntilDone, .agent = take.agent});
  return true;
}

constexpr Mutation kMutations[] = {
    {"add-run", 3, AddRun},
    {"drop-run", 3, DropRun},
    {"swap-runs", 2, SwapRuns},
    {"delay-run", 2, DelayRun},
    {"merge-runs", 2, MergeRuns},
    {"change-run", 3, ChangeRun},
    {"cut-order", 2, CutOrder},
    {"new-tail", 6, NewTail},
    {"new-order", 6, NewOrder},
    {"switch-at-conflict", 8, SwitchAtConflict},
    {"move-to-clear", 3, MoveToClear},
    {"adopt-order", 3, AdoptOrder},
    {"go-on", 20, GoOn},
    {"cache-and-take", 20, CacheAndTake},
};

}  // namespace

std::span<const Mutation> OrderMutations() { return kMutations; }

}  // namespace gatherfuzz
