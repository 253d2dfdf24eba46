// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Families: what each member is, and that it runs the same way wherever it is run.
#include "harness/family.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "harness/bytes.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

TEST(Family, BeginsWithTheScheduleItself) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Schedule schedule = RandomSchedule(random);
    ASSERT_TRUE(TakeMember(schedule, 0) == schedule);
  }
}

TEST(Family, KeepsTheProgramsAndABeginningOfTheOrder) {
  Random random(2);
  int kept_some = 0;
  for (int i = 0; i < 300; ++i) {
    const Schedule schedule = RandomSchedule(random);
    for (int number = 1; number < kMaxMembers; ++number) {
      Schedule taken = TakeMember(schedule, number);
      ASSERT_EQ(WhatIsWrongWith(taken), "");
      if (number % 2 != 0) ASSERT_TRUE(taken.order.empty());
      kept_some += !taken.order.empty() && taken.order.size() < schedule.order.size();
      for (size_t run = taken.order.size(); run < schedule.order.size(); ++run) {
        taken.order.push_back(schedule.order[run]);
      }
      taken.tail = schedule.tail;
      ASSERT_TRUE(taken == schedule) << "member " << number;
    }
  }
  EXPECT_GT(kept_some, 1000);
}

TEST(Family, DrawsAnotherTailForEachMember) {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    Schedule schedule = RandomSchedule(random);
    std::set<std::tuple<Tail::Kind, uint32_t>> tails;
    for (int number = 0; number < kMaxMembers; ++number) {
      const Tail tail = MemberOf(schedule, number).tail;
      tails.insert({tail.kind, tail.seed});
    }
    ASSERT_EQ(tails.size(), static_cast<size_t>(kMaxMembers));
    // Another order, or another seed, gives another family.
    const Tail before = MemberOf(schedule, 1).tail;
    if (!schedule.order.empty()) {
      Schedule changed = schedule;
      changed.order[0].count = static_cast<uint16_t>(changed.order[0].count % 255 + 1);
      ASSERT_NE(MemberOf(changed, 1).tail, before);
    }
    ++schedule.tail.seed;
    ASSERT_NE(MemberOf(schedule, 1).tail, before);
  }
}

TEST(Family, IsAFunctionOfTheSchedule) {
  Random random(4);
  for (int i = 0; i < 300; ++i) {
    const Schedule schedule = RandomSchedule(random);
    Schedule same = RandomSchedule(random);  // what is past the end of its lists is different
    const EncodedBytes bytes = EncodeBytes(schedule);
    DecodeBytes({bytes.begin(), bytes.size()}, same);
    for (const int number : {5, 2, 63, 2}) {
      const Member one = MemberOf(schedule, number), other = MemberOf(same, number);
      ASSERT_EQ(one.runs, other.runs);
      ASSERT_EQ(one.tail, other.tail);
      ASSERT_TRUE(TakeMember(schedule, number) == TakeMember(same, number));
    }
  }
}

void ExpectSameRun(const RunResult& a, const RunResult& b, const Schedule& schedule) {
  ASSERT_EQ(a.trace_hash, b.trace_hash) << PrintText({.schedule = schedule});
  ASSERT_EQ(a.steps, b.steps);
  ASSERT_EQ(a.violation.kind, b.violation.kind);
}

TEST(Family, OfOneLoadRunsAsItsMembersDoAlone) {
  static Execution loaded, alone;
  Random random(5);
  std::set<uint64_t> traces;
  int violations = 0, runs = 0;
  for (int i = 0; i < 120; ++i) {
    const Schedule schedule = RandomSchedule(random);
    for (const char* name : {"own-range", "full-mm", "sync-finish"}) {
      const Policy& policy = *FindPolicy(name);
      const Arch& arch = *Archs()[static_cast<size_t>(i) % Archs().size()];
      loaded.Load(schedule);
      for (int number = 0; number < 16; ++number) {
        const RunResult result = loaded.RunLoaded(policy, arch, MemberOf(schedule, number));
        const Schedule taken = TakeMember(schedule, number);
        ExpectSameRun(result, alone.Execute(taken, policy, arch), taken);
        const Schedule read = FromText(PrintText({.schedule = taken})).schedule;
        ASSERT_TRUE(read == taken);
        ExpectSameRun(result, alone.Execute(read, policy, arch), taken);
        traces.insert(result.trace_hash);
        violations += !result.clean();
        ++runs;
      }
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(violations, 50) << "abandoned runs are to be among them";
  EXPECT_GT(traces.size(), static_cast<size_t>(runs) / 3) << "members are to differ";
}

}  // namespace
}  // namespace gatherfuzz
