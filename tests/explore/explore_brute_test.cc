// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Exploration against a plain enumeration of all orders (every_order.h): the same kinds of
// violation, the same final states, the same number of calls that overtake a waiter.
//
// Of two calls there are too many orders to enumerate. So agents are left only before steps of some
// kinds, other ones for each program; over all programs, of every kind. Or they are left anywhere,
// but not often. Programs that are so small that all their orders are tried are among them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "tests/explore/every_order.h"
#include "tests/explore/known_programs.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using enum Point;

std::string Names(PointMask points) {
  if (points == kAllPoints) return "all";
  std::string names;
  for (int i = 0; i < kPointCount; ++i) {
    if ((points >> i & 1) != 0) names += std::string(kPoints[i].name) + " ";
  }
  return names;
}

std::string KindNames(uint32_t kinds) {
  std::string names;
  for (int i = 1; i < kViolationCount; ++i) {
    if ((kinds >> i & 1) != 0) names += std::string(kViolations[i].name) + " ";
  }
  return names;
}

std::string Text(const Schedule& schedule, const ExploreSettings& settings) {
  return std::string(settings.policy->name()) + " " + std::string(settings.arch->name()) +
         ", preemptions " + std::to_string(settings.preemptions) + ", switches at " +
         Names(settings.switches) + "\n" + PrintText({.schedule = schedule});
}

// Policies in turn, on every architecture: three times those that were published, then a planted
// one.
ExploreSettings SettingsOf(int number) {
  const bool planted = number % 4 == 3;
  const auto policies = Policies(planted ? PolicyGroup::kPlanted : PolicyGroup::kPublished);
  const auto n = static_cast<size_t>(planted ? number / 4 : number - number / 4);
  return {.policy = policies[n % policies.size()],
          .arch = Archs()[n / policies.size() % Archs().size()]};
}

constexpr PointMask kInteresting = MaskOf(pending_inc) | MaskOf(pending_read) |
                                   MaskOf(pending_dec) | MaskOf(pte_clear) | MaskOf(pte_unlock) |
                                   MaskOf(pmd_clear) | MaskOf(tlb_flush) | MaskOf(tlb_flush_done) |
                                   MaskOf(finish_wait) | MaskOf(policy_read) | MaskOf(policy_rmw) |
                                   MaskOf(free_page) | MaskOf(free_table) | MaskOf(syscall_return);

// Steps that none of these programs makes (revoke_test.cc, spurious_test.cc).
constexpr PointMask kNeverPoints = kPfnPoints | MaskOf(Point::tlbi_local);

// What was compared, over all programs of a test.
struct Compared {
  int programs = 0, violated = 0, clean = 0, either = 0, whole = 0, several_ends = 0;
  uint64_t orders = 0;
  uint32_t kinds = 0;
  int overtaken = 0;
  std::array<int, kPointCount> left_at{};  // programs, by point

  void Add(const AllOrders& all, const ExploreSettings& settings) {
    ++programs;
    violated += all.kinds != 0;
    clean += all.kinds == 0;
    either += all.kinds != 0 && !all.finals.empty();
    whole += settings.switches == kAllPoints && settings.preemptions < 0;
    several_ends += all.finals.size() > 1;
    orders += all.orders;
    kinds |= all.kinds;
    overtaken = std::max(overtaken, all.overtaken);
    for (size_t i = 0; i < kPointCount; ++i) left_at[i] += all.left_at >> i & 1;
  }

  // Points in the order in which they should become switches: first those that were seldom one, or
  // the interesting ones; else at random.
  std::vector<Point> PointsInOrder(Random& random) const {
    std::array<uint32_t, kPointCount> rank{};
    std::vector<Point> points;
    const bool seldom = random.Below(2) == 0;
    for (size_t i = 0; i < kPointCount; ++i) {
      const auto point = static_cast<Point>(i);
      if ((kNeverPoints & MaskOf(point)) != 0) continue;
      const bool late = seldom ? left_at[i] >= 20 : (kInteresting & MaskOf(point)) == 0;
      rank[i] = random.Below(1u << 20) + (late ? 1u << 20 : 0);
      points.push_back(point);
    }
    std::sort(points.begin(), points.end(), [&](Point a, Point b) {
      return rank[static_cast<size_t>(a)] < rank[static_cast<size_t>(b)];
    });
    return points;
  }
};

std::vector<Key> Distinct(std::vector<Key> sorted) {
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

// Whether what exploration finds is what all orders are.
void Hold(const Schedule& schedule, ExploreSettings settings, const AllOrders& all) {
  ASSERT_TRUE(all.one_state_each) << "two final states have one key";
  std::vector<Key> ends;
  for (const auto& [key, state] : all.finals) ends.push_back(key);
  settings.finals = true;
  for (const bool forget : {false, true}) {
    for (const bool reduce : {false, true}) {
      settings.forget = forget;
      settings.reduce = reduce;
      const ExploreResult found = Explore(schedule, settings);
      ASSERT_TRUE(found.complete());
      EXPECT_EQ(KindNames(found.kinds()), KindNames(all.kinds));
      EXPECT_EQ(found.overtaken, all.overtaken);
      EXPECT_LE(found.depth, all.depth);
      if (all.states != 0 && forget && !reduce) EXPECT_EQ(found.states, all.states);
      if (forget) continue;  // also what becomes of the ends
      const std::vector<Key> found_ends = Distinct(found.finals);
      EXPECT_EQ(found_ends.size(), ends.size());
      EXPECT_TRUE(found_ends == ends) << "other final states";
    }
  }
}

TEST(ExploreBrute, EachKindOfViolationIsFound) {
  Compared compared;
  for (const KnownProgram& known : KnownPrograms()) {
    const Schedule schedule = FromText(known.text).schedule;
    const ExploreSettings settings{.policy = FindPolicy(known.policy),
                                   .arch = FindArch(known.arch),
                                   .ignored = known.ignored,
                                   .preemptions = known.preemptions,
                                   .switches = known.switches};
    SCOPED_TRACE(Text(schedule, settings));
    const AllOrders all = EveryOrder(schedule, settings).Try(100000);
    ASSERT_TRUE(all.complete);
    EXPECT_EQ(KindNames(all.kinds), KindNames(Bit(known.kind)));
    Hold(schedule, settings, all);
    compared.Add(all, settings);
  }
  for (int i = 1; i < kViolationCount; ++i) {
    // No policy of this tree waits by looking; spinning_test has those that do.
    if (static_cast<ViolationKind>(i) == ViolationKind::kLivelock) continue;
    EXPECT_TRUE(compared.kinds >> i & 1) << kViolations[i].name;
  }
  EXPECT_EQ(compared.overtaken, 3);
}

// --- Random programs, with switches at some points ---

PointMask MaskOf(const std::vector<Point>& points, size_t count) {
  PointMask mask = 0;
  for (size_t i = 0; i < count; ++i) mask |= MaskOf(points[i]);
  return mask;
}

// Switches at all points, or at as many of the first of `points` as leave about `most` orders; at
// those that do not come up too. False if there are more anyway.
bool ChooseSwitches(EveryOrder& orders, ExploreSettings& settings, std::vector<Point> points,
                    double most, Random& random) {
  PointMask come = 0;
  settings.switches = kAllPoints;
  if (orders.Estimate(50, random, &come) <= most) return true;
  std::erase_if(points, [&](Point point) { return (come & MaskOf(point)) == 0; });
  const auto fits = [&](size_t count) {
    settings.switches = ~come | MaskOf(points, count);
    return orders.Estimate(50, random) <= most;
  };
  size_t fit = 0, too_many = points.size();
  while (fit + 1 < too_many) {
    const size_t middle = (fit + too_many) / 2;
    (fits(middle) ? fit : too_many) = middle;
  }
  return fits(fit);
}

TEST(ExploreBrute, RandomProgramsDoWhatTheirOrdersDo) {
  Compared compared;
  Random random(1);
  for (int i = 0; compared.programs < 800 && !testing::Test::HasFailure(); ++i) {
    const Schedule schedule = SmallProgram(random);
    ExploreSettings settings = SettingsOf(i);
    // What is ignored is gone on with, into states that are worse.
    if (i % 3 == 0) settings.ignored = static_cast<uint32_t>(random.Next());
    EveryOrder orders(schedule, settings);
    if (!ChooseSwitches(orders, settings, compared.PointsInOrder(random), 600, random)) continue;
    const AllOrders all = orders.Try(2500, i % 4 == 0);
    if (!all.complete) continue;
    SCOPED_TRACE(Text(schedule, settings));
    Hold(schedule, settings, all);
    compared.Add(all, settings);
  }
  EXPECT_GT(compared.violated, 60);
  EXPECT_GT(compared.clean, 300);
  EXPECT_GT(compared.either, 50) << "depending on the order";
  EXPECT_GT(compared.whole, 80) << "with every order there is";
  EXPECT_GT(compared.several_ends, 150);
  EXPECT_GE(compared.overtaken, 2);
  for (size_t i = 0; i < kPointCount; ++i) {
    const auto point = static_cast<Point>(i);
    // A delivery is nobody who goes on or is left; a fault is retried when nobody is left to move;
    // who queues is not the last to have moved when its wait is over; at a detour, who is left
    // stands at the step that it replaces. Markers are of later kernels, and reclaim, access, moves
    // and the locks of VMAs are by themselves (kernels_test.cc), as are switches
    // (switching_test.cc).
    if (point == deliver || point == fault_retry || point == mmap_write_wait) continue;
    if (point == pte_marker || point == vma_protect || point == pmd_move) continue;
    constexpr PointMask kElsewhere = kReclaimPoints | kSwitchPoints | kExitPoints | kContentPoints |
                                     kVmaLockPoints | kSplitPoints | kLatePoints | kRcuPoints |
                                     kNeverPoints | kSharedPoints;
    if ((kElsewhere & MaskOf(point)) != 0) continue;
    if ((kDetourPoints & MaskOf(point)) != 0) continue;
    EXPECT_GE(compared.left_at[i], 10) << kPoints[i].name;
  }
}

// --- At most so many preemptions, at any points ---

// Without walkers, and only the first operation of each CPU.
Schedule Shortened(const Schedule& whole) {
  Schedule schedule = whole;
  schedule.program.clear();
  uint32_t seen = 0;
  for (const ProgramLine& line : whole.program) {
    const uint32_t bit = 1u << Index(line.agent);
    const bool keep = KindOf(line.agent) == AgentKind::kCpu && (seen & bit) == 0;
    if (keep) schedule.program.push_back(line);
    seen |= bit;
  }
  return schedule;
}

TEST(ExploreBrute, ABoundOnPreemptionsIsOneOnOrders) {
  Random random(2);
  for (int bound = 0; bound <= 2; ++bound) {
    Compared compared;
    for (int i = 0; compared.programs < 120 && !testing::Test::HasFailure(); ++i) {
      const Schedule any = SmallProgram(random);
      const Schedule schedule = bound < 2 ? any : Shortened(any);
      ExploreSettings settings = SettingsOf(i);
      settings.preemptions = bound;
      EveryOrder orders(schedule, settings);
      if (orders.Estimate(20, random) > (bound < 2 ? 150 : 500)) continue;
      const AllOrders all = orders.Try(5000, i % 4 == 0);
      if (!all.complete) continue;
      SCOPED_TRACE(Text(schedule, settings));
      Hold(schedule, settings, all);
      compared.Add(all, settings);
    }
    if (bound == 1) {
      EXPECT_GT(compared.violated, 10);
    }
    EXPECT_GT(compared.several_ends, 20);
  }
}

// --- Ways to explore ---

// Explores random programs of `least` to `most` states by settings as `prepare` leaves them, and
// again as `change` has them. What is found is the same; how is given to `compare`.
template <typename Prepare, typename Change, typename Compare>
void ExploreTwice(int programs, uint64_t least, uint64_t most, uint64_t seed, Prepare prepare,
                  Change change, Compare compare) {
  Random random(seed);
  if (!kFibersCanGoBack) programs /= 5;  // replay takes long
  for (int i = 0; programs > 0 && !testing::Test::HasFailure(); ++i) {
    const Schedule schedule = SmallProgram(random);
    ExploreSettings settings = SettingsOf(i);
    settings.finals = true;
    settings.forget = false;
    settings.reduce = false;
    settings.limits.states = most;
    prepare(settings, random);
    const ExploreResult one = Explore(schedule, settings);
    if (!one.complete() || one.states < least) continue;
    --programs;
    change(settings);
    SCOPED_TRACE(Text(schedule, settings));
    const ExploreResult two = Explore(schedule, settings);
    EXPECT_TRUE(two.complete());
    EXPECT_EQ(KindNames(two.kinds()), KindNames(one.kinds()));
    EXPECT_EQ(two.overtaken, one.overtaken);
    EXPECT_TRUE(Distinct(two.finals) == Distinct(one.finals));
    EXPECT_NEAR(one.done, 1, 1e-9);
    EXPECT_NEAR(two.done, 1, 1e-9);
    compare(one, two);
  }
}

void Unlimited(ExploreSettings&, Random&) {}

void ExpectSameCounts(const ExploreResult& one, const ExploreResult& two) {
  EXPECT_EQ(two.states, one.states);
  EXPECT_EQ(two.steps, one.steps);
  EXPECT_EQ(two.executions, one.executions);
  EXPECT_EQ(two.merged, one.merged);
  EXPECT_EQ(two.violations, one.violations);
  EXPECT_EQ(two.finals.size(), one.finals.size());
}

TEST(ExploreWays, ReductionLeavesOutNothingThatTells) {
  ExploreTwice(
      500, 0, 2500, 3, Unlimited, [](ExploreSettings& settings) { settings.reduce = true; },
      [](const ExploreResult& all, const ExploreResult& reduced) {
        EXPECT_LE(reduced.states, all.states);
      });
}

TEST(ExploreWays, ReplayDoesAsSnapshotsDo) {
  ExploreTwice(
      50, 0, 3000, 4, Unlimited, [](ExploreSettings& settings) { settings.replay = true; },
      [](const ExploreResult& one, const ExploreResult& two) {
        ExpectSameCounts(one, two);
        EXPECT_EQ(two.depth, one.depth);
        EXPECT_EQ(two.path, one.path);
      });
}

void ThreeThreads(ExploreSettings& settings) { settings.jobs = 3; }

TEST(ExploreWays, ThreeThreadsDoAsOneDoes) {
  ExploreTwice(30, 2000, 20000, 5, Unlimited, ThreeThreads, ExpectSameCounts);
}

TEST(ExploreWays, ThreeThreadsKeepToTheLimitsOnOrders) {
  ExploreTwice(
      30, 2000, 20000, 6,
      [](ExploreSettings& settings, Random& random) {
        settings.preemptions = static_cast<int>(random.Below(4)) - 1;
        if (settings.preemptions < 2) settings.switches = random.Next() | random.Next();
      },
      ThreeThreads,
      [](const ExploreResult& one, const ExploreResult& two) {
        // Not the rest: a state that is reached with more preemptions left is explored again.
        EXPECT_EQ(two.states, one.states);
      });
}

}  // namespace
}  // namespace gatherfuzz
