// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The allocators of ASIDs of arm64 and riscv, step by step: who gets which, what a rollover does,
// what a TLBI names, and what the oracle makes of what is cached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "harness/bytes.h"
#include "harness/text.h"
#include "tests/support.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Program(int cpus, int asids, std::string lines) {
  std::replace(lines.begin(), lines.end(), ';', '\n');
  return "cpus " + std::to_string(cpus) + "\nasids " + std::to_string(asids) +
         "\ninit\n map 0..1 rw\n present 0..1\n" + lines + "\n";
}

class Ran : public TracedRun {
 public:
  using TracedRun::TracedRun;
  const SwitchCpu& cpu(int i) const { return world().switching.at(MakeCpu(i)); }
};
Ran Arm64(const std::string& text, const char* policy = "full-mm") {
  return Ran(text, policy, "arm64");
}

const Asids& AsidsIn(const TracedRun& ran) { return ran.world().switching.asids; }
int AsidOfMm(const TracedRun& ran, int mm) {
  return AsidOf(AsidsIn(ran).id[static_cast<size_t>(Index(UserMm(mm)))]);
}

// --- Which ASID ---

TEST(Asids, ASwitchToANewMmTakesTheNextOne) {
  const Ran ran = Arm64(Program(1, 1, "cpu0; switch mm1"));
  EXPECT_THAT(ran.StepsOf("cpu0"),
              ElementsAre("asid_read", "active_asids_read", "asid_generation_read", "cpu_asid_lock",
                          "asid_set", "cpu_asid_unlock", "asid_read", "reserved_ttbr0",
                          "write_ttbr1", "write_cr3", "resume_user"));
  EXPECT_EQ(AsidOfMm(ran, 0), 1);
  EXPECT_EQ(AsidOfMm(ran, 1), 2);
}

TEST(Asids, OneThatIsOfThisGenerationIsTakenWithoutTheLock) {
  const Ran ran = Arm64(Program(1, 1, "cpu0; switch mm1; switch mm0"));
  EXPECT_EQ(ran.Count("cpu0 active_asids_cmpxchg"), 1);
  EXPECT_EQ(ran.Count("cpu0 cpu_asid_lock"), 1);
}

TEST(Asids, ARolloverKeepsThoseOfMmsThatRun) {
  // Both CPUs run mm0, so its ASID stays.
  const Ran ran = Arm64(Program(2, 0, "cpu0; switch mm1"));
  EXPECT_EQ(ran.Count("cpu0 asid_generation_add"), 1);
  EXPECT_EQ(ran.Count("cpu0 active_asids_xchg(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 active_asids_xchg(1)"), 1);
  EXPECT_EQ(AsidOfMm(ran, 1), 2);
  EXPECT_EQ(AsidsIn(ran).map, 0b110);
  EXPECT_EQ(AsidsIn(ran).generation, 2);
  EXPECT_EQ(AsidsIn(ran).tlb_flush_pending, 0b10) << "CPU 0 has dropped what it had";
  // ... and is renewed when mm0 is switched to again.
  const Ran back = Arm64(Program(2, 0, "cpu0; switch mm1; switch mm0"));
  EXPECT_EQ(AsidOfMm(back, 0), 1);
  EXPECT_EQ(AsidsIn(back).reserved_asids[1], MakeContextId(2, 1)) << "CPU 1 has it as well";
}

TEST(Asids, ARolloverGivesAwayThoseOfMmsThatDoNotRun) {
  const Ran ran = Arm64(Program(1, 1, "cpu0; switch mm1; switch mm2; switch mm0"));
  EXPECT_EQ(AsidOfMm(ran, 2), 1) << "that of mm0";
  EXPECT_EQ(AsidsIn(ran).generation, 3) << "so mm0 finds none, and has another rollover";
  EXPECT_EQ(AsidOfMm(ran, 0), 2);
}

TEST(Asids, CountIsOneMoreThanTheCpus) {
  for (const int cpus : {1, 2, 8}) {
    const Ran ran = Arm64(Program(cpus, 0, "cpu0; switch mm1"));
    EXPECT_EQ(AsidsIn(ran).count - 1, cpus + 1);
  }
}

// --- What is cached ---

TEST(Asids, WhatIsCachedUnderAnotherAsidIsKeptAndParked) {
  const Ran ran = Arm64(Program(1, 1, " cached cpu0 0..1;cpu0; switch mm1"));
  EXPECT_EQ(ran.cpu(0).parked_tlb.small_valid, 1u);
  EXPECT_EQ(ran.world().at(MakeCpu(0)).tlb.small_valid, 0u);
  const Ran back = Arm64(Program(1, 1, " cached cpu0 0..1;cpu0; switch mm1; switch mm0"));
  EXPECT_EQ(back.world().at(MakeCpu(0)).tlb.small_valid, 1u);
}

TEST(Asids, AfterARolloverACpuDropsAllInItsNextSwitch) {
  const Ran ran = Arm64(Program(2, 0, " cached cpu1 0..1;cpu0; switch mm1;cpu1; idle; switch mm1"));
  EXPECT_EQ(ran.Count("cpu1 local_flush_tlb_all"), 1);
  EXPECT_EQ(ran.cpu(1).parked_tlb.small_valid, 0u);
}

TEST(Asids, ATlbiDropsWhatIsCachedUnderItsAsid) {
  // CPU 1 is in mm1; what it has of mm0 is parked.
  const std::string text = Program(2, 2,
                                   " cached cpu1 0..1;cpu0; dontneed 0..1;cpu1; switch mm1;order;"
                                   " cpu1 until done; rest");
  const Ran ran = Arm64(text);
  EXPECT_EQ(ran.Count("cpu0 tlbi_asid_read"), 1);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.cpu(1).parked_tlb.small_valid, 0u);
}

TEST(Asids, AReservedRootHasNothingToWalk) {
  const Ran ran = Arm64(Program(1, 1,
                                "cpu0; switch mm1;walk0; fill 0;order; cpu0 until reserved_ttbr0;"
                                " walk0 until done; rest"));
  EXPECT_EQ(ran.Count("walk0 walk_pud(0)"), 1);
  EXPECT_EQ(ran.Count("walk0 walk_pmd(0)"), 0);
}

// --- On riscv ---

Ran Riscv(const std::string& text, const char* policy = "full-mm") {
  return Ran(text, policy, "riscv");
}

TEST(RiscvAsids, OneWriteHasTheRootAndTheAsidThatWasRead) {
  const Ran ran = Riscv(Program(1, 1, "cpu0; switch mm1"));
  EXPECT_THAT(ran.StepsOf("cpu0"),
              ElementsAre("asid_read", "active_asids_read", "asid_generation_read", "cpu_asid_lock",
                          "asid_set", "cpu_asid_unlock", "write_cr3", "resume_user"));
  EXPECT_EQ(AsidOfMm(ran, 1), 2);
  EXPECT_EQ(ran.cpu(0).slot_asid[ran.cpu(0).slot], 2);
  EXPECT_EQ(ran.cpu(0).read_id, 0);
  const Ran back = Riscv(Program(1, 1, "cpu0; switch mm1; switch mm0"));
  EXPECT_EQ(back.Count("cpu0 active_asids_cmpxchg"), 1);
  EXPECT_EQ(back.Count("cpu0 asid_read"), 2) << "once for each switch";
  EXPECT_EQ(back.cpu(0).slot_asid[back.cpu(0).slot], 1);
}

TEST(RiscvAsids, WhatARolloverHasQueuedIsDroppedBehindThatWrite) {
  const std::string text = Program(1, 0, " cached cpu0 0..1;cpu0; switch mm1");
  const Ran ran = Riscv(text);
  EXPECT_LT(ran.At("cpu0 write_cr3"), ran.At("cpu0 local_flush_tlb_all"));
  EXPECT_EQ(ran.cpu(0).parked_tlb.small_valid, 0u);
  EXPECT_EQ(ran.cpu(0).need_flush, 0);
  const Ran first = Riscv(text, "flushed-before-root");
  EXPECT_LT(first.At("cpu0 local_flush_tlb_all"), first.At("cpu0 write_cr3"));
}

TEST(RiscvAsids, AFenceNamesTheAsidAndABatchOfReclaimNone) {
  // CPU 0 has page 0 cached under an ASID that is not loaded.
  const std::string begins = " cached cpu0 0..1;cpu0; switch mm1;";
  const std::string order = "order; cpu0 until done; rest";
  const Ran call = Riscv(Program(2, 2, begins + "cpu1; dontneed 0..1;" + order));
  EXPECT_EQ(call.Count("cpu1 tlbi_asid_read"), 1);
  EXPECT_EQ(call.cpu(0).parked_tlb.small_valid, 0u);
  const Ran batch = Riscv(Program(2, 2, begins + "cpu1; reclaim 0..1;" + order));
  EXPECT_EQ(batch.Count("cpu1 tlbi_asid_read"), 0);
  EXPECT_EQ(batch.cpu(0).parked_tlb.small_valid, 0u);
  EXPECT_EQ(batch.verdict(), "none");
}

// A rollover has given mm0 another ASID than that under which CPU 0 has it cached.
TEST(RiscvAsids, ABatchOfReclaimDropsWhatIsCachedUnderAnyAsid) {
  const Ran ran = Riscv(Program(2, 1,
                                " cached cpu0 0..1;cpu0; switch mm1;"
                                "cpu1; switch mm2; switch mm3; switch mm0; reclaim 0..1;"
                                "order; cpu0 until done; rest"));
  EXPECT_NE(AsidOfMm(ran, 0), 1);
  EXPECT_EQ(ran.cpu(0).parked_tlb.small_valid, 0u);
  EXPECT_EQ(ran.verdict(), "none");
}

// --- asid-reused ---

TEST(AsidReused, IfAnotherMmRunsWithWhatIsCachedOfMm0) {
  const std::string text =
      Program(1, 1, " cached cpu0 0..1;cpu0; switch mm1; switch mm2;order; rest");
  EXPECT_EQ(Arm64(text).verdict(), "none");
  const Ran ran = Arm64(text, "asids-not-flushed");
  EXPECT_EQ(ran.verdict(), "asid-reused");
  EXPECT_EQ(ran.steps().back(), "cpu0 resume_user");
  EXPECT_STREQ(ran.violation().detail, "a translation");
  EXPECT_EQ(ran.violation().page, 0);
}

TEST(AsidReused, NotIfMm0Does) {
  const std::string text =
      Program(1, 1, " cached cpu0 0..1;cpu0; switch mm1; switch mm0;order; rest");
  EXPECT_EQ(Arm64(text, "asids-not-flushed").verdict(), "none");
}

TEST(AsidReused, IfWhatIsCachedIsAPointerToATable) {
  // Of a page that is not present the walk caches no more.
  const std::string text =
      "cpus 1\nasids 1\ninit\n map 0..2 rw\n present 1..2\n cached cpu0 0..1\n"
      "cpu0\n switch mm1\n switch mm2\norder\n rest\n";
  EXPECT_EQ(Arm64(text).verdict(), "none");
  const Ran ran = Arm64(text, "asids-not-flushed");
  EXPECT_EQ(ran.verdict(), "asid-reused");
  EXPECT_STREQ(ran.violation().detail, "a pointer to a page table");
}

TEST(AsidReused, NotWhileItIsNotLoaded) {
  const std::string text = Program(1, 1, " cached cpu0 0..1;cpu0; switch mm1;order; rest");
  EXPECT_EQ(Arm64(text, "asids-not-flushed").verdict(), "none");
}

// --- The lock ---

TEST(Asids, WhoWaitsForTheLockLendsToItsHolder) {
  const Ran ran = Arm64(Program(2, 2,
                                "cpu0; switch mm1;cpu1; switch mm2;order; cpu0 until cpu_asid_lock;"
                                " cpu1 until done; rest"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("lent cpu0 cpu_asid_unlock"), ran.At("cpu1 cpu_asid_lock"));
}

// --- Where there are none ---

TEST(Asids, AreOfNoConcernToX86) {
  const std::string with = Program(2, 1, "cpu0; munmap 0..1;cpu1; switch mm1;order; rest");
  std::string without = with;
  without.erase(without.find("asids 1\n"), 8);
  const Ran one(with, "full-mm", "x86"), other(without, "full-mm", "x86");
  EXPECT_EQ(one.steps(), other.steps());
}

TEST(Asids, WithoutThatLineMmsHaveTagsForGood) {
  const Ran ran = Arm64("cpus 1\ninit\n map 0..1 rw\n present 0..1\ncpu0\n switch mm1\n");
  EXPECT_THAT(ran.StepsOf("cpu0"), ElementsAre("write_cr3", "resume_user"));
  EXPECT_EQ(AsidsIn(ran).count, 0);
}

// --- Text and bytes ---

TEST(AsidText, RoundTripsInBothForms) {
  const std::string text = "gatherfuzz 1\ncpus 2\nasids 3\n\ncpu0\n  switch mm3\n\norder\n  rest\n";
  const ScheduleFile file = FromText(text);
  EXPECT_EQ(file.schedule.asids, 3);
  EXPECT_EQ(PrintText(file), text);
  for (int asids = kNoAsids; asids <= kMaxFreeAsids; ++asids) {
    Schedule schedule = file.schedule, decoded;
    schedule.asids = asids;
    schedule.kernel = WithVmaLocks(KernelVersion::k7_1);
    const EncodedBytes bytes = EncodeBytes(schedule);
    DecodeBytes({bytes.begin(), bytes.size()}, decoded);
    EXPECT_EQ(decoded, schedule) << asids;
  }
}

TEST(AsidText, RefusesAndWarns) {
  const auto refused = ParseText("gatherfuzz 1\nasids 7\n");
  EXPECT_THAT(FormatError("f", std::get<TextError>(refused)),
              HasSubstr("f:2:7: expected how many ASIDs are free, 0 to 5"));
  TextNotes notes;
  ParseText("gatherfuzz 1\ncpus 1\nasids 1\ninit\n map 0..1 rw\ncpu0\n read 0\norder\n rest\n",
            &notes);
  ASSERT_EQ(notes.warnings.size(), 1u);
  EXPECT_EQ(notes.warnings[0].line, 3);
  EXPECT_THAT(notes.warnings[0].text, HasSubstr("no CPU switches"));
}

}  // namespace
}  // namespace gatherfuzz
