// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/programs.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace gatherfuzz {
namespace {

uint64_t Power(uint64_t base, int exponent) {
  uint64_t power = 1;
  while (exponent-- > 0) power *= base;
  return power;
}

// In how many ways so many items, in their order, are cut into pieces for so many CPUs.
uint64_t WaysToDeal(int items, int cpus) {
  uint64_t ways = 1;
  for (int i = 1; i < cpus; ++i) ways = ways * static_cast<uint64_t>(items + i) / i;
  return ways;
}

// Where page tables are shared: the span of an upper entry beside the window.
PageRange SharedSpan(const Bounds& bounds) {
  const int end = RoundUp(bounds.window().end, kPagesPerPud);
  const int begin = end < kPages ? end : 0;
  return {begin, begin + kPagesPerPud};
}

constexpr bool IsOfShared(OpKind kind) {
  return Info(kind).is(effect::kUnshares | effect::kOfOther);
}

// Every operation that the bounds have, by kind, then by range. Those of one page table are in the
// same order as those of another.
std::vector<Op> OpCodes(const Bounds& bounds) {
  std::vector<Op> codes;
  const PageRange window = bounds.window();
  for (int k = 0; k < kOpCount; ++k) {
    const auto kind = static_cast<OpKind>(k);
    if ((bounds.kinds & Bit(kind)) == 0) continue;
    if (!Info(kind).has_pages()) {  // mm0 and mm1, or nothing to choose
      for (int mm = 0; mm < (Info(kind).operands == Operands::kMm ? 2 : 1); ++mm) {
        codes.push_back({kind, {mm, mm + 1}, {}});
      }
      continue;
    }
    if (IsOfShared(kind)) {
      codes.push_back({kind, SharedSpan(bounds), {}});
      continue;
    }
    const Operands operands = Info(kind).operands;
    const bool one_page = Info(kind).has_page();
    if (operands == Operands::kAll) {
      codes.push_back({kind, {0, kPages}, {}});
      continue;
    }
    const auto add = [&](PageRange range) {
      if (operands == Operands::kTwoPages) {
        for (int other = window.begin; other < window.end; ++other) {
          if (other == range.begin) continue;
          codes.push_back({kind, range, {}, static_cast<uint8_t>(other)});
        }
        return;
      }
      if (operands == Operands::kRemap) {  // to the same place in a table of the other half
        const int to = std::min(range.begin ^ kPages / 2, kPages - (range.end - range.begin));
        codes.push_back({kind, range, {}, static_cast<uint8_t>(to)});
        codes.push_back({kind, range, {.stays = true}, static_cast<uint8_t>(to)});
        return;
      }
      if (operands == Operands::kMap) {
        codes.push_back({kind, range, {.write = true, .huge = bounds.huge != 0}});
      } else {
        codes.push_back({kind, range, {}});
      }
      if (operands != Operands::kProtect) return;
      codes.push_back({kind, range, {.none = true}});
      codes.push_back({kind, range, {.write = true}});
    };
    for (int begin = window.begin; begin < window.end; ++begin) {
      const int last = one_page ? begin + 1 : window.end;
      for (int end = begin + 1; end <= last; ++end) add({begin, end});
    }
  }
  return codes;
}

// The pages that one of two alike tables spans, relative to the window; 0 if it has no such two.
uint32_t OneOfTwoTables(const Bounds& bounds) {
  const PageRange window = bounds.window();
  const bool two_tables = window.begin % kPagesPerPmd == 0 && bounds.pages == 2 * kPagesPerPmd;
  const bool one_upper = window.begin / kPagesPerPud == (window.end - 1) / kPagesPerPud;
  const bool alike = bounds.pfn == 0 || bounds.vmas == 1;
  return two_tables && one_upper && alike && bounds.symmetry != 0 ? (1u << kPagesPerPmd) - 1 : 0;
}

}  // namespace

// Goes over all shapes and all contents that are sorted, and puts the programs into groups.
class Programs::Enumerator {
 public:
  explicit Enumerator(Programs& programs)
      : all_(programs),
        symmetry_(programs.bounds_.symmetry != 0),
        one_table_(OneOfTwoTables(programs.bounds_)),
        orderings_(symmetry_ ? Factorial(programs.bounds_.cpus) : 1) {
    for (const Op& op : all_.codes_) {
      const int at = all_.bounds_.at, pages = all_.bounds_.pages;
      const PageRange in_window{std::max(op.range.begin - at, 0),
                                std::min(op.range.end - at, pages)};
      const bool has = Info(op.kind).has_pages() && !IsOfShared(op.kind);
      masks_.push_back(has ? static_cast<uint32_t>(MaskOf(in_window)) : 0);
      gathers_.push_back((Bit(op.kind) & kGatherKinds) != 0);
    }
  }

  // False if there are more than kMaxPrograms.
  bool Enumerate() {
    for (int ops = 1; ops <= all_.bounds_.ops; ++ops) {
      for (int fills = 0; fills <= all_.bounds_.walkers; ++fills) {
        Deal(0, ops, fills);
        if (TooMany()) return false;
        KeepGroups();
      }
    }
    return true;
  }

 private:
  // What the CPUs placed so far come to.
  struct Placed {
    uint64_t content = 0;
    uint32_t pages = 0;
    bool gather = false;
    uint64_t last = 0;     // the last CPU's content
    int alike = 0;         // how many CPUs, up to the last, are as the last is
    uint64_t repeats = 1;  // permutations of CPUs that change nothing
  };

  bool TooMany() const { return all_.programs_ > kMaxPrograms; }
  static uint64_t Factorial(int n) { return n <= 1 ? 1 : n * Factorial(n - 1); }

  // Gives out what is left to the CPUs from `cpu` on, the most to the first, in every way.
  void Deal(int cpu, int ops, int fills) {
    if (cpu == all_.bounds_.cpus) {
      if (ops == 0 && fills == 0 && Agents() >= 2) EnumerateShape();
      return;
    }
    for (int o = ops; o >= 0; --o) {
      for (int f = fills; f >= 0; --f) {
        shape_[cpu] = {o, f};
        if (symmetry_ && cpu > 0 && shape_[cpu] > shape_[cpu - 1]) continue;
        Deal(cpu + 1, ops - o, fills - f);
      }
    }
    shape_[cpu] = {};
  }

  int Agents() const {
    int agents = 0;
    for (const CpuShape& cpu : shape_) agents += (cpu.ops > 0) + (cpu.fills > 0);
    return agents;
  }

  void EnumerateShape() {
    for (auto& groups : groups_by_pages_) groups.push_back({shape_, 0, {}});
    Place(0, {});
  }

  // Every content of the CPUs from `cpu` on; of CPUs with one shape, only in their order.
  void Place(int cpu, const Placed& before) {
    if (cpu == all_.bounds_.cpus) return Add(before);
    const uint64_t contents = all_.ContentsOf(shape_[cpu]);
    const bool comparable = symmetry_ && cpu > 0 && shape_[cpu] == shape_[cpu - 1];
    for (uint64_t c = comparable ? before.last : 0; c < contents && !TooMany(); ++c) {
      Placed now = before;
      now.content = before.content * contents + c;
      now.last = c;
      now.alike = comparable && c == before.last ? before.alike + 1 : 1;
      now.repeats *= static_cast<uint64_t>(now.alike);
      Look(shape_[cpu], c, now);
      Place(cpu + 1, now);
    }
  }

  // Notes what one CPU's content has.
  void Look(CpuShape shape, uint64_t content, Placed& placed) const {
    for (; shape.fills > 0; --shape.fills) {
      placed.pages |= 1u << content % all_.fill_codes();
      content /= all_.fill_codes();
    }
    for (; shape.ops > 0; --shape.ops) {
      const auto code = static_cast<size_t>(content % all_.op_codes());
      placed.pages |= masks_[code];
      placed.gather |= gathers_[code];
      content /= all_.op_codes();
    }
  }

  void Add(const Placed& program) {
    if (!program.gather) return;
    // Of a program and the same one in the other table, the lower stands for both.
    const bool in_upper =
        one_table_ != 0 && program.pages != 0 && (program.pages & one_table_) == 0;
    const bool in_lower = one_table_ != 0 && (program.pages & ~one_table_) == 0;
    if (in_upper) return;
    groups_by_pages_[static_cast<size_t>(std::popcount(program.pages))].back().contents.push_back(
        program.content);
    ++all_.programs_;
    const uint64_t names = symmetry_ ? orderings_ / program.repeats : 1;
    all_.before_symmetry_ += in_lower ? 2 * names : names;
  }

  // Moves the groups of one number of operations and of fills to the rest, by number of pages.
  void KeepGroups() {
    for (auto& groups : groups_by_pages_) {
      for (Group& group : groups) {
        if (group.contents.empty()) continue;
        group.first = kept_;
        kept_ += group.contents.size();
        all_.groups_.push_back(std::move(group));
      }
      groups.clear();
    }
  }

  Programs& all_;
  const bool symmetry_;
  const uint32_t one_table_;
  const uint64_t orderings_;     // permutations of the CPUs
  std::vector<uint32_t> masks_;  // by code: the pages, relative to the window
  std::vector<bool> gathers_;    // by code: it opens a gather
  ProgramShape shape_{};
  std::array<std::vector<Group>, kMaxBoundPages + 1> groups_by_pages_;
  uint64_t kept_ = 0;
};

Programs::Programs(const Bounds& bounds) : bounds_(bounds), codes_(OpCodes(bounds)) {
  for (const InitState state :
       {InitState::kWarm, InitState::kCold, InitState::kDirty, InitState::kEmpty}) {
    if ((bounds.init & Bit(state)) != 0) states_.push_back(state);
  }
}

std::variant<Programs, std::string> Programs::Enumerate(const Bounds& bounds) {
  std::string wrong = WhatIsWrong(bounds);
  if (!wrong.empty()) return wrong;
  Programs programs(bounds);
  if (!Enumerator(programs).Enumerate()) {
    return PrintBounds(bounds) + ": more than " + std::to_string(kMaxPrograms) +
           " programs; lower ops, walkers, pages or cpus, or name fewer kinds";
  }
  return programs;
}

uint64_t Programs::size() const { return programs_ * states_.size(); }
uint64_t Programs::before_symmetry() const { return before_symmetry_ * states_.size(); }
uint64_t Programs::skipped() const {
  return (ProgramsWithin() - before_symmetry_) * states_.size();
}

uint64_t Programs::ContentsOf(CpuShape shape) const {
  return Power(op_codes(), shape.ops) * Power(fill_codes(), shape.fills);
}

uint64_t Programs::ProgramsWithin() const {
  uint64_t ops = 0, fills = 0;
  for (int n = 0; n <= bounds_.ops; ++n) ops += WaysToDeal(n, bounds_.cpus) * Power(op_codes(), n);
  for (int n = 0; n <= bounds_.walkers; ++n) {
    fills += WaysToDeal(n, bounds_.cpus) * Power(fill_codes(), n);
  }
  return ops * fills;
}

Schedule Programs::At(uint64_t index) const {
  Schedule schedule;
  schedule.cpus = bounds_.cpus;
  schedule.batch = bounds_.batch;
  schedule.kernel = bounds_.version();
  schedule.hardware = bounds_.machine();
  schedule.memory = bounds_.memory_model();
  schedule.asids = bounds_.asids;
  schedule.rcu = bounds_.rcu != 0;
  AddInit(schedule, states_[index % states_.size()]);
  index /= states_.size();
  const Group& group =
      *--std::upper_bound(groups_.begin(), groups_.end(), index,
                          [](uint64_t wanted, const Group& other) { return wanted < other.first; });
  uint64_t content = group.contents[index - group.first];
  for (int cpu = bounds_.cpus - 1; cpu >= 0; --cpu) {
    const uint64_t contents = ContentsOf(group.shape[cpu]);
    AddCpu(schedule, MakeCpu(cpu), group.shape[cpu], content % contents);
    content /= contents;
  }
  Canonicalize(schedule);
  return schedule;
}

void Programs::AddInit(Schedule& schedule, InitState state) const {
  const PageRange window = bounds_.window();
  const auto add_map = [&](PageRange range, bool pfn) {
    schedule.init.push_back({.kind = InitItem::Kind::kMap,
                             .range = range,
                             .flags = {.write = true, .huge = bounds_.huge != 0, .pfn = pfn}});
  };
  if (bounds_.vmas == 1) {
    add_map(window, bounds_.pfn != 0);
  } else {
    add_map({window.begin, bounds_.split()}, false);
    add_map({bounds_.split(), window.end}, bounds_.pfn != 0);
  }
  if (state == InitState::kEmpty) return;
  schedule.init.push_back(
      {.kind = InitItem::Kind::kPresent, .range = window, .dirty = state == InitState::kDirty});
  if (state == InitState::kCold) return;
  const auto add_cached = [&](PageRange range) {
    for (int cpu = 0; cpu < bounds_.cpus; ++cpu) {
      schedule.init.push_back(
          {.kind = InitItem::Kind::kCached, .range = range, .cpu = MakeCpu(cpu)});
    }
  };
  add_cached(window);
  constexpr uint32_t kOfShared =
      OpsThat([](const OpInfo& op) { return op.is(effect::kUnshares | effect::kOfOther); });
  if ((bounds_.kinds & kOfShared) != 0) add_cached(SharedSpan(bounds_));
}

// The digits come lowest first, and the lowest is the last fill.
void Programs::AddCpu(Schedule& schedule, CpuId cpu, CpuShape shape, uint64_t content) const {
  const size_t begin = schedule.program.size();
  for (; shape.fills > 0; --shape.fills) {
    const int page = bounds_.at + static_cast<int>(content % fill_codes());
    schedule.program.push_back({WalkerAgent(cpu), {OpKind::kFill, {page, page + 1}, {}}});
    content /= fill_codes();
  }
  for (; shape.ops > 0; --shape.ops) {
    schedule.program.push_back({CpuAgent(cpu), codes_[content % op_codes()]});
    content /= op_codes();
  }
  std::reverse(schedule.program.begin() + begin, schedule.program.end());
}

}  // namespace gatherfuzz
