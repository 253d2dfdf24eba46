// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/ablation.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <variant>

#include "explore/weakest_orders.h"
#include "harness/text.h"

namespace gatherfuzz {
namespace {

struct Text {
  const char* name;
  const char* text;
};
constexpr Text kTexts[] = {
    {"one table",
     "map 0..4 rw\npresent 1..4\ncached cpu1 2..3\ncpu0\ndontneed 1..3\ncpu1\ndontneed 2..4\n"},
    {"two tables",
     "map 0..8 rw\npresent 3..6\ncached cpu1 3..6\ncpu0\ndontneed 3..5\ncpu1\ndontneed 3..6\n"},
    {"tables freed",
     "map 0..4 rw\nmap 4..8 rw\npresent 0..5\ncached cpu1 0..5\n"
     "cpu0\nmunmap 0..4\ncpu1\ndontneed 4..5\nwalk1\nfill 0\n"},
    {"clean",
     "map 0..2 rw\npresent 0..2 dirty\ncached cpu1 0..2\ncpu0\nfree 0..2\ncpu1\nfree 1..2\n"},
    {"walkers",
     "map 0..4 rw\npresent 1..3\ncached cpu1 1..2\n"
     "cpu0\ndontneed 1..2\ncpu1\ndontneed 1..3\nwalk0\nfill 1\nwalk1\nfill 1\n"},
    {"fault", "map 0..4 rw\npresent 1..2\ncpu0\ndontneed 1..2\ncpu1\nwrite 1\n"},
    {"huge",
     "map 8..12 rw huge\npresent 8..12\ncached cpu0 8..12\n"
     "cpu0\ndontneed 8..12\ncpu1\ndontneed 8..12\n"},
};

constexpr PointMask Without(PointMask set, PointMask other) { return set & ~other; }

class Ablating {
 public:
  Ablating(MemoryModel memory, const ExploreSettings& settings, const std::atomic<bool>& stop,
           Ablation& result)
      : memory_(memory), settings_(settings), stop_(stop), result_(result) {}

  void Run(const std::vector<AblationProgram>& programs) {
    for (const AblationProgram& program : programs) {
      const Explored explored = Try(program, {}, false);
      if (explored.kinds == 0) {
        safe_.push_back(&program);
        result_.safe.push_back(program.name);
        made_ |= explored.points;
        asked_.Add(explored.asked);
      } else {
        Close(program, explored);
      }
    }
    TakeEachAway();
    if (!safe_.empty()) FindEnough();
  }

 private:
  struct Explored {
    uint32_t kinds = 0;
    PointMask points = 0;
    AskedOrders asked;
  };

  Explored Try(const AblationProgram& program, OrderChanges orders, bool to_first) {
    Schedule schedule = program.schedule;
    schedule.memory = memory_;
    schedule.orders = orders;
    ExploreSettings settings = settings_;
    settings.to_first = to_first;
    const ExploreResult result = Explore(schedule, settings, stop_);
    ++result_.explorations;
    result_.states += result.states;
    const bool stopped = !result.complete() && result.stopped != Stop::kViolation;
    if (stopped) result_.complete = false;
    return {result.kinds(), result.points, result.asked};
  }

  bool AllSafe(OrderChanges orders) {
    return std::all_of(safe_.begin(), safe_.end(), [&](const AblationProgram* program) {
      return Try(*program, orders, true).kinds == 0;
    });
  }

  // The shortest way to each of the kinds.
  void AddBreaks(const AblationProgram& program, OrderChanges orders, uint32_t kinds,
                 std::vector<Breaks>& breaks) {
    Schedule schedule = program.schedule;
    schedule.memory = memory_;
    schedule.orders = orders;
    const auto graph = std::make_unique<Graph>(schedule, *settings_.policy, *settings_.arch);
    for (; kinds != 0; kinds &= kinds - 1) {
      const auto kind = static_cast<ViolationKind>(std::countr_zero(kinds));
      const ShortestResult found = FindShortest(*graph, Bit(kind), -1, settings_.limits, stop_);
      if (!found.found) {
        result_.complete = false;
        continue;
      }
      const auto known = std::find_if(breaks.begin(), breaks.end(),
                                      [&](const Breaks& it) { return it.kind == kind; });
      if (known != breaks.end() && known->steps <= found.found->steps) continue;
      Breaks it{kind, program.name, found.found->steps,
                ScheduleOf(schedule, *settings_.policy, *settings_.arch, found.found->path)};
      if (known != breaks.end()) {
        *known = std::move(it);
      } else {
        breaks.push_back(std::move(it));
      }
    }
    std::ranges::stable_sort(breaks, {}, &Breaks::steps);
  }

  // The order that the kernel has, or, of a tree, its own code.
  MemoryOrder OrderOf(const OrderInfo& info, const AskedOrders& asked) const {
    return asked.Of(info.point, info.on(settings_.arch->orders()));
  }

  // Orders that the kernel does not have, and that would make it safe.
  void Close(const AblationProgram& program, const Explored& explored) {
    BrokenProgram broken;
    AddBreaks(program, {}, explored.kinds, broken.breaks);
    std::vector<PointMask> candidates;
    for (const OrderInfo& info : kOrders) {
      const MemoryOrder order = OrderOf(info, explored.asked);
      const bool strongest = order == StrongestOf(info.access) || order == MemoryOrder::full;
      const bool of_software =
          info.access != MemoryAccess::kInterrupt && !Info(info.point).is(role::kWalk);
      const bool made = (explored.points & MaskOf(info.point)) != 0;
      if (made && of_software && !strongest) candidates.push_back(MaskOf(info.point));
    }
    std::vector<PointMask> sets;
    const auto closes = [&](OrderChanges orders) { return Try(program, orders, true).kinds == 0; };
    Smallest(candidates, kMostStronger, sets,
             [&](PointMask set) { return closes({.stronger = set}); });
    for (const PointMask set : sets) {
      const std::vector<OrderChanges> weakest = WeakestOrders(
          set, [&](const OrderChanges& orders) { return !stop_.load() && closes(orders); });
      broken.closed_by.insert(broken.closed_by.end(), weakest.begin(), weakest.end());
    }
    result_.broken.push_back(std::move(broken));
  }

  void TakeEachAway() {
    for (const OrderInfo& info : kOrders) {
      const MemoryOrder order = OrderOf(info, asked_);
      // Without its order the end of an invalidation would still be waited for, so it tells
      // nothing.
      const bool hardware =
          info.access == MemoryAccess::kInterrupt || info.point == Point::tlb_flush_done;
      if (order == MemoryOrder::relaxed || hardware || (made_ & MaskOf(info.point)) == 0) continue;
      WithoutOrder without{info.point, order, {}};
      const OrderChanges orders{.weaker = MaskOf(info.point)};
      for (const AblationProgram* program : safe_) {
        const Explored explored = Try(*program, orders, false);
        if (explored.kinds != 0) AddBreaks(*program, orders, explored.kinds, without.breaks);
      }
      (without.breaks.empty() ? optional_ : needed_) |= MaskOf(info.point);
      result_.without.push_back(std::move(without));
    }
  }

  // What is needed is in every set that is enough.
  void FindEnough() {
    std::vector<PointMask> candidates;
    for (PointMask rest = optional_; rest != 0; rest &= rest - 1) {
      candidates.push_back(rest & ~(rest - 1));
    }
    const auto points_of = [&](uint32_t set) {
      PointMask points = 0;
      for (; set != 0; set &= set - 1) {
        points |= candidates[static_cast<size_t>(std::countr_zero(set))];
      }
      return points;
    };
    const std::vector<uint32_t> sets = AllSmallest(candidates.size(), [&](uint32_t set) {
      return AllSafe({.weaker = Without(optional_, points_of(set))});
    });
    for (const uint32_t set : sets) result_.enough.push_back(needed_ | points_of(set));
  }

  // All smallest good sets of so many candidates, as bits, the small ones first. As more is never
  // worse, an answer tells of all that is smaller, or larger: from a set of which nothing is known,
  // candidates are taken away as long as it is good, or added as long as it is not, and then asked
  // is only what lies between (MARCO: Liffiton, Previti, Malik, Marques-Silva, 2016). Where many
  // orders can stand in for each other, as on x86, there are too many sets to ask of each.
  template <typename Good>
  std::vector<uint32_t> AllSmallest(size_t count, Good good) {
    std::vector<uint32_t> enough, too_little;
    const auto known = [&](uint32_t set) {
      return std::any_of(enough.begin(), enough.end(),
                         [&](uint32_t one) { return (one & ~set) == 0; }) ||
             std::any_of(too_little.begin(), too_little.end(),
                         [&](uint32_t one) { return (set & ~one) == 0; });
    };
    const uint32_t all = (uint32_t{1} << count) - 1;
    for (uint32_t first = 0; first <= all && !stop_.load(); ++first) {
      if (known(first)) continue;
      uint32_t set = first;
      const bool is_good = good(set);
      for (size_t i = 0; i < count; ++i) {
        const uint32_t other = set ^ uint32_t { 1 } << i;
        if ((other < set) == is_good && good(other) == is_good) set = other;
      }
      (is_good ? enough : too_little).push_back(set);
    }
    std::sort(enough.begin(), enough.end(), [](uint32_t a, uint32_t b) {
      const int size_a = std::popcount(a), size_b = std::popcount(b);
      const uint32_t first = (a ^ b) & (~(a ^ b) + 1);
      return size_a != size_b ? size_a < size_b : (a & first) != 0;
    });
    return enough;
  }

  // All smallest sets of at most so many candidates that are good.
  template <typename Good>
  void Smallest(const std::vector<PointMask>& candidates, int most, std::vector<PointMask>& found,
                Good good) {
    for (int size = 0; size <= most; ++size) {
      Sets(candidates, 0, size, 0, found, good);
      // Every larger one has a smaller one that is good.
      if (size == 0 && !found.empty()) return;
    }
  }
  template <typename Good>
  void Sets(const std::vector<PointMask>& candidates, size_t from, int size, PointMask set,
            std::vector<PointMask>& found, Good good) {
    const bool has_one =
        std::any_of(found.begin(), found.end(), [&](PointMask one) { return (one & set) == one; });
    if (has_one || stop_.load()) return;
    if (size == 0) {
      if (good(set)) found.push_back(set);
      return;
    }
    for (size_t i = from; i < candidates.size(); ++i) {
      Sets(candidates, i + 1, size - 1, set | candidates[i], found, good);
    }
  }

  const MemoryModel memory_;
  const ExploreSettings& settings_;
  const std::atomic<bool>& stop_;
  Ablation& result_;
  std::vector<const AblationProgram*> safe_;
  PointMask made_ = 0, needed_ = 0, optional_ = 0;
  AskedOrders asked_;
};

}  // namespace

std::vector<AblationProgram> AblationPrograms() {
  std::vector<AblationProgram> programs;
  for (const auto& [name, text] : kTexts) {
    const auto parsed =
        ParseText(std::string("gatherfuzz 1\ncpus 2\ninit\n") + text + "order\nrest\n");
    programs.push_back({name, std::get<ScheduleFile>(parsed).schedule});
  }
  return programs;
}

Ablation Ablate(const std::vector<AblationProgram>& programs, MemoryModel memory,
                const ExploreSettings& settings, const std::atomic<bool>& stop) {
  Ablation result;
  Ablating(memory, settings, stop, result).Run(programs);
  result.complete = result.complete && !stop.load();
  return result;
}

}  // namespace gatherfuzz
