// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// When a violation is held against the policy, and when it says nothing of it.
#include "harness/target.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/text.h"

namespace gatherfuzz {
namespace {

struct Judged {
  bool held_safe, excused;
  friend bool operator==(const Judged&, const Judged&) = default;
};
constexpr Judged kHeldSafe{true, false}, kBroken{false, false}, kExcused{false, true};

Judged Of(const std::string& policy, const std::string& header, const std::string& program = "") {
  const auto parsed = ParseText("gatherfuzz 1\n" + header + "cpus 2\ncpu0\n  read 0\n" + program +
                                "order\n  rest\n");
  const Schedule& schedule = std::get<ScheduleFile>(parsed).schedule;
  const Policy& its = *FindPolicy(policy);
  const Arch& arch = *FindArch("x86");
  return {HeldSafe(its, arch, schedule), Excused(its, arch, schedule)};
}

TEST(Target, OfASafePolicyEveryViolationCountsOrIsExcused) {
  EXPECT_EQ(Of("full-mm", ""), kHeldSafe);
  EXPECT_EQ(Of("full-mm", "kernel 6.1\n"), kHeldSafe);
  EXPECT_EQ(Of("full-mm", "kernel 6.17\n"), kExcused);
  EXPECT_EQ(Of("full-mm", "memory weak\n"), kExcused);
  EXPECT_EQ(Of("full-mm", "", "cpu1\n  idle\n"), kHeldSafe);
}

TEST(Target, OneRepairsWhatLaterKernelsBreak) {
  EXPECT_EQ(Of("repaired", "kernel 7.1\n"), kHeldSafe);
  EXPECT_EQ(Of("repaired", "", "unshare 0..4\ncpu1\n  idle\n"), kHeldSafe);
  EXPECT_EQ(Of("full-mm", "", "unshare 0..4\ncpu1\n  idle\n"), kExcused);
  EXPECT_EQ(Of("repaired", "memory weak\n"), kExcused);
}

TEST(Target, SomeAreSafeAsLongAsNoCpuSleeps) {
  EXPECT_EQ(Of("full-mm-leaf", ""), kHeldSafe);
  EXPECT_EQ(Of("full-mm-leaf", "", "cpu1\n  idle\n"), kExcused);
}

TEST(Target, AFinishThatWaitsIsSafeAsLongAsNoThreadExits) {
  EXPECT_EQ(Of("epoch-sync", ""), kHeldSafe);
  EXPECT_EQ(Of("epoch-sync", "", "cpu1\n  exit\n"), kExcused);
  EXPECT_EQ(Of("full-mm", "", "cpu1\n  exit\n"), kHeldSafe);
}

TEST(Target, OfAnyOtherItCountsUnlessAnyMayBreak) {
  EXPECT_EQ(Of("own-range", ""), kBroken);
  EXPECT_EQ(Of("own-range", "", "cpu1\n  idle\n"), kBroken);
  EXPECT_EQ(Of("own-range", "kernel 6.17\n"), kExcused);
  EXPECT_EQ(Of("own-range", "memory tso\n"), kExcused);
}

}  // namespace
}  // namespace gatherfuzz
