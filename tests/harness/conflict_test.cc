// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The table of what steps touch, against the model: two steps that do not conflict lead to the same
// state in either order, wherever random runs come to them.
#include "harness/conflict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "harness/bytes.h"
#include "harness/random.h"
#include "tests/prober.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

std::string Name(PendingStep step) {
  return std::string(Info(step.point).name) + "(" + std::to_string(step.page) + ")";
}

// Names that are given out in order do not count, nor whom a waiter is held to wait for.
World WithoutNames(World world) {
  world.mm.calls_begun = 0;
  const auto strip = [](Pte& entry) { entry.mapping = 0; };
  for (Frame& frame : world.frames) {
    for (Pte& entry : frame.entries) strip(entry);
  }
  for (SwitchCpu& cpu : world.switching.cpus) {
    for (Pte& entry : cpu.parked_tlb.small) strip(entry);
    for (Pte& entry : cpu.parked_tlb.huge) strip(entry);
    cpu.owed = {};
  }
  for (BroadcastCpu& cpu : world.broadcast.cpus) {
    for (Pte& entry : cpu.parked_tlb.small) strip(entry);
    for (Pte& entry : cpu.parked_tlb.huge) strip(entry);
    cpu.owed = {};
  }
  for (CpuState& cpu : world.cpus) {
    for (Pte& entry : cpu.tlb.small) strip(entry);
    for (Pte& entry : cpu.tlb.huge) strip(entry);
    cpu.call.number = 0;
    cpu.call.wait_since = 0;
    cpu.call.wait_live = 0;
    cpu.call.overtaken = 0;
    cpu.call.moments = {};
  }
  return world;
}

bool SameState(const World& a, const World& b) {
  const World x = WithoutNames(a), y = WithoutNames(b);
  return std::memcmp(&x, &y, sizeof x) == 0;
}

class Commutation {
 public:
  explicit Commutation(const Policy& policy, const char* arch = "arm64")
      : policy_(policy), arch_(*FindArch(arch)) {}

  // Goes through a random run, and tries the pairs that can move at some of its steps.
  void Try(const Schedule& schedule, Random& random) {
    static Execution execution;
    OrderOf order;
    // What is judged is the state; a violation would end the run in one order before it does in
    // the other.
    const uint32_t ignored = ~0u;
    execution.Execute(schedule, policy_, arch_, {.ignored = ignored, .observer = &order});
    if (order.steps.empty() || order.steps.size() > 400) return;
    // Of RCU's agent and a detour, which are one, the prober takes the former.
    const auto detour = [](const ProbedStep& step) {
      return (kDetourPoints & MaskOf(step.step.point)) != 0;
    };
    if (schedule.rcu && std::ranges::any_of(order.steps, detour)) return;
    Prober prober(schedule, policy_, arch_, ignored);
    for (int i = 0; i < 4; ++i) {
      std::vector<AgentId> prefix = order.Agents();
      prefix.resize(random.Below(static_cast<uint32_t>(prefix.size())));
      const std::vector<ProbedStep> able = prober.After(prefix);
      for (size_t a = 0; a < able.size(); ++a) {
        for (size_t b = a + 1; b < able.size(); ++b) TryPair(prober, prefix, able[a], able[b]);
      }
    }
  }

  int tried() const { return tried_; }
  const std::map<std::string, std::string>& wrong() const { return wrong_; }
  const std::set<std::pair<Point, Point>>& kinds() const { return kinds_; }

 private:
  void TryPair(Prober& prober, std::vector<AgentId> order, ProbedStep a, ProbedStep b) {
    const bool same_cpu = CpuOf(a.agent) == CpuOf(b.agent);
    if (Conflict(a.step, b.step, same_cpu)) return;
    // A thread that stands where a detour begins makes one of the two.
    if (b.agent == DetourAgent(CpuOf(a.agent)) && a.agent == CpuAgent(CpuOf(a.agent))) return;
    ASSERT_FALSE(Conflict(b.step, a.step, same_cpu)) << Name(a.step) << Name(b.step);
    World a_first, b_first;
    order.resize(order.size() + 2);
    const size_t n = order.size();
    order[n - 2] = a.agent, order[n - 1] = b.agent;
    prober.Run(order, &a_first);
    order[n - 2] = b.agent, order[n - 1] = a.agent;
    prober.Run(order, &b_first);
    ++tried_;
    kinds_.insert({a.step.point, b.step.point});
    if (SameState(a_first, b_first)) return;
    wrong_.emplace(std::string(Info(a.step.point).name) + " and " + Info(b.step.point).name,
                   Name(a.step) + Name(b.step) + (same_cpu ? " of one CPU" : ""));
  }

  const Policy& policy_;
  const Arch& arch_;
  int tried_ = 0;
  std::map<std::string, std::string> wrong_;  // by kinds, an example
  std::set<std::pair<Point, Point>> kinds_;
};

TEST(Conflict, WhatDoesNotConflictCommutes) {
  for (const char* policy : {"full-mm", "sync-finish", "overlap-list", "epoch-sync"}) {
    Commutation commutation(*FindPolicy(policy));
    Random random(1);
    for (int run = 0; run < 4000; ++run) {
      std::array<uint8_t, 64> bytes;
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next() >> 40);
      Schedule schedule;
      DecodeBytes(bytes, schedule);
      schedule.order.clear();
      schedule.tail = {.kind = Tail::Kind::kUniform, .seed = static_cast<uint32_t>(run)};
      commutation.Try(schedule, random);
    }
    for (const auto& [kinds, example] : commutation.wrong()) {
      ADD_FAILURE() << policy << ": " << kinds << " do not commute: " << example;
    }
    EXPECT_GT(commutation.tried(), 8000) << policy;
    EXPECT_GT(commutation.kinds().size(), 250u) << policy;
  }
}

TEST(Conflict, WhatDoesNotConflictCommutesWhereVmasHaveLocks) {
  for (const KernelVersion kernel : {KernelVersion::k6_12_vma, KernelVersion::k7_1_vma}) {
    Commutation commutation(*FindPolicy("full-mm"));
    Random random(2);
    for (int run = 0; run < 2000; ++run) {
      std::array<uint8_t, 64> bytes;
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next() >> 40);
      Schedule schedule;
      DecodeBytes(bytes, schedule);
      schedule.kernel = kernel;
      schedule.order.clear();
      schedule.tail = {.kind = Tail::Kind::kUniform, .seed = static_cast<uint32_t>(run)};
      commutation.Try(schedule, random);
    }
    for (const auto& [kinds, example] : commutation.wrong()) {
      ADD_FAILURE() << NameOf(kernel) << ": " << kinds << " do not commute: " << example;
    }
    EXPECT_GT(commutation.tried(), 4000);
  }
}

// Random orders of programs that have the same beginning; in which the steps of `points` meet
// others.
void ExpectCommutes(const std::string& begin, std::initializer_list<const char*> programs,
                    PointMask points, uint64_t random_seed) {
  Commutation commutation(*FindPolicy("full-mm"), "x86");
  Random random(random_seed);
  for (const char* program : programs) {
    Schedule schedule = FromText(begin + program).schedule;
    for (uint32_t seed = 0; seed < 250; ++seed) {
      schedule.tail = {.kind = Tail::Kind::kUniform, .seed = seed};
      commutation.Try(schedule, random);
    }
  }
  for (const auto& [kinds, example] : commutation.wrong()) {
    ADD_FAILURE() << kinds << " do not commute: " << example;
  }
  EXPECT_GT(std::ranges::count_if(commutation.kinds(),
                                  [&](const auto& pair) {
                                    const auto& [a, b] = pair;
                                    return ((MaskOf(a) | MaskOf(b)) & points) != 0;
                                  }),
            20);
}

TEST(Conflict, WhatDoesNotConflictCommutesWhereRcuFreesTables) {
  ExpectCommutes(
      "cpus 3\nrcu\ninit\n map 0..1 rw\n map 16..17 rw\n map 20..22 rw\n present 0..1\n"
      " present 16..17\n present 20..22\n cached cpu1 0..1\n",
      {"cpu0\n munmap 0..1\n map 0..1 rw\n write 0\ncpu1\n munmap 16..17\n read 20\n"
       "cpu2\n dontneed 20..21\n free 20..22\nwalk1\n fill 0\n",
       "cpu0\n munmap 0..1\ncpu1\n switch mm1\n switch mm0\ncpu2\n munmap 16..17\n"},
      kRcuPoints, 3);
}

TEST(Conflict, WhatDoesNotConflictCommutesWhereAnOwnerRevokes) {
  ExpectCommutes(
      "cpus 3\ninit\n pfnmap 0..2\n map 4..6 rw\n present 4..6\n cached cpu1 0..2\n",
      {"cpu0\n munmap 0..2\ncpu1\n revoke 0..1\n read 1\ncpu2\n revoke 0..2\nwalk1\n fill 0\n",
       "cpu0\n protect 0..2 r\n munmap 0..2\ncpu1\n revoke 0..2\ncpu2\n dontneed 4..6\n read 0\n"
       " reclaim 0..6\n"},
      kPfnPoints, 4);
}

bool Races(Point a, int8_t page_a, Point b, int8_t page_b, bool same_cpu = false) {
  return Conflict({a, page_a}, {b, page_b}, same_cpu);
}

TEST(Conflict, IsWhatTheMachineSays) {
  using enum Point;
  EXPECT_TRUE(Races(pte_clear, 2, pte_read, 2));
  EXPECT_FALSE(Races(pte_clear, 2, pte_read, 3));
  EXPECT_TRUE(Races(walk_pte, 2, pte_clear, 2));
  EXPECT_TRUE(Races(pte_lock, 1, pte_unlock, 3)) << "of one table";
  EXPECT_FALSE(Races(pte_lock, 1, pte_lock, 4));
  EXPECT_TRUE(Races(walk_pmd, 1, pte_table_unlink, 0));
  EXPECT_FALSE(Races(walk_pmd, 1, pte_table_unlink, 4));
  EXPECT_TRUE(Races(pending_read, kNoPage, pending_dec, kNoPage));
  EXPECT_FALSE(Races(pending_inc, kNoPage, pending_dec, kNoPage));
  EXPECT_TRUE(Races(deliver, 0, syscall_return, 9));
  EXPECT_TRUE(Races(deliver, 0, free_page, 9));
  EXPECT_TRUE(Races(deliver, 0, walk_pte, 9, true));
  EXPECT_FALSE(Races(deliver, 0, walk_pte, 9, false)) << "each has a TLB";
  EXPECT_FALSE(Races(deliver, 0, deliver, 1));
  EXPECT_TRUE(Races(tlb_flush, 0, tlb_flush, 9)) << "the oldest is delivered first";
  EXPECT_TRUE(Races(walk_pud, 1, free_table, 0)) << "it may point there";
  EXPECT_TRUE(Races(mmap_read_lock, kNoPage, mmap_write_downgrade, kNoPage));
  EXPECT_FALSE(Races(mmap_read_lock, kNoPage, mmap_read_unlock, kNoPage));
  EXPECT_FALSE(Conflict({}, {pte_clear, 2})) << "of an agent that has not begun";
}

void TryCpusThatSwitch(Commutation& commutation, HardwareKind hardware) {
  Random random(2);
  for (int run = 0; run < 1500; ++run) {
    Schedule schedule = RandomSchedule(random);
    schedule.order.clear();
    schedule.kswapd = false;
    const auto op = [](OpKind kind, int mm) { return Op{kind, {mm, mm + 1}, {}}; };
    schedule.program.truncate(std::min<size_t>(schedule.program.size(), 8));
    for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
      const AgentId agent = CpuAgent(MakeCpu(cpu));
      schedule.program.insert(0, {agent, op(OpKind::kWake, 0)});
      schedule.program.insert(0, {agent, op(OpKind::kIdle, 0)});
      schedule.program.push_back({agent, op(OpKind::kSwitch, 1)});
      schedule.program.push_back({agent, op(OpKind::kSwitch, 0)});
    }
    if (hardware != HardwareKind::kPlain) {
      schedule.kernel = KernelVersion::k7_1;
      schedule.hardware = hardware;
    }
    schedule.tail = {.kind = Tail::Kind::kUniform, .seed = static_cast<uint32_t>(run)};
    Canonicalize(schedule);
    commutation.Try(schedule, random);
  }
  for (const auto& [kinds, example] : commutation.wrong()) {
    ADD_FAILURE() << kinds << " do not commute: " << example;
  }
  EXPECT_GT(commutation.tried(), 1000);
}

// What x86 makes of flushes where CPUs switch and sleep. What is owed for is not compared: ignored
// kinds are not noted.
TEST(Conflict, NorDoesWhatCpusThatSwitchDo) {
  Commutation commutation(*FindPolicy("full-mm"), "x86");
  TryCpusThatSwitch(commutation, HardwareKind::kPlain);
}

TEST(Conflict, NorDoesWhatIsDoneWithInvlpgb) {
  Commutation commutation(*FindPolicy("full-mm"), "x86");
  TryCpusThatSwitch(commutation, HardwareKind::kInvlpgb);
}

TEST(Conflict, StepsOnOnePlaceConflictWhicheverOtherPlaceTheyShare) {
  // Both touch an upper entry and a lock or a table of different extent.
  EXPECT_TRUE(Races(Point::walk_pmd, 1, Point::pmd_clear, 0));
  EXPECT_TRUE(Races(Point::pmd_lock, 1, Point::pmd_unlock, 9)) << "one lock a PMD table";
  EXPECT_FALSE(Races(Point::pmd_lock, 1, Point::pmd_unlock, 17));
}

}  // namespace
}  // namespace gatherfuzz
