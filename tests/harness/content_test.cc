// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// fork, pin, migrate, ksm and writes that copy: what they do to pages and to what pages hold, in
// which steps, and both sides of the lines that the oracle draws for who decides on content.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "model/arch/arch.h"
#include "tests/traced_run.h"

namespace gatherfuzz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Ran = TracedRun;

const std::string kOne = "cpus 2\ninit\n map 0..4 rw\n present 0..1 dirty\n";
// Two dirty pages, which both CPUs have cached.
const std::string kTwo =
    "cpus 2\ninit\n map 0..4 rw\n present 0..2 dirty\n cached cpu0 0..2\n cached cpu1 0..2\n";
const std::string kHuge =
    "cpus 2\ninit\n map 0..8 rw huge\n present 0..4 dirty\n cached cpu1 0..4\n";

const Folio& FolioAt(const Ran& ran, int page) { return ran.world().folio(ran.entry(page).frame); }

// --- fork, and the writes behind it ---

TEST(Fork, TakesTheRightToWriteAndFlushesAll) {
  const Ran ran(kOne + "cpu0\n fork\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(
      ran.steps(),
      ElementsAre("cpu0 mmap_write_lock", "cpu0 pud_read(0)", "cpu0 pmd_read(0)",
                  "cpu0 pte_lock(0)", "cpu0 pte_read(0)", "cpu0 pte_wrprotect(0)",
                  "cpu0 pte_read(1)", "cpu0 pte_read(2)", "cpu0 pte_read(3)", "cpu0 pte_unlock(3)",
                  "cpu0 tlb_flush(0)", "lent inv0 deliver(0)", "lent inv1 deliver(0)",
                  "cpu0 tlb_flush_done(0)", "cpu0 mmap_write_unlock", "cpu0 syscall_return(0)"));
  EXPECT_EQ(ran.entry(0).flags, Pte::kPresent | Pte::kAccessed | Pte::kDirty);
  EXPECT_EQ(FolioAt(ran, 0).refs, 1);
  EXPECT_EQ(FolioAt(ran, 0).shared, Folio::kShared);
}

TEST(Fork, AWriteCopiesWhatIsShared) {
  const Ran ran(kOne + "cpu0\n fork\n write 0\n write 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_THAT(ran.StepsOf("cpu0"),
              testing::IsSupersetOf({"folio_ref(0)", "copy_page(0)", "free_page(0)"}));
  EXPECT_EQ(ran.Count("cpu0 copy_page(0)"), 1) << "the copy is exclusive";
  EXPECT_LT(ran.At("cpu0 copy_page(0)"), ran.At("cpu0 pte_clear(0)"));
  EXPECT_LT(ran.At("cpu0 tlb_flush_done(0)"), ran.At("cpu0 pte_set(0)"));
  EXPECT_TRUE(ran.entry(0).writable());
  EXPECT_EQ(FolioAt(ran, 0).holds, 1u);
  // The other mm keeps the old one, which nobody else has.
  EXPECT_EQ(ran.mm().data_frames, 2);
  EXPECT_EQ(ran.mm().mapped_frames, 1);
}

TEST(Fork, ReadsCopyNothing) {
  const Ran ran(kOne + "cpu0\n fork\n read 0\ncpu1\n read 0\n");
  EXPECT_EQ(ran.Count("cpu0 copy_page(0)"), 0);
  EXPECT_EQ(ran.mm().data_frames, 1);
}

TEST(Fork, WhatIsSharedStaysSoWhateverAccessComesBack) {
  for (const char* op : {"protect 0..1 r\n protect 0..1 rw", "numa 0..1\n read 0"}) {
    const Ran ran(kOne + "cpu0\n fork\n " + op + "\n");
    EXPECT_EQ(ran.verdict(), "none") << op;
    EXPECT_FALSE(ran.entry(0).writable()) << op;
    EXPECT_TRUE(ran.entry(0).present()) << op;
  }
}

TEST(Fork, ASharedHugeLeafIsSplitAndCopiedPageByPage) {
  const Ran ran(kHuge + "cpu0\n fork\n write 2\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 pmd_invalidate(2)"), 1);
  EXPECT_EQ(ran.Count("cpu0 copy_page(2)"), 1);
  EXPECT_TRUE(ran.entry(2).writable());
  EXPECT_FALSE(ran.entry(1).writable());
  EXPECT_EQ(ran.mm().data_frames, 5);
}

TEST(Fork, DropsWhatItIsUnmappedOfToTheOtherMm) {
  const Ran ran(kTwo + "cpu0\n fork\n munmap 0..4\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.mm().data_frames, 2) << "which has them still";
  EXPECT_EQ(Ran(kTwo + "cpu0\n munmap 0..4\n").mm().data_frames, 0);
}

// A policy that leaves a writable entry behind would be told at the return.
TEST(Fork, AnswersForTheRightToWrite) {
  const Ran ran(kTwo + "cpu0\n fork\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(CallKindOf({.kind = OpKind::kFork, .range = {0, kPages}}), CallKind::kProtect);
}

// --- pin ---

TEST(Pin, KeepsAFrameThatIsUnmapped) {
  const Ran ran(kOne + "cpu0\n pin 0\n dontneed 0..1\n read 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.mm().data_frames, 2);
  EXPECT_EQ(ran.mm().mapped_frames, 1);
}

TEST(Pin, OfWhatIsNotThereIsNothing) {
  const Ran ran(kOne + "cpu0\n pin 2\n pin 63\n protect 0..1 none\n pin 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 folio_ref(2)") + ran.Count("cpu0 folio_ref(0)"), 0);
}

TEST(Pin, AnExclusivePageIsReusedAllTheSame) {
  const Ran ran(kOne + "cpu0\n pin 0\n uffdwp 0..1\n write 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 copy_page(0)"), 0);
  const Ran by_count(kOne + "cpu0\n pin 0\n uffdwp 0..1\n write 0\n", "cow-asks");
  EXPECT_EQ(by_count.verdict(), "none");
  EXPECT_EQ(by_count.Count("cpu0 copy_page(0)"), 1) << "until 5.18";
}

// --- migrate ---

TEST(Migrate, ClearsFlushesCopiesAndMapsTheNewFrame) {
  const Ran ran(kOne + "cpu0\n write 0\n migrate 0\n read 0\n");
  EXPECT_EQ(ran.verdict(), "none");
  const auto steps = ran.StepsOf("cpu0");
  const auto from = std::find(steps.begin(), steps.end(), "folio_trylock(0)");
  const std::vector<std::string> migration(from, std::find(from, steps.end(), "access(0)"));
  EXPECT_THAT(migration,
              ElementsAre("folio_trylock(0)", "alloc_page(0)", "rmap_lock(0)", "pte_lock(0)",
                          "pte_read(0)", "pte_clear(0)", "tlb_flush(0)", "tlb_flush_done(0)",
                          "pte_migration(0)", "pte_unlock(0)", "rmap_unlock(0)", "copy_page(0)",
                          "rmap_find(0)", "pte_lock(0)", "pte_read(0)", "pte_restore(0)",
                          "pte_unlock(0)", "rmap_unlock(0)", "folio_unlock(0)", "free_page(0)"));
  EXPECT_EQ(FolioAt(ran, 0).holds, 1u);
  EXPECT_TRUE(ran.entry(0).writable() && ran.entry(0).dirty());
  EXPECT_EQ(ran.mm().data_frames, 1);
}

TEST(Migrate, AFaultWaitsForIt) {
  const Ran ran(kOne +
                "cpu0\n migrate 0\ncpu1\n write 0\norder\n cpu0 until pte_unlock(0)\n"
                " cpu1 until migration_entry_wait\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu1 migration_entry_wait(0)"), 1);
  EXPECT_LT(ran.At("lent cpu0 folio_unlock(0)"), ran.At("cpu1 migration_entry_wait(0)"));
  EXPECT_EQ(FolioAt(ran, 0).holds, 2u);
}

TEST(Migrate, WhatSomebodyElseRefersToStays) {
  for (const char* op : {"pin 0", "fork"}) {
    const Ran ran(kOne + "cpu0\n " + op + "\n migrate 0\n read 0\n");
    EXPECT_EQ(ran.verdict(), "none") << op;
    EXPECT_EQ(ran.Count("cpu0 pte_restore(0)"), 1) << op;
    EXPECT_EQ(ran.mm().data_frames, 1) << op;
  }
}

TEST(Migrate, TheEntryIsZappedMovedAndProtectedAsALeafWouldBe) {
  const std::string order = "order\n cpu0 until pte_unlock(0)\n cpu1 until done\n rest\n";
  const Ran zapped(kOne + "cpu0\n migrate 0\ncpu1\n dontneed 0..1\n" + order);
  EXPECT_EQ(zapped.verdict(), "none");
  EXPECT_TRUE(zapped.entry(0).none());
  EXPECT_EQ(zapped.mm().data_frames, 0);
  const Ran moved(kOne + "cpu0\n migrate 0\ncpu1\n remap 0..1 to 8\n" + order);
  EXPECT_EQ(moved.verdict(), "none");
  EXPECT_TRUE(moved.entry(8).writable());
  EXPECT_EQ(moved.Count("cpu0 pte_restore(8)"), 1);
  const Ran shut(kOne + "cpu0\n migrate 0\ncpu1\n protect 0..1 r\n" + order);
  EXPECT_EQ(shut.verdict(), "none");
  EXPECT_TRUE(shut.entry(0).present() && !shut.entry(0).writable());
  const Ran none(kOne + "cpu0\n migrate 0\ncpu1\n protect 0..1 none\n" + order);
  EXPECT_TRUE(none.entry(0).hidden());
  const Ran forked(kOne + "cpu0\n migrate 0\ncpu1\n fork\n" + order);
  EXPECT_EQ(forked.verdict(), "none");
  EXPECT_FALSE(forked.entry(0).writable());
  EXPECT_EQ(FolioAt(forked, 0).others, 1);
  const Ran guarded("kernel 6.17\n" + kOne + "cpu0\n migrate 0\ncpu1\n guard 0..1\n" + order);
  EXPECT_EQ(guarded.verdict(), "none");
  EXPECT_TRUE(guarded.entry(0).guard());
  const Ran unmapped(kOne + "cpu0\n migrate 0\ncpu1\n munmap 0..4\n" + order);
  EXPECT_EQ(unmapped.verdict(), "none");
  EXPECT_EQ(unmapped.mm().data_frames + unmapped.mm().table_frames, 1);
}

TEST(Migrate, APageThatIsProtNoneOwesAFlushIfSomebodyDoes) {
  const std::string race =
      "cpus 2\ninit\n map 0..1 rw\n present 0..1 dirty\n cached cpu0 0..1\ncpu0\n numa 0..1\n"
      "cpu1\n migrate 0\norder\n ";
  const std::string during = "cpu0 until pte_unlock(0)\n cpu1 until copy_page(0)\n rest\n";
  const std::string after = "cpu0 until tlb_flush_done\n cpu1 until copy_page(0)\n rest\n";
  EXPECT_EQ(Ran(race + during).verdict(), "none");
  EXPECT_EQ(Ran(race + during, "prot-none-trusted").verdict(), "write-lost");
  EXPECT_EQ(Ran(race + during, "pending-raised-late").verdict(), "write-lost");
  EXPECT_EQ(Ran(race + after, "prot-none-trusted").verdict(), "none");
  EXPECT_EQ(Ran(race + after, "pending-raised-late").verdict(), "none");
}

// --- ksm ---

TEST(Ksm, ProtectsFlushesComparesAndMapsOneFrameTwice) {
  const Ran ran(kTwo + "cpu0\n ksm 0 1\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.entry(0).frame, ran.entry(1).frame);
  EXPECT_FALSE(ran.entry(0).writable() || ran.entry(1).writable());
  EXPECT_EQ(ran.mm().data_frames, 1);
  EXPECT_EQ(ran.mm().mapped_frames, 2);
  EXPECT_EQ(FolioAt(ran, 0).refs, 1);
  EXPECT_EQ(FolioAt(ran, 0).dirty, 1) << "of the page that was dirty";
  EXPECT_EQ(ran.Count("cpu0 tlb_flush(1)"), 2);
  EXPECT_LT(ran.At("cpu0 tlb_flush_done(1)"), ran.At("cpu0 memcmp_pages(1)"));
}

TEST(Ksm, PagesThatHoldSomethingElseStayApart) {
  const Ran ran(kTwo + "cpu0\n write 1\n ksm 0 1\n write 0\n ksm 0 1\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("cpu0 memcmp_pages(1)"), 2);
  EXPECT_EQ(ran.mm().data_frames, 1) << "then both hold what cpu0 has written";
  const Ran apart(kTwo + "cpu0\n write 1\n ksm 0 1\n");
  EXPECT_EQ(apart.mm().data_frames, 2);
  EXPECT_NE(apart.entry(0).frame, apart.entry(1).frame);
}

TEST(Ksm, AWriteCopiesWhatIsMerged) {
  const Ran ran(kTwo + "cpu0\n ksm 0 1\n write 0\n read 1\n write 1\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_NE(ran.entry(0).frame, ran.entry(1).frame);
  EXPECT_EQ(FolioAt(ran, 0).holds, 1u);
  EXPECT_EQ(ran.Count("cpu0 copy_page(1)"), 1) << "also where nobody else is left";
  EXPECT_EQ(ran.mm().data_frames, 2);
}

TEST(Ksm, LeavesAloneWhatIsPinnedOrLocked) {
  const Ran pinned(kTwo + "cpu0\n pin 1\n ksm 0 1\n");
  EXPECT_EQ(pinned.verdict(), "none");
  EXPECT_EQ(pinned.Count("cpu0 memcmp_pages(1)"), 0);
  EXPECT_TRUE(pinned.entry(1).writable()) << "as it was";
  const Ran locked(kTwo +
                   "cpu0\n migrate 1\ncpu1\n ksm 0 1\norder\n cpu0 until folio_trylock(1)\n"
                   " cpu1 until done\n rest\n");
  EXPECT_EQ(locked.verdict(), "none");
  EXPECT_EQ(locked.Count("cpu1 memcmp_pages(1)"), 0);
}

TEST(Ksm, AZapOfOneLeavesTheOther) {
  const Ran ran(kTwo + "cpu0\n ksm 0 1\n dontneed 0..1\n read 1\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.mm().data_frames, 1);
  EXPECT_EQ(Ran(kTwo + "cpu0\n ksm 0 1\n munmap 0..4\n").mm().data_frames, 0);
}

TEST(Ksm, ItsPagesAreDirtyForReclaim) {
  const Ran ran(kTwo + "cpu0\n ksm 0 1\nkswapd\n reclaim 0..2\norder\n cpu0 until done\n rest\n");
  EXPECT_EQ(ran.verdict(), "none");
  EXPECT_EQ(ran.Count("kswapd pte_clear(0)") + ran.Count("cpu2 pte_clear(0)"), 0);
  EXPECT_TRUE(ran.entry(0).present());
}

// --- The lines ---

// A page that cpu0 can still write, as the right to is taken away by userfaultfd and MADV_FREE.
const std::string kKsmRace =
    "cpus 3\ninit\n map 0..2 rw\n present 0..2 dirty\n cached cpu0 0..1\n"
    "cpu0\n free 0..1\ncpu1\n uffdwp 0..1\ncpu2\n ksm 1 0\norder\n ";

TEST(WriteLost, OfAPageThatIsCompared) {
  const std::string during =
      "cpu0 until pte_unlock(0)\n cpu1 until pte_unlock(0)\n cpu2 until memcmp_pages(0)\n rest\n";
  const Ran ran(kKsmRace + during, "ksm-not-asked");
  EXPECT_EQ(ran.verdict(), "write-lost");
  EXPECT_EQ(ran.violation().page, 0);
  EXPECT_EQ(ran.violation().holder, 0);
  EXPECT_STREQ(ran.violation().detail, "is compared to be merged");
  for (const char* policy : {"ksm-asks", "ksm-by-exclusive", "full-mm"}) {
    EXPECT_EQ(Ran(kKsmRace + during, policy).verdict(), "none") << policy;
  }
  const std::string after =
      "cpu0 until pte_unlock(0)\n cpu1 until tlb_flush_done\n cpu2 until memcmp_pages(0)\n rest\n";
  EXPECT_EQ(Ran(kKsmRace + after, "ksm-not-asked").verdict(), "none");
}

const std::string kCowRace =
    "cpus 2\ninit\n map 0..1 rw\n present 0..1 dirty\n cached cpu0 0..1\n"
    "cpu0\n uffdwp 0..1\ncpu1\n pin 0\n write 0\norder\n cpu1 until folio_ref(0)\n ";

TEST(WriteLost, OfAPageThatIsCopiedForAWrite) {
  const std::string during = "cpu0 until pte_unlock(0)\n cpu1 until copy_page(0)\n rest\n";
  const Ran ran(kCowRace + during, "cow-not-asked");
  EXPECT_EQ(ran.verdict(), "write-lost");
  EXPECT_STREQ(ran.violation().detail, "is copied for a write fault");
  for (const char* policy : {"cow-asks", "cow-by-exclusive", "full-mm"}) {
    EXPECT_EQ(Ran(kCowRace + during, policy).verdict(), "none") << policy;
  }
  const std::string after = "cpu0 until tlb_flush_done\n cpu1 until copy_page(0)\n rest\n";
  EXPECT_EQ(Ran(kCowRace + after, "cow-not-asked").verdict(), "none");
}

// Through a clean entry, or a read-only one, nobody writes unseen.
TEST(WriteLost, NotOfAnEntryThatIsCleanOrReadOnly) {
  const std::string during = "cpu0 until pte_unlock(0)\n cpu1 until copy_page(0)\n rest\n";
  std::string clean = kCowRace;
  clean.erase(clean.find(" dirty"), 6);
  EXPECT_EQ(Ran(clean + during, "cow-not-asked").verdict(), "none");
  const std::string read_only =
      "cpus 2\ninit\n map 0..1 rw\n present 0..1 dirty\ncpu0\n uffdwp 0..1\n read 0\n"
      " uffdwp 0..1\ncpu1\n pin 0\n write 0\norder\n cpu1 until folio_ref(0)\n"
      " cpu0 until access #2\n cpu0 until pte_unlock(0)\n cpu1 until copy_page(0)\n rest\n";
  EXPECT_EQ(Ran(read_only, "cow-not-asked").verdict(), "none");
}

TEST(WriteLost, NorOfAReadOnlyPageThatIsWrittenOut) {
  const std::string out =
      "cpus 1\ninit\n map 0..1 rw\n present 0..1 dirty\ncpu0\n protect 0..1 r\n read 0\n"
      "kswapd\n swapout 0..1\norder\n cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(out, "reclaim-writes-first").verdict(), "none");
  const std::string writable =
      "cpus 1\ninit\n map 0..1 rw\n present 0..1 dirty\ncpu0\n read 0\n"
      "kswapd\n swapout 0..1\norder\n cpu0 until done\n rest\n";
  EXPECT_EQ(Ran(writable, "reclaim-writes-first").verdict(), "write-lost");
}

// What cpu0 writes at the wrong moment is nowhere in the end: the violation is no theory.
TEST(WriteLost, IsWhatItSays) {
  const std::string race =
      "cpus 3\ninit\n map 0..1 rw\n present 0..1 dirty\n cached cpu0 0..1\n"
      "cpu0\n write 0\ncpu1\n pin 0\n write 0\ncpu2\n uffdwp 0..1\norder\n"
      " cpu1 until folio_ref(0)\n cpu2 until pte_unlock(0)\n cpu1 until copy_page(0)\n"
      " cpu0 until done\n rest\n";
  const Schedule schedule = FromText(race).schedule;
  for (const char* policy : {"cow-not-asked", "cow-asks"}) {
    Execution execution;
    const RunResult result = execution.Execute(schedule, *FindPolicy(policy), *FindArch("x86"),
                                               {.ignored = Bit(ViolationKind::kWriteLost)});
    ASSERT_TRUE(result.clean());
    const World& world = execution.world();
    const uint8_t holds = world.folio(LastEntry(world, 0).frame).holds;
    EXPECT_EQ(holds, policy == std::string("cow-asks") ? 0b11 : 0b10) << policy;
  }
}

TEST(IncoherentMapping, OfAPageThatIsMoved) {
  const std::string race =
      "cpus 2\ninit\n map 0..1 rw\n present 0..1\n cached cpu0 0..1\ncpu0\n numa 0..1\n"
      "cpu1\n migrate 0\norder\n cpu0 until pte_unlock(0)\n cpu1 until done\n rest\n";
  const Ran ran(race, "prot-none-trusted");
  EXPECT_EQ(ran.verdict(), "incoherent-mapping") << "the entry is clean: nothing is lost";
  EXPECT_EQ(ran.violation().holder, 0);
  EXPECT_EQ(Ran(race).verdict(), "none");
  const std::string discards =
      "cpus 3\ninit\n map 0..1 rw\n present 0..1\n cached cpu0 0..1\ncpu0\n numa 0..1\n"
      "cpu1\n migrate 0\ncpu2\n dontneed 0..1\norder\n cpu0 until pte_unlock(0)\n"
      " cpu1 until pte_restore(0)\n rest\n";
  EXPECT_EQ(Ran(discards, "prot-none-trusted").verdict(), "incoherent-mapping")
      << "it has not begun";
}

// --- What pages hold in the end ---

// Three CPUs that write, and take the right to, beside what decides on content; nothing discards.
Schedule AnyDecisions(Random& random) {
  static constexpr OpKind kKinds[] = {
      OpKind::kWrite,   OpKind::kWrite, OpKind::kWrite, OpKind::kRead, OpKind::kUffdwp,
      OpKind::kUffdwp,  OpKind::kNuma,  OpKind::kFree,  OpKind::kFork, OpKind::kMigrate,
      OpKind::kMigrate, OpKind::kKsm,   OpKind::kKsm,   OpKind::kPin,  OpKind::kCleardirty};
  constexpr uint32_t kSpan = 2;
  Schedule schedule;
  schedule.cpus = 3;
  schedule.init.push_back({.range = {3, 5}, .flags = {.write = true}});
  schedule.init.push_back({.kind = InitItem::Kind::kPresent, .range = {3, 5}, .dirty = true});
  for (int cpu = 0; cpu < 3; ++cpu) {
    schedule.init.push_back(
        {.kind = InitItem::Kind::kCached, .range = {3, 5}, .cpu = MakeCpu(cpu)});
  }
  for (uint32_t ops = 3 + random.Below(7); ops > 0; --ops) {
    const OpKind kind = kKinds[random.Below(std::size(kKinds))];
    const int page = 3 + static_cast<int>(random.Below(kSpan));
    Op op{.kind = kind, .range = {page, page + 1}};
    if (Info(kind).operands == Operands::kAll) op.range = {0, kPages};
    if (Info(kind).operands == Operands::kTwoPages) op.to = static_cast<uint8_t>(7 - page);
    schedule.program.push_back({CpuAgent(MakeCpu(static_cast<int>(random.Below(3)))), op});
  }
  schedule.tail = {.kind = random.Below(2) == 0 ? Tail::Kind::kRuns : Tail::Kind::kPct,
                   .seed = static_cast<uint32_t>(random.Next())};
  Canonicalize(schedule);
  return schedule;
}

// Which CPUs write the page, as the program says.
unsigned WrittenBy(const Schedule& schedule, int page) {
  unsigned cpus = 0;
  for (const auto& [agent, op] : schedule.program) {
    if (op.kind == OpKind::kWrite && op.range.begin == page) cpus |= CpuBit(CpuOf(agent));
  }
  return cpus;
}

bool HoldsAllWrites(const World& world, const Schedule& schedule) {
  for (const int page : {3, 4}) {
    const Pte leaf = LastEntry(world, page);
    if (!leaf.there() || world.folio(leaf.frame).holds != WrittenBy(schedule, page)) return false;
  }
  return true;
}

TEST(Content, NothingThatIsWrittenIsLost) {
  auto execution = std::make_unique<Execution>();
  Random random(1);
  for (int i = 0; i < 6000 && !HasFailure(); ++i) {
    const Schedule schedule = AnyDecisions(random);
    if (!Decides(schedule)) continue;
    const char* const kSafe[] = {"full-mm", "cow-asks", "ksm-asks", "cow-by-exclusive",
                                 "ksm-by-exclusive"};
    const Policy& policy = *FindPolicy(kSafe[i % std::size(kSafe)]);
    const Arch& arch = *Archs()[static_cast<size_t>(i / 5 % 2)];
    const RunResult result = execution->Execute(schedule, policy, arch, {});
    EXPECT_TRUE(result.clean()) << Info(result.violation.kind).name << " "
                                << result.violation.detail << "\n"
                                << policy.name() << PrintText({.schedule = schedule});
    EXPECT_TRUE(HoldsAllWrites(execution->world(), schedule))
        << policy.name() << PrintText({.schedule = schedule});
  }
}

TEST(Content, WhatIsLostIsWriteLost) {
  auto execution = std::make_unique<Execution>();
  Random random(2);
  int lost = 0;
  for (int i = 0; i < 30000 && !HasFailure(); ++i) {
    const Schedule schedule = AnyDecisions(random);
    if (!Decides(schedule)) continue;
    const char* const kBroken[] = {"ksm-not-asked", "cow-not-asked", "prot-none-trusted",
                                   "pending-raised-late"};
    const Policy& policy = *FindPolicy(kBroken[i % std::size(kBroken)]);
    const Arch& arch = *Archs()[static_cast<size_t>(i / 4 % 2)];
    const uint32_t ignored = Bit(ViolationKind::kWriteLost) |
                             Bit(ViolationKind::kIncoherentMapping) |
                             Bit(ViolationKind::kWritableAfterReturn);
    const RunResult result = execution->Execute(schedule, policy, arch, {.ignored = ignored});
    if (!result.clean() || HoldsAllWrites(execution->world(), schedule)) continue;
    ++lost;
    const RunResult told = execution->Execute(
        schedule, policy, arch, {.ignored = ignored & ~Bit(ViolationKind::kWriteLost)});
    EXPECT_EQ(told.violation.kind, ViolationKind::kWriteLost)
        << policy.name() << PrintText({.schedule = schedule});
  }
  EXPECT_GT(lost, 0);
}

// --- Nobody pays who does not use it ---

TEST(Content, ProgramsWithoutItMakeNoneOfTheSteps) {
  const Ran ran(kTwo + "cpu0\n uffdwp 0..1\n write 0\n protect 0..1 r\n protect 0..1 rw\n");
  EXPECT_EQ(ran.world().decides, 0);
  EXPECT_EQ(ran.world().reclaims, 0);
  EXPECT_EQ(ran.Count("cpu0 pte_accessible(0)"), 0);
  EXPECT_EQ(FolioAt(ran, 0).holds, 0u);
}

TEST(Content, KeepsItsBytesAndItsText) {
  const std::string text = kTwo + "cpu0\n fork\n migrate 3\n ksm 5 63\n ksm 63 0\n pin 7\n";
  const Schedule schedule = FromText(text).schedule;
  Schedule decoded;
  DecodeBytes(EncodeBytes(schedule), decoded);
  EXPECT_EQ(decoded, schedule);
  EXPECT_THAT(PrintText({.schedule = schedule}), HasSubstr("  ksm 5 63\n"));
  EXPECT_EQ(DeterminedBy(schedule).pte, 0u);
  const auto same = ParseText("gatherfuzz 1\ncpus 1\ncpu0\n ksm 1 1\norder\n rest\n");
  ASSERT_TRUE(std::holds_alternative<TextError>(same));
  const auto weak = ParseText("gatherfuzz 1\nmemory weak\ncpu0\n migrate 1\norder\n rest\n");
  ASSERT_TRUE(std::holds_alternative<TextError>(weak));
}

}  // namespace
}  // namespace gatherfuzz
