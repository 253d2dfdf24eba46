// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// freed-page-cached, freed-table-cached and walked-dead-table: each side of the line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/machine/walk.h"
#include "model/machine/world.h"
#include "model/oracle/oracle.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;

std::string Ordered(std::string_view programs, std::string_view order) {
  return std::string(programs) + "    order\n" + std::string(order) + "    rest\n";
}

Violation ViolationOf(std::string_view text, std::string_view policy, std::string_view arch,
                      const RunOptions& options = {}) {
  return Result(FromText(text).schedule, policy, arch, options).violation;
}

RunOptions Ignoring(std::initializer_list<ViolationKind> kinds, StepObserver* observer = nullptr) {
  RunOptions options{.observer = observer};
  for (const ViolationKind kind : kinds) options.ignored |= Bit(kind);
  return options;
}

// The steps of one agent, by name.
class StepsOf final : public StepObserver {
 public:
  explicit StepsOf(AgentId agent) : agent_(agent) {}
  void OnStep(const StepEvent& event, const World&) override {
    if (event.agent == agent_) names.emplace_back(Info(event.point).name);
  }
  std::vector<std::string> names;

 private:
  const AgentId agent_;
};

// --- freed-page-cached ---

// need-flush-all skips the flush of a finish that finds another gather live, and frees what it has.
constexpr std::string_view kDontneedBesideAnother = R"(
    cpus 3
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      cached cpu2 0..1
    cpu0
      dontneed 0..1
    cpu1
      dontneed 16..17
)";
constexpr std::string_view kNested = "cpu1 until pending_inc\n cpu0 until done\n";
constexpr std::string_view kNotNested =
    "cpu0 until pending_read\n cpu1 until pending_inc\n cpu0 until done\n";

TEST(FreedPageCached, NamesThePageTheFrameAndTheHolder) {
  const Violation violation =
      ViolationOf(Ordered(kDontneedBesideAnother, kNested), "need-flush-all", "x86");
  EXPECT_EQ(Info(violation.kind).name, "freed-page-cached");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.frame, 3);  // root, two tables, the page
  EXPECT_EQ(violation.cpu, 0);
  EXPECT_EQ(violation.holder, 2);
  EXPECT_EQ(violation.mapping, 1u);
}

TEST(FreedPageCached, OneStepMoreOfTheOtherGatherMakesTheDifference) {
  EXPECT_EQ(Verdict(Ordered(kDontneedBesideAnother, kNotNested), "need-flush-all", "x86"), "none");
  EXPECT_EQ(Verdict(Ordered(kDontneedBesideAnother, kNested), "full-mm", "x86"), "none");
  // arm64 flushes at the end of each VMA, so there is nothing left for finish to forget.
  EXPECT_EQ(Verdict(Ordered(kDontneedBesideAnother, kNested), "need-flush-all", "arm64"), "none");
}

TEST(FreedPageCached, AHugePageIsFreedAsAWhole) {
  constexpr std::string_view kHuge = R"(
    cpus 2
    init
      map 0..4 rw huge
      map 16..17 rw
      present 0..4
      cached cpu1 0..1
    cpu0
      dontneed 0..4
    cpu1
      dontneed 16..17
)";
  const Violation violation = ViolationOf(Ordered(kHuge, kNested), "need-flush-all", "x86");
  EXPECT_EQ(Info(violation.kind).name, "freed-page-cached");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.frame, 4);  // the first aligned block
  EXPECT_EQ(violation.holder, 1);
  EXPECT_EQ(Verdict(Ordered(kHuge, kNotNested), "need-flush-all", "x86"), "none");
}

TEST(FreedPageCached, AnotherTranslationOfTheSamePageIsLegal) {
  // Between the flush and the free, CPU 1 maps page 0 anew and caches that: the same page, but
  // another frame.
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..1 rw
      present 0..1
      cached cpu1 0..1
    cpu0
      dontneed 0..1
    cpu1
      read 0
    order
      cpu0 until tlb_flush_done
      cpu1 until done
      cpu0 until free_page(0)
      rest
)";
  EXPECT_EQ(Verdict(kText, "own-range", "x86"), "none");
  EXPECT_EQ(Verdict(kText, "own-range", "arm64"), "none");
}

// --- freed-table-cached ---

// On arm64 a leaf-only invalidation leaves the walk cache, and reset-range forgets that a table was
// freed when it finds another gather live.
constexpr std::string_view kMunmapBesideDontneed = R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      present 16..17
      CACHED
    cpu0
      munmap 0..1
    cpu1
      dontneed 16..17
)";
constexpr std::string_view kNestedMunmap =
    "cpu0 until mmap_write_downgrade\n cpu1 until pending_inc\n cpu0 until done\n";

std::string MunmapBesideDontneed(std::string_view cached, std::string_view order) {
  std::string text(kMunmapBesideDontneed);
  text.replace(text.find("CACHED"), 6, cached);
  return Ordered(text, order);
}

TEST(FreedTableCached, NamesTheTableAndTheWalkCache) {
  const Violation violation =
      ViolationOf(MunmapBesideDontneed("cached cpu1 0..1", kNestedMunmap), "reset-range", "arm64");
  EXPECT_EQ(Info(violation.kind).name, "freed-table-cached");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.frame, 2);  // root, PMD table, PTE table
  EXPECT_EQ(violation.cpu, 0);
  EXPECT_EQ(violation.holder, 1);
  EXPECT_STREQ(violation.detail, "walk cache, pointer to a PTE table");
}

TEST(FreedTableCached, IsLegalWithoutTheOtherGatherOrWithAnotherTableCached) {
  EXPECT_EQ(Verdict(MunmapBesideDontneed("cached cpu1 0..1", kNotNested), "reset-range", "arm64"),
            "none");
  EXPECT_EQ(
      Verdict(MunmapBesideDontneed("cached cpu1 16..17", kNestedMunmap), "reset-range", "arm64"),
      "none");
  EXPECT_EQ(Verdict(MunmapBesideDontneed("cached cpu1 0..1", kNestedMunmap), "full-mm", "arm64"),
            "none");
  // INVLPG drops every cached table pointer, whatever the address.
  EXPECT_EQ(Verdict(MunmapBesideDontneed("cached cpu1 0..1", kNestedMunmap), "reset-range", "x86"),
            "none");
}

TEST(FreedTableCached, WalksElsewhereEvictNothing) {
  // The walk cache has room for every table: the pointer of the first walk is there still.
  const Violation violation =
      ViolationOf(MunmapBesideDontneed("cached cpu1 0..1\n      cached cpu1 16..17", kNestedMunmap),
                  "reset-range", "arm64");
  EXPECT_EQ(Info(violation.kind).name, "freed-table-cached");
  EXPECT_EQ(violation.frame, 2);
  EXPECT_STREQ(violation.detail, "walk cache, pointer to a PTE table");
}

TEST(FreedTableCached, APmdTableIsATableToo) {
  // Page 8 has no PTE table: the walk for it caches the PMD table and goes no further.
  const Violation violation =
      ViolationOf(MunmapBesideDontneed("cached cpu1 16..17\n      cached cpu1 8..9", kNestedMunmap),
                  "reset-range", "arm64");
  EXPECT_EQ(Info(violation.kind).name, "freed-table-cached");
  EXPECT_EQ(violation.frame, 1);
  EXPECT_STREQ(violation.detail, "walk cache, pointer to a PMD table");
}

// CPU 1's walker, or its thread, has read the pointer to the PTE table of page 0 and stands there.
std::string WalkInFlight(bool of_an_access, std::string_view order) {
  return Ordered(R"(
    cpus 3
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      present 16..17
    cpu0
      munmap 0..1
    cpu2
      dontneed 16..17
)" + std::string(of_an_access ? "cpu1\n read 0\n" : "walk1\n fill 0\n"),
                 (of_an_access ? "cpu1 until walk_pmd(0)\n" : "walk1 until walk_pmd(0)\n") +
                     std::string(order));
}
constexpr std::string_view kNestedByCpu2 =
    "cpu0 until mmap_write_downgrade\n cpu2 until pending_inc\n cpu0 until done\n";
constexpr std::string_view kNotNestedByCpu2 =
    "cpu0 until pending_read\n cpu2 until pending_inc\n cpu0 until done\n";

TEST(FreedTableCached, AWalkInFlightHoldsTheTable) {
  for (const bool of_an_access : {false, true}) {
    const Violation violation =
        ViolationOf(WalkInFlight(of_an_access, kNestedByCpu2), "reset-range", "arm64");
    EXPECT_EQ(Info(violation.kind).name, "freed-table-cached");
    EXPECT_EQ(violation.frame, 2);
    EXPECT_EQ(violation.holder, 1);
  }
}

// Throws what the oracle reports, so that a test can judge a state that no run ends in.
class ThrowingSteps final : public Steps {
 public:
  [[noreturn]] void Violate(Violation violation) override { throw violation; }

 protected:
  void Yield(AgentId, Point, int) override {}
  void Wait(AgentId, Point, int, Ready, int) override {}
  bool Choose(AgentId, Point, Point, int) override { return false; }
  void Observe(AgentId, Point, int) override {}
};

// Which part of CPU 1 the oracle says points at the PTE table of page 0, were it freed now, when
// only the walk in slot `which` is in flight, for `page`, and stands at a PTE table.
std::string PointedAtByTheWalk(int which, int page) {
  System system;
  ThrowingSteps steps;
  system.steps = &steps;
  system.judge = kOracle;
  World& world = system.world;
  Reset(world, 2, kDefaultBatch);
  InitMap(world, {0, 32}, {});
  InitPresent(world, {0, 32}, false);
  const CpuId cpu = MakeCpu(1);
  BeginWalk(world, cpu, which, page, false);
  while (world.at(cpu).walks[which].level != Level::kPte) AdvanceWalk(system, cpu, which);
  // A walk leaves each table it goes down to in the walk cache; here that must not speak for it.
  world.at(cpu).walk_cache = WalkCache{};
  try {
    const FrameId table = world.at(PmdTableOf(world, 0)).entries[0].frame;
    CheckFreeTable(system, MakeCpu(0), table, 0);
  } catch (const Violation& violation) {
    EXPECT_EQ(violation.holder, 1);
    return violation.detail;
  }
  return "nothing";
}

TEST(FreedTableCached, AWalkInFlightHoldsTheTableThoughNoWalkCacheDoes) {
  EXPECT_EQ(PointedAtByTheWalk(kWalkerWalk, 3), "walk in flight, of the hardware walker");
  EXPECT_EQ(PointedAtByTheWalk(kOwnWalk, 3), "walk in flight, of an access");
  EXPECT_EQ(PointedAtByTheWalk(kWalkerWalk, 4), "nothing");
  EXPECT_EQ(PointedAtByTheWalk(kOwnWalk, 16), "nothing");
}

TEST(FreedTableCached, AWalkThatTheDeliveryEndedIsLegal) {
  EXPECT_EQ(Verdict(WalkInFlight(true, kNotNestedByCpu2), "reset-range", "arm64"), "none");
  StepsOf walker(WalkerAgent(MakeCpu(1)));
  EXPECT_EQ(
      Verdict(WalkInFlight(false, kNotNestedByCpu2), "reset-range", "arm64", {.observer = &walker}),
      "none");
  // It begins again at the root, and finds nothing.
  EXPECT_THAT(walker.names, ElementsAre("walk_pud", "walk_pmd", "walk_pud"));
}

// --- walked-dead-table ---

// The walker of CPU 1 has a pointer to the PTE table that CPU 0 frees.
std::string WalkOfADyingTable(std::string_view upto, std::string_view program_of_cpu0) {
  return R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      cached cpu1 0..1
    cpu0
      munmap 0..1
      )" +
         std::string(program_of_cpu0) + R"(
    cpu1
      dontneed 16..17
    walk1
      fill 0
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      )" +
         std::string(upto) + R"(
      walk1 1
      rest
)";
}
constexpr std::string_view kUnlinked = "cpu0 until pmd_table_unlink(0)\n cpu0 until tlb_flush_done";

TEST(WalkedDeadTable, AnUnlinkedTableThatIsNotFreedYetIsAlive) {
  StepsOf walker(WalkerAgent(MakeCpu(1)));
  EXPECT_EQ(Verdict(WalkOfADyingTable(kUnlinked, ""), "reset-range", "arm64",
                    Ignoring({ViolationKind::kFreedTableCached}, &walker)),
            "none");
  EXPECT_THAT(walker.names, ElementsAre("walk_pte"));
}

TEST(WalkedDeadTable, OneStepLaterItIsDead) {
  const Violation violation =
      ViolationOf(WalkOfADyingTable("cpu0 until free_table(0)", ""), "reset-range", "arm64",
                  Ignoring({ViolationKind::kFreedTableCached}));
  EXPECT_EQ(Info(violation.kind).name, "walked-dead-table");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.frame, 2);
  EXPECT_EQ(violation.cpu, 1);
  EXPECT_EQ(violation.holder, 1);
}

TEST(WalkedDeadTable, ATableThatCameBackAsTheSameTableIsNotTheOneItWas) {
  // The lowest free frames are given out first, so the same frames become the same tables again and
  // the walk would even find the right page: by luck, which the generation does not count.
  constexpr std::string_view kMapAgain = "map 0..1 rw\n      read 0";
  const std::string text = WalkOfADyingTable("cpu0 until done", kMapAgain);
  EXPECT_EQ(Verdict(text, "reset-range", "arm64", Ignoring({ViolationKind::kFreedTableCached})),
            "walked-dead-table");
  EXPECT_EQ(Verdict(text, "full-mm", "arm64"), "none");
}

// --- What comes of a dead table: the other side of freed-page-cached ---

constexpr auto kTablesIgnored = {ViolationKind::kFreedTableCached, ViolationKind::kWalkedDeadTable};

// CPU 1 still walks through frame 2, which was the PTE table of page 0. Whether it becomes a PMD
// table or a PTE table turns on who takes frame 1.
std::string ReadThroughTheDeadTable(std::string_view before, std::string_view after) {
  return R"(
    cpus 2
    init
      map 0..1 rw
      map 16..18 rw
      present 0..1
      present 16..17
      cached cpu1 0..1
    cpu0
      munmap 0..1
      map 32..33 rw
      )" +
         std::string(before) + R"(
      read 32
      )" +
         std::string(after) + R"(
    cpu1
      dontneed 17..18
      read 0
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      cpu0 until access(32)
      cpu0 until walk_pte(32)
      cpu1 until done
      rest
)";
}

TEST(FreedPageCached, AFillFromAFrameThatIsNotDataIsIllegal) {
  // The entry that CPU 1 takes for a leaf is the pointer to the new PTE table.
  const Violation violation = ViolationOf(ReadThroughTheDeadTable("read 17", ""), "reset-range",
                                          "arm64", Ignoring(kTablesIgnored));
  EXPECT_EQ(Info(violation.kind).name, "freed-page-cached");
  EXPECT_STREQ(violation.detail, "filled from a frame that is not data");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.frame, 3);
  EXPECT_EQ(violation.cpu, 1);
  EXPECT_EQ(violation.holder, 1);
}

TEST(FreedPageCached, AFillFromTheWrongPageIsLegalUntilThatIsFreed) {
  // Frame 2 is the PTE table of page 32 now: CPU 1 reads that page's data for page 0.
  EXPECT_EQ(
      Verdict(ReadThroughTheDeadTable("", ""), "reset-range", "arm64", Ignoring(kTablesIgnored)),
      "none");
  const Violation violation = ViolationOf(ReadThroughTheDeadTable("", "dontneed 32..33"),
                                          "reset-range", "arm64", Ignoring(kTablesIgnored));
  EXPECT_EQ(Info(violation.kind).name, "freed-page-cached");
  EXPECT_EQ(violation.page, 32);
  EXPECT_EQ(violation.frame, 3);
  EXPECT_EQ(violation.cpu, 0);
  EXPECT_EQ(violation.holder, 1);
  EXPECT_EQ(violation.mapping, 3u);
}

}  // namespace
}  // namespace gatherfuzz
