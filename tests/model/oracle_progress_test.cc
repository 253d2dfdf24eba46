// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// endless-fault, deadlock and starvation: what does not end, beside what only takes long.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "model/oracle/oracle.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

Violation ViolationOf(std::string_view text, std::string_view policy, std::string_view arch,
                      const RunOptions& options = {}) {
  return Result(FromText(text).schedule, policy, arch, options).violation;
}

// How often an agent came to a point.
class Count final : public StepObserver {
 public:
  Count(AgentId agent, Point point) : agent_(agent), point_(point) {}
  void OnStep(const StepEvent& event, const World&) override {
    times += event.agent == agent_ && event.point == point_;
  }
  int times = 0;

 private:
  const AgentId agent_;
  const Point point_;
};

// --- endless-fault ---

// What the reporter of 2019 saw. The munmap meets another gather, and a stale pointer to the freed
// PTE table stays in the walk cache of CPU 1. Then the frame becomes the PTE table of page 33, page
// 0 gets another one, and CPU 1 faults on a PTE that is present: it reads an empty entry of the
// old one.
constexpr std::string_view kStall = R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      present 16..17
      cached cpu1 0..1
    cpu0
      munmap 0..1
      map 33..34 rw
      read 33
      map 0..1 rw
    cpu1
      dontneed 16..17
      read 0
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      cpu0 until done
      rest
)";

constexpr uint32_t kTablesIgnored =
    Bit(ViolationKind::kFreedTableCached) | Bit(ViolationKind::kWalkedDeadTable);

TEST(EndlessFault, IsTheLastOfThreeSymptomsOfOneBug) {
  EXPECT_EQ(Verdict(kStall, "reset-range", "arm64"), "freed-table-cached");
  EXPECT_EQ(
      Verdict(kStall, "reset-range", "arm64", {.ignored = Bit(ViolationKind::kFreedTableCached)}),
      "walked-dead-table");
  const Violation violation =
      ViolationOf(kStall, "reset-range", "arm64", {.ignored = kTablesIgnored});
  EXPECT_EQ(Info(violation.kind).name, "endless-fault");
  EXPECT_EQ(violation.page, 0);
  EXPECT_EQ(violation.cpu, 1);
  EXPECT_EQ(violation.holder, 1);
  EXPECT_EQ(violation.mapping, 4u);  // after pages 0, 16 and 33
}

TEST(EndlessFault, IsNotOnX86NorWithWhatWasMerged) {
  EXPECT_EQ(Verdict(kStall, "reset-range", "x86"), "none");
  EXPECT_EQ(Verdict(kStall, "full-mm", "arm64"), "none");
}

TEST(EndlessFault, OneSpuriousFaultIsLegal) {
  // Both CPUs fault on an empty page table; CPU 1 is first, and CPU 0 finds the PTE present.
  constexpr std::string_view kText = R"(
    cpus 2
    init
      map 0..1 rw
    cpu0
      read 0
    cpu1
      read 0
    order
      cpu0 until walk_pud(0)
      cpu1 until done
      rest
)";
  Count faults(CpuAgent(MakeCpu(0)), Point::fault);
  EXPECT_EQ(Verdict(kText, "own-range", "x86", {.observer = &faults}), "none");
  EXPECT_EQ(faults.times, 1);
}

// The stall again; but CPU 2 is about to flush when CPU 1 faults. What it cleared lies so far apart
// that arm64 flushes everything, or it does not.
std::string StallBesideDontneed(std::string_view range) {
  return R"(
    cpus 3
    init
      map 0..1 rw
      map 16..17 rw
      map 20..40 rw
      present 0..1
      present 16..17
      present 20..21
      present 39..40
      cached cpu1 0..1
    cpu0
      munmap 0..1
      map 50..51 rw
      read 50
      read 17
      map 0..1 rw
      read 0
    cpu1
      dontneed 16..17
      read 0
    cpu2
      dontneed )" +
         std::string(range) + R"(
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      cpu0 until done
      cpu1 until syscall_return
      cpu2 until pending_inc
      cpu1 until fault_retry
      rest
)";
}

TEST(EndlessFault, AFaultIsLegalAsLongAsSomethingUnderWayCanRepairIt) {
  // The access faults twice, and waits until the other gather is over.
  Count retries(CpuAgent(MakeCpu(1)), Point::fault_retry);
  EXPECT_EQ(Verdict(StallBesideDontneed("20..40"), "reset-range", "arm64",
                    {.ignored = kTablesIgnored, .observer = &retries}),
            "none");
  EXPECT_EQ(retries.times, 1);
}

TEST(EndlessFault, AnInvalidationOfSomethingElseDoesNotRepairIt) {
  EXPECT_EQ(
      Verdict(StallBesideDontneed("21..40"), "reset-range", "arm64", {.ignored = kTablesIgnored}),
      "endless-fault");
}

// --- deadlock ---

constexpr std::string_view kTwoFinishers = R"(
    cpus 2
    init
      map 0..2 rw
      present 0..2
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
)";

TEST(Deadlock, TwoFinishersThatKeepTheirCountWaitForEachOther) {
  const std::string text = std::string(kTwoFinishers) + R"(
    order
      cpu1 until pending_inc
      cpu0 until finish_wait
      rest
)";
  const Violation violation = ViolationOf(text, "sync-before-dec", "x86");
  EXPECT_EQ(Info(violation.kind).name, "deadlock");
  EXPECT_EQ(violation.cpu, 0);
  EXPECT_STREQ(violation.detail, "finish_wait");
  EXPECT_EQ(Verdict(text, "sync-before-dec", "arm64"), "deadlock");
  // They lower it first, and then one of them finds it zero.
  EXPECT_EQ(Verdict(text, "sync-finish", "x86"), "none");
  EXPECT_EQ(Verdict(text, "epoch-sync", "x86"), "none");
}

TEST(Deadlock, EndsTheRunAlsoIfItIsIgnored) {
  // There is nothing to go on with, and a run that ends blocked is not clean.
  const std::string text = std::string(kTwoFinishers) + R"(
    order
      cpu1 until pending_inc
      cpu0 until finish_wait
      rest
)";
  EXPECT_EQ(Verdict(text, "sync-before-dec", "x86", {.ignored = Bit(ViolationKind::kDeadlock)}),
            "deadlock");
  EXPECT_EQ(Verdict(text, "sync-finish", "x86", {.ignored = Bit(ViolationKind::kDeadlock)}),
            "none");
}

TEST(Deadlock, AFinisherThatPassedItsWaitIsInNobodysWay) {
  const std::string text = std::string(kTwoFinishers) + R"(
    order
      cpu0 until finish_wait
      cpu1 until pending_inc
      rest
)";
  EXPECT_EQ(Verdict(text, "sync-before-dec", "x86"), "none");
  EXPECT_EQ(Verdict(text, "sync-before-dec", "arm64"), "none");
}

TEST(Deadlock, AWaiterThatAWriterWaitsForIsNoDeadlock) {
  // The munmap waits for the lock that CPU 0 holds in finish, and CPU 0 for CPU 1: a chain, no
  // ring.
  constexpr std::string_view kText = R"(
    cpus 3
    init
      map 0..4 rw
      present 0..4
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    cpu2
      munmap 2..3
    order
      cpu1 until pending_inc
      cpu0 until finish_wait
      cpu2 until done
      rest
)";
  EXPECT_EQ(Verdict(kText, "sync-finish", "x86"), "none");
  EXPECT_EQ(Verdict(kText, "sync-before-dec", "x86"), "deadlock");
}

// --- starvation ---

static_assert(kStarvationBound == 3, "the schedules below have as many rounds");

// CPU 0 waits. CPU 1 and CPU 2 take turns: each lowers the count to zero and goes on before CPU 0
// can, and the other raises it again. The calls of the rounds are the 3rd, 4th and 5th of the run:
// begun since the wait began.
// A '+' is a round like that; at the end of a '-', the other has not raised it yet.
std::string Rounds(std::string_view rounds) {
  std::string order = R"(
    cpus 3
    init
      map 0..3 rw
      present 0..1
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
      dontneed 1..2
      dontneed 1..2
    cpu2
      dontneed 2..3
      dontneed 2..3
      dontneed 2..3
    order
      cpu1 until pending_inc
      cpu0 until pending_dec
      cpu1 until finish_wait
      cpu2 until pending_inc
      cpu1 until syscall_return
)";
  std::string finisher = "cpu2";
  std::string newcomer = "cpu1";
  for (const char round : rounds) {
    order += finisher + " until finish_wait\n";
    if (round == '+') order += newcomer + " until pending_inc\n";
    order += finisher + " until syscall_return\n";
    std::swap(finisher, newcomer);
  }
  return order + "cpu0 until done\n rest\n";
}

TEST(Starvation, HoldsAtTheBoundOfCompletedCalls) {
  const Violation violation = ViolationOf(Rounds("+++"), "sync-finish", "x86");
  EXPECT_EQ(Info(violation.kind).name, "starvation");
  EXPECT_EQ(violation.cpu, 0);
  EXPECT_EQ(Verdict(Rounds("+++"), "sync-finish", "arm64"), "starvation");
}

TEST(Starvation, DoesNotHoldOneCallBefore) {
  EXPECT_EQ(Verdict(Rounds("++"), "sync-finish", "x86"), "none");
  EXPECT_EQ(Verdict(Rounds("++"), "sync-finish", "arm64"), "none");
}

TEST(Starvation, AMomentAtWhichTheWaiterCouldGoOnDoesNotStartTheCountAnew) {
  // After the '-' CPU 0 could go on, so it is not starving, though three calls have overtaken it.
  // But a newcomer is faster, and with the call after that CPU 0 still waits.
  EXPECT_EQ(Verdict(Rounds("++-"), "sync-finish", "x86"), "none");
  EXPECT_EQ(Verdict(Rounds("++-+"), "sync-finish", "x86"), "starvation");
  EXPECT_EQ(Verdict(Rounds("++-+"), "sync-finish", "arm64"), "starvation");
}

TEST(Starvation, AWaitForTheGathersThatWereLiveIsReleased) {
  EXPECT_EQ(Verdict(Rounds("+++"), "epoch-sync", "x86"), "none");
  EXPECT_EQ(Verdict(Rounds("+++"), "epoch-sync", "arm64"), "none");
}

TEST(Starvation, AFinishThatWaitsItselfIsNoReasonToWait) {
  // CPU 3 waits already when CPU 0 comes: its gather is over, and does not keep CPU 0 waiting.
  std::string text = Rounds("+++");
  const auto replace = [&](std::string_view what, std::string_view by) {
    text.replace(text.find(what), what.size(), by);
  };
  replace("cpus 3", "cpus 4");
  replace("    order", "    cpu3\n      dontneed 0..1\n    order");
  replace("cpu0 until pending_dec", "cpu3 until pending_dec\n      cpu0 until pending_dec");
  const Violation violation = ViolationOf(text, "sync-finish", "x86");
  EXPECT_EQ(Info(violation.kind).name, "starvation");
  EXPECT_EQ(violation.cpu, 0);
}

// Only CPU 0 waits in finish, so that the others complete call after call meanwhile.
class OnlyCpu0Waits final : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
  void AfterDec(const Thread& t) const override {
    if (t.cpu != MakeCpu(0)) return;
    WaitInFinish(t, [](const World& world, int) { return world.mm.tlb_flush_pending == 0; });
  }
};
constexpr OnlyCpu0Waits kOnlyCpu0Waits;
constexpr Policy kPolicy("test-only-cpu0-waits", "cpu0 waits for a count of zero", "this test",
                         kOnlyCpu0Waits);
const RegisterPolicy kRegistered(&kPolicy);

// CPU 2 has a gather live while CPU 1 completes its calls: one to open a gather, then three of
// `call`. CPU 3 does nothing unless the beginning of the order says so.
std::string LongGather(std::string_view begin, std::string_view call = "dontneed 1..2") {
  const std::string line = "      " + std::string(call) + "\n";
  return R"(
    cpus 4
    init
      map 0..3 rw
      present 0..3
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
)" + line +
         line + line + R"(
    cpu2
      dontneed 2..3
    cpu3
      dontneed 2..3
    order
      )" +
         std::string(begin) + R"(
      cpu1 until done
      rest
)";
}

TEST(Starvation, AWaitHasAReasonWhileAGatherFromItsBeginningIsLive) {
  // CPU 2's gather is older than the wait: four calls complete, and CPU 0 still waits for that one.
  EXPECT_EQ(Verdict(LongGather("cpu2 until pending_inc\n cpu0 until pending_dec"),
                    "test-only-cpu0-waits", "x86"),
            "none");
}

// CPU 1's first gather makes CPU 0 wait; CPU 2's comes after that, and takes its place.
constexpr std::string_view kNewcomersOnly =
    "cpu1 until pending_inc\n cpu0 until pending_dec\n cpu2 until pending_inc";

TEST(Starvation, AWaitForNewcomersOnlyHasNone) {
  const Violation violation =
      ViolationOf(LongGather(kNewcomersOnly), "test-only-cpu0-waits", "x86");
  EXPECT_EQ(Info(violation.kind).name, "starvation");
  EXPECT_EQ(violation.cpu, 0);
}

TEST(Starvation, CallsBegunBeforeTheWaitDoNotCount) {
  // The same, but one call less of CPU 1's four began after the wait did: two are left to complete.
  const std::string text = LongGather(
      "cpu1 until syscall_return\n cpu1 until pending_inc\n cpu0 until pending_dec\n"
      "cpu2 until pending_inc");
  EXPECT_EQ(Verdict(text, "test-only-cpu0-waits", "x86"), "none");
}

TEST(Starvation, CallsThatOpenNoGatherDoNotCount) {
  const auto calls = [](std::string_view call) { return LongGather(kNewcomersOnly, call); };
  EXPECT_EQ(Verdict(calls("dontneed 1..2"), "test-only-cpu0-waits", "x86"), "starvation");
  EXPECT_EQ(Verdict(calls("free 1..2"), "test-only-cpu0-waits", "x86"), "starvation");
  // No VMA is there, so no gather, and nobody who could be waited for.
  EXPECT_EQ(Verdict(calls("dontneed 8..9"), "test-only-cpu0-waits", "x86"), "none");
  EXPECT_EQ(Verdict(calls("free 8..9"), "test-only-cpu0-waits", "x86"), "none");
}

TEST(Starvation, ACpuThatHasNotRaisedTheCountYetIsNoReasonToWait) {
  // CPU 3 stands before pending_inc when the wait begins, and stays there; or it is past it.
  const auto with_cpu3 = [](std::string_view begin) {
    return LongGather(std::string(begin) + std::string(kNewcomersOnly));
  };
  EXPECT_EQ(Verdict(with_cpu3("cpu3 until mmap_read_lock\n"), "test-only-cpu0-waits", "x86"),
            "starvation");
  EXPECT_EQ(Verdict(with_cpu3("cpu3 until pending_inc\n"), "test-only-cpu0-waits", "x86"), "none");
}

TEST(Starvation, EachWaitOfACallIsJudgedByItself) {
  // CPU 0's call has two VMAs, so two gathers and two waits. Two calls overtake the first of them,
  // and one the second.
  constexpr std::string_view kText = R"(
    cpus 3
    init
      map 0..1 rw
      map 1..2 rw
      map 2..4 rw
    cpu0
      dontneed 0..2
    cpu1
      dontneed 2..3
      dontneed 2..3
      dontneed 2..3
      dontneed 2..3
      dontneed 2..3
    cpu2
      dontneed 3..4
      dontneed 3..4
    order
      cpu1 until pending_inc
      cpu0 until pending_dec
      cpu2 until pending_inc
      cpu1 until syscall_return #3
      cpu2 until pending_dec
      cpu0 until pending_inc
      cpu1 until pending_inc
      cpu0 until pending_dec
      cpu2 until pending_inc
      cpu1 until syscall_return #2
      cpu2 until done
      rest
)";
  EXPECT_EQ(Verdict(kText, "test-only-cpu0-waits", "x86"), "none");
}

}  // namespace
}  // namespace gatherfuzz
