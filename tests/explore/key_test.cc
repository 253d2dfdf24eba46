// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What makes two states the same, and what does not: each name that is left out, from both sides.
#include "explore/key.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr Action kCpu0 = ActionOf(CpuAgent(MakeCpu(0)));
constexpr Action kCpu1 = ActionOf(CpuAgent(MakeCpu(1)));
constexpr Action kCpu2 = ActionOf(CpuAgent(MakeCpu(2)));
constexpr Action kWalk1 = ActionOf(WalkerAgent(MakeCpu(1)));

// A way through the orders of one schedule.
class Way {
 public:
  explicit Way(const std::string& text) : schedule_(FromText(text).schedule) {
    stepper_->Begin(schedule_, *FindPolicy("own-range"), *FindArch("x86"));
  }
  // Lets an agent go on until it is about to do `point`, or (kNoPoint) until it is done.
  Way& To(Action agent, Point point) {
    while (stepper_->Able(agent) && stepper_->Next(agent).point != point) stepper_->Step(agent);
    return *this;
  }
  Way& Step(Action agent, int count = 1) {
    for (; count > 0; --count) EXPECT_TRUE(stepper_->Step(agent));
    return *this;
  }
  Key KeyOf(bool queue_order = false) const {
    return std::make_unique<StateWriter>(queue_order)->KeyOf(*stepper_);
  }
  const World& world() const { return stepper_->world(); }

 private:
  const Schedule schedule_;
  const std::unique_ptr<Stepper> stepper_ = std::make_unique<Stepper>();
};

const char* const kCleaned = R"(
cpus 3
init
  map 0..4 rw
  present 2..3 dirty
cpu0
  free 2..3
walk1
  fill 2
cpu2
  write 2
order
  rest
)";

TEST(Key, TellsAnOldTranslationFromANewOneThatLooksTheSame) {
  // CPU 1 caches the dirty page before MADV_FREE cleans it, or after a write has made it dirty
  // again.
  Way before(kCleaned), after(kCleaned), also_after(kCleaned);
  before.Step(kWalk1, 3).To(kCpu0, Point::pte_unlock).To(kCpu2, kNoPoint);
  after.To(kCpu0, Point::pte_unlock).To(kCpu2, kNoPoint).Step(kWalk1, 3);
  const auto cached = [](const Way& way) { return way.world().at(MakeCpu(1)).tlb.small[2]; };
  ASSERT_EQ(cached(before).flags, cached(after).flags);
  ASSERT_EQ(cached(before).frame, cached(after).frame);
  ASSERT_NE(cached(before).mapping, cached(after).mapping);
  EXPECT_NE(before.KeyOf(), after.KeyOf());
  also_after.Step(kWalk1, 2).To(kCpu0, Point::pte_unlock).To(kCpu2, kNoPoint).Step(kWalk1, 1);
  EXPECT_EQ(after.KeyOf(), also_after.KeyOf());
}

TEST(Key, LeavesOutWhichMappingWasNumberedFirst) {
  const char* const two_faults = R"(
cpus 2
init
  map 0..8 rw
  present 0..1
  present 4..5
cpu0
  read 1
cpu1
  read 5
order
  rest
)";
  Way one(two_faults), other(two_faults);
  for (Way* way : {&one, &other}) way->To(kCpu0, Point::pte_set).To(kCpu1, Point::pte_set);
  one.Step(kCpu0).Step(kCpu1);
  other.Step(kCpu1).Step(kCpu0);
  ASSERT_NE(Digest(one.world()), Digest(other.world()));
  EXPECT_EQ(one.KeyOf(), other.KeyOf());
}

const char* const kTwoCalls = R"(
cpus 2
init
  map 0..4 rw
  present 0..4
cpu0
  dontneed 0..1
cpu1
  dontneed 1..2
order
  rest
)";

TEST(Key, LeavesOutWhichCallWasNumberedFirst) {
  Way one(kTwoCalls), other(kTwoCalls);
  for (Way* way : {&one, &other}) way->To(kCpu0, Point::pending_inc).To(kCpu1, Point::pending_inc);
  one.Step(kCpu0).Step(kCpu1);
  other.Step(kCpu1).Step(kCpu0);
  ASSERT_NE(Digest(one.world()), Digest(other.world()));
  EXPECT_EQ(one.KeyOf(), other.KeyOf());
}

TEST(Key, LeavesOutTheOrderOfWaitingInvalidationsUnlessItIsAskedFor) {
  Way one(kTwoCalls), other(kTwoCalls);
  for (Way* way : {&one, &other}) way->To(kCpu0, Point::tlb_flush).To(kCpu1, Point::tlb_flush);
  one.Step(kCpu0).Step(kCpu1);
  other.Step(kCpu1).Step(kCpu0);
  EXPECT_EQ(one.KeyOf(), other.KeyOf());
  EXPECT_NE(one.KeyOf(true), other.KeyOf(true));
}

}  // namespace
}  // namespace gatherfuzz
