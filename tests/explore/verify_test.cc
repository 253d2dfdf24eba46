// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Merging states is exact: whatever is taken for one has one future, under every policy.
#include "explore/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

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
      for (const Arch* arch : AllArchs()) {
        if (arch->on_request() && group != PolicyGroup::kPublished) continue;
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

TEST(Verify, EveryMergeIsExactUnderWeakerMemory) {
  const uint64_t most_states = kFibersCanGoBack ? 2000 : 60;
  uint64_t merges = 0;
  int i = 0;
  for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
    for (const Policy* policy : Policies(group)) {
      for (const Arch* arch : Archs()) {
        for (const MemoryModel memory :
             {MemoryModel::kWeak, MemoryModel::kTso, MemoryModel::kLate}) {
          for (int k = group == PolicyGroup::kPublished ? 3 : 1; k > 0; --k) {
            Random random(static_cast<uint64_t>(++i));
            Schedule schedule = SmallProgram(random);
            schedule.memory = memory;
            const VerifyResult result = VerifyOf(schedule, *policy, *arch, most_states);
            merges += result.merges;
            ASSERT_EQ(result.fault, "") << policy->name() << " " << arch->name() << "\n"
                                        << PrintText({.schedule = schedule});
          }
        }
      }
    }
  }
  EXPECT_GT(merges, 100 * most_states);
}

// What random programs seldom do: states that differ in one thing only that they come to need.
// Lines end at semicolons.
struct Program {
  const char* lines;
  std::initializer_list<const char*> policies;
};
const Program kPrograms[] = {
    // VMAs that a munmap has taken out, of which the mm tells no more.
    {"cpus 3; init; map 0..1 rw; map 1..2 rw; present 0..2;"
     "cpu0; munmap 0..2; cpu1; munmap 1..2; cpu2; map 1..2 rw",
     {"own-range", "full-mm"}},
    // A second gather of a call, and a munmap before and after it has taken VMAs out.
    {"cpus 2; init; map 0..1 rw; map 1..2 rw; present 0..2; cpu0; dontneed 0..2; cpu1; free 0..2",
     {"own-range", "overlap-sync", "recalls"}},
    {"cpus 2; init; map 0..8 rw huge; present 0..8; cpu0; munmap 2..6; cpu1; read 1",
     {"own-range", "recalls"}},
    // Frames in hand, small and huge, that two threads may hold the other way round.
    {"cpus 2; init; map 0..2 rw; map 4..6 rw; present 1..2; present 5..6;"
     "cpu0; read 0; dontneed 0..1; cpu1; read 4; dontneed 4..5",
     {"nesting-counters", "recalls"}},
    {"cpus 2; init; map 0..4 rw huge; map 4..5 rw; map 16..20 rw huge; map 20..21 rw;"
     "present 4..5; present 20..21; cpu0; read 0; dontneed 0..4; cpu1; read 16; dontneed 16..20",
     {"nesting-counters"}},
    // Faults that meet at one huge page.
    {"cpus 3; init; map 0..4 rw huge; cpu0; read 0; cpu1; write 1; cpu2; free 0..4", {"full-mm"}},
    {"cpus 3; init; map 0..4 rw huge; cpu0; read 0; cpu1; write 1; cpu2; munmap 0..2", {"full-mm"}},
    // Pointers to tables that go.
    {"cpus 2; init; map 0..1 rw; present 0..1; cpu0; munmap 0..1; walk1; fill 1",
     {"table-before-flush", "canary"}},
    {"cpus 2; init; map 0..1 rw; present 0..1; cpu0; munmap 0..1; walk1; fill 8",
     {"table-before-flush", "canary"}},
    // A and D, of leaves that look the same otherwise.
    {"cpus 3; init; map 0..1 rw; cpu0; write 0; cpu1; dontneed 0..1; read 0; cpu2; read 0; write 0",
     {"own-range"}},
    {"cpus 3; init; map 0..4 rw; present 2..3 dirty; cpu0; free 2..3; walk1; fill 2; cpu2; write 2",
     {"own-range", "full-mm", "sync-finish"}},
    // Waits that newcomers overtake.
    {"cpus 3; init; map 0..3 rw;"
     "cpu0; dontneed 0..1; cpu1; dontneed 1..2; dontneed 1..2; cpu2; dontneed 2..3; dontneed 2..3",
     {"sync-finish", "epoch-sync", "overlap-sync"}},
    // Tickets that come and go while others wait.
    {"cpus 4; init; map 0..4 rw; present 0..1;"
     "cpu0; dontneed 0..1; cpu1; dontneed 0..1; cpu2; dontneed 1..2; cpu3; free 0..1",
     {"epoch-sync", "overlap-sync", "waits-for-elders", "waits-for-one", "late-ticket"}},
    // Accesses that fault for ever, since tables are not freed, and pointers to them not flushed.
    {"cpus 3; init; map 0..1 rw; map 16..17 rw; present 0..1; cached cpu1 0..1;"
     "cpu0; munmap 0..1; map 0..1 rw; read 0; cpu1; read 0; cpu2; dontneed 16..17",
     {"loses-tables"}},
};

class LosesTables final : public GatherProtocol {
 public:
  void RemoveTable(const Thread&, FrameId, int, Level) const override {}

 protected:
  void Finishing(const Thread&) const override {}
};

// Goes by what it has read before other steps, at the beginning and at the end of a gather.
class Recalls final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    const bool nested = FlushNested(t);
    GatherProtocol::Gather(t, range);
    t.Step(Point::policy_write);
    t.world().mm.policy_state[0] = nested;
  }
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    const bool nested = FlushNested(t);
    t.Step(Point::policy_write);
    t.world().mm.policy_state[1] = nested;
    GatherProtocol::RemoveTlbEntry(t, page, level);
  }

 protected:
  void Finishing(const Thread& t) const override {
    const bool nested = FlushNested(t);
    t.Step(Point::policy_write);
    t.world().mm.policy_state[2] = nested;
    if (!nested) return;
    t.gather().fullmm = 1;
    ResetRange(t.gather());
    t.gather().freed_tables = 1;
  }
};

const LosesTables kLosesTables;
const Policy kLosesTablesPolicy("loses-tables", "", "", kLosesTables,
                                {.group = PolicyGroup::kPlanted});
const RegisterPolicy kLosesTablesRegistered(&kLosesTablesPolicy);
const Recalls kRecalls;
const Policy kRecallsPolicy("recalls", "", "", kRecalls, {.group = PolicyGroup::kPlanted});
const RegisterPolicy kRecallsRegistered(&kRecallsPolicy);

TEST(Verify, EveryMergeIsExactWhereOneThingTells) {
  const uint64_t most_states = kFibersCanGoBack ? 60000 : 100;
  for (const auto& [lines, policies] : kPrograms) {
    std::string text = lines;
    std::replace(text.begin(), text.end(), ';', '\n');
    const Schedule schedule = FromText(text + "\norder\n rest\n").schedule;
    for (const char* policy : policies) {
      for (const Arch* arch : Archs()) {
        const VerifyResult result = VerifyOf(schedule, *FindPolicy(policy), *arch, most_states);
        EXPECT_EQ(result.fault, "") << policy << " " << arch->name() << "\n" << lines;
        EXPECT_GT(result.merges, 20u) << lines;
      }
    }
  }
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
