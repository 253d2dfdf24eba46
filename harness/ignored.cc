// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/ignored.h"

#include <algorithm>
#include <bit>

namespace gatherfuzz {
namespace {

// What a walk finds a table for: the walk cache can hold that, of a page in no map, too.
uint64_t UnderTables(uint64_t populated) {
  uint64_t under = 0;
  for (int page = 0; page < kPages; page += kPagesPerPud) {
    const uint64_t span = MaskOf(PageRange{page, page + kPagesPerPud});
    if ((populated & span) != 0) under |= span;
  }
  return under;
}

// Pages in a map. A map that overlaps an earlier one is none.
uint64_t MappedPages(const Schedule& schedule) {
  uint64_t mapped = 0;
  for (const InitItem& item : schedule.init) {
    const uint64_t pages = MaskOf(item.range);
    if (item.kind == InitItem::Kind::kMap && (mapped & pages) == 0) mapped |= pages;
  }
  return mapped;
}

uint64_t PfnPages(const Schedule& schedule) {
  uint64_t pages = 0;
  for (const InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kMap && item.flags.pfn) pages |= MaskOf(item.range);
  }
  return pages;
}

// Pages of tables that mms share: there is no map, and something to cache.
uint64_t SharedPages(const Schedule& schedule) {
  uint64_t shared = 0;
  for (const auto& [agent, op] : schedule.program) {
    if (!Info(op.kind).is(effect::kUnshares | effect::kOfOther)) continue;
    for (int page = RoundDown(op.range.begin, kPagesPerPud); page < op.range.end;
         page += kPagesPerPud) {
      const uint64_t span = MaskOf(PageRange{page, page + kPagesPerPud});
      if ((MappedPages(schedule) & span) == 0) shared |= span;
    }
  }
  return shared;
}

// Where the item finds something.
uint64_t PagesFor(const InitItem& item, const Schedule& schedule) {
  const bool cached = item.kind == InitItem::Kind::kCached;
  return MappedPages(schedule) | (cached ? SharedPages(schedule) : 0);
}

uint64_t PopulatedPages(const Schedule& schedule) {
  uint64_t populated = 0;
  for (const InitItem& item : schedule.init) {
    const bool is_pfn = item.kind == InitItem::Kind::kMap && item.flags.pfn;
    if (item.kind == InitItem::Kind::kPresent || is_pfn) populated |= MaskOf(item.range);
  }
  return populated & MappedPages(schedule);
}

// The range without those pages at its ends that are not among `pages`, of which it has one.
PageRange Narrowed(PageRange range, uint64_t pages) {
  const uint64_t inside = MaskOf(range) & pages;
  GATHERFUZZ_CHECK(inside != 0);
  return {std::countr_zero(inside), 64 - std::countl_zero(inside)};
}

bool ReachesBeyond(const InitItem& item, uint64_t mapped) {
  return item.kind != InitItem::Kind::kMap && (MaskOf(item.range) & mapped) != 0 &&
         Narrowed(item.range, mapped) != item.range;
}

// "page 4", "pages 4..6".
std::string PagesText(PageRange pages) {
  if (pages.end == pages.begin + 1) return "page " + std::to_string(pages.begin);
  return "pages " + std::to_string(pages.begin) + ".." + std::to_string(pages.end);
}

// Puts narrowed ranges in the place of one that reaches beyond the maps; nothing, if there is no
// room for them. The order of the pages stays.
void Narrow(Schedule& schedule, size_t at, uint64_t mapped, uint64_t under_tables) {
  const InitItem whole = schedule.init[at];
  const PageRange inside = Narrowed(whole.range, mapped);
  std::vector<PageRange> parts;
  for (const PageRange part : {PageRange{whole.range.begin, inside.begin}, inside,
                               PageRange{inside.end, whole.range.end}}) {
    const bool cached = whole.kind == InitItem::Kind::kCached;
    const uint64_t pages = mapped | (cached ? under_tables : 0);
    if ((MaskOf(part) & pages) != 0) parts.push_back(Narrowed(part, pages));
  }
  if (schedule.init.size() + parts.size() - 1 > kMaxInit) return;
  schedule.init.erase(at);
  for (size_t i = 0; i < parts.size(); ++i) {
    InitItem item = whole;
    item.range = parts[i];
    schedule.init.insert(at + i, item);
  }
}

}  // namespace

std::vector<IgnoredInit> IgnoredInits(const Schedule& schedule) {
  std::vector<IgnoredInit> ignored;
  const uint64_t under_tables = UnderTables(PopulatedPages(schedule));
  const uint64_t shared = SharedPages(schedule);
  uint64_t mapped = 0;
  const auto each = [&](InitItem::Kind kind, auto act) {
    for (size_t i = 0; i < schedule.init.size(); ++i) {
      if (schedule.init[i].kind == kind) act(i, MaskOf(schedule.init[i].range));
    }
  };
  each(InitItem::Kind::kMap, [&](size_t i, uint64_t pages) {
    if ((mapped & pages) != 0) {
      ignored.push_back({i, "this map overlaps an earlier one, so it is ignored"});
    } else {
      mapped |= pages;
    }
  });
  each(InitItem::Kind::kPresent, [&](size_t i, uint64_t pages) {
    if ((pages & mapped) == 0) {
      ignored.push_back({i, "this is outside of every map, so nothing is populated"});
    }
  });
  each(InitItem::Kind::kCached, [&](size_t i, uint64_t pages) {
    if ((pages & (mapped | shared | under_tables)) == 0) {
      ignored.push_back({i, "this is outside of every map, so there is nothing to cache"});
    }
  });
  std::sort(ignored.begin(), ignored.end(),
            [](const IgnoredInit& a, const IgnoredInit& b) { return a.at < b.at; });
  return ignored;
}

std::vector<PartlyOutside> PartlyOutsideInits(const Schedule& schedule) {
  std::vector<PartlyOutside> partly;
  for (size_t i = 0; i < schedule.init.size(); ++i) {
    const InitItem& item = schedule.init[i];
    const uint64_t mapped = PagesFor(item, schedule);
    if (!ReachesBeyond(item, mapped)) continue;
    const auto [begin, end] = item.range;
    const PageRange inside = Narrowed(item.range, mapped);
    std::string pages;
    if (begin < inside.begin) pages = PagesText({begin, inside.begin});
    if (begin < inside.begin && inside.end < end) pages += " and ";
    if (inside.end < end) pages += PagesText({inside.end, end});
    const bool cached = item.kind == InitItem::Kind::kCached;
    partly.push_back(
        {i, std::string("this is partly outside of every map, so ") +
                (cached ? "no translation is cached of " : "nothing is populated on ") + pages});
  }
  return partly;
}

std::vector<OutsideOp> OutsideOps(const Schedule& schedule) {
  uint64_t mapped = MappedPages(schedule);
  for (const auto& [agent, op] : schedule.program) {
    if (Info(op.kind).is(effect::kMaps)) mapped |= MaskOf(op.range);
    if (Info(op.kind).is(effect::kMoves)) mapped |= MaskOf(MovesTo(op));
  }
  const uint64_t shared = SharedPages(schedule);
  std::vector<OutsideOp> outside;
  for (size_t i = 0; i < schedule.program.size(); ++i) {
    const Op& op = schedule.program[i].op;
    const OpInfo& info = Info(op.kind);
    if (!info.has_pages() || info.operands == Operands::kAll) continue;
    if (info.is(effect::kRevokes)) {
      if ((MaskOf(op.range) & PfnPages(schedule)) == 0) {
        outside.push_back({i, "this is outside of every PFN map, so it finds nothing"});
      }
      continue;
    }
    const bool walks = info.agent == AgentKind::kWalker || info.is(effect::kAccesses);
    if (info.is(effect::kUnshares | effect::kOfOther)) {
      if ((MaskOf(op.range) & shared) != 0) continue;
      outside.push_back({i, "a map is in each span that it touches, so no page table is shared"});
      continue;
    }
    if ((MaskOf(op.range) & (walks ? UnderTables(mapped) | shared : mapped)) != 0) continue;
    outside.push_back({i, "this is outside of every map, so it finds nothing"});
  }
  return outside;
}

void DropIgnoredInits(Schedule& schedule) {
  const std::vector<IgnoredInit> ignored = IgnoredInits(schedule);
  for (auto it = ignored.rbegin(); it != ignored.rend(); ++it) schedule.init.erase(it->at);
  const uint64_t under_tables = UnderTables(PopulatedPages(schedule));
  for (size_t i = schedule.init.size(); i-- > 0;) {
    const uint64_t mapped = PagesFor(schedule.init[i], schedule);
    if (ReachesBeyond(schedule.init[i], mapped)) Narrow(schedule, i, mapped, under_tables);
  }
}

}  // namespace gatherfuzz
