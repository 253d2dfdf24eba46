// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Numbers and places: CPUs in the order in which they first move, pages as low as they may be.
#include <algorithm>
#include <optional>

#include "triage/minimize/passes.h"

namespace gatherfuzz {
namespace {

constexpr int kWholes[] = {kPagesPerPud, kPagesPerPmd, 1};

int MapCpu(const CpuMap& map, CpuId cpu) { return map[static_cast<size_t>(Index(cpu))]; }

// Whether it names pages; what is for all of them does not.
bool HasPlaces(const Op& op) {
  return Info(op.kind).has_pages() && Info(op.kind).operands != Operands::kAll;
}

int LastPage(const Schedule& schedule) {
  int last = 0;
  for (const ProgramLine& line : schedule.program) {
    if (!HasPlaces(line.op)) continue;
    last = std::max(last, line.op.range.end - 1);
    if (Info(line.op.kind).has_target()) last = std::max(last, MovesTo(line.op).end - 1);
  }
  for (const InitItem& item : schedule.init) last = std::max(last, item.range.end - 1);
  return last;
}

// Each range and each page that a switch names, as `map` has it; nothing if a program's range is
// none any more. A line of init may vanish.
template <typename Map>
std::optional<Schedule> WithPages(const Schedule& schedule, Map map) {
  Schedule mapped = schedule;
  mapped.init.clear();
  for (InitItem item : schedule.init) {
    const std::optional<PageRange> range = map(item.range);
    if (!range) return {};
    item.range = *range;
    if (item.range.begin < item.range.end) mapped.init.push_back(item);
  }
  for (ProgramLine& line : mapped.program) {
    if (!HasPlaces(line.op)) continue;
    const std::optional<PageRange> range = map(line.op.range);
    if (!range || range->begin >= range->end) return {};
    if (Info(line.op.kind).has_target()) {
      const std::optional<PageRange> to = map(MovesTo(line.op));
      if (!to || to->end - to->begin != range->end - range->begin) return {};
      line.op.to = static_cast<uint8_t>(to->begin);
    }
    line.op.range = *range;
  }
  for (Run& run : mapped.order) {
    if (run.page == kNoPage || Info(run.point).is(role::kNamesCpu)) continue;
    const std::optional<PageRange> named = map(PageRange{run.page, run.page + 1});
    if (named) run.page = static_cast<int8_t>(std::min(named->begin, kPages - 1));
  }
  return mapped;
}

// The address space without some pages: what lies above moves down.
bool DropPages(Attempts& attempts, int page, int count) {
  const auto without = [&](PageRange range) -> std::optional<PageRange> {
    const auto moved = [&](int at) { return at <= page ? at : std::max(page, at - count); };
    return PageRange{moved(range.begin), moved(range.end)};
  };
  const std::optional<Schedule> candidate = WithPages(attempts.schedule(), without);
  return candidate && attempts.Try(*candidate);
}

// Blocks of so many pages change places.
bool ExchangeBlocks(Attempts& attempts, int a, int b, int count) {
  const auto exchanged = [&](PageRange range) -> std::optional<PageRange> {
    const int first = range.begin / count, last = (range.end - 1) / count;
    const bool moves = (first <= a && a <= last) || (first <= b && b <= last);
    if (!moves) return range;
    if (first != last) return {};
    const int by = (first == a ? b - a : a - b) * count;
    return PageRange{range.begin + by, range.end + by};
  };
  const std::optional<Schedule> candidate = WithPages(attempts.schedule(), exchanged);
  return candidate && attempts.Try(*candidate);
}

}  // namespace

Schedule WithCpus(const Schedule& schedule, const CpuMap& map) {
  Schedule mapped = schedule;
  mapped.init.clear();
  mapped.program.clear();
  mapped.order.clear();
  mapped.cpus = static_cast<int>(
      std::count_if(map.begin(), map.begin() + schedule.cpus, [](int to) { return to != kGone; }));
  mapped.kswapd = schedule.kswapd && MapCpu(map, MakeCpu(schedule.kswapd_cpu())) != kGone;
  const auto moved = [&](AgentId agent) {
    return MakeAgent(KindOf(agent), MakeCpu(MapCpu(map, CpuOf(agent))));
  };
  for (InitItem item : schedule.init) {
    if (item.kind == InitItem::Kind::kCached) {
      if (MapCpu(map, item.cpu) == kGone) continue;
      item.cpu = MakeCpu(MapCpu(map, item.cpu));
    }
    mapped.init.push_back(item);
  }
  for (ProgramLine line : schedule.program) {
    if (MapCpu(map, CpuOf(line.agent)) == kGone) continue;
    line.agent = moved(line.agent);
    mapped.program.push_back(line);
  }
  for (Run run : schedule.order) {
    if (MapCpu(map, CpuOf(run.agent)) == kGone) continue;
    run.agent = moved(run.agent);
    const bool named = run.kind == Run::Kind::kUntilPoint && run.page != kNoPage;
    if (named && Info(run.point).is(role::kNamesCpu)) {
      const int issuer = run.page < kMaxCpus ? map[static_cast<size_t>(run.page)] : kGone;
      if (issuer == kGone) continue;
      run.page = static_cast<int8_t>(issuer);
    }
    mapped.order.push_back(run);
  }
  Canonicalize(mapped);
  return mapped;
}

Path WithCpus(const Path& path, const CpuMap& map) {
  Path mapped = path;
  for (Action& action : mapped) {
    const AgentId agent = AgentOf(action);
    const CpuId cpu = MakeCpu(MapCpu(map, CpuOf(agent)));
    action = IsDelivery(action) ? Delivery(cpu, MakeCpu(MapCpu(map, IssuerOf(action))))
             : IsLate(action)   ? Late(cpu)
             : IsOld(action)    ? OldValue(MakeAgent(KindOf(agent), cpu), OldOf(action))
                                : ActionOf(MakeAgent(KindOf(agent), cpu));
  }
  return mapped;
}

CpuMap InOrderOfMoves(const Schedule& schedule, const Path& path) {
  CpuMap map;
  int next = 0;
  for (const CpuId cpu : ByFirstMove(path)) {
    if (Index(cpu) == schedule.kswapd_cpu()) continue;
    if (next == schedule.kswapd_cpu()) ++next;
    map[static_cast<size_t>(Index(cpu))] = next++;
  }
  if (schedule.kswapd) {
    map[static_cast<size_t>(schedule.kswapd_cpu())] = schedule.kswapd_cpu();
  }
  return map;
}

// By the steps themselves: names of CPUs decide who lends and who is served first.
bool RenumberCpus(Attempts& attempts) {
  if (attempts.best().weight.moves == 0) return false;
  const CpuMap map = InOrderOfMoves(attempts.schedule(), attempts.best().path);
  const Schedule renumbered = WithCpus(attempts.schedule(), map);
  return attempts.Try(renumbered) ||
         attempts.Try(SpelledOut(renumbered, WithCpus(attempts.best().path, map)));
}

bool MovePages(Attempts& attempts) {
  bool helped = false;
  for (const int count : kWholes) {
    for (int page = LastPage(attempts.schedule()) / count * count; page >= 0; page -= count) {
      while (page <= LastPage(attempts.schedule()) && DropPages(attempts, page, count)) {
        helped = true;
      }
    }
  }
  for (const int count : {kPagesPerPud, kPagesPerPmd}) {
    for (int b = LastPage(attempts.schedule()) / count; b > 0; --b) {
      for (int a = 0; a < b; ++a) helped |= ExchangeBlocks(attempts, a, b, count);
    }
  }
  return helped;
}

}  // namespace gatherfuzz
