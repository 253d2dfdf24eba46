// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshare and othermunmap: what becomes of a page table that two mms share, in which steps, who is
// to be told before the i_mmap lock goes, and both sides of the line that the oracle draws.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "harness/target.h"
#include "model/arch/arch.h"
#include "model/kernel/hugetlb.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Ran = TracedRun;

// One CPU of this mm, which has all of the file cached; the other mm on another.
const std::string kCached = "cpus 2\ninit\n cached cpu0 0..16\n";
const std::string kBoth = kCached + "cpu0\n unshare 0..16\ncpu1\n othermunmap 0..16\n";
const std::string kOtherBeforeFinish =
    "order\n cpu0 until i_mmap_unlock_write\n cpu1 until done\n rest\n";

TEST(Unshare, FlushesAndSyncsUnderTheIMmapLock) {
  const Ran ran("cpus 1\ninit\n cached cpu0 0..16\ncpu0\n unshare 0..16\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.steps(),
              ElementsAre("cpu0 mmap_write_lock", "cpu0 mmap_write_downgrade", "cpu0 pending_inc",
                          "cpu0 i_mmap_lock_write(0)", "cpu0 pud_read(0)", "cpu0 pmd_lock(0)",
                          "cpu0 huge_pmd_unshare(0)", "cpu0 pmd_unlock(0)", "cpu0 tlb_flush(0)",
                          "lent inv0 deliver(0)", "cpu0 tlb_flush_done(0)",
                          "cpu0 tlb_remove_table_sync_one(0)", "cpu0 i_mmap_unlock_write(0)",
                          "cpu0 pending_read", "cpu0 pending_dec", "cpu0 mmap_read_unlock",
                          "cpu0 syscall_return(0)"));
  // The other mm has the table, and the pages in it.
  EXPECT_TRUE(EntryOf(const_cast<World&>(ran.world()), kRootFrame, 0).none());
  EXPECT_EQ(ran.mm().data_frames, 16);
  EXPECT_EQ(ran.world().at(ran.world().others_tables[0]).mapped, 1);
  EXPECT_EQ(ran.world().at(CpuId{}).tlb.huge_valid, 0u);
  EXPECT_EQ(ran.world().at(CpuId{}).walk_cache.pmd_valid, 0);
}

TEST(Unshare, TheLastToUnmapFreesTheTableAndItsPages) {
  for (const char* arch : {"x86", "arm64"}) {
    const Ran other(kBoth + kOtherBeforeFinish, "full-mm", arch);
    EXPECT_EQ(other.verdict(), "none") << arch;
    EXPECT_EQ(other.Count("cpu1 free_table(0)"), 1) << arch;
    EXPECT_EQ(other.Count("cpu1 free_page(12)"), 1) << arch;
    EXPECT_EQ(other.mm().data_frames, 0) << arch;
    EXPECT_EQ(other.mm().table_frames, 1) << arch;
    const Ran own(kBoth + "order\n cpu1 until done\n rest\n", "full-mm", arch);
    EXPECT_EQ(own.verdict(), "none") << arch;
    EXPECT_EQ(own.Count("cpu0 huge_pmd_unshare(0)"), 0) << arch << ": nobody shares it any more";
    EXPECT_EQ(own.Count("cpu0 tlb_remove_table_sync_one(0)"), 0) << arch;
    EXPECT_LT(own.At("cpu0 tlb_flush_done(0)"), own.At("cpu0 free_table(0)")) << arch;
    EXPECT_EQ(own.mm().data_frames, 0) << arch;
    EXPECT_EQ(own.mm().table_frames, 1) << arch;
  }
}

TEST(Unshare, TheSecondToComeWaitsForTheIMmapLock) {
  const Ran ran(kBoth + "order\n cpu0 until huge_pmd_unshare\n cpu1 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_LT(ran.At("lent cpu0 i_mmap_unlock_write(0)"), ran.At("cpu1 i_mmap_lock_write(0)"));
}

TEST(Unshare, IsForWholeTablesInEachSpanThatItTouches) {
  const Ran ran("cpus 1\ninit\n cached cpu0 12..20\ncpu0\n unshare 15..17\n othermunmap 16..17\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 huge_pmd_unshare(0)"), 1);
  EXPECT_EQ(ran.Count("cpu0 huge_pmd_unshare(16)"), 1);
  EXPECT_EQ(ran.Count("cpu0 free_table(16)"), 1);
  EXPECT_EQ(ran.mm().data_frames, 16) << "the table of 0..16 is the other mm's";
}

// So is its gather: who flushes the range that the call was for flushes all that it took away.
TEST(Unshare, ItsGatherIsOfWholeTables) {
  const std::string text =
      "cpus 2\nbatch 6\ninit\n map 16..17 r\n cached cpu1 0..16\ncpu0\n unshare 4..5\n"
      "cpu1\n othermunmap 0..1\n dontneed 16..17\n"
      "order\n cpu0 until pending_inc\n cpu1 until pending_inc\n cpu0 until done\n rest\n";
  for (const char* arch : {"x86", "arm64"}) {
    for (const Policy* policy : Policies()) {
      if (!policy->SafeOn(arch)) continue;
      const Ran ran(text, std::string(policy->name()).c_str(), arch);
      EXPECT_EQ(ran.verdict(), "none") << policy->name() << " on " << arch;
      EXPECT_EQ(ran.Count("cpu0 free_page(12)"), 1) << policy->name() << " on " << arch;
    }
  }
}

TEST(Unshare, WhatVmasHaveIsNotShared) {
  const Ran ran("cpus 1\ninit\n map 0..4 rw\n present 0..4\ncpu0\n unshare 0..16\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.steps(), ElementsAre("cpu0 mmap_write_lock", "cpu0 mmap_write_unlock",
                                       "cpu0 syscall_return(0)"));
  EXPECT_EQ(ran.world().hugetlb, 0);
  const Ran map("cpus 1\ncpu0\n unshare 0..16\n map 4..8 rw\n map 16..17 rw\n");
  EXPECT_EQ(map.verdict(), "none");
  EXPECT_EQ(map.mm().vma_pages, MaskOf({16, 17})) << "the addresses of the file are taken";
  EXPECT_EQ(DeterminedBy(map.schedule()).vma & MaskOf({0, 16}), 0u);
}

TEST(Unshare, UserSpaceReadsTheFileUntilThen) {
  const Ran ran("cpus 1\ncpu0\n read 5\n unshare 0..16\n read 5\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 walk_pmd(5)"), 1);
  EXPECT_EQ(ran.Count("cpu0 fault(5)"), 1);
}

// --- Both sides of the line: what the other mm, the last to have the table, frees ---

TEST(Unshare, APointerThatIsLeftCountsWhenTheTableIsFreed) {
  const Ran early(kBoth + kOtherBeforeFinish, "unshare-flushed-late");
  EXPECT_EQ(early.verdict(), "freed-table-cached");
  EXPECT_EQ(early.violation().holder, 0);
  EXPECT_EQ(early.violation().cpu, 1);
  // The flush of finish is in time: nobody has freed it.
  const Ran late(kBoth + "order\n cpu0 until tlb_flush_done\n cpu1 until done\n rest\n",
                 "unshare-flushed-late");
  EXPECT_EQ(late.verdict(), "none");
  // Nobody has it cached.
  const Ran nothing("cpus 2\ncpu0\n unshare 0..16\ncpu1\n othermunmap 0..16\n" + kOtherBeforeFinish,
                    "unshare-flushed-late");
  EXPECT_EQ(nothing.verdict(), "none");
}

TEST(Unshare, ATranslationThatIsLeftCountsWhenThePageIsFreed) {
  const uint32_t ignored = Bit(ViolationKind::kFreedTableCached);
  const std::string text = kBoth + kOtherBeforeFinish;
  EXPECT_EQ(Verdict(text, "unshare-flushed-late", "x86", {.ignored = ignored}),
            "freed-page-cached");
  EXPECT_EQ(Verdict(text, "full-mm", "x86", {.ignored = ignored}), "none");
  // arm64 flushes leaves at tlb_end_vma(), and all levels, since the flag is set by then.
  EXPECT_EQ(Verdict(text, "unshare-flushed-late", "arm64"), "none");
}

TEST(Unshare, WhatNobodyFlushesIsStaleWhenTheCallReturns) {
  const std::string alone = "cpus 1\ninit\n cached cpu0 0..16\ncpu0\n unshare 0..16\n";
  for (const char* arch : {"x86", "arm64"}) {
    EXPECT_EQ(Verdict(alone, "unshare-not-flushed", arch), "stale-after-return") << arch;
  }
  // A call is judged by the pages of its range.
  const std::string other_pages = "cpus 1\ninit\n cached cpu0 4..8\ncpu0\n unshare 0..4\n";
  EXPECT_EQ(Verdict(other_pages, "unshare-not-flushed", "x86"), "none");
}

TEST(Unshare, OnArmAFlushOfLeavesLeavesThePointer) {
  const std::string text = kBoth + kOtherBeforeFinish;
  EXPECT_EQ(Verdict(text, "unshared-tables-ignored", "arm64"), "freed-table-cached");
  EXPECT_EQ(Verdict(text, "unshared-tables-ignored", "x86"), "none") << "INVLPG drops it (H3)";
  EXPECT_EQ(Verdict(text, "full-mm", "arm64"), "none");
}

TEST(Unshare, OnX86LazyCpusAreNotTold) {
  const std::string lazy =
      "cpus 3\ninit\n cached cpu1 0..16\ncpu0\n unshare 0..16\ncpu1\n idle\n"
      "cpu2\n othermunmap 0..16\norder\n cpu1 until enter_lazy_tlb\n"
      " cpu0 until i_mmap_unlock_write\n cpu2 until done\n rest\n";
  const Ran ran(lazy);
  EXPECT_EQ(ran.verdict(), "freed-table-cached");
  EXPECT_EQ(ran.violation().holder, 1);
  EXPECT_EQ(Verdict(lazy, "unshared-tables-told", "x86"), "none");
  EXPECT_EQ(Verdict(lazy, "full-mm", "arm64"), "none") << "a broadcast reaches every CPU";
  // So no policy is held to it there, and to all the rest.
  const Policy& policy = *FindPolicy("full-mm");
  EXPECT_FALSE(HeldSafe(policy, *FindArch("x86"), ran.schedule()));
  EXPECT_TRUE(HeldSafe(policy, *FindArch("arm64"), ran.schedule()));
  EXPECT_TRUE(HeldSafe(policy, *FindArch("x86"), FromText(kBoth).schedule));
  // A CPU that is awake is told.
  const std::string awake =
      "cpus 3\ninit\n cached cpu1 0..16\ncpu0\n unshare 0..16\ncpu1\n read 5\n idle\n"
      "cpu2\n othermunmap 0..16\norder\n cpu0 until i_mmap_unlock_write\n cpu2 until done\n rest\n";
  EXPECT_EQ(Verdict(awake, "full-mm", "x86"), "none");
}

// An mm that ends parts from the table as well, in a gather of the whole mm.
TEST(Unshare, SoDoesAnMmThatEnds) {
  const std::string ends = kCached + "cpu0\n exit\ncpu1\n othermunmap 0..16\n" + kOtherBeforeFinish;
  for (const char* arch : {"x86", "arm64"}) {
    const Ran ran(ends, "full-mm", arch);
    EXPECT_EQ(ran.verdict(), "none") << arch;
    EXPECT_EQ(ran.Count("cpu0 huge_pmd_unshare(0)"), 1) << arch;
    EXPECT_LT(ran.At("cpu0 tlb_flush_done(0)"), ran.At("cpu0 i_mmap_unlock_write(0)")) << arch;
    EXPECT_EQ(ran.mm().data_frames, 0) << arch;
  }
  EXPECT_EQ(Verdict(ends, "unshared-at-exit", "arm64"), "freed-table-cached");
  EXPECT_EQ(Verdict(ends, "unshared-at-exit", "x86"), "none");
  const Ran alone(kCached +
                  "cpu0\n exit\ncpu1\n othermunmap 0..16\norder\n cpu1 until done\n rest\n");
  EXPECT_EQ(alone.verdict(), "none");
  EXPECT_EQ(alone.mm().data_frames, 0);
  EXPECT_EQ(alone.mm().table_frames, 1);
}

TEST(Unshare, TheTableGoesByRcuAsOthersDo) {
  const Ran ran("rcu\n" + kBoth + kOtherBeforeFinish);
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu1 call_rcu(0)"), 1);
  EXPECT_EQ(ran.mm().table_frames, 1);
}

// --- Programs at random, and such as have nothing of it ---

// A CPU of this mm, or of the other, does one of these, on one table or another.
Schedule AnySharing(Random& random) {
  Schedule schedule;
  schedule.cpus = static_cast<int>(1 + random.Below(3));
  const auto cpu = [&] {
    return MakeCpu(static_cast<int>(random.Below(static_cast<uint32_t>(schedule.cpus))));
  };
  const auto range = [&] {
    const int begin = static_cast<int>(random.Below(32));
    return PageRange{begin, begin + 1 + static_cast<int>(random.Below(18))};
  };
  for (int i = 0; i < schedule.cpus; ++i) {
    schedule.init.push_back({.kind = InitItem::Kind::kCached, .range = range(), .cpu = MakeCpu(i)});
  }
  static constexpr OpKind kKinds[] = {OpKind::kUnshare, OpKind::kOtherMunmap, OpKind::kRead,
                                      OpKind::kFill,    OpKind::kUnshare,     OpKind::kOtherMunmap,
                                      OpKind::kMap,     OpKind::kExit};
  for (uint32_t n = 2 + random.Below(5); n > 0; --n) {
    const OpKind kind = kKinds[random.Below(std::size(kKinds))];
    ProgramLine line{MakeAgent(Info(kind).agent, cpu()), {.kind = kind, .range = range()}};
    if (Info(kind).has_page()) line.op.range.end = line.op.range.begin + 1;
    if (Info(kind).operands == Operands::kAll) line.op.range = {0, kPages};
    schedule.program.push_back(line);
  }
  const auto tail = static_cast<Tail::Kind>(1 + random.Below(kTailKinds - 1));
  schedule.tail = {.kind = tail, .seed = static_cast<uint32_t>(random.Next())};
  schedule.rcu = random.Below(4) == 0;
  Canonicalize(schedule);
  return schedule;
}

TEST(Unshare, NoPolicyThatIsSafeBreaksAndNothingIsLeaked) {
  auto execution = std::make_unique<Execution>();
  Random random(1);
  int shared = 0;
  for (int i = 0; i < 6000 && !HasFailure(); ++i) {
    const Schedule schedule = AnySharing(random);
    const auto& policies = Policies();
    const Policy& policy = *policies[static_cast<size_t>(i) % policies.size()];
    const Arch& arch = *Archs()[static_cast<size_t>(i / 13 % 2)];
    if (!HeldSafe(policy, arch, schedule)) continue;
    shared += Shares(schedule);
    const RunResult result = execution->Execute(schedule, policy, arch, {});
    EXPECT_TRUE(result.clean()) << Info(result.violation.kind).name << " "
                                << result.violation.detail << "\n"
                                << policy.name() << PrintText({.schedule = schedule});
    const World& world = execution->world();
    const Determined determined = DeterminedBy(schedule);
    EXPECT_FALSE(FirstDifference(Final(world, determined), Predict(schedule, determined)))
        << PrintText({.schedule = schedule});
  }
  EXPECT_GT(shared, 2000);
}

TEST(Unshare, ProgramsWithoutItHaveNothingOfIt) {
  const Ran ran("cpus 2\ninit\n map 0..16 rw huge\n present 0..16\ncpu0\n munmap 0..16\n");
  EXPECT_EQ(ran.world().hugetlb, 0);
  EXPECT_EQ(ran.world().others_tables, (std::array<FrameId, kPuds>{}));
  EXPECT_FALSE(OfHugetlb(ran.world(), {0, kPages}));
  EXPECT_EQ(ran.Count("cpu0 i_mmap_lock_write(0)"), 0);
}

TEST(Unshare, KeepsItsBytesAndItsText) {
  const Schedule schedule = FromText(kBoth).schedule;
  Schedule decoded;
  DecodeBytes(EncodeBytes(schedule), decoded);
  EXPECT_EQ(decoded, schedule);
  EXPECT_THAT(PrintText({.schedule = schedule}), HasSubstr("  othermunmap 0..16\n"));
  const auto weak = ParseText("gatherfuzz 1\nmemory weak\ncpu0\n unshare 0..1\norder\n rest\n");
  ASSERT_TRUE(std::holds_alternative<TextError>(weak));
  TextNotes notes;
  const auto none = ParseText(
      "gatherfuzz 1\ncpus 1\ninit\n map 3..4 rw\ncpu0\n unshare 0..1\norder\n rest\n", &notes);
  ASSERT_TRUE(std::holds_alternative<ScheduleFile>(none));
  ASSERT_EQ(notes.warnings.size(), 1u);
  EXPECT_THAT(notes.warnings[0].text, HasSubstr("no page table is shared"));
}

}  // namespace
}  // namespace gatherfuzz
