// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the program alone determines of the final memory: each rule on both sides of its line, the
// prediction against real runs, and that a difference is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "harness/random.h"
#include "model/kernel/page_table.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr Determined kEverything{.vma = ~uint64_t{0}, .pte = ~uint64_t{0}, .dirty = ~uint64_t{0}};

Determined Of(const std::string& text) { return DeterminedBy(FromText(text).schedule); }

// What is determined of `page`: 3 the dirty bit too, 2 the PTE and the VMA, 1 the VMA, 0 nothing.
int LevelOf(const Determined& determined, int page) {
  return static_cast<int>((determined.vma >> page & 1) + (determined.pte >> page & 1) +
                          (determined.dirty >> page & 1));
}

// All that full-mm leaves of `text`, which must be clean.
FinalMemory Left(const std::string& text) {
  static Execution execution;
  const RunResult result =
      execution.Execute(FromText(text).schedule, *FindPolicy("full-mm"), *FindArch("x86"));
  EXPECT_TRUE(result.clean()) << text;
  return Final(execution.world(), kEverything);
}

// The level of what two memories agree on at `page`, numbered as LevelOf() does.
int AgreeOn(const FinalMemory& a, const FinalMemory& b, int page) {
  const auto same = [page](uint64_t x, uint64_t y) { return ((x ^ y) >> page & 1) == 0; };
  if (!same(a.vma, b.vma) || !same(a.vma_write, b.vma_write)) return 0;
  if (!same(a.present, b.present) || !same(a.writable, b.writable)) return 1;
  return same(a.dirty, b.dirty) ? 3 : 2;
}

// --- The rules: two operations of two CPUs, and what is determined of a page ---

struct Pair {
  const char* init;
  const char* first;
  const char* second;
  int page;
  int level;
  const char* order = "cpu0 until done\nrest";  // the one to hold against "all of cpu1 first"
};

std::string TextOf(const Pair& pair, bool one_cpu, const char* order) {
  return std::string("cpus 2\ninit\n") + pair.init + "\ncpu0\n" + pair.first +
         (one_cpu ? "\n" : "\ncpu1\n") + pair.second + "\norder\n" + order;
}

void CheckPair(const Pair& pair) {
  SCOPED_TRACE(std::string(pair.first) + " and " + pair.second + " after " + pair.init);
  EXPECT_EQ(LevelOf(Of(TextOf(pair, false, "rest")), pair.page), pair.level);
  EXPECT_EQ(LevelOf(Of(TextOf(pair, true, "rest")), pair.page), 3) << "one CPU does both";
  // Not a matter of taste: in one order and the other, they leave the same up to there, no further.
  const FinalMemory one = Left(TextOf(pair, false, pair.order));
  const FinalMemory other = Left(TextOf(pair, false, "cpu1 until done\nrest"));
  EXPECT_EQ(AgreeOn(one, other, pair.page), pair.level);
}

constexpr const char* kSmall = "map 0..4 rw\npresent 0..4";
constexpr const char* kEmpty = "map 0..4 rw";
constexpr const char* kNothing = "map 8..12 rw";

TEST(FinalMemory, OfTheVmaIsDeterminedUnlessTwoMapOrOneMapsAndOneUnmaps) {
  CheckPair({kNothing, "map 1..2 rw", "map 1..2 r", 1, 0});
  CheckPair({kNothing, "map 1..2 rw", "munmap 1..2", 1, 0});
  CheckPair({kSmall, "munmap 1..2", "munmap 0..4", 1, 3});
  CheckPair({kNothing, "map 1..2 rw", "map 2..3 r", 1, 3});
  CheckPair({kNothing, "map 1..2 rw", "munmap 2..3", 1, 3});
  // A map fails as a whole.
  CheckPair({kNothing, "map 0..2 rw", "map 1..3 rw", 0, 0});
  CheckPair({kNothing, "map 0..2 rw", "map 1..3 rw", 2, 0});
  CheckPair({kNothing, "map 2..4 rw", "map 3..4 r\nmap 1..3 rw", 1, 0});
  CheckPair({kNothing, "map 2..4 rw", "map 3..4 r\nmap 1..3 rw\nmap 0..2 rw", 0, 0});
  CheckPair({kNothing, "map 2..3 rw", "map 3..4 r\nmap 1..2 rw\nmap 0..2 rw", 0, 3});
}

TEST(FinalMemory, OfThePteIsDeterminedUnlessOneAccessesWhatAnotherZapsOrMaps) {
  CheckPair({kSmall, "read 1", "dontneed 1..2", 1, 1});
  CheckPair({kSmall, "write 1", "dontneed 0..4", 1, 1});
  CheckPair({kEmpty, "write 1", "dontneed 0..4", 1, 1});
  CheckPair({kNothing, "read 1", "map 1..2 r", 1, 1});
  CheckPair({kNothing, "dontneed 1..2", "map 1..2 r", 1, 3});
  CheckPair({kSmall, "dontneed 0..2", "dontneed 1..3", 1, 3});
  CheckPair({kSmall, "dontneed 0..2", "munmap 1..3", 1, 3});
  CheckPair({kSmall, "read 1", "dontneed 2..4", 1, 3});
  CheckPair({kSmall, "read 1", "munmap 2..4", 1, 3});
  CheckPair({kEmpty, "read 1", "write 1", 1, 3});
  CheckPair({kEmpty, "write 1", "write 2", 1, 3});
  // A fill only sets the accessed bit.
  const std::string filled = "cpus 2\ninit\nmap 0..4 rw\npresent 0..4\ncpu0\nwrite 1\n";
  EXPECT_EQ(LevelOf(Of(filled + "dontneed 1..2\nwalk1\nfill 1\norder\nrest"), 1), 3);
}

// What both mms have of a hugetlb file is there before anybody runs, and stays if nobody does.
TEST(FinalMemory, NothingIsDeterminedOfSharedTables) {
  for (const char* who : {"cpu1\nunshare 16..32\n", "cpu1\nidle\nunshare 16..32\n"}) {
    const std::string text = std::string("cpus 2\ninit\nmap 0..4 rw\n") + who + "order\nrest";
    EXPECT_EQ(LevelOf(Of(text), 16), 0) << text;
    EXPECT_EQ(LevelOf(Of(text), 1), 3) << text;
  }
}

TEST(FinalMemory, OfTheDirtyBitIsDeterminedUnlessOneWritesWhatAnotherFrees) {
  CheckPair({kSmall, "write 1", "free 1..2", 1, 2});
  CheckPair({kSmall, "write 1", "free 2..4", 1, 3});
  CheckPair({kSmall, "read 1", "free 1..2", 1, 3});
  CheckPair({"map 0..4 rw\npresent 0..4 dirty", "free 1..2", "free 1..3", 1, 3});
  CheckPair({"map 0..4 rw\npresent 0..4 dirty", "free 1..2", "dontneed 0..3", 1, 3});
}

// A free that meets a large folio skips it, but not the first page under a page table.
TEST(FinalMemory, OfTheDirtyBitIsNotDeterminedWhereAFreeMaySkip) {
  const std::string text = "init\nmap 0..8 rw\npresent 0..8 dirty\ncpu0\nfree 2..6\norder\n";
  for (const int page : {2, 3, 4, 5}) {
    const bool first = page == 2 || page == 4;
    EXPECT_EQ(LevelOf(Of(text + "rest"), page), first ? 3 : 2) << page;
    const std::string skips = "cpu0 until split_folio(" + std::to_string(page) + ")\nrest";
    EXPECT_EQ(AgreeOn(Left(text + "rest"), Left(text + skips), page), first ? 3 : 2) << page;
  }
}

TEST(FinalMemory, TakesABlockForOnePageIfAHugeVmaMayCoverIt) {
  constexpr const char* kHuge = "map 0..8 rw huge\npresent 0..8";
  constexpr const char* kHugeEmpty = "map 0..8 rw huge";
  constexpr const char* kNotQuite = "map 1..8 rw huge";
  CheckPair({kHuge, "read 1", "dontneed 0..4", 3, 1});
  CheckPair({kHuge, "read 1", "dontneed 4..8", 3, 3});
  CheckPair({kHugeEmpty, "read 1", "dontneed 3..4", 3, 1});
  CheckPair({kNotQuite, "read 1", "dontneed 3..4", 3, 3});
  CheckPair({kNotQuite, "write 1", "free 3..4", 3, 3});
  // A free splits the leaf; what is populated after that is small.
  CheckPair({kHugeEmpty, "read 1\ndontneed 0..4\nread 1", "free 3..4", 3, 1,
             "cpu0 until access(1) #2\ncpu1 until done\nrest"});
  CheckPair({kNotQuite, "read 1\ndontneed 1..4\nread 1", "free 3..4", 3, 3});
  CheckPair({kHugeEmpty, "write 1", "read 3", 3, 3});
}

// Both orders leave the same PTE here, but the analysis does not look that far.
TEST(FinalMemory, IsLeftOpenWhereTheRulesAreTooCoarse) {
  const Pair beside_unmap{kSmall, "read 1", "munmap 1..2", 1, 1};
  EXPECT_EQ(LevelOf(Of(TextOf(beside_unmap, false, "rest")), 1), 1);
  const Pair beside_split{"map 0..8 rw huge", "write 1", "free 3..4", 3, 1};
  EXPECT_EQ(LevelOf(Of(TextOf(beside_split, false, "rest")), 3), 1);
}

// --- Memory ---

// Each of `zappers` CPUs stops with five pages queued; another populates four of each again, and a
// third one page more.
std::string ManyZappers(int zappers, bool last_first) {
  std::string text = "cpus " + std::to_string(zappers + 2) +
                     "\nbatch 8\ninit\nmap 0..64 rw\npresent 0..63\n",
              order = "order\n", reads;
  const std::string last = "cpu" + std::to_string(zappers + 1);
  if (last_first) order += last + " until done\n";
  for (int i = 0; i < zappers; ++i) {
    const std::string cpu = "cpu" + std::to_string(i), at = std::to_string(8 * i);
    text += cpu + "\ndontneed " + at + ".." + std::to_string(8 * i + 8) + "\n";
    order += cpu + " until pte_clear(" + std::to_string(8 * i + 4) + ")\n";
    for (int k = 0; k < 4; ++k) reads += "read " + std::to_string(8 * i + k) + "\n";
  }
  const std::string reader = "cpu" + std::to_string(zappers);
  return text + reader + "\n" + reads + last + "\nread 63\n" + order + reader + " until done\n" +
         last + " until done\nrest\n";
}

TEST(FinalMemory, OfWhatIsAccessedIsNotDeterminedIfMemoryMayRunOut) {
  EXPECT_EQ(LevelOf(Of(ManyZappers(2, false)), 63), 3);
  EXPECT_EQ(AgreeOn(Left(ManyZappers(2, false)), Left(ManyZappers(2, true)), 63), 3);
  EXPECT_EQ(LevelOf(Of(ManyZappers(4, false)), 63), 1);
  EXPECT_EQ(AgreeOn(Left(ManyZappers(4, false)), Left(ManyZappers(4, true)), 63), 1);
}

TEST(FinalMemory, OfAHugeBlockIsDeterminedOnlyIfThereAreBlocksForAll) {
  EXPECT_EQ(LevelOf(Of("init\nmap 0..32 rw huge\ncpu0\nread 1\norder\nrest"), 1), 3);
  EXPECT_EQ(LevelOf(Of("init\nmap 0..64 rw huge\ncpu0\nread 1\norder\nrest"), 1), 1);
  EXPECT_EQ(LevelOf(Of("init\nmap 0..64 rw\ncpu0\nread 1\norder\nrest"), 1), 3);
}

// --- The random schedules ---

void RandomSchedule(uint64_t seed, Schedule& schedule) {
  Random random(seed);
  std::array<uint8_t, 256> bytes;
  const size_t size = random.Below(4) == 0 ? random.Below(60) : 12 + random.Below(200);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(random.Next() >> 40);
  DecodeBytes({bytes.data(), size}, schedule);
}

// Programs in which CPUs meet, but mostly keep to pages of their own; with many accesses.
void CrowdedSchedule(uint64_t seed, Schedule& schedule) {
  static constexpr OpKind kKinds[] = {OpKind::kMap,      OpKind::kMunmap, OpKind::kDontneed,
                                      OpKind::kDontneed, OpKind::kFree,   OpKind::kRead,
                                      OpKind::kRead,     OpKind::kWrite,  OpKind::kWrite};
  Random random(seed);
  const int span = 4 << random.Below(4);
  const auto range = [&](PageRange within) {
    const int begin =
        within.begin +
        static_cast<int>(random.Below(static_cast<uint32_t>(within.end - within.begin)));
    if (random.Below(3) != 0) {
      return PageRange{begin, std::min(begin + 1 + static_cast<int>(random.Below(6)), within.end)};
    }
    return PageRange{RoundDown(begin, kPagesPerPmd), RoundDown(begin, kPagesPerPmd) + kPagesPerPmd};
  };
  const auto flags = [&] {
    return VmaFlags{.write = random.Below(4) != 0, .huge = random.Below(2) != 0};
  };
  schedule = Schedule{};
  schedule.cpus = 1 + static_cast<int>(random.Below(4));
  schedule.batch = 1 + static_cast<int>(random.Below(kMaxBatch));
  schedule.tail = {Tail::Kind::kRuns, static_cast<uint32_t>(random.Next())};
  for (uint32_t left = random.Below(8); left > 0; --left) {
    InitItem item{.kind = static_cast<InitItem::Kind>(random.Below(3)), .range = {0, span}};
    if (random.Below(3) != 0) item.range = range({0, span});
    if (item.kind == InitItem::Kind::kMap) item.flags = flags();
    item.dirty = item.kind == InitItem::Kind::kPresent && random.Below(2) != 0;
    schedule.init.push_back(item);
  }
  for (uint32_t left = 2 + random.Below(24); left > 0; --left) {
    const int cpu = static_cast<int>(random.Below(static_cast<uint32_t>(schedule.cpus)));
    const int own = std::max(1, span / schedule.cpus);
    ProgramLine line{.agent = CpuAgent(MakeCpu(cpu)), .op = {.kind = kKinds[random.Below(9)]}};
    line.op.range =
        range(random.Below(6) != 0 ? PageRange{cpu * own, cpu * own + own} : PageRange{0, span});
    if (Info(line.op.kind).operands == Operands::kPage) {
      line.op.range.end = line.op.range.begin + 1;
    }
    if (line.op.kind == OpKind::kMap) line.op.flags = flags();
    schedule.program.push_back(line);
  }
  Canonicalize(schedule);
}

// Pages that some CPU reads or writes, and some CPU zaps: where a stale entry would show.
uint64_t Telling(const Schedule& schedule) {
  uint64_t accessed = 0, zapped = 0;
  for (const ProgramLine& line : schedule.program) {
    const OpKind kind = line.op.kind;
    if (kind == OpKind::kRead || kind == OpKind::kWrite) accessed |= MaskOf(line.op.range);
    if (kind == OpKind::kMunmap || kind == OpKind::kDontneed) zapped |= MaskOf(line.op.range);
  }
  return accessed & zapped;
}

// Runs schedules of `make` under every safe policy; returns in how many of them a telling page is
// determined.
int CheckPredictions(void (*make)(uint64_t, Schedule&), int schedules) {
  static Execution execution;
  Schedule schedule;
  int telling = 0;
  for (int seed = 1; seed <= schedules; ++seed) {
    make(static_cast<uint64_t>(seed), schedule);
    const Determined determined = DeterminedBy(schedule);
    EXPECT_EQ((determined.pte & ~determined.vma) | (determined.dirty & ~determined.pte), 0u);
    const FinalMemory predicted = Predict(schedule, determined);
    telling += (Telling(schedule) & determined.pte) != 0;
    for (const Arch* arch : Archs()) {
      for (const Policy* policy : Policies()) {
        if (!policy->SafeOn(arch->name())) continue;
        const RunResult result = execution.Execute(schedule, *policy, *arch);
        const auto difference = FirstDifference(Final(execution.world(), determined), predicted);
        if (result.clean() && !difference) continue;
        ADD_FAILURE() << "seed " << seed << ", " << policy->name() << ", " << arch->name() << ": "
                      << (result.clean() ? Describe(difference) : "not clean") << "\n"
                      << PrintText({.schedule = schedule});
        return telling;
      }
    }
  }
  return telling;
}

TEST(FinalMemory, IsWhatTheProgramSaysUnderEverySafePolicy) {
  EXPECT_GT(CheckPredictions(RandomSchedule, 20'000), 20'000 / 20);
  EXPECT_GT(CheckPredictions(CrowdedSchedule, 20'000), 20'000 / 4);
}

// --- A policy that leaves something else, and a wrong prediction ---

Pte& EntryOf(World& world, int page) {
  return EntryOf(world, EntryOf(world, PmdTableOf(world, page), page).frame, page);
}

class Harmless : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
};
class LosesDirty final : public Harmless {
  void Finishing(const Thread& t) const override {
    EntryOf(t.world(), 3).flags &= static_cast<uint8_t>(~Pte::kDirty);
  }
};
class LosesVma final : public Harmless {
  void Finishing(const Thread& t) const override { t.world().mm.vma_pages &= ~PageBit(3); }
};
// A zap that leaves page 1 where it was.
class ForgetsPage final : public Harmless {
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    if (page != 1) return GatherProtocol::RemovePage(t, frame, page, level);
    const FrameId table = EntryOf(t.world(), PmdTableOf(t.world(), page), page).frame;
    InstallLeaf(t.world(), table, page, frame, Pte::kPresent | Pte::kWrite);
    return false;
  }
};

// What comes of a program that writes page 3 and zaps 0 to 2, under a policy that nobody knows of.
std::string Noticed(const GatherProtocol& protocol) {
  static Execution execution;
  const Schedule schedule =
      FromText("init\nmap 0..4 rw\npresent 0..3\ncpu0\nwrite 3\ndontneed 0..3\norder\nrest")
          .schedule;
  const Policy policy("test-only", "", "", protocol);
  const Determined determined = DeterminedBy(schedule);
  const RunResult result = execution.Execute(schedule, policy, *FindArch("x86"));
  EXPECT_TRUE(result.clean()) << Info(result.violation.kind).name;
  const MemoryDifference difference =
      FirstDifference(Final(execution.world(), determined), Predict(schedule, determined));
  return difference ? Describe(difference) : "";
}

TEST(FinalMemory, OfAPolicyThatLeavesSomethingElseIsNoticed) {
  EXPECT_EQ(Noticed(Harmless()), "");
  EXPECT_EQ(Noticed(LosesDirty()), "page 3 is left not dirty; the program says dirty");
  EXPECT_EQ(Noticed(LosesVma()), "page 3 is left not in a VMA; the program says in a VMA");
  EXPECT_EQ(Noticed(ForgetsPage()), "page 1 is left present; the program says not present");
}

// What a stale entry does when nobody stops at it: the write goes to the old frame, and page 2 is
// not populated.
TEST(FinalMemory, AfterAStaleEntryIsNotWhatTheProgramSays) {
  static Execution execution;
  const Schedule schedule = FromText(R"(
    init
      map 0..4 rw
      present 0..4
    cpu0
      write 2
      dontneed 1..3
      write 2
    order
      rest)")
                                .schedule;
  class FlushesNothing final : public Harmless {
    bool NothingToFlush(const MmuGather&) const override { return true; }
  };
  const FlushesNothing protocol;
  const Policy policy("test-only", "", "", protocol);
  const Determined determined = DeterminedBy(schedule);
  execution.Execute(schedule, policy, *FindArch("x86"), {.ignored = ~0u});
  EXPECT_EQ(Describe(FirstDifference(Final(execution.world(), determined),
                                     Predict(schedule, determined))),
            "page 2 is left not present; the program says present");
}

TEST(FinalMemory, DiffersFromAWrongPredictionInEachProperty) {
  const Schedule schedule =
      FromText("init\nmap 0..4 rw\npresent 0..3\ncpu0\nwrite 2\norder\nrest").schedule;
  const FinalMemory right = Predict(schedule, kEverything);
  EXPECT_EQ(right,
            (FinalMemory{.vma = 0xf, .vma_write = 0xf, .present = 7, .writable = 7, .dirty = 4}));
  EXPECT_FALSE(FirstDifference(right, right));
  for (uint64_t FinalMemory::* property :
       {&FinalMemory::vma, &FinalMemory::vma_write, &FinalMemory::present, &FinalMemory::writable,
        &FinalMemory::dirty}) {
    for (const int page : {0, 2, 63}) {
      FinalMemory wrong = right;
      wrong.*property ^= PageBit(page);
      EXPECT_EQ(FirstDifference(right, wrong).page, page);
      EXPECT_EQ(FirstDifference(right, wrong).left, (right.*property & PageBit(page)) != 0);
    }
  }
}

}  // namespace
}  // namespace gatherfuzz
