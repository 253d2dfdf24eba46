// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The locks of VMAs: who takes them and for how long, what goes on beside whom, and what the form
// of a schedule says of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/bytes.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Ran = TracedRun;

// Two VMAs under one page table, all of it populated.
std::string Two(const std::string& kernel, const std::string& rest) {
  return "cpus 3\nkernel " + kernel +
         "\ninit\n map 0..2 rw\n map 2..4 rw\n present 0..4\n cached cpu2 0..4\n" + rest;
}

// --- Page faults ---

TEST(VmaLock, AFaultTakesThatOfItsVma) {
  const Ran ran(Two("6.12+vma", "cpu0\n read 0\n"));
  EXPECT_EQ(ran.Count("cpu0 fault(0)"), 0);  // the hardware walks
  const Ran faults("kernel 6.12+vma\ninit\n map 0..2 rw\ncpu0\n read 1\n");
  EXPECT_EQ(faults.Count("cpu0 vma_start_read(1)"), 1);
  EXPECT_EQ(faults.Count("cpu0 vma_end_read(1)"), 1);
  EXPECT_THAT(faults.steps(), Not(Contains("cpu0 mmap_read_lock")));
  EXPECT_TRUE(faults.entry(1).present());
}

TEST(VmaLock, AFaultWhereNoVmaIsLooksAgainUnderMmapLock) {
  const Ran ran("kernel 6.12+vma\ncpu0\n read 1\n");
  EXPECT_LT(ran.At("cpu0 vma_start_read(1)"), ran.At("cpu0 mmap_read_lock"));
  EXPECT_THAT(ran.steps(), Not(Contains("cpu0 vma_end_read(1)")));
}

TEST(VmaLock, WithoutThemNothingIsAsMuchAsAStep) {
  for (const char* kernel : {"6.1", "6.12", "6.17", "7.1"}) {
    const Ran ran(Two(kernel, "cpu0\n munmap 0..1\n write 0\n dontneed 2..3\n write 2\n"));
    for (const std::string& step : ran.steps()) EXPECT_THAT(step, Not(HasSubstr("vma_start")));
  }
}

// --- Beside a munmap ---

TEST(VmaLock, AFaultInAnotherVmaGoesOnBesideTheWriteLockedPartOfMunmap) {
  const std::string programs =
      "cpus 2\nkernel KERNEL\ninit\n map 0..2 rw\n map 2..4 rw\n present 0..2\n"
      "cpu0\n munmap 0..2\ncpu1\n read 3\n"
      "order\n cpu0 until vma_detach\n cpu1 until access(3) #2\n cpu0 until mmap_write_downgrade\n"
      " rest\n";
  std::string with = programs, without = programs;
  with.replace(with.find("KERNEL"), 6, "6.12+vma");
  without.replace(without.find("KERNEL"), 6, "6.12");
  const Ran beside(with);
  EXPECT_LT(beside.At("cpu1 pte_set(3)"), beside.At("cpu0 mmap_write_downgrade"));
  EXPECT_EQ(beside.verdict(), "none");
  const Ran behind(without);
  EXPECT_GT(behind.At("cpu1 pte_set(3)"), behind.At("lent cpu0 mmap_write_downgrade"));
}

TEST(VmaLock, AFaultInTheVmaThatIsLockedWaitsForMmapLock) {
  const Ran ran(
      "cpus 2\nkernel 6.12+vma\ninit\n map 0..4 rw\n present 0..2\ncpu0\n munmap 0..2\n"
      "cpu1\n read 3\n"
      "order\n cpu0 until vma_start_write\n cpu1 until fault\n cpu1 1\n rest\n");
  EXPECT_EQ(ran.Count("cpu1 vma_start_read(3)"), 1);
  EXPECT_LT(ran.At("cpu1 vma_start_read(3)"), ran.At("cpu0 mmap_write_downgrade"));
  EXPECT_GT(ran.At("cpu1 mmap_read_lock"), ran.At("cpu0 mmap_write_downgrade"));
  EXPECT_TRUE(ran.entry(3).present());
}

TEST(VmaLock, WhatIsLeftOfACutVmaIsFreeFromTheDowngradeOn) {
  const Ran ran(
      "cpus 2\nkernel 6.12+vma\ninit\n map 0..4 rw\n present 0..2\ncpu0\n munmap 0..2\n"
      "cpu1\n read 3\n"
      "order\n cpu0 until mmap_write_downgrade\n cpu1 until access(3) #2\n rest\n");
  EXPECT_EQ(ran.Count("cpu1 vma_end_read(3)"), 1);
  EXPECT_LT(ran.At("cpu1 vma_end_read(3)"), ran.At("cpu0 pending_inc"));
}

// A reader holds the lock; the writer waits for it, and from then on keeps others out.
TEST(VmaLock, AWriterWaitsForReadersAndKeepsNewOnesOut) {
  const Ran ran(
      "cpus 3\nkernel 6.12+vma\ninit\n map 0..4 rw\ncpu0\n munmap 0..1\ncpu1\n read 1\n"
      "cpu2\n read 2\n"
      "order\n cpu1 until vma_start_read\n cpu0 until vma_start_write\n cpu2 until vma_start_read\n"
      " cpu1 until vma_end_read\n cpu0 until vma_write_wait\n rest\n");
  EXPECT_LT(ran.At("cpu0 vma_start_write(0)"), ran.At("cpu1 vma_end_read(1)"));
  EXPECT_LT(ran.At("cpu1 vma_end_read(1)"), ran.At("cpu0 vma_write_wait(0)"));
  EXPECT_THAT(ran.steps(), Not(Contains("cpu2 vma_end_read(2)")));
  EXPECT_GT(ran.At("cpu2 mmap_read_lock"), ran.At("cpu0 mmap_write_downgrade"));
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(VmaLock, AWriterThatWaitsLendsToTheReader) {
  const Ran ran(
      "cpus 2\nkernel 6.12+vma\ninit\n map 0..4 rw\ncpu0\n munmap 0..1\ncpu1\n read 1\n"
      "order\n cpu1 until vma_start_read\n cpu0 until vma_detach\n rest\n");
  EXPECT_LT(ran.At("lent cpu1 vma_end_read(1)"), ran.At("cpu0 vma_detach(0)"));
  EXPECT_EQ(ran.Count("cpu0 vma_write_wait(0)"), 1);
}

// --- Calls ---

TEST(VmaLock, OfOneVmaIsWhatAMadviseIsUnderFrom617On) {
  for (const char* call : {"dontneed", "free"}) {
    const std::string one = std::string("cpu0\n ") + call + " 0..2\n";
    const Ran ran(Two("6.17+vma", one));
    EXPECT_LT(ran.At("cpu0 pending_inc"), ran.At("cpu0 vma_start_read(0)")) << call;
    EXPECT_LT(ran.At("cpu0 vma_end_read(0)"), ran.At("cpu0 pending_read")) << call;
    EXPECT_THAT(ran.steps(), Not(Contains("cpu0 mmap_read_lock"))) << call;
    EXPECT_THAT(Ran(Two("6.12+vma", one)).steps(), Contains("cpu0 mmap_read_lock")) << call;
  }
}

TEST(VmaLock, OfSeveralVmasIsNotAndMmapLockIsHeldToTheEndOfTheGather) {
  const Ran ran(Two("6.17+vma", "cpu0\n dontneed 1..3\n"));
  EXPECT_LT(ran.At("cpu0 vma_start_read(1)"), ran.At("cpu0 mmap_read_lock"));
  EXPECT_THAT(ran.steps(), Not(Contains("cpu0 vma_end_read(1)")));
  EXPECT_LT(ran.At("cpu0 pending_dec"), ran.At("cpu0 mmap_read_unlock"));
}

TEST(VmaLock, IsWhatGuardsAreUnderIn71) {
  for (const char* call : {"guard", "unguard"}) {
    const std::string one = std::string("cpu0\n ") + call + " 0..2\n";
    const Ran ran(Two("7.1+vma", one));
    EXPECT_EQ(ran.Count("cpu0 vma_end_read(0)"), 1) << call;
    EXPECT_THAT(ran.steps(), Not(Contains("cpu0 mmap_read_lock"))) << call;
    EXPECT_THAT(Ran(Two("6.17+vma", one)).steps(), Contains("cpu0 mmap_read_lock")) << call;
  }
}

TEST(VmaLock, OfEachVmaIsTakenByWhoChangesIt) {
  for (const char* call : {"munmap 1..3", "protect 1..3 r", "cleardirty 1..3", "fork"}) {
    const Ran ran(Two("6.12+vma", std::string("cpu0\n ") + call + "\n"));
    EXPECT_EQ(ran.Count("cpu0 vma_start_write(0)"), 1) << call;
    EXPECT_EQ(ran.Count("cpu0 vma_start_write(2)"), 1) << call;
    EXPECT_EQ(ran.mm().vma_locked, 0u) << call;
    EXPECT_EQ(ran.verdict(), "none") << call;
  }
  const Ran moves(Two("6.12+vma", "cpu0\n remap 0..1 to 8\n"));
  EXPECT_EQ(moves.Count("cpu0 vma_start_write(0)"), 1);  // once, though it unmaps as well
  const Ran passes(Two("6.12+vma", "cpu0\n protect 0..4 rw\n"));
  EXPECT_EQ(passes.Count("cpu0 vma_start_write(0)"), 0);
  for (const char* call : {"uffdwp 1..3", "numa 1..3", "reap", "pin 1", "ksm 1 2"}) {
    const Ran ran(Two("7.1+vma", std::string("cpu0\n ") + call + "\n"));
    for (const std::string& step : ran.steps()) EXPECT_THAT(step, Not(HasSubstr("cpu0 vma_")));
  }
}

// A VMA is linked with its lock held, so a fault there waits for mmap_lock.
TEST(VmaLock, OfANewVmaIsHeldToTheEndOfTheCall) {
  const Ran ran(
      "cpus 2\nkernel 6.12+vma\ncpu0\n map 0..4 rw\ncpu1\n read 1\n"
      "order\n cpu0 until vma_link\n cpu1 until vma_start_read\n rest\n");
  EXPECT_THAT(ran.steps(), Not(Contains("cpu1 vma_end_read(1)")));
  EXPECT_TRUE(ran.entry(1).present());
}

// --- Deadlocks ---

// The gather of the madvise is open, and waits for mmap_lock; who has that waits for the reader of
// its VMA, whose finish waits for the madvise.
TEST(VmaLock, ClosesARingWhereAFinishWaits) {
  const std::string ring =
      "cpus 3\nkernel 7.1+vma\ninit\n map 0..1 rw\n map 1..2 rw\n present 0..2\n"
      "cpu0\n guard 0..1\ncpu1\n dontneed 0..2\ncpu2\n munmap 0..1\n"
      "order\n cpu0 until pending_inc\n cpu2 until vma_start_write\n cpu1 until vma_start_read\n"
      " rest\n";
  EXPECT_EQ(Ran(ring, "sync-finish").verdict(), "deadlock");
  EXPECT_EQ(Ran(ring, "full-mm").verdict(), "none");
}

// --- The form ---

TEST(VmaLock, VersionsThatHaveThemAreReadAndWritten) {
  for (const char* kernel : {"6.12+vma", "6.17+vma", "7.1+vma"}) {
    const ScheduleFile file =
        FromText(std::string("kernel ") + kernel +
                 "\ncpu0\n munmap 1..3\ncpu1\n read 2\nkswapd\n reclaim 1..2\n"
                 "order\ncpu0 until vma_start_write(1)\n"
                 "cpu1 until vma_start_read\ncpu1 until vma_end_read(2)\n"
                 "cpu0 until vma_write_wait(1)\nrest\n");
    EXPECT_THAT(PrintText(file), HasSubstr(std::string("\nkernel ") + kernel + "\n"));
    EXPECT_EQ(FromText(PrintText(file)), file);
    Schedule decoded;
    EXPECT_EQ(DecodeBytes(EncodeBytes(file.schedule), decoded), 1);
    EXPECT_TRUE(decoded == file.schedule) << kernel;
  }
}

TEST(VmaLock, BytesOf61HaveNone) {
  EncodedBytes bytes = EncodeBytes(FromText("kernel 6.12+vma\ncpu0\n munmap 1..3\n").schedule);
  EXPECT_EQ(bytes[kKernelByte], 64);
  Schedule decoded;
  bytes[kKernelByte] = 65;
  DecodeBytes(bytes, decoded);
  EXPECT_EQ(decoded.kernel, KernelVersion::k6_1);
}

TEST(VmaLock, StepsAreUnknownWithoutThem) {
  const auto parsed = ParseText("gatherfuzz 1\nkernel 6.17\norder\n cpu0 until vma_end_read\n");
  EXPECT_THAT(std::get<TextError>(parsed).expected, HasSubstr("the name of a step"));
}

TEST(VmaLock, AreUnderSequentialConsistencyOnly) {
  for (const char* head : {"kernel 6.17+vma\nmemory weak\n", "memory tso\nkernel 6.12+vma\n"}) {
    const auto parsed = ParseText(std::string("gatherfuzz 1\n") + head);
    EXPECT_THAT(std::get<TextError>(parsed).expected, HasSubstr("no locks of VMAs")) << head;
    EXPECT_EQ(std::get<TextError>(parsed).line, 3) << head;
  }
  Schedule schedule = FromText("kernel 7.1+vma\n").schedule;
  schedule.memory = MemoryModel::kWeak;
  Canonicalize(schedule);
  EXPECT_EQ(schedule.memory, MemoryModel::kSc);
}

TEST(VmaLock, OfTwoVersionsTheJoinHasWhatBothHave) {
  using enum KernelVersion;
  static_assert(Joined(k6_12, k6_17) == k6_17 && Joined(k6_17, k6_12_vma) == k6_17_vma);
  static_assert(Joined(k6_1, k6_12_vma) == k6_12_vma && Joined(k7_1_vma, k6_12) == k7_1_vma);
  static_assert(WithVmaLocks(k6_1) == k6_1 && WithVmaLocks(k7_1_vma) == k7_1_vma);
  static_assert(WithoutVmaLocks(k6_17_vma) == k6_17 && WithoutVmaLocks(k6_1) == k6_1);
  for (int i = 0; i < kKernelVersionCount; ++i) {
    const auto version = static_cast<KernelVersion>(i);
    EXPECT_EQ(HasVmaLocks(version), NameOf(version).ends_with("+vma"));
    EXPECT_EQ(ParseKernelVersion(NameOf(version)), version);
  }
}

}  // namespace
}  // namespace gatherfuzz
