// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Interleaving features: each claim of harness/features.h.
#include "harness/features.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <set>

#include "fuzz/feature_map.h"
#include "harness/bytes.h"
#include "harness/trace.h"
#include "tests/support.h"

// What the target that is linked here tests (fuzz/subject.h).
namespace gatherfuzz {
extern const char kTargetPolicy[], kTargetArch[];
const char kTargetPolicy[] = "full-mm", kTargetArch[] = "x86";
}  // namespace gatherfuzz
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace gatherfuzz {
namespace {

using Cells = std::set<size_t>;

class Map {
 public:
  uint8_t* data() { return cells_.data(); }
  Cells Take() const {
    Cells set;
    for (size_t i = 0; i < kFeatureCells; ++i) {
      EXPECT_LE(cells_[i], 1);
      if (cells_[i] != 0) set.insert(i);
    }
    EXPECT_EQ(cells_[kFeatureCells], 0) << "past its end";
    return set;
  }

 private:
  std::array<uint8_t, kFeatureCells + 1> cells_{};
};

Cells CellsOf(const Schedule& schedule, Features& features, const char* policy = "full-mm",
              RunResult* result = nullptr) {
  Map map;
  features.BeginRun(map.data());
  const RunResult ran = Result(schedule, policy, "x86", {.ignored = ~0u, .observer = &features});
  if (result != nullptr) *result = ran;
  return map.Take();
}

Cells CellsOf(const Schedule& schedule, const char* policy = "full-mm") {
  Features features;
  return CellsOf(schedule, features, policy);
}

Cells CellsOf(std::string_view text, const char* policy = "full-mm") {
  return CellsOf(FromText(text).schedule, policy);
}

// The cells of steps, in no state in particular.
Cells CellsOf(const std::vector<StepEvent>& events) {
  static const World kWorld{};
  Features features;
  Map map;
  features.BeginRun(map.data());
  for (const StepEvent& event : events) features.OnStep(event, kWorld);
  return map.Take();
}

StepEvent By(AgentId agent, Point point, int page = kNoPage) {
  return {.agent = agent, .point = point, .page = page};
}
const AgentId kCpu0 = CpuAgent(MakeCpu(0)), kCpu1 = CpuAgent(MakeCpu(1));

// --- Pairs ---

TEST(Features, OfAPairAreOfTwoAgentsThatConflictAtOnePlace) {
  using enum Point;
  const auto pair = [](AgentId a, Point first, int page_a, AgentId b, Point second, int page_b) {
    return CellsOf({By(a, first, page_a), By(b, second, page_b)}).size();
  };
  EXPECT_EQ(pair(kCpu0, pte_clear, 2, kCpu1, pte_read, 2), 1u);
  EXPECT_EQ(pair(kCpu0, pte_clear, 2, kCpu1, pte_read, 3), 0u) << "different pages";
  EXPECT_EQ(pair(kCpu0, pte_clear, 2, kCpu0, pte_read, 2), 0u) << "one agent";
  EXPECT_EQ(pair(kCpu0, pte_read, 2, kCpu1, pte_read, 2), 0u) << "nobody writes";
  EXPECT_EQ(pair(kCpu0, pte_clear, 2, WalkerAgent(MakeCpu(0)), walk_pte, 2), 1u)
      << "a CPU and its walker are two";
  EXPECT_EQ(pair(kCpu0, pending_inc, kNoPage, kCpu1, pending_read, kNoPage) > 0, true);
}

TEST(Features, OfAPairTellItsStepsAndTheirOrderButNotWhoAndWhere) {
  using enum Point;
  const auto pair = [](Point a, Point b, int page, AgentId first = kCpu0, AgentId second = kCpu1) {
    return CellsOf({By(first, a, page), By(second, b, page)});
  };
  EXPECT_NE(pair(pte_set, pte_read, 2), pair(pte_read, pte_set, 2));
  EXPECT_NE(pair(pte_set, pte_read, 2), pair(pte_clear, pte_read, 2));
  EXPECT_EQ(pair(pte_set, pte_read, 2), pair(pte_set, pte_read, 9));
  EXPECT_EQ(pair(pte_set, pte_read, 2), pair(pte_set, pte_read, 2, kCpu1, kCpu0));
  EXPECT_EQ(pair(pte_set, pte_read, 2), pair(pte_set, pte_read, 2, CpuAgent(MakeCpu(7)), kCpu0));
}

TEST(Features, OfAPairTellThatThePageIsOwed) {
  using enum Point;
  // The pair is the last two steps. The first clears the page, or some other.
  const auto last_pair = [](int cleared) {
    return CellsOf({By(kCpu0, pte_clear, cleared), By(kCpu1, pte_set, 2), By(kCpu0, pte_read, 2)});
  };
  const auto later = [](int cleared) {
    return CellsOf({By(kCpu0, pte_clear, cleared), By(CpuAgent(MakeCpu(2)), pte_set, 2),
                    By(kCpu1, pte_read, 2)});
  };
  EXPECT_EQ(last_pair(9).size(), 1u);
  EXPECT_EQ(later(9).size(), 1u);
  EXPECT_EQ(last_pair(9), later(9));
  for (const size_t cell : later(9)) EXPECT_EQ(later(2).count(cell), 0u) << "owed by another";
}

// A delivery names the CPU that issued it, which is no page.
TEST(Features, OfADeliveryDoNotTellWhoIssuedIt) {
  using enum Point;
  const auto delivery = [](int issuer) {
    return CellsOf({By(kCpu0, pte_clear, 1), By(kCpu1, syscall_return, 0),
                    By(DeliveryAgent(MakeCpu(2)), deliver, issuer)});
  };
  EXPECT_EQ(delivery(0), delivery(1));
}

// --- States ---

// CPU 1 examines what CPU 0 has cleared: before CPU 0 has flushed, or after.
std::string Examined(const std::string& until, const std::string& range = "1..4") {
  return "init\n map 0..16 rw\n present 0..16\ncpu0\n dontneed 0..4\ncpu1\n dontneed " + range +
         "\norder\n cpu0 until " + until + "\n cpu1 until done\n cpu0 until done\n";
}

Cells SecondHalf(const Cells& cells) { return {cells.lower_bound(kFeatureCells / 2), cells.end()}; }

TEST(Features, OfAStateTellWhatOthersClearedInTheRangeAndHaveNotFlushed) {
  const Cells owed = SecondHalf(CellsOf(Examined("pte_clear(3)")));
  const Cells apart = SecondHalf(CellsOf(Examined("pte_clear(3)", "8..12")));
  const Cells flushed = SecondHalf(CellsOf(Examined("done")));
  const Cells issued = SecondHalf(CellsOf(Examined("tlb_flush")));
  const auto not_in = [](const Cells& cells, const Cells& others) {
    return std::count_if(cells.begin(), cells.end(),
                         [&](size_t cell) { return others.count(cell) == 0; });
  };
  EXPECT_GE(not_in(owed, apart), 3) << "somewhere else";
  EXPECT_GE(not_in(owed, flushed), 3) << "flushed";
  EXPECT_GE(not_in(owed, issued), 1) << "issued";
  EXPECT_LE(apart.size(), 4u) << "nothing is owed: only what it begins with";
  EXPECT_LE(flushed.size(), 4u);
}

TEST(Features, OfAStateTellNothingOnceItIsFlushed) {
  using enum Point;
  static World world{};
  world.cpu_count = 2;
  world.cpus[0].gather.live = 1;
  world.cpus[1].gather.caller_end = kPagesPerPmd;
  // CPU 1 looks whether it is nested, after CPU 0 has cleared page 2 and made that step.
  const auto states = [&](Point between) {
    Features features;
    Map map;
    features.BeginRun(map.data());
    features.OnStep(By(kCpu0, pte_clear, 2), world);
    features.OnStep(By(kCpu0, between, 2), world);
    features.OnStep(By(kCpu1, pending_read), world);
    return SecondHalf(map.Take()).size();
  };
  EXPECT_EQ(states(pte_unlock), 1u);
  EXPECT_EQ(states(tlb_flush), 1u) << "it is under way";
  EXPECT_EQ(states(pending_dec), 0u);
  EXPECT_EQ(states(free_page), 0u) << "a batch is freed after its flush";
  world.cpus[0].gather.live = 0;
  EXPECT_EQ(states(free_page), 1u) << "of a page fault that lost a race";
}

// While somebody flushes for reclaim, more comes to be owed: how often, and whether a TLB holds it.
TEST(Features, OfAPaymentTellWhatHasComeToBeOwedMeanwhile) {
  using enum Point;
  static World world{};
  world.cpu_count = 2;
  world.reclaims = 1;
  world.mm.batched_pending = 1;
  const auto cells = [&](int raises, bool held) {
    Features features;
    Map map;
    features.BeginRun(map.data());
    features.OnStep(By(kCpu0, batched_read, 0), world);
    World later = world;
    for (int page = 1; page <= raises; ++page) {
      features.OnStep(By(kCpu1, pte_clear, page), later);
      features.OnStep(By(kCpu1, batched_inc, page), later);
      ++later.mm.batched_pending;
      if (held) later.cpus[0].tlb.small_valid |= PageBit(page);
    }
    features.OnStep(By(kCpu0, batched_cmpxchg, 0), later);
    return SecondHalf(map.Take());
  };
  EXPECT_EQ(cells(0, false).size(), 1u);
  EXPECT_NE(cells(0, false), cells(1, false));
  EXPECT_NE(cells(1, false), cells(2, false));
  EXPECT_NE(cells(1, false), cells(1, true));
}

TEST(Features, OfAStateTellWhetherATlbStillHoldsIt) {
  const std::string text = Examined("pte_clear(3)");
  const std::string cached = "init\n cached cpu1 0..4" + text.substr(4);
  EXPECT_NE(SecondHalf(CellsOf(text)), SecondHalf(CellsOf(cached)));
}

// A gather begins in a hole while others are live, or a call returns while one waits in its finish.
// Each of these values was the other's cell, when the hash left the highest bits out.
TEST(Features, OfAShapeAreNotThoseOfAWait) {
  static World world{};
  world.cpu_count = 2;
  world.cpus[0].gather.caller_end = kPagesPerPmd;
  Features features;
  Cells shapes, waits;
  for (const uint8_t live : {0, 1, 2, 3}) {
    Map shape, wait;
    world.mm.tlb_flush_pending = live;
    world.cpus[1].call.waiting = 0;
    features.BeginRun(shape.data());
    features.OnStep(By(kCpu0, Point::pending_inc), world);
    shapes.merge(shape.Take());
    world.cpus[1].call.waiting = 1;
    world.cpus[1].call.overtaken = static_cast<uint8_t>(1 + 8 * live);
    features.BeginRun(wait.data());
    features.OnStep(By(kCpu0, Point::syscall_return, 0), world);
    waits.merge(wait.Take());
  }
  EXPECT_EQ(shapes.size(), 4u);
  EXPECT_EQ(waits.size(), 4u);
  for (const size_t cell : shapes) EXPECT_EQ(waits.count(cell), 0u);
}

// --- Of runs ---

TEST(Features, OfTwoOrdersOfOneProgramDiffer) {
  EXPECT_NE(CellsOf(Examined("pte_clear(3)")), CellsOf(Examined("done")));
  EXPECT_NE(CellsOf(Examined("pte_clear(0)")), CellsOf(Examined("pending_inc")));
  Random random(1);
  std::set<Cells> all;
  Schedule schedule = FromText(Examined("done")).schedule;
  schedule.order.clear();
  for (uint32_t seed = 0; seed < 200; ++seed) {
    schedule.tail = {Tail::Kind::kRuns, seed};
    all.insert(CellsOf(schedule));
  }
  EXPECT_GT(all.size(), 20u);
}

TEST(Features, AreTheSameEachTimeWhateverRanBefore) {
  Random random(2);
  static Features used;
  Cells all;
  for (int i = 0; i < 800; ++i) {
    const Schedule schedule = RandomSchedule(random);
    const char* policy = i % 2 == 0 ? "own-range" : "sync-finish";
    const Cells cells = CellsOf(schedule, policy);
    ASSERT_EQ(CellsOf(schedule, used, policy), cells) << PrintText({.schedule = schedule});
    ASSERT_EQ(CellsOf(schedule, used, policy), cells);
    all.insert(cells.begin(), cells.end());
  }
  EXPECT_GT(all.size(), 300u);
}

TEST(Features, DoNotChangeTheRun) {
  Random random(3);
  Features features;
  for (int i = 0; i < 600; ++i) {
    const Schedule schedule = RandomSchedule(random);
    RunResult observed;
    CellsOf(schedule, features, "own-range", &observed);
    const RunResult alone = Result(schedule, "own-range", "x86", {.ignored = ~0u});
    ASSERT_EQ(observed.trace_hash, alone.trace_hash);
    ASSERT_EQ(observed.steps, alone.steps);
  }
}

TEST(Features, WithoutAMapTargetsRun) {
  EXPECT_EQ(FeatureMap(), nullptr);
  Random random(4);
  for (int i = 0; i < 300; ++i) {
    const Bytes bytes = RandomInput(random);
    EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
  }
}

// --- What is not told apart ---

// The schedule with CPU i called `names`[i], and pages moved up. Deliveries are named by a CPU.
Schedule Renamed(const Schedule& schedule, const std::vector<int>& names, int shift) {
  const auto cpu = [&](CpuId id) { return MakeCpu(names[static_cast<size_t>(Index(id))]); };
  const auto agent = [&](AgentId id) { return MakeAgent(KindOf(id), cpu(CpuOf(id))); };
  const auto moved = [&](PageRange range) {
    return PageRange{range.begin + shift, range.end + shift};
  };
  Schedule renamed = schedule;
  for (InitItem& item : renamed.init) {
    item.range = moved(item.range);
    if (item.kind == InitItem::Kind::kCached) item.cpu = cpu(item.cpu);
  }
  for (ProgramLine& line : renamed.program) {
    line.agent = agent(line.agent);
    line.op.range = moved(line.op.range);
  }
  for (gatherfuzz::Run& run : renamed.order) {
    run.agent = agent(run.agent);
    if (run.page == kNoPage) continue;
    run.page = static_cast<int8_t>(run.point == Point::deliver ? Index(cpu(MakeCpu(run.page)))
                                                               : run.page + shift);
  }
  Canonicalize(renamed);
  return renamed;
}

// The trace as counted steps, and deliveries by name: a tail goes by the names of CPUs, and a flush
// of everything has no page.
Schedule Counted(const Schedule& schedule, const Trace& trace) {
  Schedule counted = schedule;
  counted.order.clear();
  counted.tail = {};
  for (const TraceStep& step : trace.steps) {
    const StepEvent& event = step.event;
    auto& order = counted.order;
    if (event.point == Point::deliver) {
      order.push_back({.kind = gatherfuzz::Run::Kind::kUntilPoint,
                       .agent = event.agent,
                       .point = event.point,
                       .page = static_cast<int8_t>(event.page)});
      continue;
    }
    const AgentId agent = AgentToMove(event.agent, event.point);
    const bool goes_on = !order.empty() && order.back().agent == agent;
    if (goes_on && KindOf(agent) != AgentKind::kDetour) {
      ++order.back().count;
    } else {
      order.push_back({.agent = agent});
    }
  }
  return counted;
}

bool FitsBelow(const Schedule& schedule, int end) {
  const auto fits = [&](PageRange range) { return range.end <= end; };
  return std::all_of(schedule.init.begin(), schedule.init.end(),
                     [&](const InitItem& item) { return fits(item.range); }) &&
         std::all_of(schedule.program.begin(), schedule.program.end(),
                     [&](const ProgramLine& line) { return fits(line.op.range); });
}

TEST(Features, DoNotTellCpusAndPagesApart) {
  static Execution execution;
  Random random(5);
  int compared = 0;
  for (int i = 0; i < 4000; ++i) {
    Schedule schedule = RandomSchedule(random);
    if (!FitsBelow(schedule, kPages - kPagesPerPud)) continue;
    const Trace trace = Record(execution, schedule, *FindPolicy("full-mm"), *FindArch("x86"));
    schedule = Counted(schedule, trace);
    Features features;
    RunResult as_is, renamed;
    const Cells cells = CellsOf(schedule, features, "full-mm", &as_is);
    if (as_is.trace_hash != trace.result.trace_hash) continue;  // too long for an order
    std::vector<int> names(static_cast<size_t>(schedule.cpus));
    std::iota(names.rbegin(), names.rend(), 0);
    ASSERT_EQ(CellsOf(Renamed(schedule, names, kPagesPerPud), features, "full-mm", &renamed), cells)
        << PrintText({.schedule = schedule});
    ASSERT_EQ(renamed.steps, as_is.steps);
    ++compared;
  }
  EXPECT_GT(compared, 500);
}

}  // namespace
}  // namespace gatherfuzz
