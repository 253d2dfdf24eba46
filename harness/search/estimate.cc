// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/search/estimate.h"

#include <algorithm>
#include <bit>

namespace gatherfuzz {
namespace {

struct Length {
  uint32_t steps = 1, telling = 1;
  uint32_t flushes = 0;
};

// The pages that are in a VMA at some time, as far as can be said.
uint64_t MappedPages(const Schedule& schedule) {
  uint64_t pages = 0;
  for (const InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kMap) pages |= MaskOf(item.range);
  }
  for (const ProgramLine& line : schedule.program) {
    if (Info(line.op.kind).is(effect::kMaps)) pages |= MaskOf(line.op.range);
  }
  return pages;
}

// A call's own steps, and so many more for each page that may be there, and for each flush.
Length LengthOf(const Op& op, const Schedule& schedule, uint64_t mapped) {
  if (!Info(op.kind).has_pages()) {
    return {.steps = Info(op.kind).steps, .telling = Info(op.kind).telling};
  }
  const auto pages = static_cast<uint32_t>(std::popcount(MaskOf(op.range) & mapped));
  const uint32_t flushes = pages == 0 ? 0 : 1 + pages / static_cast<uint32_t>(schedule.batch);
  const OpInfo& info = Info(op.kind);
  if (info.is(effect::kReclaims) && pages != 0) {
    return {
        .steps = info.steps + 8 * pages, .telling = info.telling + 5 * pages, .flushes = flushes};
  }
  if (info.is(effect::kUnshares)) {
    return {.steps = info.steps, .telling = info.telling, .flushes = 1};
  }
  if (!info.gathers()) return {.steps = info.steps, .telling = info.telling};
  if (pages == 0) return {.steps = 3, .telling = 1};
  return {.steps = info.steps + 3 * pages, .telling = info.telling + 2 * pages, .flushes = flushes};
}

}  // namespace

uint32_t ExpectedSteps(const Schedule& schedule) {
  const uint64_t mapped = MappedPages(schedule);
  uint32_t steps = 1;
  for (const ProgramLine& line : schedule.program) {
    const Length length = LengthOf(line.op, schedule, mapped);
    steps += length.steps + length.flushes * (2 + static_cast<uint32_t>(schedule.cpus));
  }
  return steps;
}

std::array<uint16_t, kMaxAgents> ExpectedTellingSteps(const Schedule& schedule) {
  const uint64_t mapped = MappedPages(schedule);
  std::array<uint16_t, kMaxAgents> expected{};
  const auto expect = [&](AgentId agent, uint32_t steps) {
    expected[Index(agent)] = static_cast<uint16_t>(expected[Index(agent)] + steps);
  };
  for (const ProgramLine& line : schedule.program) {
    const Length length = LengthOf(line.op, schedule, mapped);
    expect(line.agent, length.telling + length.flushes);
    for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
      expect(DeliveryAgent(MakeCpu(cpu)), length.flushes);
    }
  }
  for (uint16_t& steps : expected) steps = std::max<uint16_t>(steps, 1);
  return expected;
}

PointMask PossibleTellingPoints(const Schedule& schedule) {
  using enum Point;
  constexpr PointMask kTables = MaskOf(pte_table_unlink) | MaskOf(pmd_table_unlink) |
                                MaskOf(free_table) | MaskOf(mmap_write_downgrade);
  constexpr PointMask kHuge = MaskOf(pmd_clear) | MaskOf(pmd_invalidate);
  constexpr PointMask kWalks = MaskOf(walk_pmd) | MaskOf(walk_pte);
  constexpr PointMask kAccess = MaskOf(pte_read) | MaskOf(pte_set) | MaskOf(pte_unlock) |
                                MaskOf(pmd_unlock) | MaskOf(pmd_read) | MaskOf(free_page) | kWalks;
  bool huge = false, hides = false, moves = false;
  PointMask possible = 0;
  for (const InitItem& item : schedule.init) huge |= item.flags.huge;
  for (const ProgramLine& line : schedule.program) {
    huge |= line.op.flags.huge;
    const OpInfo& op = Info(line.op.kind);
    if (op.agent == AgentKind::kWalker) {
      possible |= kWalks;
    } else if (op.is(effect::kAccesses)) {
      possible |= kAccess;
    } else if (op.is(effect::kReclaims)) {
      possible |= kReclaimPoints | MaskOf(pte_read) | MaskOf(pte_clear) | MaskOf(pte_unlock) |
                  MaskOf(tlb_flush) | MaskOf(free_page);
    } else if (op.is(effect::kDecides)) {
      possible |= kContentPoints | kReclaimPoints | MaskOf(pte_read) | MaskOf(pte_clear) |
                  MaskOf(pte_set) | MaskOf(pte_unlock) | MaskOf(tlb_flush) | MaskOf(free_page);
      hides = true;  // asks as reclaim does of what is PROT_NONE
    } else if (op.is(effect::kUnshares | effect::kOfOther)) {
      possible |= kSharedPoints | kTables | MaskOf(pmd_clear) | MaskOf(pmd_unlock) |
                  MaskOf(tlb_flush) | MaskOf(free_page) | MaskOf(pending_inc) |
                  MaskOf(pending_read) | MaskOf(pending_dec) | MaskOf(deliver) |
                  MaskOf(syscall_return);
      huge = true;
    } else if (op.is(effect::kSwitches)) {
      possible |= kSwitchPoints;
    } else if (!op.gathers()) {
      possible |= MaskOf(syscall_return);
    } else {
      possible |=
          ~(kWalks | (op.is(effect::kUnmaps | effect::kMoves) ? 0 : kTables) |
            (op.is(effect::kCleans | effect::kProtects | effect::kMoves) ? 0 : MaskOf(pte_set)));
      hides |= op.is(effect::kHints) || line.op.flags.none;
      moves |= op.is(effect::kMoves);
    }
  }
  if (!Reclaims(schedule)) possible &= ~kReclaimPoints;
  if (!Switches(schedule)) possible &= ~kSwitchPoints;
  if (schedule.asids == kNoAsids) possible &= ~kAsidPoints;
  if (!HasInvlpgb(schedule)) possible &= ~kInvlpgbPoints;
  if (!Exits(schedule)) possible &= ~kExitPoints;
  if (!Decides(schedule)) possible &= ~kContentPoints;
  if (!hides) possible &= ~MaskOf(pte_accessible);
  if (!moves) possible &= ~MaskOf(pmd_move);
  if (schedule.memory != MemoryModel::kLate) possible &= ~kLatePoints;
  if (!schedule.rcu) possible &= ~kRcuPoints;
  if (!HasPfnMaps(schedule)) possible &= ~kPfnPoints;
  if (!Shares(schedule)) possible &= ~kSharedPoints;
  if (!huge) possible &= ~kHuge;
  possible &= kTellingPoints;
  constexpr PointMask kNever = kReclaimPoints | kSwitchPoints | kExitPoints | kContentPoints |
                               kLatePoints | kRcuPoints | kPfnPoints | kSharedPoints |
                               MaskOf(pmd_move);
  return possible != 0 ? possible : kTellingPoints & ~kNever;
}

}  // namespace gatherfuzz
