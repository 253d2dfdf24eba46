// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Passes over the programs and the initial state.
#include <algorithm>
#include <vector>

#include "triage/minimize/passes.h"

namespace gatherfuzz {
namespace {

constexpr auto kRangeOfLine = [](ProgramLine& line) -> PageRange& { return line.op.range; };
constexpr auto kRangeOfItem = [](InitItem& item) -> PageRange& { return item.range; };

template <typename List>
void EraseParts(List& list, size_t begin, size_t end) {
  std::copy(list.begin() + end, list.end(), list.begin() + begin);
  list.truncate(list.size() - (end - begin));
}

// Which line of `program` a step of a thread or walker belongs to.
size_t LineOf(const Schedule& schedule, const StepEvent& event) {
  int index = event.op;
  size_t line = 0;
  for (; line < schedule.program.size(); ++line) {
    if (schedule.program[line].agent == event.agent && index-- == 0) break;
  }
  return line;
}

// The order of a run without the steps of those lines, nor the deliveries that they ask for.
Schedule WithoutSteps(const Subject& best, const Schedule& shorter, size_t begin, size_t end) {
  Trace left;
  left.steps.reserve(best.trace.steps.size());
  std::array<size_t, kMaxCpus> flushing{};  // by CPU: the line whose invalidation is under way
  for (const TraceStep& step : best.trace.steps) {
    const StepEvent& event = step.event;
    const bool delivery = event.point == Point::deliver;
    const auto cpu = static_cast<size_t>(delivery ? event.page : Index(CpuOf(event.agent)));
    const size_t line = delivery ? flushing[cpu] : LineOf(best.schedule, event);
    if (event.point == Point::tlb_flush) flushing[cpu] = line;
    if (line < begin || line >= end) left.steps.push_back({.event = event});
  }
  return NameSwitches(shorter, left);
}

bool DropCpus(Attempts& attempts) {
  bool helped = false;
  for (int gone = attempts.schedule().cpus - 1; gone >= 0; --gone) {
    if (attempts.schedule().cpus == 1 || gone >= attempts.schedule().cpus) continue;
    CpuMap map;
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      map[static_cast<size_t>(cpu)] = cpu == gone ? kGone : cpu - (cpu > gone);
    }
    helped |= attempts.Try(WithCpus(attempts.schedule(), map));
  }
  return helped;
}

// An operation goes alone, or with its steps.
bool DropLines(Attempts& attempts) {
  return DropParts([&] { return attempts.schedule().program.size(); },
                   [&](size_t begin, size_t end) {
                     Schedule candidate = attempts.schedule();
                     EraseParts(candidate.program, begin, end);
                     return attempts.Try(WithoutSteps(attempts.best(), candidate, begin, end)) ||
                            attempts.Try(candidate);
                   });
}

bool DropInit(Attempts& attempts) {
  return DropParts([&] { return attempts.schedule().init.size(); },
                   [&](size_t begin, size_t end) {
                     Schedule candidate = attempts.schedule();
                     EraseParts(candidate.init, begin, end);
                     return attempts.Try(candidate);
                   });
}

// What an operation does before the others may be so from the beginning: a VMA, a page, an entry.
// An access to a huge page is one to all of `pages`.
bool AddToInit(Schedule& schedule, const ProgramLine& line, PageRange pages) {
  const auto [agent, op] = line;
  const bool access = Info(op.kind).is(effect::kAccesses);
  if (Info(op.kind).is(effect::kMaps)) {
    return schedule.init.push_back({.range = op.range, .flags = op.flags});
  }
  if (!access && Info(op.kind).agent != AgentKind::kWalker) return false;
  const InitItem present{.kind = InitItem::Kind::kPresent, .range = pages};
  return (!access || schedule.init.push_back(present)) &&
         schedule.init.push_back(
             {.kind = InitItem::Kind::kCached, .range = pages, .cpu = CpuOf(agent)});
}

bool TurnToInit(Attempts& attempts, size_t i, PageRange pages) {
  Schedule candidate = attempts.schedule();
  if (!AddToInit(candidate, candidate.program[i], pages)) return false;
  candidate.program.erase(i);
  Canonicalize(candidate);
  return attempts.Try(WithoutSteps(attempts.best(), candidate, i, i + 1)) ||
         attempts.Try(candidate);
}

bool TurnLinesToInit(Attempts& attempts) {
  bool helped = false;
  for (size_t i = attempts.schedule().program.size(); i-- > 0;) {
    const PageRange pages = attempts.schedule().program[i].op.range;
    const int block = pages.begin / kPagesPerPmd * kPagesPerPmd;
    helped |=
        TurnToInit(attempts, i, pages) || TurnToInit(attempts, i, {block, block + kPagesPerPmd});
  }
  return helped;
}

// The operations of a thread, the lightest first, but for those with operands of their own.
std::vector<OpKind> LighterKinds(KernelVersion kernel) {
  std::vector<OpKind> kinds;
  for (int i = 0; i < kOpCount; ++i) {
    constexpr unsigned kOthers = effect::kReclaims | effect::kProtects | effect::kReaps |
                                 effect::kMoves | effect::kExits | effect::kDecides |
                                 effect::kRevokes | effect::kUnshares | effect::kOfOther;
    const bool plain = kOps[i].agent == AgentKind::kCpu && kOps[i].operands != Operands::kMap &&
                       kOps[i].has_pages() && !kOps[i].is(kOthers);
    if (plain && kOps[i].exists_in(kernel)) kinds.push_back(static_cast<OpKind>(i));
  }
  std::ranges::sort(kinds, {}, [](OpKind kind) { return Info(kind).weight; });
  return kinds;
}

bool SimplifyKinds(Attempts& attempts) {
  bool helped = false;
  for (size_t i = 0; i < attempts.schedule().program.size(); ++i) {
    for (const OpKind kind : LighterKinds(attempts.schedule().kernel)) {
      Schedule candidate = attempts.schedule();
      Op& op = candidate.program[i].op;
      if (Info(op.kind).agent != AgentKind::kCpu || op.kind == kind) continue;
      if (!Info(op.kind).has_pages() || Info(op.kind).operands == Operands::kAll) continue;
      if (candidate.program[i].agent == CpuAgent(MakeCpu(candidate.kswapd_cpu()))) continue;
      op = {.kind = kind, .range = op.range};
      if (Info(kind).operands == Operands::kPage) op.range.end = op.range.begin + 1;
      if (!(SizeOf(candidate) < attempts.best().weight.size)) break;
      if (!attempts.Try(candidate)) continue;
      helped = true;
      break;
    }
  }
  return helped;
}

// Two lines of init that touch are one.
bool MergeInit(Attempts& attempts) {
  bool helped = false;
  for (size_t i = 0; i < attempts.schedule().init.size(); ++i) {
    for (size_t k = i + 1; k < attempts.schedule().init.size(); ++k) {
      Schedule candidate = attempts.schedule();
      InitItem merged = candidate.init[i];
      const PageRange other = candidate.init[k].range;
      if (merged.range.end < other.begin || other.end < merged.range.begin) continue;
      merged.range = candidate.init[k].range;
      if (!(merged == candidate.init[k])) continue;
      merged.range = {std::min(candidate.init[i].range.begin, other.begin),
                      std::max(candidate.init[i].range.end, other.end)};
      candidate.init[i] = merged;
      candidate.init.erase(k);
      helped |= attempts.Try(candidate);
    }
  }
  return helped;
}

// A switch of the agent that named a page outside of its new range names the nearest inside.
void MoveNames(Schedule& schedule, AgentId agent, PageRange old_range, PageRange range) {
  for (Run& run : schedule.order) {
    if (run.agent != agent || run.page < old_range.begin || run.page >= old_range.end) continue;
    run.page = static_cast<int8_t>(std::clamp<int>(run.page, range.begin, range.end - 1));
  }
}

void MoveNames(Schedule& schedule, const ProgramLine& line, PageRange range) {
  MoveNames(schedule, line.agent, line.op.range, range);
}
void MoveNames(Schedule&, const InitItem&, PageRange) {}

// What is for all pages has no range to be cut.
bool HasRange(const ProgramLine& line) { return Info(line.op.kind).operands != Operands::kAll; }
bool HasRange(const InitItem&) { return true; }

// Ranges are cut to half, then by a page, from either end.
template <typename List, typename RangeOf>
bool Narrow(Attempts& attempts, List Schedule::* list, RangeOf range_of) {
  bool helped = false;
  const auto cut = [&](size_t i, PageRange range) {
    Schedule candidate = attempts.schedule();
    range_of((candidate.*list)[i]) = range;
    Schedule renamed = candidate;
    MoveNames(renamed, (attempts.schedule().*list)[i], range);
    return attempts.Try(renamed) || (!(renamed == candidate) && attempts.Try(candidate));
  };
  for (size_t i = 0; i < (attempts.schedule().*list).size(); ++i) {
    if (!HasRange((attempts.schedule().*list)[i])) continue;
    for (bool again = true; again;) {
      auto item = (attempts.schedule().*list)[i];
      const PageRange range = range_of(item);
      const int size = range.end - range.begin;
      again = false;
      for (int by = size / 2; by > 0 && !again; by = by == 1 ? 0 : 1) {
        again = cut(i, {range.begin, range.end - by}) || cut(i, {range.begin + by, range.end});
      }
      helped |= again;
    }
  }
  return helped;
}

bool DropFlags(Attempts& attempts) {
  bool helped = false;
  const auto change = [&](auto make) {
    Schedule candidate = attempts.schedule();
    make(candidate);
    helped |= !(candidate == attempts.schedule()) && attempts.Try(candidate);
  };
  change([](Schedule& schedule) { schedule.batch = kDefaultBatch; });
  change([](Schedule& schedule) { schedule.hardware = HardwareKind::kPlain; });
  change([](Schedule& schedule) { schedule.rcu = false; });
  for (size_t i = 0; i < attempts.schedule().init.size(); ++i) {
    change([i](Schedule& schedule) { schedule.init[i].flags.huge = false; });
    change([i](Schedule& schedule) { schedule.init[i].flags.pfn = false; });
    change([i](Schedule& schedule) { schedule.init[i].flags.write = schedule.init[i].flags.pfn; });
    change([i](Schedule& schedule) { schedule.init[i].dirty = false; });
    change([i](Schedule& schedule) { schedule.init[i].folio = false; });
  }
  for (size_t i = 0; i < attempts.schedule().program.size(); ++i) {
    change([i](Schedule& schedule) { schedule.program[i].op.flags.huge = false; });
    change([i](Schedule& schedule) { schedule.program[i].op.flags.write = false; });
    change([i](Schedule& schedule) { schedule.program[i].op.flags.stays = false; });
    change([i](Schedule& schedule) {
      Op& op = schedule.program[i].op;
      if (Info(op.kind).operands == Operands::kMm && op.range.begin > 1) op.range = {1, 2};
    });
  }
  return helped;
}

}  // namespace

bool ShrinkPrograms(Attempts& attempts) {
  bool helped = DropCpus(attempts);
  helped |= DropLines(attempts);
  helped |= TurnLinesToInit(attempts);
  helped |= DropInit(attempts);
  helped |= MergeInit(attempts);
  helped |= SimplifyKinds(attempts);
  helped |= Narrow(attempts, &Schedule::program, kRangeOfLine);
  helped |= Narrow(attempts, &Schedule::init, kRangeOfItem);
  helped |= DropFlags(attempts);
  return helped;
}

}  // namespace gatherfuzz
