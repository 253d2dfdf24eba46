// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the machine asks the architecture (model/machine/hardware.h), with an architecture from
// outside of the tree whose hardware sets neither A nor D; and a leaf that is there, but forbids
// the access.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/machine/tlb.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr const char* kWrite = R"(
cpus 1
init
  map 0..4 rw
  present 0..1
cpu0
  write 0
order
  rest
)";
constexpr const char* kWriteHuge = R"(
cpus 1
init
  map 0..4 rw huge
  present 0..4
cpu0
  write 0
order
  rest
)";

// Takes the right to write away from the leaf of page 0, before the first step, if asked to.
class SeenSteps final : public StepObserver {
 public:
  explicit SeenSteps(bool forbid = false) : forbid_(forbid) {}
  void OnStep(const StepEvent& event, const World& before) override {
    if (forbid_ && points.empty()) Forbid(const_cast<World&>(before));
    points.push_back(event.point);
  }
  long Count(Point point) const { return std::count(points.begin(), points.end(), point); }

  std::vector<Point> points;

 private:
  static void Forbid(World& world) {
    for (Frame& frame : world.frames) {
      for (Pte& entry : frame.entries) {
        if (entry.leaf()) entry.flags &= static_cast<uint8_t>(~Pte::kWrite);
      }
    }
  }
  const bool forbid_;
};

// Two CPUs meet at a page that nothing maps yet: cpu0 looks for it by its walker, cpu1 populates
// it, cpu0 reads it.
constexpr const char* kFoundAbsent = R"(
cpus 2
init
  map 0..4 rw
cpu0
  read 0
walk0
  fill 0
cpu1
  write 0
order
  walk0 1
  cpu1 until done
  rest
)";

struct Ran {
  std::string verdict;
  Pte leaf;
};

Ran RunOn(const char* text, const char* arch, SeenSteps& steps) {
  Execution execution;
  const RunResult result = execution.Execute(FromText(text).schedule, *FindPolicy("full-mm"),
                                             *FindArch(arch), {.observer = &steps});
  return {std::string(Info(result.violation.kind).name), CurrentLeaf(execution.world(), 0)};
}

TEST(Hardware, SetsAccessedAndDirtyWhereTheArchitectureSaysSo) {
  SeenSteps steps;
  const Ran ran = RunOn(kWrite, "x86", steps);
  EXPECT_EQ(ran.verdict, "none");
  EXPECT_TRUE(ran.leaf.accessed() && ran.leaf.dirty());
  EXPECT_EQ(steps.Count(Point::fault), 0);
}

TEST(Hardware, ElseAWalkFaultsAndTheKernelSetsThem) {
  for (const auto& [text, set] :
       {std::pair(kWrite, Point::pte_set), std::pair(kWriteHuge, Point::pmd_set)}) {
    SeenSteps steps;
    const Ran ran = RunOn(text, "svade", steps);
    EXPECT_EQ(ran.verdict, "none");
    EXPECT_TRUE(ran.leaf.accessed() && ran.leaf.dirty());
    EXPECT_EQ(steps.Count(Point::fault), 1);
    EXPECT_EQ(steps.Count(set), 1);
  }
}

// H7: what a walk has found absent faults without a walk until the handler's fence.
TEST(Hardware, RemembersAbsentEntriesWhereTheArchitectureSaysSo) {
  SeenSteps x86, riscv;
  EXPECT_EQ(RunOn(kFoundAbsent, "x86", x86).verdict, "none");
  EXPECT_EQ(x86.Count(Point::fault), 1);  // cpu1's
  EXPECT_EQ(RunOn(kFoundAbsent, "riscv", riscv).verdict, "none");
  EXPECT_EQ(riscv.Count(Point::fault), 2);
  EXPECT_EQ(riscv.Count(Point::access), x86.Count(Point::access) + 1);
}

TEST(Hardware, AnInvalidationDropsWhatIsRememberedAbsent) {
  Tlb tlb{};
  FillAbsent(tlb, 3);
  FillAbsent(tlb, 4);
  World world{};
  world.cpu_count = 1;
  world.at(MakeCpu(0)).tlb = tlb;
  EXPECT_EQ(Drop(world, world.at(MakeCpu(0)).tlb, PageBit(3), 0).entries, 0);
  EXPECT_EQ(world.at(MakeCpu(0)).tlb.absent, PageBit(4));
  Evict(world.at(MakeCpu(0)).tlb, 4);
  EXPECT_EQ(world.at(MakeCpu(0)).tlb.absent, 0u);
}

// It is a fault on a page that is there, so it was once taken for a spurious one, three of which
// are endless.
TEST(Fault, OnALeafThatForbidsTheAccessIsNotSpurious) {
  for (const char* arch : {"x86", "arm64", "riscv", "svade"}) {
    for (const char* text : {kWrite, kWriteHuge}) {
      SeenSteps steps(true);
      const Ran ran = RunOn(text, arch, steps);
      EXPECT_EQ(ran.verdict, "none") << arch << text;
      EXPECT_TRUE(ran.leaf.writable() && ran.leaf.dirty()) << arch << text;
      EXPECT_EQ(steps.Count(Point::fault), 1) << arch << text;
    }
  }
}

// A safe policy is safe on those that no table has, too, as far as random schedules tell; and some
// are not.
TEST(Archs, ThatNoTableHasRunEveryPolicy) {
  for (const char* arch : {"riscv", "svade"}) {
    Random random(1);
    int broken = 0;
    for (int i = 0; i < 2000; ++i) {
      Schedule schedule = RandomSchedule(random);
      schedule.memory = MemoryModel::kSc;  // else some run out of stores
      EXPECT_EQ(Verdict(schedule, "full-mm", arch), "none") << arch;
      broken += Verdict(schedule, "own-range", arch) != "none";
    }
    EXPECT_GT(broken, 0) << arch;
  }
}

// What runs only where it is named is in no table, and is found.
TEST(Archs, RunOnRequestOrAlways) {
  const auto names = [](std::span<const Arch* const> archs) {
    std::string all;
    for (const Arch* arch : archs) all += std::string(arch->name()) + " ";
    return all;
  };
  EXPECT_EQ(names(Archs()), "arm64 svade x86 ");
  EXPECT_EQ(names(AllArchs()), "arm64 riscv svade x86 ");
  EXPECT_TRUE(FindArch("riscv")->on_request() && !FindArch("svade")->on_request());
}

TEST(Policy, SaysOnWhichArchitecturesItRuns) {
  const GatherProtocol& protocol = FindPolicy("full-mm")->protocol();
  const Policy some("some", "", "", protocol, {.runs_on = "arm64 x86"});
  const Policy every("every", "", "", protocol);
  EXPECT_TRUE(some.RunsOn("x86") && some.RunsOn("arm64") && every.RunsOn("riscv"));
  EXPECT_FALSE(some.RunsOn("riscv") || some.RunsOn("arm") || some.RunsOn("x8"));
}

}  // namespace
}  // namespace gatherfuzz
