// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// INVLPGB: the steps of the flushes and the switches that use it, what it drops where, and that
// where there is none, nothing is otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/oracle/asleep.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Ran : public TracedRun {
 public:
  using TracedRun::TracedRun;
  const SwitchCpu& cpu(int i) const { return world().switching.at(MakeCpu(i)); }
  const Broadcast& broadcast() const { return world().broadcast; }
  uint64_t Under(int cpu, int slot) const {
    return TlbUnder(world(), MakeCpu(cpu), slot).small_valid;
  }
};

const std::string kHead = "kernel 7.1\nhardware invlpgb\n";
// Two pages, which cpu1 has cached.
const std::string kTwo = "cpus 2\ninit\n map 0..2 rw\n present 0..2\n cached cpu1 0..2\n";
const std::string kOneCall = kTwo + "cpu0\n dontneed 0..1\ncpu1\n idle\n";

TEST(Invlpgb, AFlushOfAnMmThatIsActiveOnTwoCpusGivesItAGlobalAsid) {
  const std::string order = "order\n cpu0 until syscall_return(0)\n rest\n";
  const Ran ran(kHead + kOneCall + order);
  EXPECT_EQ(ran.broadcast().global_asid, 1);
  EXPECT_EQ(ran.broadcast().asid_transition, 1) << "both CPUs have slot 0 loaded";
  EXPECT_EQ(ran.Count("cpu0 global_asid_set"), 1);
  const Ran alone(kHead + kOneCall + "order\n cpu1 until enter_lazy_tlb\n rest\n");
  EXPECT_EQ(alone.broadcast().global_asid, 0) << "CPU 1 is lazy";
  EXPECT_EQ(alone.Count("cpu0 global_asid_lock"), 1);
  const Ran plain("kernel 7.1\n" + kOneCall + order);
  EXPECT_EQ(plain.Count("cpu0 global_asid_lock"), 0);
  EXPECT_EQ(Ran("hardware invlpgb\n" + kOneCall + order).steps(), Ran(kOneCall + order).steps())
      << "6.12 does not use it";
}

TEST(Invlpgb, TheNextFlushHasAllCpusLoadItAndOneMoreNeedsNoInterrupt) {
  const Ran ran(
      kHead +
      "cpus 2\ninit\n map 0..3 rw\n present 0..3\n cached cpu1 0..3\ncpu0\n dontneed 0..1\n"
      " dontneed 1..2\n dontneed 2..3\ncpu1\n read 2\n idle\norder\n"
      "cpu0 until syscall_return(1)\n cpu1 until access(2) #2\n cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("lent inv1 deliver(0)"), 2) << "the last flush makes none";
  EXPECT_EQ(ran.Count("cpu0 tlbsync"), 2);
  EXPECT_EQ(ran.Count("cpu0 asid_transition_clear"), 1);
  EXPECT_EQ(ran.cpu(0).slot, kGlobalSlot);
  EXPECT_EQ(ran.cpu(1).slot, kGlobalSlot);
  EXPECT_EQ(ran.broadcast().at(MakeCpu(1)).loaded_asid, kGlobalSlot);
  EXPECT_EQ(ran.broadcast().asid_transition, 0);
  EXPECT_EQ(ran.Under(1, kGlobalSlot), 0u) << "page 2, cached since, was dropped";
  EXPECT_EQ(ran.Under(1, 0), 0b110u) << "what slot 0 has is nobody's any more";
}

TEST(Invlpgb, ReachesWhatIsNotLoaded) {
  const Ran ran(kHead + kTwo +
                "cpu0\n dontneed 0..1\n dontneed 1..2\ncpu1\n idle\n wake\n read 1\n switch mm1\n"
                "order\n cpu0 until syscall_return(0)\n cpu1 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.cpu(1).slot, 1) << "mm1";
  EXPECT_EQ(ran.Under(1, kGlobalSlot), 0u);
  EXPECT_EQ(ran.Count("cpu1 write_cr3"), 2) << "to the global ASID, and to mm1";
}

TEST(Invlpgb, AWakeLooksForAGlobalAsidAndNoGeneration) {
  const Ran ran(kHead + kTwo +
                "cpu0\n dontneed 0..1\ncpu1\n idle\n wake\n idle\n wake\norder\n"
                "cpu0 until done\n rest\n");
  EXPECT_THAT(
      ran.StepsOf("cpu1"),
      ElementsAre("enter_lazy_tlb", "switch_mm_irqs_off", "global_asid_read", "tlb_gen_read",
                  "write_cr3", "loaded_asid_set", "resume_user", "enter_lazy_tlb",
                  "switch_mm_irqs_off", "global_asid_read", "resume_user"));
}

TEST(Invlpgb, ReclaimDropsAllOfAllAsids) {
  const Ran ran(kHead + kTwo + "cpu0\n dontneed 0..1\n idle\nkswapd\n reclaim 1..2\norder\n" +
                "cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu2 tlbsync"), 1);
  EXPECT_EQ(ran.Under(1, 0), 0u) << "though slot 0 is not its global ASID";
}

// --- leave_mm() ---

const std::string kSleeps = kTwo + "cpu0\n dontneed 0..1\n dontneed 1..2\ncpu1\n idle\n leave\n";
const std::string kTwoCalls =
    "order\n cpu0 until syscall_return(0)\n cpu1 until enter_lazy_tlb\n"
    "cpu0 until done\n cpu1 until done\n";

TEST(Leave, LoadsInitMmAndWarnsWhereTheCpuIsNotLazy) {
  const Ran ran(kTwo + "cpu1\n idle\n leave\n wake\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.StepsOf("cpu1"),
              ElementsAre("enter_lazy_tlb", "switch_mm_irqs_off", "loaded_mm_switching",
                          "mm_cpumask_clear", "tlb_gen_read", "write_cr3", "loaded_mm_set",
                          "switch_mm_irqs_off", "loaded_mm_switching", "mm_cpumask_set",
                          "tlb_gen_read", "write_cr3", "loaded_mm_set", "resume_user"));
  const Ran warns(kHead + kSleeps + kTwoCalls);
  EXPECT_EQ(warns.verdict(), "kernel-assertion");
  EXPECT_THAT(warns.violation().detail, HasSubstr("leave_mm()"));
  EXPECT_EQ(Ran(kHead + kSleeps + kTwoCalls, "lazy-before-global").verdict(), "none");
  EXPECT_EQ(Ran("kernel 7.1\n" + kSleeps + kTwoCalls).verdict(), "none");
}

TEST(Leave, IsPassedOverOnACpuThatRunsAThreadAndOnOtherArchitectures) {
  EXPECT_TRUE(Ran(kTwo + "cpu1\n leave\n").StepsOf("cpu1").empty());
  EXPECT_THAT(Ran(kTwo + "cpu1\n idle\n leave\n", "full-mm", "arm64").StepsOf("cpu1"),
              ElementsAre("enter_lazy_tlb"));
}

// --- The machine ---

// Whatever is loaded, what was cached under a tag is found under it.
TEST(Invlpgb, EachOfThreeTagsKeepsItsOwn) {
  World world{};
  Reset(world, 1, 1);
  world.switches = world.invlpgb = 1;
  BeginSwitching(world, true, kNoAsids);
  const CpuId cpu = MakeCpu(0);
  for (int slot = 0; slot < kTags; ++slot) {
    LoadTag(world, cpu, static_cast<uint8_t>(slot));
    world.at(cpu).tlb.absent = 1u << slot;
    world.at(cpu).walk_cache.pte_valid = static_cast<uint16_t>(8u << slot);
  }
  for (int first = 0; first < kTags; ++first) {
    for (int second = 0; second < kTags; ++second) {
      LoadTag(world, cpu, static_cast<uint8_t>(first));
      LoadTag(world, cpu, static_cast<uint8_t>(second));
      EXPECT_EQ(world.at(cpu).tlb.absent, 1u << second);
      for (int slot = 0; slot < kTags; ++slot) {
        EXPECT_EQ(TlbUnder(world, cpu, slot).absent, 1u << slot);
        EXPECT_EQ(CacheUnder(world, cpu, slot).pte_valid, 8u << slot);
        EXPECT_EQ(&CachedUnder(world, cpu, slot).tlb, &TlbUnder(world, cpu, slot));
      }
    }
  }
}

}  // namespace
}  // namespace gatherfuzz
