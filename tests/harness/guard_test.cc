// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard and unguard: what they leave, which steps they take, and both sides of the line that
// stale-after-return draws for a guard.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "model/kernel/page_table.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string kOne =
    "cpus 3\nkernel 6.17\ninit\n map 0..2 rw\n present 0..2\n cached cpu2 0..2\n";

using Ran = TracedRun;

std::string Empty(const std::string& programs) {
  return "cpus 2\nkernel 6.17\ninit\n map 0..2 rw\n" + programs;
}

// --- What it leaves ---

TEST(Guard, PutsMarkersWhereNothingWasWithoutAGather) {
  const Ran ran(Empty("cpu0\n guard 0..2\n"));
  EXPECT_TRUE(ran.entry(0).guard() && ran.entry(1).guard());
  EXPECT_FALSE(ran.entry(0).present() || ran.entry(0).none());
  EXPECT_EQ(ran.Count("cpu0 pte_marker(0)") + ran.Count("cpu0 pte_marker(1)"), 2);
  EXPECT_THAT(ran.steps(), Not(Contains("cpu0 pending_inc")));
  EXPECT_THAT(ran.steps(), Not(Contains("cpu0 pending_read")));
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Guard, ZapsWhatIsInTheWayWithAGatherAndBeginsAnew) {
  const Ran ran(kOne + "cpu0\n guard 0..2\n");
  EXPECT_TRUE(ran.entry(0).guard() && ran.entry(1).guard());
  EXPECT_EQ(ran.Count("cpu0 pending_inc"), 1);
  EXPECT_EQ(ran.Count("cpu0 pte_read(0)"), 3);  // in the way, zapped, marked
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Guard, OfAPartOfAHugeLeafLeavesTheRest) {
  const Ran ran("cpus 1\nkernel 6.17\ninit\n map 0..4 rw huge\n present 0..4\ncpu0\n guard 1..2\n");
  EXPECT_TRUE(ran.entry(1).guard());
  EXPECT_TRUE(ran.entry(0).present() && ran.entry(2).present() && ran.entry(3).present());
}

TEST(Guard, AnAccessEndsAtIt) {
  for (const char* access : {"read", "write"}) {
    const Ran ran(Empty(std::string("cpu0\n guard 0..1\n ") + access + " 0\n " + access + " 1\n"));
    EXPECT_TRUE(ran.entry(0).guard()) << access;
    EXPECT_TRUE(ran.entry(1).present()) << access;
    EXPECT_EQ(ran.Count("cpu0 fault(0)"), 1) << access;
    EXPECT_EQ(ran.verdict(), "none") << access;
  }
}

TEST(Guard, StaysWhenThePagesAreDiscardedAndGoesWithTheVma) {
  EXPECT_TRUE(Ran(Empty("cpu0\n guard 0..2\n dontneed 0..2\n")).entry(0).guard());
  EXPECT_TRUE(Ran(Empty("cpu0\n guard 0..2\n free 0..2\n")).entry(0).guard());
  const Ran gone(Empty("cpu0\n guard 0..1\n munmap 0..1\n map 0..1 rw\n write 0\n"));
  EXPECT_TRUE(gone.entry(0).present());
  EXPECT_EQ(gone.Count("cpu0 pte_marker(0)"), 2);
}

TEST(Unguard, TakesMarkersAwayAndNothingElse) {
  const Ran ran(Empty("cpu0\n write 1\n guard 0..1\n unguard 0..2\n read 0\n"));
  EXPECT_TRUE(ran.entry(0).present());
  EXPECT_TRUE(ran.entry(1).dirty());
  EXPECT_EQ(ran.verdict(), "none");
}

// Each time that it has zapped the page and dropped the locks, cpu1 populates it again.
std::string Contended(int times) {
  std::string text =
      "cpus 2\nkernel 6.17\ninit\n map 0..1 rw\n present 0..1\ncpu0\n guard 0..1\ncpu1\n";
  for (int i = 0; i < times; ++i) text += " write 0\n";
  text += "order\n";
  for (int i = 0; i < times; ++i) {
    text += " cpu0 until pending_dec\n cpu1 until pte_set(0)\n cpu1 until access\n";
  }
  return text + " rest\n";
}

TEST(Guard, GivesUpAfterThreeZapsInVainAndIsHeldToNothing) {
  const Ran once(Contended(1));
  EXPECT_EQ(once.Count("cpu0 pending_inc"), 2);
  EXPECT_TRUE(once.entry(0).guard());
  const Ran twice(Contended(2));
  EXPECT_EQ(twice.Count("cpu0 pending_inc"), 3);
  EXPECT_FALSE(twice.entry(0).guard());
  EXPECT_EQ(twice.verdict(), "none");
}

// --- stale-after-return ---

// cpu1 guards page 0, which cpu0 has cleared and not flushed.
const std::string kOverDebt = kOne + "cpu0\n dontneed 0..1\ncpu1\n guard 0..1\norder\n";

TEST(Guard, IsHeldToThePagesThatItSawEmpty) {
  for (const char* arch : {"x86", "arm64"}) {
    const Ran early(kOverDebt + "cpu0 until pte_unlock(0)\n cpu1 until syscall_return\n rest\n",
                    "full-mm", arch);
    EXPECT_EQ(early.verdict(), "stale-after-return") << arch;
    EXPECT_EQ(early.violation().page, 0);
    EXPECT_EQ(early.violation().cpu, 1);
    EXPECT_EQ(early.violation().holder, 2);
    // One step later the entry is gone.
    const Ran late(kOverDebt +
                       "cpu0 until pte_unlock(0)\n cpu1 until mmap_read_unlock\n"
                       "cpu0 until tlb_flush_done\n cpu1 until syscall_return\n rest\n",
                   "full-mm", arch);
    EXPECT_EQ(late.verdict(), "none") << arch;
  }
}

TEST(Guard, IsNotHeldToItsNeighbours) {
  const Ran ran(kOne +
                "cpu0\n dontneed 1..2\ncpu1\n guard 0..1\norder\n cpu0 until pte_unlock(1)\n"
                "cpu1 until syscall_return\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Guard, IsNotHeldToWhatIsMappedBehindIt) {
  // Another thread takes the marker away and maps the page anew before the call returns.
  const Ran ran(
      Empty("cpu0\n guard 0..1\ncpu1\n unguard 0..1\n read 0\norder\n"
            "cpu0 until mmap_read_unlock\n cpu1 until done\n rest\n"));
  EXPECT_TRUE(ran.entry(0).present());
  EXPECT_EQ(ran.verdict(), "none");
}

TEST(Unguard, IsHeldToNothing) {
  const Ran ran(kOne +
                "cpu0\n dontneed 0..1\ncpu1\n unguard 0..1\norder\n"
                "cpu0 until pte_unlock(0)\n cpu1 until syscall_return\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
}

// --- In the forms of a schedule ---

TEST(Guard, IsOfKernel617AndLater) {
  for (const char* kernel : {"6.1", "6.12"}) {
    const auto parsed =
        ParseText("gatherfuzz 1\nkernel " + std::string(kernel) + "\ncpu0\n  guard 0..1\n");
    ASSERT_TRUE(std::holds_alternative<TextError>(parsed)) << kernel;
    EXPECT_THAT(std::get<TextError>(parsed).expected, HasSubstr("'kernel 6.17'")) << kernel;
    EXPECT_EQ(std::get<TextError>(parsed).line, 4);
  }
  for (const char* kernel : {"6.17", "7.1"}) {
    FromText("kernel " + std::string(kernel) + "\ncpu0\n guard 0..1\n unguard 0..1\n");
  }
}

TEST(Guard, GoesThroughTextAndBytes) {
  for (const char* kernel : {"6.17", "7.1"}) {
    const ScheduleFile file = FromText("kernel " + std::string(kernel) +
                                       "\ncpu0\n guard 1..3\n unguard 2..5\norder\n"
                                       "cpu0 until pte_marker(2)\n rest\n");
    EXPECT_THAT(PrintText(file), HasSubstr("\nkernel " + std::string(kernel) + "\n"));
    EXPECT_EQ(FromText(PrintText(file)), file);
    Schedule decoded;
    EXPECT_EQ(DecodeBytes(EncodeBytes(file.schedule), decoded), 1);
    EXPECT_TRUE(decoded == file.schedule);
  }
}

TEST(Guard, IsNotInBytesOfAnOlderKernel) {
  EncodedBytes bytes = EncodeBytes(FromText("kernel 6.17\ncpu0\n guard 1..3\n").schedule);
  Schedule decoded;
  for (const int kernel : {0, 1, 4}) {  // 6.12, 6.1, 6.12 with kswapd
    bytes[kKernelByte] = static_cast<uint8_t>(kernel);
    DecodeBytes(bytes, decoded);
    EXPECT_EQ(decoded.kernel, kernel == 1 ? KernelVersion::k6_1 : KernelVersion::k6_12);
    ASSERT_EQ(decoded.program.size(), 1u);
    EXPECT_NE(decoded.program[0].op.kind, OpKind::kGuard) << kernel;
  }
  // Bytes that nobody wrote are of the default, whatever stands there.
  bytes[kKernelByte] = 2;
  bytes[0] = 7;
  DecodeBytes(bytes, decoded);
  EXPECT_EQ(decoded.kernel, kDefaultKernel);
}

// --- The memory at the end ---

TEST(Guard, LeavesTheMemoryThatTheProgramSays) {
  for (const char* programs :
       {"cpu0\n guard 0..2\n write 0\n", "cpu0\n write 0\n guard 0..1\n unguard 0..2\n write 0\n",
        "cpu0\n guard 0..2\n dontneed 0..2\n read 1\n", "cpu0\n guard 0..1\n read 1\n free 0..2\n",
        "cpu0\n guard 0..2\n munmap 0..1\n map 0..1 rw\n write 0\n"}) {
    const Ran ran(Empty(programs));
    const Determined determined = DeterminedBy(ran.schedule());
    EXPECT_EQ(determined.pte & 3, 3u) << programs;
    EXPECT_EQ(Final(ran.world(), determined), Predict(ran.schedule(), determined))
        << programs
        << Describe(FirstDifference(Final(ran.world(), determined),
                                    Predict(ran.schedule(), determined)));
  }
}

TEST(Guard, MakesWhatOthersAccessUndetermined) {
  EXPECT_EQ(DeterminedBy(FromText(Empty("cpu0\n guard 0..1\ncpu1\n read 0\n")).schedule).pte & 3,
            2u);
  EXPECT_EQ(DeterminedBy(FromText(Empty("cpu0\n read 0\ncpu1\n unguard 0..1\n")).schedule).pte & 3,
            2u);
}

}  // namespace
}  // namespace gatherfuzz
