// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Each mutation by itself: that it keeps a schedule one that encodes, and does what it promises.
#include "fuzz/mutations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "fuzz/replay.h"
#include "harness/bytes.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr int kSchedules = 5000;

std::string Text(const Schedule& schedule) { return PrintText({.schedule = schedule}); }

std::vector<Mutation> AllMutations() {
  std::vector<Mutation> all(ProgramMutations().begin(), ProgramMutations().end());
  all.insert(all.end(), OrderMutations().begin(), OrderMutations().end());
  return all;
}

Schedule EncodedAndDecoded(const Schedule& schedule) {
  const EncodedBytes bytes = EncodeBytes(schedule);
  Schedule decoded;
  DecodeBytes({bytes.begin(), bytes.size()}, decoded);
  return decoded;
}

// --- Every mutation ---

// A random schedule; some are as full as they can be, or have one thing that is.
Schedule AnySchedule(Random& random) {
  Schedule schedule = RandomSchedule(random);
  if (random.Below(8) != 0) return schedule;
  const uint32_t which = random.Below(4);
  const auto fill = [](auto& list) {
    for (size_t i = 0; !list.empty() && !list.full(); ++i) list.push_back(list[i]);
  };
  if (which != 1) fill(schedule.program);
  if (which != 2) fill(schedule.init);
  if (which != 3) fill(schedule.order);
  Canonicalize(schedule);
  return schedule;
}

TEST(Mutations, KeepTheScheduleOneThatEncodes) {
  std::set<std::string> names;
  for (const Mutation& mutation : AllMutations()) {
    EXPECT_TRUE(names.insert(mutation.name).second) << mutation.name;
    Random schedules(1), random(2);
    int applied = 0, changed = 0;
    for (int i = 0; i < kSchedules; ++i) {
      const Schedule before = AnySchedule(schedules);
      Schedule after = before;
      const bool did = mutation.apply(after, random);
      if (!did) {
        ASSERT_TRUE(after == before) << mutation.name << " did not apply, and made of\n"
                                     << Text(before) << "this:\n"
                                     << Text(after);
        continue;
      }
      ++applied;
      Canonicalize(after);
      changed += !(after == before);
      ASSERT_EQ(WhatIsWrongWith(after), "") << mutation.name << "\n" << Text(after);
      ASSERT_TRUE(EncodedAndDecoded(after) == after) << mutation.name << "\n" << Text(after);
    }
    EXPECT_GT(applied, kSchedules / 20) << mutation.name;
    EXPECT_GT(changed, applied / 4) << mutation.name;
  }
}

TEST(Mutations, AreFunctionsOfTheScheduleAndTheGenerator) {
  for (const Mutation& mutation : AllMutations()) {
    Random schedules(3);
    for (uint64_t i = 0; i < 100; ++i) {
      Schedule one = RandomSchedule(schedules), other = one;
      Random random(i), same(i);
      const bool did = mutation.apply(one, random);
      ASSERT_EQ(mutation.apply(other, same), did) << mutation.name;
      ASSERT_TRUE(one == other) << mutation.name;
      ASSERT_EQ(random.Next(), same.Next()) << mutation.name;
    }
  }
}

// --- What each promises ---

// Applies the mutation of that name to random schedules, and shows each that it changes: before,
// after, and the generator's seed.
template <typename Check>
void ForEach(const char* name, Check check, int count = 1000) {
  const std::vector<Mutation> all = AllMutations();
  const auto mutation = std::find_if(all.begin(), all.end(),
                                     [&](const Mutation& m) { return !strcmp(m.name, name); });
  ASSERT_NE(mutation, all.end()) << name;
  Random schedules(4);
  int applied = 0;
  for (uint64_t seed = 0; seed < static_cast<uint64_t>(count); ++seed) {
    const Schedule before = RandomSchedule(schedules);
    Schedule after = before;
    Random random(seed);
    if (!mutation->apply(after, random)) continue;
    ++applied;
    check(before, after, seed);
    if (testing::Test::HasFailure()) {
      FAIL() << name << " made of\n" << Text(before) << "this:\n" << Text(after);
    }
  }
  EXPECT_GT(applied, count / 20) << name;
}

// Whether `shorter` is `longer` without some items, wherever they stood.
template <typename List>
bool LacksSome(const List& longer, const List& shorter) {
  size_t found = 0;
  for (const auto& item : longer) found += found < shorter.size() && item == shorter[found];
  return found == shorter.size() && shorter.size() < longer.size();
}

// How many lines at the same index differ.
template <typename List>
int Differing(const List& a, const List& b) {
  EXPECT_EQ(a.size(), b.size());
  int differing = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) differing += !(a[i] == b[i]);
  return differing;
}

bool SamePrograms(Schedule a, const Schedule& b) {
  a.order = b.order;
  a.tail = b.tail;
  return a == b;
}

bool SameOrder(const Schedule& a, const Schedule& b) {
  return a.order == b.order && a.tail == b.tail;
}

TEST(Mutations, OfTheProgramAddDropAndChangeOneLine) {
  ForEach("add-ops", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksSome(after.program, before.program));
    EXPECT_TRUE(SameOrder(before, after));
  });
  ForEach("copy-op", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksOne(after.program, before.program));
    EXPECT_TRUE(SameOrder(before, after));
  });
  ForEach("drop-op", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksOne(before.program, after.program));
    EXPECT_TRUE(SameOrder(before, after));
    EXPECT_FALSE(after.program.empty());
  });
  const auto changes = [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_LE(Differing(before.program, after.program), 1);
    EXPECT_TRUE(before.init == after.init && SameOrder(before, after));
  };
  ForEach("change-kind", changes);
  ForEach("change-range", changes);
  ForEach("overlap", changes);
  ForEach("share-page", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_NE(LacksOne(after.program, before.program), LacksOne(after.init, before.init));
  });
  ForEach("add-init", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksOne(after.init, before.init));
    EXPECT_TRUE(after.program == before.program && SameOrder(before, after));
  });
  ForEach("change-init", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(after.program == before.program && SameOrder(before, after));
  });
}

TEST(Mutations, MoveAnOperationAndKeepAll) {
  const auto operations = [](const Schedule& schedule) {
    std::multiset<std::string> all;
    for (const ProgramLine& line : schedule.program) all.insert(PrintOp(line.op));
    return all;
  };
  ForEach("move-op", [&](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_EQ(operations(before), operations(after));
    EXPECT_LE(Differing(before.program, after.program), 2);
  });
}

bool Meet(PageRange a, PageRange b) { return (MaskOf(a) & MaskOf(b)) != 0; }

TEST(Mutations, OverlapMakesRangesMeet) {
  Random random(5);
  for (int i = 0; i < 20000; ++i) {
    const int begin = static_cast<int>(random.Below(kPages));
    const int end = begin + 1 + static_cast<int>(random.Below(kPages - begin));
    const PageRange range = Overlapping({begin, end}, random);
    ASSERT_TRUE(Meet({begin, end}, range))
        << begin << ".." << end << " and " << range.begin << ".." << range.end;
  }
  ForEach("overlap", [](const Schedule& before, const Schedule& after, uint64_t) {
    for (size_t i = 0; i < after.program.size(); ++i) {
      const ProgramLine& line = after.program[i];
      if (line == before.program[i]) continue;
      const bool meets = std::any_of(
          before.program.begin(), before.program.end(),
          [&](const ProgramLine& other) { return Meet(other.op.range, line.op.range); });
      EXPECT_TRUE(meets);
    }
  });
}

TEST(Mutations, ChangeTheMachineByOneCpuOrItsBatch) {
  ForEach("change-machine", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_LE(std::abs(before.cpus - after.cpus), 1);
    EXPECT_TRUE(before.cpus == after.cpus || before.batch == after.batch);
    EXPECT_TRUE(before.hardware == after.hardware || before.program == after.program);
    EXPECT_EQ(after.program.size() > before.program.size(), after.cpus > before.cpus);
  });
}

TEST(Mutations, MakeASchedulePopulatedFromNothing) {
  int nothing = 0;
  ForEach("anew", [&](const Schedule&, const Schedule& after, uint64_t) {
    nothing += after.program.empty();  // as some random bytes say
    EXPECT_NE(after.tail.kind, Tail::Kind::kRest);
  });
  EXPECT_LT(nothing, 100);
}

TEST(Mutations, MakeTinySchedulesOnAFewPages) {
  int operations = 0, schedules = 0;
  ForEach("tiny", [&](const Schedule&, const Schedule& after, uint64_t) {
    EXPECT_LE(after.program.size(), 20u);
    EXPECT_TRUE(after.order.empty());
    EXPECT_NE(after.tail.kind, Tail::Kind::kRest);
    operations += static_cast<int>(after.program.size());
    ++schedules;
  });
  EXPECT_GT(operations, 2 * schedules);
  EXPECT_LT(operations, 8 * schedules);
}

// Each CPU has one operation, with a use before it at times, but for one that goes elsewhere and
// comes back; any two kinds meet, and half of the time calls meet at an end of theirs only.
TEST(Mutations, MakeSchedulesOfOneOperationEach) {
  std::set<std::pair<OpKind, OpKind>> met;
  int pairs = 0, at_last_page = 0;
  ForEach("one-each", [&](const Schedule&, const Schedule& after, uint64_t) {
    EXPECT_LE(after.program.size(), 15u);
    EXPECT_TRUE(after.order.empty());
    EXPECT_NE(after.tail.kind, Tail::Kind::kRest);
    for (const ProgramLine& a : after.program) {
      for (const ProgramLine& b : after.program) {
        if (CpuOf(a.agent) >= CpuOf(b.agent)) continue;
        met.insert({a.op.kind, b.op.kind});
        ++pairs;
        at_last_page +=
            a.op.range.end == b.op.range.end &&
            (a.op.range.begin == a.op.range.end - 1) != (b.op.range.begin == b.op.range.end - 1);
      }
    }
  });
  EXPECT_TRUE(met.contains({OpKind::kFree, OpKind::kSwapout}));
  EXPECT_TRUE(met.contains({OpKind::kFree, OpKind::kFree}));
  EXPECT_TRUE(met.contains({OpKind::kSwitch, OpKind::kReclaim}));
  EXPECT_GT(met.size(), 200u);
  EXPECT_GT(at_last_page, pairs / 10);
}

// Whether `after` is `before` without some runs that stand between two of one agent.
bool LacksWhatStandsBetweenTwo(const FixedVector<Run, kMaxRuns>& before,
                               const FixedVector<Run, kMaxRuns>& after) {
  if (after.size() >= before.size()) return false;
  const size_t gone = before.size() - after.size();
  for (size_t at = 1; at < after.size(); ++at) {
    if (after[at - 1].agent == after[at].agent &&
        std::equal(after.begin(), after.begin() + at, before.begin()) &&
        std::equal(after.begin() + at, after.end(), before.begin() + at + gone)) {
      return true;
    }
  }
  return false;
}

TEST(Mutations, OfTheOrderAddDropAndChangeOneRun) {
  const auto others_stay = [](const Schedule& before, const Schedule& after) {
    EXPECT_TRUE(SamePrograms(before, after));
    EXPECT_EQ(after.tail, before.tail);
  };
  ForEach("add-run", [&](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksOne(after.order, before.order));
    others_stay(before, after);
  });
  ForEach("drop-run", [&](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksOne(before.order, after.order));
    others_stay(before, after);
  });
  ForEach("change-run", [&](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_LE(Differing(before.order, after.order), 1);
    others_stay(before, after);
  });
  const auto permutes = [&](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(std::is_permutation(before.order.begin(), before.order.end(), after.order.begin(),
                                    after.order.end()));
    others_stay(before, after);
  };
  ForEach("swap-runs", permutes);
  ForEach("delay-run", permutes);
  ForEach("merge-runs", [&](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(LacksWhatStandsBetweenTwo(before.order, after.order));
    others_stay(before, after);
  });
}

TEST(Mutations, OfTheTailKeepABeginningOfTheOrder) {
  ForEach("new-tail", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(after.order == before.order && SamePrograms(before, after));
    EXPECT_NE(after.tail, before.tail);
  });
  ForEach("new-order", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_TRUE(after.order.empty() && SamePrograms(before, after));
    EXPECT_NE(after.tail.kind, Tail::Kind::kRest);
  });
  ForEach("cut-order", [](const Schedule& before, const Schedule& after, uint64_t) {
    EXPECT_LT(after.order.size(), before.order.size());
    EXPECT_TRUE(std::equal(after.order.begin(), after.order.end(), before.order.begin()));
    EXPECT_TRUE(SamePrograms(before, after));
  });
}

// --- Orders that are taken from a run ---

using Steps = std::vector<std::tuple<AgentId, Point, int>>;

Steps StepsOf(const Replay& replay) {
  Steps steps;
  for (const ReplayedStep& made : replay) {
    steps.push_back({made.agent, made.step.point, made.step.page});
  }
  return steps;
}

// How many of the steps the order's runs take, or -1 if they do not end where a run of it ends.
int StepsInOrder(const Schedule& schedule, const Steps& steps) {
  size_t at = 0;
  for (const Run& run : schedule.order) {
    if (run.kind != Run::Kind::kUntilPoint) return -1;
    for (int left = run.count; left > 0; ++at) {
      if (at == steps.size()) return -1;
      const auto [agent, point, page] = steps[at];
      if (agent != run.agent) return -1;
      left -= point == run.point && (run.page == kNoPage || run.page == page);
    }
  }
  return static_cast<int>(at);
}

// The steps of the longest beginning that a member below `members` of `before` has in common with
// the run of `after`.
size_t LongestCommon(const Schedule& before, const Steps& steps, int members) {
  size_t longest = 0;
  for (int number = 0; number < members; ++number) {
    const Steps member = StepsOf(ReplayMember(before, number));
    const auto end = std::mismatch(member.begin(), member.end(), steps.begin(), steps.end()).second;
    longest = std::max(longest, static_cast<size_t>(end - steps.begin()));
  }
  return longest;
}

TEST(Mutations, KeptStepsComeAgain) {
  Random random(6);
  int switches = 0;
  for (int i = 0; i < 600; ++i) {
    Schedule schedule = RandomSchedule(random);
    const Replay replay = ReplayMember(schedule, static_cast<int>(random.Below(16)));
    if (replay.empty()) continue;
    const Steps steps = StepsOf(replay);
    KeepSteps(replay, 1 + random.Below(static_cast<uint32_t>(replay.size())), schedule.order);
    const int kept = StepsInOrder(schedule, steps);
    ASSERT_GE(kept, 0) << Text(schedule);
    switches += static_cast<int>(schedule.order.size());
    const Steps again = StepsOf(ReplayMember(schedule, 0));
    ASSERT_GE(again.size(), static_cast<size_t>(kept));
    ASSERT_TRUE(std::equal(steps.begin(), steps.begin() + kept, again.begin())) << Text(schedule);
  }
  EXPECT_GT(switches, 2000);
}

TEST(Mutations, AdoptTheBeginningOfAMembersOrder) {
  ForEach(
      "adopt-order",
      [](const Schedule& before, const Schedule& after, uint64_t) {
        EXPECT_TRUE(SamePrograms(before, after));
        EXPECT_EQ(after.tail, before.tail);
        EXPECT_FALSE(after.order.empty());
        const Steps steps = StepsOf(ReplayMember(after, 0));
        const int adopted = StepsInOrder(after, steps);
        ASSERT_GT(adopted, 0);
        EXPECT_GE(LongestCommon(before, steps, 16), static_cast<size_t>(adopted));
      },
      400);
}

TEST(Mutations, SwitchWhereStepsConflict) {
  int moved = 0;
  ForEach(
      "switch-at-conflict",
      [&](const Schedule& before, const Schedule& after, uint64_t) {
        EXPECT_TRUE(SamePrograms(before, after));
        ASSERT_FALSE(after.order.empty());
        Schedule kept = after;  // without the run that is moved
        kept.order.truncate(kept.order.size() - 1);
        const Steps steps = StepsOf(ReplayMember(after, 0));
        const int begun = StepsInOrder(kept, steps);
        ASSERT_GE(begun, 0) << "it begins as the replay did";
        EXPECT_GE(LongestCommon(before, steps, 4), static_cast<size_t>(begun));
        moved += StepsInOrder(after, steps) > begun;
      },
      400);
  EXPECT_GT(moved, 50) << "the step that is moved comes there";
}

TEST(Mutations, GoOnFromTheBeginningOfAnOrder) {
  int begun_alike = 0, applied = 0, goes_first = 0;
  ForEach(
      "go-on",
      [&](const Schedule& before, const Schedule& after, uint64_t) {
        EXPECT_TRUE(after.init == before.init);
        EXPECT_NE(after.tail.kind, Tail::Kind::kRest);
        ASSERT_FALSE(after.order.empty());
        Schedule canonical = after;
        Canonicalize(canonical);
        const Steps steps = StepsOf(ReplayMember(canonical, 0));
        // The CPU of what was added may go first.
        if (canonical.order[canonical.order.size() - 1].kind == gatherfuzz::Run::Kind::kUntilDone) {
          canonical.order.truncate(canonical.order.size() - 1);
          ++goes_first;
        }
        const int begun = StepsInOrder(canonical, steps);
        ++applied;
        begun_alike += begun > 0 && LongestCommon(before, steps, 2) >= static_cast<size_t>(begun);
      },
      400);
  EXPECT_GT(begun_alike, applied * 9 / 10);
  EXPECT_GT(goes_first, applied / 3);
  EXPECT_LT(goes_first, applied * 2 / 3);
}

// Most beginnings end where somebody owes a flush for the page that is gone on with.
TEST(Mutations, GoOnBeforeTheFlush) {
  int before_flush = 0, applied = 0;
  ForEach(
      "go-on",
      [&](const Schedule&, const Schedule& after, uint64_t) {
        Schedule canonical = after;
        Canonicalize(canonical);
        auto& order = canonical.order;
        if (order[order.size() - 1].kind == gatherfuzz::Run::Kind::kUntilDone) {
          order.truncate(order.size() - 1);
        }
        const Steps steps = StepsOf(ReplayMember(canonical, 0));
        const int begun = StepsInOrder(canonical, steps);
        std::set<AgentId> owe;
        for (int i = 0; i < begun; ++i) {
          const auto [agent, point, page] = steps[static_cast<size_t>(i)];
          const bool takes = point == Point::pte_clear || point == Point::pmd_clear ||
                             point == Point::pmd_invalidate || point == Point::pte_table_unlink;
          if (takes) owe.insert(agent);
          if (point == Point::tlb_flush_done) owe.erase(agent);
        }
        ++applied;
        before_flush += !owe.empty();
      },
      400);
  EXPECT_GT(before_flush, applied * 7 / 10);
}

TEST(Mutations, MoveWhereAnEntryWasCleared) {
  ForEach(
      "move-to-clear",
      [](const Schedule& before, const Schedule& after, uint64_t) {
        EXPECT_TRUE(after.program == before.program || LacksOne(after.program, before.program));
        ASSERT_FALSE(after.order.empty());
        const auto& last = after.order[after.order.size() - 1];
        if (last.kind != gatherfuzz::Run::Kind::kUntilDone) return;  // there was no room
        ASSERT_GE(after.order.size(), 2u);
        const Point clear = after.order[after.order.size() - 2].point;
        EXPECT_TRUE(clear == Point::pte_clear || clear == Point::pmd_clear ||
                    clear == Point::pte_table_unlink || clear == Point::pmd_table_unlink)
            << Info(clear).name;
      },
      1000);
}

}  // namespace
}  // namespace gatherfuzz
