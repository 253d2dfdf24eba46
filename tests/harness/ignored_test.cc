// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Lines of `init` that do nothing are named, and a run is the same without them.
#include "harness/ignored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

TEST(Ignored, NamesWhatDoesNothing) {
  const Schedule schedule = FromText(R"(
cpus 2
init
  map 0..4 rw
  map 3..6 rw
  present 8..9
  present 2..6
  cached cpu1 8..10
  cached cpu1 40..41
)")
                                .schedule;
  std::vector<size_t> places;
  for (const IgnoredInit& ignored : IgnoredInits(schedule)) places.push_back(ignored.at);
  // Pages 8 and 9 are in no map, but a walk caches the pointer to the table above them.
  EXPECT_EQ(places, (std::vector<size_t>{1, 2, 5}));
}

// By an operation anywhere a page may come into a map; walks, and accesses, may find its tables.
TEST(Ignored, NamesOperationsOutsideOfAllMaps) {
  const Schedule schedule = FromText(R"(
cpus 2
init
  map 0..4 rw
cpu0
  munmap 20..24
  dontneed 24..30
  read 9
  write 62
  reap
cpu1
  map 20..21 rw
  remap 0..2 to 40
  free 41..43
  remap 50..52 to 0
walk1
  fill 15
  fill 63
)")
                                .schedule;
  std::vector<size_t> places;
  for (const OutsideOp& outside : OutsideOps(schedule)) places.push_back(outside.at);
  EXPECT_EQ(places, (std::vector<size_t>{1, 3, 8, 10}));
}

TEST(Ignored, NamesWhatReachesBeyondTheMaps) {
  Schedule schedule = FromText(R"(
cpus 2
init
  map 2..4 rw
  map 6..8 rw
  present 2..4
  present 2..8
  present 1..4
  present 6..20
  present 0..64
  present 20..30
  cached cpu1 2..8
  cached cpu1 3..9
  cached cpu1 7..40
  cached cpu1 40..41
)")
                          .schedule;
  std::vector<std::string> told;
  for (const auto& [at, why] : PartlyOutsideInits(schedule)) {
    told.push_back(std::to_string(at) + ": " + why);
  }
  const std::string no_page = ": this is partly outside of every map, so nothing is populated on ";
  const std::string no_entry = ": this is partly outside of every map, so no translation is ";
  EXPECT_THAT(told, testing::ElementsAre("4" + no_page + "page 1", "5" + no_page + "pages 8..20",
                                         "6" + no_page + "pages 0..2 and pages 8..64",
                                         "9" + no_entry + "cached of page 8",
                                         "10" + no_entry + "cached of pages 8..40"));
  // Of pages below 16 a walk caches the pointers to the tables: that stays, in a line of its own.
  DropIgnoredInits(schedule);
  EXPECT_THAT(PrintText({.schedule = schedule}), testing::HasSubstr(R"(
  map 2..4 rw
  map 6..8 rw
  present 2..4
  present 2..8
  present 2..4
  present 6..8
  present 2..8
  cached cpu1 2..8
  cached cpu1 3..8
  cached cpu1 8..9
  cached cpu1 7..8
  cached cpu1 8..16
)"));
}

TEST(Ignored, ARunIsTheSameWithoutIt) {
  Random random(3);
  int dropped = 0, narrowed = 0;
  Execution execution;
  for (int i = 0; i < 2000; ++i) {
    Schedule schedule = RandomSchedule(random);
    schedule.tail = {};  // a strategy's draws go by how much `init` says
    Schedule fewer = schedule;
    DropIgnoredInits(fewer);
    EXPECT_TRUE(IgnoredInits(fewer).empty());
    EXPECT_TRUE(PartlyOutsideInits(fewer).empty() || fewer.init.size() + 2 > kMaxInit);
    narrowed += !PartlyOutsideInits(schedule).empty() && PartlyOutsideInits(fewer).empty();
    dropped += fewer.init.size() < schedule.init.size();
    const auto run = [&](const Schedule& it) {
      return execution.Execute(it, *FindPolicy("own-range"), *FindArch("x86"));
    };
    const RunResult with = run(schedule), without = run(fewer);
    EXPECT_EQ(with.trace_hash, without.trace_hash);
    EXPECT_EQ(with.violation.kind, without.violation.kind);
  }
  EXPECT_GT(dropped, 100);
  EXPECT_GT(narrowed, 100);
}

}  // namespace
}  // namespace gatherfuzz
