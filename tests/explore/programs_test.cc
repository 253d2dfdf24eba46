// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The programs within bounds: held against a plain enumeration. That what they leave out would run
// the same is renaming_test.cc's.
#include "explore/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Bounds BoundsFrom(const std::string& text) { return std::get<Bounds>(ParseBounds(text)); }

Programs ProgramsWithin(const std::string& bounds) {
  auto programs = Programs::Enumerate(BoundsFrom(bounds));
  return std::get<Programs>(std::move(programs));
}

bool OpensGather(const ProgramLine& line) {
  return line.op.kind == OpKind::kMunmap || line.op.kind == OpKind::kDontneed ||
         line.op.kind == OpKind::kFree;
}

size_t AgentsOf(const std::vector<ProgramLine>& program) {
  std::set<AgentId> agents;
  for (const ProgramLine& line : program) agents.insert(line.agent);
  return agents.size();
}

std::vector<ProgramLine> LinesOf(const Schedule& schedule) {
  return {schedule.program.begin(), schedule.program.end()};
}

// --- All programs, without symmetry, in the plainest way ---

class Brute {
 public:
  explicit Brute(const Bounds& bounds) : bounds_(bounds) { Extend(0, bounds.ops, bounds.walkers); }

  // One name for all programs that differ only in names.
  std::string NameOf(std::vector<ProgramLine> program) const {
    if (bounds_.symmetry == 0) return Spell(program);
    const int middle = bounds_.at + 4;
    const bool two_tables = bounds_.pages == 8 && bounds_.at % 4 == 0 && bounds_.at % 16 != 12;
    const auto in_upper = [&](const ProgramLine& line) { return line.op.range.begin >= middle; };
    if (two_tables && std::all_of(program.begin(), program.end(), in_upper)) {
      for (ProgramLine& line : program) line.op.range.begin -= 4, line.op.range.end -= 4;
    }
    std::vector<int> cpus(static_cast<size_t>(bounds_.cpus));
    std::iota(cpus.begin(), cpus.end(), 0);
    std::string least;
    do {
      std::vector<ProgramLine> renamed = program;
      for (ProgramLine& line : renamed) {
        const int cpu = cpus[static_cast<size_t>(Index(CpuOf(line.agent)))];
        line.agent = MakeAgent(KindOf(line.agent), MakeCpu(cpu));
      }
      const std::string name = Spell(renamed);
      if (least.empty() || name < least) least = name;
    } while (std::next_permutation(cpus.begin(), cpus.end()));
    return least;
  }

  std::set<std::string> names;
  uint64_t kept = 0;
  uint64_t skipped = 0;

 private:
  void Extend(int least_agent, int ops, int fills) {
    Take();
    for (int agent = least_agent; agent < 2 * bounds_.cpus; ++agent) {
      const CpuId cpu = MakeCpu(agent % bounds_.cpus);
      const bool walker = agent >= bounds_.cpus;
      if (walker ? fills == 0 : ops == 0) continue;
      for (const Op& op : walker ? Fills() : Ops()) {
        program_.push_back({walker ? WalkerAgent(cpu) : CpuAgent(cpu), op});
        Extend(agent, ops - !walker, fills - walker);
        program_.pop_back();
      }
    }
  }

  void Take() {
    const bool gather = std::any_of(program_.begin(), program_.end(), OpensGather);
    if (!gather || AgentsOf(program_) < 2) {
      ++skipped;
      return;
    }
    ++kept;
    names.insert(NameOf(program_));
  }

  std::vector<Op> Fills() const {
    std::vector<Op> fills;
    for (int page = bounds_.at; page < bounds_.at + bounds_.pages; ++page) {
      fills.push_back({OpKind::kFill, {page, page + 1}, {}});
    }
    return fills;
  }

  std::vector<Op> Ops() const {
    std::vector<Op> ops;
    for (const OpKind kind : {OpKind::kMap, OpKind::kMunmap, OpKind::kDontneed, OpKind::kFree,
                              OpKind::kRead, OpKind::kWrite}) {
      if ((bounds_.kinds & Bit(kind)) == 0) continue;
      const bool page = kind == OpKind::kRead || kind == OpKind::kWrite;
      for (int begin = bounds_.at; begin < bounds_.at + bounds_.pages; ++begin) {
        for (int end = begin + 1; end <= bounds_.at + bounds_.pages; ++end) {
          if (page && end > begin + 1) continue;
          VmaFlags flags;
          if (kind == OpKind::kMap) flags = {.write = true, .huge = bounds_.huge == 1};
          ops.push_back({kind, {begin, end}, flags});
        }
      }
    }
    return ops;
  }

  static std::string Spell(const std::vector<ProgramLine>& program) {
    std::string text;
    for (int agent = 0; agent < kMaxAgents; ++agent) {
      for (const ProgramLine& line : program) {
        if (Index(line.agent) == agent)
          text += AgentName(line.agent) + " " + PrintOp(line.op) + "\n";
      }
    }
    return text;
  }

  const Bounds bounds_;
  std::vector<ProgramLine> program_;
};

class Within : public ::testing::TestWithParam<const char*> {};

TEST_P(Within, EachClassHasOneProgram) {
  const Programs programs = ProgramsWithin(GetParam());
  const Brute brute(programs.bounds());
  std::set<std::string> names;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    const std::string name = brute.NameOf(LinesOf(programs.At(i)));
    EXPECT_TRUE(names.insert(name).second) << "twice:\n" << name;
    EXPECT_TRUE(brute.names.contains(name)) << "not one of them:\n" << name;
  }
  EXPECT_EQ(names.size(), brute.names.size());
  EXPECT_EQ(programs.before_symmetry(), brute.kept);
  EXPECT_EQ(programs.skipped(), brute.skipped);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, Within,
    ::testing::Values("", "symmetry=0", "cpus=3 pages=2", "cpus=3 ops=3 pages=1 walkers=2",
                      "cpus=3 ops=3 pages=1 walkers=2 symmetry=0", "cpus=1 walkers=2 kinds=free",
                      "cpus=4 walkers=2 pages=2 kinds=map,munmap,write",
                      "cpus=4 ops=4 walkers=0 "
                      "pages=1 kinds=munmap,read",
                      "ops=1 walkers=3", "pages=8 kinds=munmap,write",
                      "pages=8 at=40 kinds=free walkers=0", "pages=8 at=12 kinds=free walkers=0",
                      "pages=8 at=41 kinds=free walkers=0", "pages=8 at=38 kinds=free walkers=0",
                      "pages=8 kinds=munmap,read huge=1 walkers=0 cpus=3",
                      "pages=8 kinds=dontneed,map walkers=0 symmetry=0",
                      "pages=7 kinds=dontneed walkers=2", "vmas=2 at=16 kinds=dontneed walkers=2"));

// --- What each of them is ---

// 24 operations (18 of them open a gather), 3 fills, 2 CPUs. Within the bounds are
// (1 + 2 * 24 + 3 * 24 * 24) * (1 + 2 * 3) = 12439. Both CPUs alike: one gather each, 18 programs.
TEST(Programs, TheirNumberWithinTheDefaultBounds) {
  const Programs programs = ProgramsWithin("");
  EXPECT_EQ(programs.before_symmetry() + programs.skipped(), 12439);
  EXPECT_EQ(programs.before_symmetry(), 10476);
  EXPECT_EQ(programs.size(), (10476 + 18) / 2);
}

TEST(Programs, InitialStatesMultiplyThem) {
  const Programs one = ProgramsWithin("pages=2");
  const Programs all = ProgramsWithin("pages=2 init=warm,cold,dirty,empty");
  EXPECT_EQ(all.size(), 4 * one.size());
  EXPECT_EQ(all.before_symmetry(), 4 * one.before_symmetry());
  EXPECT_EQ(all.skipped(), 4 * one.skipped());
  for (uint64_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all.At(i).program, one.At(i / 4).program) << i;
  }
}

// Operations, fills, pages that occur: what the order goes by.
std::tuple<int, int, int> SizeOf(const Schedule& schedule) {
  int ops = 0, fills = 0;
  uint64_t pages = 0;
  for (const auto& [agent, op] : schedule.program) {
    (op.kind == OpKind::kFill ? fills : ops) += 1;
    pages |= MaskOf(op.range);
  }
  return {ops, fills, std::popcount(pages)};
}

TEST(Programs, SmallOnesComeFirst) {
  for (const char* text : {"ops=3 pages=2 walkers=2", "cpus=3",
                           "pages=8 kinds=munmap init=warm,cold", "cpus=3 pages=2 symmetry=0"}) {
    const Programs programs = ProgramsWithin(text);
    auto before = SizeOf(programs.At(0));
    for (uint64_t i = 1; i < programs.size(); ++i) {
      const auto size = SizeOf(programs.At(i));
      ASSERT_LE(before, size) << text << " at " << i;
      before = size;
    }
  }
}

TEST(Programs, TheFirstIsASmallestOne) {
  EXPECT_EQ(PrintText({.schedule = ProgramsWithin("").At(0)}), R"(gatherfuzz 1
cpus 2

init
  map 3..6 rw
  present 3..6
  cached cpu0 3..6
  cached cpu1 3..6

cpu0
  munmap 3..4

walk0
  fill 3

order
  rest
)");
}

// Within one size: who has how much, then content, the first CPU's first operation first.
TEST(Programs, OfOneSizeGoByContent) {
  const Programs programs = ProgramsWithin("pages=1 kinds=munmap,read walkers=0");
  std::vector<std::string> spelled;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    std::string text;
    for (const auto& [agent, op] : programs.At(i).program) {
      text += AgentName(agent) + " " + PrintOp(op) + "; ";
    }
    spelled.push_back(text);
  }
  EXPECT_THAT(spelled, ElementsAre("cpu0 munmap 3..4; cpu1 munmap 3..4; ",
                                   "cpu0 munmap 3..4; cpu1 read 3; "));
  const Programs longer = ProgramsWithin("pages=1 kinds=munmap,read walkers=0 ops=3");
  EXPECT_EQ(PrintOp(longer.At(3).program[0].op), "munmap 3..4");
  EXPECT_EQ(PrintOp(longer.At(4).program[1].op), "read 3");
}

TEST(Programs, AreCanonicalAndRoundTripAsText) {
  for (const char* text : {"init=warm,cold,dirty,empty pages=2", "cpus=4 pages=2 batch=1",
                           "huge=1 pages=8 vmas=2 "
                           "kinds=map,free",
                           "pages=8 kinds=munmap,map vmas=2 init=dirty,empty at=56"}) {
    const Programs programs = ProgramsWithin(text);
    for (uint64_t i = 0; i < programs.size(); ++i) {
      const Schedule schedule = programs.At(i);
      ASSERT_EQ(WhatIsWrongWith(schedule), "") << text << " at " << i;
      ASSERT_TRUE(schedule.order.empty());
      ASSERT_EQ(schedule.tail, Tail{});
      ASSERT_EQ(schedule.cpus, programs.bounds().cpus);
      ASSERT_EQ(schedule.batch, programs.bounds().batch);
      if (i % 7 != 0) continue;  // text takes its time
      ASSERT_EQ(FromText(PrintText({.schedule = schedule})).schedule, schedule);
    }
  }
}

// The lines of the initial state, of the program with that index.
std::string InitOf(const Programs& programs, uint64_t index) {
  const std::string text = PrintText({.schedule = programs.At(index)});
  const size_t begin = text.find("init\n") + 5;
  return text.substr(begin, text.find("\n\n", begin) - begin);
}

TEST(Programs, InitialStates) {
  const Programs programs = ProgramsWithin("init=empty,dirty,cold,warm pages=2 cpus=3");
  const std::string mapped = "  map 3..5 rw", present = mapped + "\n  present 3..5";
  const std::string cached = "\n  cached cpu0 3..5\n  cached cpu1 3..5\n  cached cpu2 3..5";
  EXPECT_EQ(InitOf(programs, 0), present + cached);
  EXPECT_EQ(InitOf(programs, 1), present);
  EXPECT_EQ(InitOf(programs, 2), present + " dirty" + cached);
  EXPECT_EQ(InitOf(programs, 3), mapped);
  EXPECT_EQ(InitOf(programs, 4), present + cached);
  EXPECT_EQ(InitOf(ProgramsWithin("huge=1 vmas=2 pages=8 init=empty kinds=free"), 0),
            "  map 0..4 rw huge\n  map 4..8 rw huge");
  EXPECT_EQ(InitOf(ProgramsWithin("vmas=2 pages=5 at=8 init=empty kinds=free"), 0),
            "  map 8..10 rw\n  map 10..13 rw");
}

TEST(Programs, AMapIsAsTheInitialStateMaps) {
  const Programs programs = ProgramsWithin("huge=1 pages=4 kinds=map,munmap walkers=0");
  std::set<std::string> maps;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    for (const auto& [agent, op] : programs.At(i).program) {
      if (op.kind == OpKind::kMap) maps.insert(PrintOp(op));
    }
  }
  EXPECT_EQ(maps.size(), 10);
  EXPECT_TRUE(maps.contains("map 4..8 rw huge"));
}

// --- Bounds that are refused ---

std::string Refusal(const Bounds& bounds) {
  const auto programs = Programs::Enumerate(bounds);
  const auto* error = std::get_if<std::string>(&programs);
  return error != nullptr ? *error : "none";
}

TEST(Programs, TooManyAreRefused) {
  for (const char* text : {"cpus=4 ops=6 walkers=4 pages=8", "cpus=1 ops=6 walkers=4 pages=8",
                           "cpus=4 ops=6 walkers=0 pages=8 kinds=free,read,write"}) {
    EXPECT_THAT(Refusal(BoundsFrom(text)), HasSubstr(": more than 20000000 programs; lower ops, "));
  }
}

TEST(Programs, WrongBoundsAreRefused) {
  Bounds bounds;
  bounds.kinds = Bit(OpKind::kRead);
  EXPECT_THAT(Refusal(bounds), HasSubstr("kinds=read: expected at least one of"));
}

// The least that is not wrong has a program; see bounds.h.
TEST(Programs, NoBoundsAreEmpty) {
  EXPECT_GT(ProgramsWithin("cpus=1 ops=1 pages=1 kinds=free").size(), 0);
  EXPECT_GT(ProgramsWithin("cpus=2 ops=2 pages=1 kinds=free walkers=0").size(), 0);
  EXPECT_GT(ProgramsWithin("cpus=1 ops=1 pages=8 kinds=free").size(), 0);
}

}  // namespace
}  // namespace gatherfuzz
