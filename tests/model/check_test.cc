// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Assertions of our own invariants fire, and say where.
#include "model/check.h"

#include <gtest/gtest.h>

#include <memory>

#include "harness/fixed_vector.h"
#include "model/kernel/locks.h"
#include "model/machine/frames.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

#ifndef GATHERFUZZ_NO_CHECKS

// Lets every step be made at once.
class AtOnce final : public Steps {
 public:
  explicit AtOnce(const World& world) { world_ = &world; }

 private:
  void Yield(AgentId, Point, int) override {}
  void Wait(AgentId, Point, int, Ready, int) override {}
  bool Choose(AgentId, Point, Point, int) override { return false; }
  void Observe(AgentId, Point, int) override {}
  [[noreturn]] void Violate(Violation) override { std::abort(); }
};

class Checks : public testing::Test {
 protected:
  Checks() {
    Reset(system_->world, 2, kDefaultBatch);
    system_->steps = &steps_;
  }
  std::unique_ptr<System> system_ = std::make_unique<System>();
  AtOnce steps_{system_->world};
  Thread thread0_{*system_, MakeCpu(0)}, thread1_{*system_, MakeCpu(1)};
};
using ChecksDeathTest = Checks;

constexpr const char* kSays = "does not hold; this is a fault of gatherfuzz";

TEST_F(ChecksDeathTest, ADeliveryIsOfARequestThatIsPending) {
  EXPECT_DEATH(DeliverFrom(*system_, MakeCpu(0), MakeCpu(1)), kSays);
}

TEST_F(ChecksDeathTest, ALockIsDroppedByItsHolder) {
  EXPECT_DEATH(MmapReadUnlock(thread0_), kSays);
  MmapReadLock(thread0_);
  MmapReadUnlock(thread0_);
  MmapWriteLock(thread0_);
  EXPECT_DEATH(MmapWriteUnlock(thread1_), kSays);
  EXPECT_DEATH(MmapWriteDowngrade(thread1_), kSays);
  const FrameId table = *TakeTable(system_->world, Level::kPte);
  LockTable(thread0_, table, 0);
  EXPECT_DEATH(UnlockTable(thread1_, table, 0), kSays);
}

TEST_F(ChecksDeathTest, NotAfterAViolationThatLeavesDisorder) {
  system_->ignored = Bit(ViolationKind::kFreedTableCached);
  const FrameId table = *TakeTable(system_->world, Level::kPte);
  LockTable(thread0_, table, 0);
  UnlockTable(thread1_, table, 0);
}

TEST_F(ChecksDeathTest, AWorldIsWithinItsBounds) {
  EXPECT_DEATH(Reset(system_->world, kMaxCpus + 1, 1), kSays);
  EXPECT_DEATH(Reset(system_->world, 1, 0), kSays);
}

TEST_F(ChecksDeathTest, AListIsNotReadBehindItsEnd) {
  FixedVector<int, 3> list;
  list.push_back(1);
  EXPECT_DEATH(static_cast<void>(list[1]), kSays);
  EXPECT_DEATH(list.erase(1), kSays);
}

#endif

}  // namespace
}  // namespace gatherfuzz
