// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Merging states is exact: whatever is taken for one has one future, under every policy.
#include "explore/verify.h"

#include <gtest/gtest.h>

#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

const std::atomic<bool> kNever = false;

VerifyResult VerifyOf(const Schedule& schedule, const Policy& policy, const Arch& arch,
                      uint64_t most_states) {
  return Verify(schedule, {.policy = &policy, .arch = &arch, .limits = {.states = most_states}},
                kNever);
}

TEST(Verify, EveryMergeIsExactUnderEveryPolicy) {
  const uint64_t most_states = kFibersCanGoBack ? 3000 : 100;  // else it is by replay
  uint64_t merges = 0;
  int i = 0;
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (const Arch* arch : Archs()) {
        for (int k = 0; k < 4; ++k) {
          Random random(static_cast<uint64_t>(++i));
          const Schedule schedule = SmallProgram(random);
          const VerifyResult result = VerifyOf(schedule, *policy, *arch, most_states);
          merges += result.merges;
          ASSERT_EQ(result.fault, "") << policy->name() << " " << arch->name() << "\n"
                                      << PrintText({.schedule = schedule});
        }
      }
    }
  }
  EXPECT_GT(merges, 150 * most_states);
}

// Remembers across a step what it has not said it reads.
class Forgetful final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    t.Step(Point::policy_write);
    const bool nested = t.world().mm.tlb_flush_pending > 1;
    t.Step(Point::policy_write);
    if (!nested) return;
    t.gather().fullmm = 1;
    ResetRange(t.gather());
    t.gather().freed_tables = 1;
  }
};

TEST(Verify, SeesWhenStatesAreMergedThatDiffer) {
  const Forgetful protocol;
  const Policy policy("forgetful", "", "", protocol);
  const Schedule schedule = FromText(R"(
cpus 2
init
  map 0..4 rw
  present 0..4
cpu0
  dontneed 0..1
cpu1
  dontneed 1..2
order
  rest
)")
                                .schedule;
  const VerifyResult result = VerifyOf(schedule, policy, *FindArch("x86"), 1 << 20);
  EXPECT_NE(result.fault.find("different futures"), std::string::npos) << result.fault;
}

TEST(Verify, StopsAtItsLimits) {
  const Schedule schedule = FromText(
                                "cpus 2\ninit\n map 0..4 rw\n present 0..4\ncpu0\n dontneed "
                                "0..2\ncpu1\n dontneed 1..3\norder\n rest\n")
                                .schedule;
  const Policy& policy = *FindPolicy("full-mm");
  EXPECT_EQ(VerifyOf(schedule, policy, *FindArch("x86"), 100).stopped, Stop::kStates);
  const std::atomic<bool> asked = true;
  EXPECT_EQ(Verify(schedule, {.policy = &policy, .arch = FindArch("x86")}, asked).stopped,
            Stop::kAsked);
}

}  // namespace
}  // namespace gatherfuzz
