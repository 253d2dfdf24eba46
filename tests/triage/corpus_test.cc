// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What gatherfuzz corpus stands on: names of files, and the carrying of bytes between versions.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "harness/bytes.h"
#include "tests/support.h"
#include "triage/corpus/carry.h"
#include "triage/corpus/reach.h"
#include "triage/corpus/sha1.h"

namespace gatherfuzz {
namespace {

TEST(Sha1, IsThatOfTheStandard) {
  EXPECT_EQ(Sha1(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(Sha1(std::string(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

const char kMail[] =
    "init\n map 0..4 rw\n present 1..4\ncpu0\n dontneed 1..3\ncpu1\n dontneed 2..4\n"
    "order\n cpu0 until pte_clear(2)\n cpu1 until done\n";

const std::string kVersion = std::to_string(kBytesVersion);

std::string AsText(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

class Carry : public ::testing::Test {
 protected:
  const std::unique_ptr<Carrier> carrier_ = std::make_unique<Carrier>(std::vector<Target>{
      {FindPolicy("full-mm"), FindArch("x86")}, {FindPolicy("own-range"), FindArch("arm64")}});
};

TEST_F(Carry, OfTheCurrentVersionMakesCanonicalBytesAndThenChangesNothing) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Bytes bytes = RandomInput(random);
    const auto once = carrier_->Carry(CurrentBytesVersion(), AsText(bytes));
    ASSERT_TRUE(once.ok()) << once.status();
    Schedule before, after;
    const int members = DecodeBytes(bytes, before);
    const Bytes canonical(once->begin(), once->end());
    EXPECT_EQ(DecodeBytes(canonical, after), members);
    ASSERT_TRUE(after == before);
    EXPECT_EQ(carrier_->Carry(CurrentBytesVersion(), *once).value(), *once);
  }
}

TEST_F(Carry, OfVersion1KeepsItsMeaning) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    Bytes bytes = RandomInput(random);
    if (!bytes.empty()) bytes[0] = 1;
    const auto carried = carrier_->Carry(*FindBytesVersion(1), AsText(bytes));
    ASSERT_TRUE(carried.ok()) << carried.status();
    Schedule before, after;
    FindBytesVersion(1)->decode(bytes, before);
    EXPECT_EQ(VersionOf(Bytes(carried->begin(), carried->end())).number, kBytesVersion);
    EXPECT_EQ(DecodeBytes(Bytes(carried->begin(), carried->end()), after), 1);
    ASSERT_TRUE(after == before);
  }
}

// A version that could hold more than today's: a larger family, a part of the order that bytes
// cannot say.
TEST_F(Carry, RefusesWhatTodaysBytesDoNotHold) {
  const BytesVersion large{0, [](std::span<const uint8_t>, Schedule& schedule) {
                             schedule = FromText(kMail).schedule;
                             return kMaxMembers + 1;
                           }};
  EXPECT_EQ(carrier_->Carry(large, "").status().message(),
            "has 65 members in its family, for which version " + kVersion + " has no room");
  const BytesVersion far{0, [](std::span<const uint8_t>, Schedule& schedule) {
                           schedule = FromText(kMail).schedule;
                           schedule.order[0].count = 257;  // of which bytes keep the lower half
                           return 1;
                         }};
  EXPECT_EQ(carrier_->Carry(far, "").status().message(),
            "means something else in version " + kVersion +
                ": its trace differs under full-mm on x86 in member 0");
}

TEST_F(Carry, ComparesEachMemberUnderEachTarget) {
  const Schedule mail = FromText(kMail).schedule;
  EXPECT_EQ(carrier_->Difference(mail, mail, 4), "");
  // Member 1 draws its order, from a seed that is made of the tail's.
  Schedule other = mail;
  other.tail.seed = 1;
  EXPECT_EQ(carrier_->Difference(mail, other, 1), "");
  EXPECT_NE(carrier_->Difference(mail, other, 2).find("full-mm on x86 in member 1"),
            std::string::npos);
  // Only a policy that waits in finish makes this step.
  Schedule waits = mail;
  waits.order[0].point = Point::finish_wait;
  other = waits;
  other.order[0].count = 2;
  EXPECT_EQ(carrier_->Difference(waits, other, 1), "");
  const auto both = std::make_unique<Carrier>(std::vector<Target>{
      {FindPolicy("full-mm"), FindArch("x86")}, {FindPolicy("sync-finish"), FindArch("x86")}});
  waits.order[0].page = other.order[0].page = kNoPage;
  EXPECT_NE(both->Difference(waits, other, 1).find("sync-finish on x86 in member 0"),
            std::string::npos)
      << both->Difference(waits, other, 1);
}

// --- What runs reach ---

// The pairs of these steps, one after the other, as "pte_clear > pte_read".
std::set<std::string> PairsOf(const std::vector<StepEvent>& events) {
  static const World kWorld{};
  const auto reach = std::make_unique<Reach>();
  reach->BeginRun();
  for (const StepEvent& event : events) reach->OnStep(event, kWorld);
  std::set<std::string> pairs;
  for (int i = 0; i < kPointCount * kPointCount; ++i) {
    const Point first{static_cast<uint8_t>(i / kPointCount)};
    const Point second{static_cast<uint8_t>(i % kPointCount)};
    if (!reach->HasPair(first, second)) continue;
    EXPECT_TRUE(Reach::MayHavePair(first, second));
    pairs.insert(std::string(Info(first).name) + " > " + Info(second).name);
  }
  return pairs;
}

StepEvent By(AgentId agent, Point point, int page = kNoPage) {
  return {.agent = agent, .point = point, .page = page};
}
const AgentId kCpu0 = CpuAgent(MakeCpu(0)), kCpu1 = CpuAgent(MakeCpu(1));
const AgentId kWalk1 = WalkerAgent(MakeCpu(1));

TEST(Reach, PairsAreOfTwoAgentsThatDoNotCommuteAtOnePlace) {
  using enum Point;
  using Pairs = std::set<std::string>;
  EXPECT_EQ(PairsOf({By(kCpu0, pte_clear, 2), By(kCpu1, pte_read, 2)}),
            Pairs{"pte_clear > pte_read"});
  EXPECT_EQ(PairsOf({By(kCpu1, pte_read, 2), By(kCpu0, pte_clear, 2)}),
            Pairs{"pte_read > pte_clear"});
  EXPECT_EQ(PairsOf({By(kCpu0, pte_clear, 2), By(kCpu1, pte_read, 3)}), Pairs{});
  EXPECT_EQ(PairsOf({By(kCpu0, pte_clear, 2), By(kCpu0, pte_read, 2)}), Pairs{});
  EXPECT_EQ(PairsOf({By(kCpu0, pte_read, 2), By(kCpu1, pte_read, 2)}), Pairs{});
  EXPECT_EQ(PairsOf({By(kCpu0, pending_inc), By(kCpu1, pending_inc)}), Pairs{}) << "both add";
  EXPECT_EQ(PairsOf({By(kCpu0, pmd_clear, 4), By(kWalk1, walk_pmd, 7)}),
            Pairs{"pmd_clear > walk_pmd"})
      << "one block";
  EXPECT_EQ(PairsOf({By(kCpu0, pte_unlock, 2), By(kCpu1, pte_lock, 2)}), Pairs{}) << "a lock";
  // In between there is nothing: the second is the next at that place.
  EXPECT_EQ(PairsOf({By(kCpu0, pte_clear, 2), By(kCpu0, pte_set, 2), By(kCpu1, pte_read, 2)}),
            Pairs{"pte_set > pte_read"});
}

TEST(Reach, ReturnsLookAtEveryTlb) {
  using enum Point;
  using Pairs = std::set<std::string>;
  const std::string pair = "walk_pte > syscall_return";
  EXPECT_EQ(PairsOf({By(kWalk1, walk_pte, 2), By(kCpu0, syscall_return, 0)}), Pairs{pair});
  EXPECT_EQ(PairsOf({By(kWalk1, walk_pte, 2), By(kCpu1, syscall_return, 0)}), Pairs{pair});
  // Accesses look at their CPU's own.
  EXPECT_EQ(PairsOf({By(kWalk1, walk_pte, 2), By(kCpu0, access, 2)}), Pairs{});
  EXPECT_EQ(PairsOf({By(kWalk1, walk_pte, 2), By(kCpu1, access, 2)}), Pairs{"walk_pte > access"});
}

// What an engine's sink is given for the same runs.
TEST(Reach, CellsAreThoseOfTheFeatures) {
  const auto reach = std::make_unique<Reach>();
  Features features;
  std::string map(kFeatureCells, '\0');
  Random random(3);
  size_t last = 0;
  PointMask points = 0;
  for (int i = 0; i < 200; ++i) {
    const Schedule schedule = RandomSchedule(random);
    features.BeginRun(reinterpret_cast<uint8_t*>(map.data()));
    Result(schedule, "full-mm", "x86", {.observer = &features});
    reach->BeginRun();
    Result(schedule, "full-mm", "x86", {.observer = reach.get()});
    ASSERT_EQ(reach->cells(), map);
    EXPECT_GE(reach->CountCells(), last);
    last = reach->CountCells();
    EXPECT_EQ(reach->reached() & points, points);
    points = reach->reached();
  }
  EXPECT_GT(last, 100u);
  EXPECT_NE(points & MaskOf(Point::pte_lock), 0u) << "no telling step, but a step";
  EXPECT_EQ(points & MaskOf(Point::finish_wait), 0u) << "full-mm does not wait";
}

}  // namespace
}  // namespace gatherfuzz
