// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// switch, idle and wake: which steps they take, what a flush makes of CPUs that run something else
// or nothing, and both sides of the line that the oracle draws for what sleeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "harness/trace.h"
#include "model/kernel/switch_mm.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

class Ran : public TracedRun {
 public:
  using TracedRun::TracedRun;
  const SwitchCpu& cpu(int i) const { return world().switching.at(MakeCpu(i)); }
  uint16_t TlbGen() const { return world().switching.tlb_gen[Index(MmId::kMm0)]; }
  unsigned Mask(MmId mm) const { return world().switching.cpumask[Index(mm)]; }
};

// One page, which cpu1 has cached.
const std::string kOne = "cpus 2\ninit\n map 0..1 rw\n present 0..1\n cached cpu1 0..1\n";
const std::string kSwitch1 = kOne + "cpu1\n switch mm1\n";

// --- Steps ---

TEST(Switch, TakesTheStepsOfSwitchMmIrqsOff) {
  const Ran ran(kSwitch1);
  EXPECT_THAT(ran.StepsOf("cpu1"), ElementsAre("switch_mm_irqs_off", "loaded_mm_switching",
                                               "mm_cpumask_clear", "mm_cpumask_set", "tlb_gen_read",
                                               "write_cr3", "loaded_mm_set", "resume_user"));
  EXPECT_EQ(ran.cpu(1).loaded_mm, UserMm(1));
  EXPECT_EQ(ran.cpu(1).root, UserMm(1));
  EXPECT_EQ(ran.cpu(1).slot, 1);
  EXPECT_EQ(ran.cpu(1).irqs_off, 0);
  EXPECT_EQ(ran.Mask(MmId::kMm0), 0b01u);
  EXPECT_EQ(ran.Mask(UserMm(1)), 0b10u);
  EXPECT_EQ(ran.world().at(MakeCpu(1)).tlb.small_valid, 0u) << "of mm1 nothing is cached";
  EXPECT_EQ(ran.cpu(1).parked_tlb.small_valid, 1u) << "that of mm0 stays under its slot";
}

TEST(Switch, LeavesItsBitFrom614On) {
  const Ran ran("kernel 6.17\n" + kSwitch1);
  EXPECT_EQ(ran.Count("cpu1 mm_cpumask_clear"), 0);
  EXPECT_EQ(ran.Mask(MmId::kMm0), 0b11u);
  // A switch back finds it set. It goes where a flush finds the mm not loaded.
  const Ran back("kernel 6.17\n" + kOne +
                 "cpu0\n dontneed 0..1\ncpu1\n switch mm1\n switch mm0\norder\n"
                 "cpu1 until resume_user\n cpu0 until done\n rest\n");
  EXPECT_EQ(back.verdict(), "none");
  EXPECT_EQ(back.Count("cpu1 mm_cpumask_set"), 1) << "of mm1";
  const Ran gone("kernel 6.17\n" + kOne +
                 "cpu0\n munmap 0..1\ncpu1\n switch mm1\norder\n cpu1 until done\n rest\n");
  EXPECT_EQ(gone.Mask(MmId::kMm0), 0b01u);
}

TEST(Switch, BackFindsItsSlotAndFlushesItOnlyIfItMissedSomething) {
  const std::string back = kOne + "cpu0\n dontneed 0..1\ncpu1\n switch mm1\n switch mm0\norder\n";
  const Ran idle(back + "cpu1 until done\n rest\n");
  EXPECT_EQ(idle.cpu(1).slot, 0);
  const Ran missed(back + "cpu1 until resume_user\n cpu0 until done\n cpu1 until done\n rest\n");
  EXPECT_EQ(missed.verdict(), "none");
  EXPECT_EQ(missed.world().at(MakeCpu(1)).tlb.small_valid, 0u) << "flushed";
  EXPECT_EQ(missed.cpu(1).slots[0].generation, missed.TlbGen());
  EXPECT_EQ(missed.Count("cpu0 should_flush_tlb(1)"), 0) << "it is not in mm_cpumask()";
  const Ran nothing(kOne + "cpu1\n switch mm1\n switch mm0\n");
  EXPECT_EQ(nothing.world().at(MakeCpu(1)).tlb.small_valid, 1u) << "kept";
}

TEST(Switch, TakesSlotsRoundRobinAndFlushesWhatHadAnotherMm) {
  const Ran ran(kOne + "cpu1\n switch mm1\n switch mm2\n switch mm3\n");
  EXPECT_EQ(ran.cpu(1).slots[0].mm, UserMm(2));
  EXPECT_EQ(ran.cpu(1).slots[1].mm, UserMm(3));
  EXPECT_EQ(ran.cpu(1).parked_tlb.small_valid, 0u) << "mm2 took the slot of mm0";
}

TEST(Switch, OfTheMmThatRunsIsNone) {
  EXPECT_EQ(Ran(kOne + "cpu1\n switch mm1\n switch mm0\n idle\n switch mm0\n")
                .Count("cpu1 loaded_mm_switching"),
            2)
      << "from idle to a thread of the same mm there is no other to load";
}

TEST(Idle, SetsIsLazyAndWakeLooksAtTlbGen) {
  const Ran idle(kOne + "cpu1\n idle\n");
  EXPECT_THAT(idle.StepsOf("cpu1"), ElementsAre("enter_lazy_tlb"));
  EXPECT_EQ(idle.cpu(1).is_lazy, 1);
  EXPECT_EQ(idle.cpu(1).loaded_mm, MmId::kMm0);
  EXPECT_EQ(idle.Mask(MmId::kMm0), 0b11u);
  const Ran wake(kOne + "cpu1\n idle\n wake\n");
  EXPECT_THAT(wake.StepsOf("cpu1"),
              ElementsAre("enter_lazy_tlb", "switch_mm_irqs_off", "tlb_gen_read", "resume_user"));
  EXPECT_EQ(wake.cpu(1).is_lazy, 0);
}

TEST(Idle, IsNotToldOfLeavesAndCatchesUp) {
  const Ran ran(kOne +
                "cpu0\n dontneed 0..1\ncpu1\n idle\n wake\norder\n cpu1 until enter_lazy_tlb\n"
                "cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("lent inv1 deliver(0)"), 0);
  EXPECT_THAT(ran.StepsOf("cpu1"), ElementsAre("enter_lazy_tlb", "switch_mm_irqs_off",
                                               "tlb_gen_read", "write_cr3", "resume_user"));
  EXPECT_EQ(ran.world().at(MakeCpu(1)).tlb.small_valid, 0u);
}

TEST(Idle, IsToldOfTablesAndLeavesForInitMm) {
  const Ran ran(kOne +
                "cpu0\n munmap 0..1\ncpu1\n idle\n wake\norder\n cpu1 until enter_lazy_tlb\n"
                "cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("lent inv1 deliver(0)"), 1);
  EXPECT_THAT(ran.StepsOf("cpu1"), IsSupersetOf({"loaded_mm_switching", "mm_cpumask_set"}))
      << "it comes back from init_mm";
  const Ran asleep(kOne + "cpu0\n munmap 0..1\ncpu1\n idle\norder\n cpu1 until done\n rest\n");
  EXPECT_EQ(asleep.cpu(1).loaded_mm, MmId::kInit);
  EXPECT_EQ(asleep.cpu(1).root, MmId::kInit);
  EXPECT_EQ(asleep.Mask(MmId::kMm0), 0b01u);
}

// --- flush_tlb_func() and its table ---

TEST(Flush, RaisesTlbGenFirstAndAsksEachCpuInTheMask) {
  const Ran ran(
      "cpus 3\ninit\n map 0..1 rw\n present 0..1\ncpu0\n dontneed 0..1\ncpu2\n idle\n"
      "order\n cpu2 until done\n rest\n");
  EXPECT_LT(ran.At("cpu0 tlb_gen_inc(0)"), ran.At("cpu0 tlb_flush(0)"));
  EXPECT_LT(ran.At("cpu0 tlb_flush(0)"), ran.At("cpu0 should_flush_tlb(1)"));
  EXPECT_LT(ran.At("cpu0 should_flush_tlb(1)"), ran.At("cpu0 should_flush_tlb(2)"));
  EXPECT_EQ(ran.Count("lent inv1 deliver(0)"), 1);
  EXPECT_EQ(ran.Count("lent inv2 deliver(0)"), 0);
}

// Two flushes, of which cpu2 takes the second first.
std::string TwoFlushes(const std::string& first, const std::string& second) {
  return "cpus 4\ninit\n map 0..2 rw\n map 8..10 rw\n present 0..2\n present 8..10\n"
         "cached cpu2 0..2\n cached cpu2 8..10\ncpu0\n dontneed " +
         first + "\ncpu1\n dontneed " + second +
         "\ncpu3\n idle\norder\n cpu0 until should_flush_tlb(3)\n cpu1 until should_flush_tlb(3)\n"
         "inv2 until deliver(1)\n rest\n";
}

TEST(Flush, IsPartialOnlyOfTheNextGenerationAndTheLast) {
  // One that overtakes another is whole, and then the other finds nothing to do.
  const Ran ran(TwoFlushes("0..1", "8..9"));
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.world().at(MakeCpu(2)).tlb.small_valid, 0u) << "pages 1 and 9 as well";
  EXPECT_EQ(ran.cpu(2).slots[0].generation, 3);
  const Ran alone(
      "cpus 3\ninit\n map 0..2 rw\n present 0..2\n cached cpu2 0..2\n"
      "cpu0\n dontneed 0..1\ncpu1\n idle\n");
  EXPECT_EQ(alone.world().at(MakeCpu(2)).tlb.small_valid, 0b10u) << "of the range alone";
}

TEST(Flush, WaitsForInterruptsOfACpuThatSwitches) {
  const Ran ran(kOne +
                "cpu0\n dontneed 0..1\ncpu1\n switch mm1\norder\n cpu1 until loaded_mm_switching\n"
                "cpu0 until should_flush_tlb(1)\n cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("cpu0 should_flush_tlb(1)"), ran.At("lent cpu1 write_cr3"));
  EXPECT_LT(ran.At("lent cpu1 loaded_mm_set"), ran.At("lent inv1 deliver(0)"))
      << "while it waits, the turn is lent to the switch";
  const Ran refused(kOne +
                    "cpu0\n dontneed 0..1\ncpu1\n switch mm1\norder\n"
                    "cpu1 until loaded_mm_switching\n cpu0 until should_flush_tlb(1)\n inv1 1\n"
                    "cpu1 1\n rest\n");
  EXPECT_EQ(refused.steps()[refused.At("cpu0 should_flush_tlb(1)") + 1], "cpu1 mm_cpumask_clear");
}

TEST(Flush, OfTablesWaitsForRcu) {
  // The switch began before the tables went, so they are not freed before interrupts are on.
  const std::string text =
      kOne +
      "cpu0\n munmap 0..1\ncpu1\n switch mm1\norder\n cpu1 until mm_cpumask_clear\n"
      "cpu0 until tlb_flush_done(0) #2\n cpu0 until free_table(0)\n rest\n";
  const Ran ran(text);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("lent cpu1 loaded_mm_set"), ran.At("cpu0 free_table(0)"));
  EXPECT_EQ(Ran(text, "tables-at-once").verdict(), "freed-table-cached");
  // One that begins later is not waited for.
  const Ran later(kOne +
                  "cpu0\n munmap 0..1\ncpu1\n switch mm1\norder\n"
                  "cpu0 until tlb_flush_done(0) #2\n cpu1 until mm_cpumask_clear\n"
                  "cpu0 until done\n rest\n");
  EXPECT_EQ(later.verdict(), "none");
  EXPECT_LT(later.At("cpu0 free_table(0)"), later.At("cpu1 loaded_mm_set"));
}

// --- What sleeps, and what counts ---

TEST(Asleep, LeavesOfALazyCpuDoNotCountUntilItIsBack) {
  const std::string text = kOne +
                           "cpu0\n dontneed 0..1\ncpu1\n idle\n wake\norder\n"
                           "cpu1 until enter_lazy_tlb\n cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(text).verdict(), "none") << "it flushes before it counts";
  const Ran blind(text, "wakes-blindly");
  EXPECT_EQ(blind.verdict(), "freed-page-cached");
  EXPECT_EQ(blind.steps().back(), "cpu1 resume_user") << "they count at once";
  EXPECT_EQ(blind.violation().holder, 1);
  // Just inside: it goes lazy after the call has looked at it, and is told.
  EXPECT_EQ(Ran(kOne + "cpu0\n dontneed 0..1\ncpu1\n idle\n wake\norder\n cpu0 until done\n rest\n",
                "wakes-blindly")
                .verdict(),
            "none");
  // Nor does it matter as long as it sleeps.
  EXPECT_EQ(Ran(kOne + "cpu0\n dontneed 0..1\ncpu1\n idle\norder\n cpu1 until done\n rest\n",
                "wakes-blindly")
                .verdict(),
            "none");
}

TEST(Asleep, TablesOfALazyCpuCount) {
  const std::string text =
      kOne + "cpu0\n munmap 0..1\ncpu1\n idle\norder\n cpu1 until done\n rest\n";
  EXPECT_EQ(Ran(text).verdict(), "none");
  const Ran skipped(text, "lazy-skipped");
  EXPECT_EQ(skipped.verdict(), "freed-table-cached");
  EXPECT_EQ(skipped.steps().back(), "cpu0 free_table(0)");
  EXPECT_EQ(skipped.violation().holder, 1);
  // Without a cached pointer there is nothing to trip up on.
  EXPECT_EQ(Ran("cpus 2\ninit\n map 0..1 rw\n present 0..1\ncpu0\n munmap 0..1\ncpu1\n idle\n"
                "order\n cpu1 until done\n rest\n",
                "lazy-skipped")
                .verdict(),
            "none");
}

TEST(Asleep, ASlotThatIsNotLoadedCountsWhenItIs) {
  const std::string away = kOne +
                           "cpu0\n dontneed 0..1\ncpu1\n switch mm1\n switch mm0\norder\n"
                           "cpu1 until resume_user\n cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(away).verdict(), "none");
  const Ran blind(away, "slot-reused-blindly");
  EXPECT_EQ(blind.verdict(), "freed-page-cached");
  EXPECT_EQ(blind.steps().back(), "cpu1 resume_user");
  // Of tables it counts as soon as the hardware may walk with it.
  const std::string tables = kOne +
                             "cpu0\n munmap 0..1\ncpu1\n switch mm1\n switch mm0\norder\n"
                             "cpu1 until resume_user\n cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(tables).verdict(), "none");
  const Ran walk(tables, "slot-reused-blindly");
  EXPECT_EQ(walk.verdict(), "freed-table-cached");
  EXPECT_EQ(walk.steps().back(), "cpu1 write_cr3");
}

TEST(Asleep, AnotherMmMustNotRunWithWhatIsCached) {
  const std::string text = kOne +
                           "cpu0\n dontneed 0..1\ncpu1\n switch mm1\n switch mm2\norder\n"
                           "cpu1 until done\n rest\n";
  EXPECT_EQ(Ran(text).verdict(), "none");
  EXPECT_EQ(Ran(text, "slot-not-flushed").verdict(), "freed-page-cached");
}

TEST(Asleep, DirtyTranslationsAreOwedForTheSameWay) {
  const std::string text =
      "cpus 2\ninit\n map 0..1 rw\n present 0..1 dirty\n cached cpu1 0..1\n"
      "cpu0\n free 0..1\ncpu1\n idle\n wake\norder\n cpu1 until enter_lazy_tlb\n"
      "cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(text).verdict(), "none");
  const Ran blind(text, "wakes-blindly");
  EXPECT_EQ(blind.verdict(), "stale-dirty-after-return");
  EXPECT_EQ(blind.steps().back(), "cpu1 resume_user");
}

// --- Other architectures ---

TEST(Broadcast, ReachesCpusThatSleepOrRunSomethingElse) {
  const std::string text = kOne +
                           "cpu0\n munmap 0..1\ncpu1\n switch mm1\n idle\n switch mm0\n"
                           "order\n cpu1 until enter_lazy_tlb\n cpu0 until done\n rest\n";
  const Ran ran(text, "full-mm", "arm64");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.StepsOf("cpu1"), ElementsAre("write_cr3", "resume_user", "enter_lazy_tlb",
                                               "write_cr3", "resume_user"));
  EXPECT_EQ(ran.world().at(MakeCpu(1)).tlb.small_valid, 0u) << "dropped where it was parked";
  EXPECT_EQ(ran.Count("cpu0 tlb_gen_inc(0)"), 0);
}

// --- Walks ---

TEST(Walks, FindNothingInAnotherMm) {
  const std::string text =
      "cpus 1\ninit\n map 0..1 rw\n present 0..1\n"
      "cpu0\n switch mm1\nwalk0\n fill 0\norder\n";
  const Ran away(text + "cpu0 until done\n rest\n");
  EXPECT_EQ(away.Count("walk0 walk_pud(0)"), 1);
  EXPECT_EQ(away.world().at(MakeCpu(0)).tlb.small_valid, 0u);
  const Ran here(text + "walk0 until done\n rest\n");
  EXPECT_EQ(here.cpu(0).parked_tlb.small_valid, 1u);
}

TEST(Walks, EndWhereTheRootIsLoaded) {
  const Ran ran(
      "cpus 1\ninit\n map 0..1 rw\n present 0..1\ncpu0\n switch mm1\nwalk0\n fill 0\n"
      "order\n walk0 1\n cpu0 until write_cr3\n walk0 until done\n rest\n");
  EXPECT_EQ(ran.Count("walk0 walk_pud(0)"), 2) << "it begins anew, in mm1";
  EXPECT_EQ(ran.Count("walk0 walk_pmd(0)"), 0);
}

// --- Programs ---

TEST(SwitchText, WarnsOfWhatACpuPassesOver) {
  const auto warning = [](const std::string& lines) {
    TextNotes notes;
    ParseText("gatherfuzz 1\ncpus 1\ninit\n map 0..1 rw\ncpu0\n" + lines + "order\n rest\n",
              &notes);
    return notes.warnings.size() != 1
               ? std::to_string(notes.warnings.size())
               : std::to_string(notes.warnings[0].line) + ": " + notes.warnings[0].text;
  };
  EXPECT_EQ(warning(" switch mm1\n read 0\n"),
            "7: 'read' is passed over: it is of mm0, and cpu0 runs mm1 here; 'switch mm0' comes "
            "before it");
  EXPECT_EQ(warning(" idle\n munmap 0..1\n"),
            "7: 'munmap' is passed over: it is of mm0, and cpu0 is idle here; 'switch mm0' or "
            "'wake' comes before it");
  EXPECT_EQ(warning(" wake\n"), "6: 'wake' is passed over: cpu0 is not idle here");
  EXPECT_EQ(warning(" idle\n idle\n"), "7: 'idle' is passed over: cpu0 is idle already");
  EXPECT_EQ(warning(" switch mm0\n"), "6: 'switch' is passed over: cpu0 runs that mm");
  EXPECT_EQ(warning(" switch mm1\n switch mm0\n read 0\n idle\n wake\n read 0\n"), "0");
}

TEST(SwitchText, RefusesWhatIsNoMm) {
  const auto error = [](const std::string& lines) {
    const auto parsed = ParseText("gatherfuzz 1\n" + lines);
    return FormatError("f", std::get<TextError>(parsed));
  };
  EXPECT_THAT(error("cpus 1\ncpu0\n switch mm4\n"), HasSubstr("f:4:9: expected a user mm, mm0"));
  EXPECT_THAT(error("cpus 1\ncpu0\n switch\n"), HasSubstr("a user mm, mm0 to mm3"));
  EXPECT_THAT(error("cpus 1\ncpu0\n idle 3\n"), HasSubstr("the end of the line"));
  EXPECT_THAT(error("cpus 1\nmemory weak\ncpu0\n idle\n"),
              HasSubstr("no switch under 'memory weak'; under 'memory sc', the default, and "
                        "'memory tso' there are some"));
  EXPECT_THAT(error("cpus 1\nmemory late\ncpu0\n switch mm1\n"), HasSubstr("no switch under"));
  const ScheduleFile file = FromText("gatherfuzz 1\ncpus 1\nmemory tso\ncpu0\n switch mm1\n");
  EXPECT_EQ(file.schedule.memory, MemoryModel::kTso);
}

TEST(SwitchText, RoundTripsInBothForms) {
  const std::string text =
      "gatherfuzz 1\ncpus 2\n\ncpu0\n  switch mm3\n  idle\n  wake\n  switch mm0\n  read 7\n"
      "\ncpu1\n  idle\n\norder\n  cpu0 until should_flush_tlb(1)\n  rest\n";
  const ScheduleFile file = FromText(text);
  EXPECT_EQ(PrintText(file), text);
  Schedule decoded;
  const EncodedBytes bytes = EncodeBytes(file.schedule);
  DecodeBytes({bytes.begin(), bytes.size()}, decoded);
  EXPECT_EQ(decoded, file.schedule);
}

TEST(SwitchBytes, AreTotalAndWhatCannotRunIsPassedOver) {
  Schedule schedule;
  const auto add = [&](OpKind kind, int page) {
    schedule.program.push_back({CpuAgent(MakeCpu(0)), {kind, {page, page + 1}, {}}});
  };
  add(OpKind::kWake, 0);
  add(OpKind::kSwitch, 1);
  add(OpKind::kRead, 5);
  add(OpKind::kSwitch, 1);
  add(OpKind::kIdle, 0);
  add(OpKind::kSwitch, 0);
  add(OpKind::kRead, 6);
  schedule.memory = MemoryModel::kWeak;
  Canonicalize(schedule);
  EXPECT_EQ(schedule.memory, MemoryModel::kSc);
  EXPECT_EQ(LinesThatRun(schedule) & 0x7f, 0b1110010u);
  Schedule shorter = schedule;
  for (const size_t at : {3, 2, 0}) shorter.program.erase(at);
  EXPECT_EQ(Result(schedule, "full-mm", "x86").trace_hash,
            Result(shorter, "full-mm", "x86").trace_hash);
  // Nor do they count for the memory at the end.
  schedule.init.push_back({.range = {5, 7}, .flags = {.write = true}});
  const Determined determined = DeterminedBy(schedule);
  EXPECT_EQ(Predict(schedule, determined).present, PageBit(6));
  Execution execution;
  execution.Execute(schedule, *FindPolicy("full-mm"), *FindArch("x86"));
  EXPECT_FALSE(
      FirstDifference(Final(execution.world(), determined), Predict(schedule, determined)));
}

TEST(Switching, CostsNothingWhereNobodySwitches) {
  const Ran ran(kOne + "cpu0\n munmap 0..1\n");
  EXPECT_EQ(ran.world().switches, 0);
  const World& world = ran.world();
  const Switching nothing{};
  EXPECT_EQ(std::memcmp(&world.switching, &nothing, sizeof nothing), 0);
  // ... also behind one that does.
  Execution execution;
  const Schedule switches = FromText(kSwitch1).schedule;
  const Schedule plain = FromText(kOne + "cpu0\n munmap 0..1\n").schedule;
  const Policy& policy = *FindPolicy("full-mm");
  const Arch& arch = *FindArch("x86");
  const uint64_t hash = execution.Execute(plain, policy, arch).trace_hash;
  const uint64_t digest = Digest(execution.world());
  execution.Execute(switches, policy, arch);
  EXPECT_EQ(execution.Execute(plain, policy, arch).trace_hash, hash);
  EXPECT_EQ(Digest(execution.world()), digest);
  EXPECT_EQ(std::memcmp(&execution.world().switching, &nothing, sizeof nothing), 0);
}

// --- Reclaim ---

TEST(SwitchReclaim, FlushesItsBatchWithoutAGeneration) {
  const std::string text =
      "cpus 1\ninit\n map 0..1 rw\n present 0..1\n cached cpu0 0..1\n"
      "kswapd\n reclaim 0..1\ncpu0\n idle\n wake\norder\n";
  const Ran ran(text + "kswapd until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("cpu1 pte_clear(0)"), ran.At("cpu1 tlb_gen_inc(0)"));
  EXPECT_LT(ran.At("cpu1 tlb_flush(0)"), ran.At("cpu1 should_flush_tlb(0)"));
  EXPECT_EQ(ran.TlbGen(), 2);
  EXPECT_EQ(Ran(text + "kswapd until done\n rest\n", "generation-zero-old").verdict(),
            "freed-page-cached");
}

}  // namespace
}  // namespace gatherfuzz
