// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Lines of `init` that do nothing are named, and a run is the same without them.
#include "harness/ignored.h"

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

TEST(Ignored, ARunIsTheSameWithoutIt) {
  Random random(3);
  int dropped = 0;
  Execution execution;
  for (int i = 0; i < 2000; ++i) {
    Schedule schedule = RandomSchedule(random);
    schedule.tail = {};  // a strategy's draws go by how much `init` says
    Schedule fewer = schedule;
    DropIgnoredInits(fewer);
    EXPECT_TRUE(IgnoredInits(fewer).empty());
    dropped += fewer.init.size() < schedule.init.size();
    const auto run = [&](const Schedule& it) {
      return execution.Execute(it, *FindPolicy("own-range"), *FindArch("x86"));
    };
    const RunResult with = run(schedule), without = run(fewer);
    EXPECT_EQ(with.trace_hash, without.trace_hash);
    EXPECT_EQ(with.violation.kind, without.violation.kind);
  }
  EXPECT_GT(dropped, 100);
}

}  // namespace
}  // namespace gatherfuzz
