// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// hardware faults: a write that what is cached does not allow faults, and the fault handler drops
// it, on all CPUs or on its own; and what a TLBI of one CPU drops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "model/arch/arch.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::HasSubstr;

using Ran = TracedRun;

std::string Program(const std::string& head, const char* flags = "rw", const char* pages = "0..1") {
  const std::string range = pages;
  return "cpus 2\n" + head + "init\n map " + range + " " + flags + "\n present " + range +
         "\ncpu0\n uffdwp " + range + "\n write 0\ncpu1\n read 0\n write 0\n" +
         "order\n cpu0 until syscall_return\n cpu1 until access(0) #2\n cpu0 until done\n"
         " cpu1 until done\n rest\n";
}

const std::string k7_1 = "kernel 7.1\nhardware faults\n", k6_12 = "hardware faults\n";

TEST(Faults, EachCpuDropsItsOwnEntry) {
  const Ran ran(Program(k7_1), "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 tlbi_local(0)"), 1);
  EXPECT_EQ(ran.Count("cpu1 tlbi_local(0)"), 1);
  EXPECT_LT(ran.At("cpu1 fault(0)"), ran.At("cpu1 tlbi_local(0)"));
  EXPECT_EQ(ran.Count("cpu0 tlb_flush(0)"), 1) << "of uffdwp";
}

TEST(Faults, OrWhoGivesTheRightDropsThoseOfAll) {
  const Ran ran(Program(k6_12), "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 tlbi_local(0)"), 0);
  EXPECT_EQ(ran.Count("cpu0 tlb_flush(0)"), 2);
  EXPECT_EQ(ran.Count("cpu1 fault(0)"), 0) << "its entry is gone";
}

TEST(Faults, AnEntryThatNobodyDropsFaultsForGood) {
  EXPECT_EQ(Ran(Program(k7_1), "spurious-not-flushed", "arm64").verdict(), "endless-fault");
  EXPECT_EQ(Ran(Program("kernel 7.1\n"), "spurious-not-flushed", "arm64").verdict(), "none")
      << "it walks again";
  EXPECT_EQ(Ran(Program(k7_1), "spurious-not-flushed", "x86").verdict(), "none");
}

TEST(Faults, AHugeLeafIsDroppedWhole) {
  const Ran ran(Program(k7_1, "rw huge", "0..4"), "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu1 tlbi_local(0)"), 1);
  EXPECT_EQ(Ran(Program(k7_1, "rw huge", "0..4"), "spurious-not-flushed", "arm64").verdict(),
            "endless-fault");
}

// What leads to it stays, whoever drops the leaf: the write goes on at the PMD.
TEST(Faults, TheFlushOfAHugeLeafLeavesWalkCaches) {
  for (const std::string& kernel : {k6_12, k7_1}) {
    const Ran ran("cpus 1\n" + kernel +
                      "init\n map 0..4 rw huge\n present 0..4\n cached cpu0 0..4\n"
                      "cpu0\n uffdwp 0..4\n write 1\norder\n rest\n",
                  "full-mm", "arm64");
    EXPECT_EQ(ran.verdict(), "none") << kernel;
    EXPECT_GT(ran.At("cpu0 pmd_set(1)"), ran.At("cpu0 walk_pud(1)")) << kernel;
    EXPECT_EQ(ran.Count("cpu0 walk_pud(1)"), 1) << kernel;
    EXPECT_EQ(ran.Count("cpu0 walk_pmd(1)"), 2) << kernel;
  }
}

// Others keep what they have, and table pointers stay.
TEST(Faults, ALocalTlbiIsOfOneCpu) {
  const Ran ran("cpus 2\n" + k7_1 +
                    "init\n map 0..1 rw\n present 0..1\ncpu0\n uffdwp 0..1\n write 0\n"
                    "cpu1\n read 0\norder\n cpu0 until syscall_return\n cpu1 until done\n"
                    " cpu0 until tlbi_local(0)\n cpu0 5000\n rest\n",
                "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.world().cpus[1].tlb.small_valid, 1u);
  EXPECT_FALSE(ran.world().cpus[1].tlb.small[0].writable());
  EXPECT_TRUE(ran.world().cpus[0].tlb.small[0].writable());
}

TEST(Faults, KeepsItsBytesAndItsText) {
  const Schedule schedule = FromText(Program(k7_1)).schedule;
  EXPECT_EQ(schedule.hardware, HardwareKind::kFaults);
  Schedule decoded;
  DecodeBytes(EncodeBytes(schedule, 1), decoded);
  EXPECT_EQ(decoded, schedule);
  EXPECT_EQ(FromText(PrintText({.schedule = schedule})).schedule, schedule);
  const auto parsed = ParseText("gatherfuzz 1\nmemory weak\nhardware faults\n");
  ASSERT_TRUE(std::holds_alternative<TextError>(parsed));
  EXPECT_THAT(std::get<TextError>(parsed).expected,
              HasSubstr("no 'hardware faults' under 'memory weak'"));
}

}  // namespace
}  // namespace gatherfuzz
