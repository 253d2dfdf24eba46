// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Physical memory: which frame is given out next, and what is kept for page tables.
#include <gtest/gtest.h>

#include "model/machine/frames.h"

namespace gatherfuzz {
namespace {

class Frames : public ::testing::Test {
 protected:
  Frames() { Reset(world_, 1, kDefaultBatch); }
  World world_{};
};

TEST_F(Frames, AreGivenOutLowestFirstWithAGrowingGeneration) {
  EXPECT_EQ(TakeData(world_, Level::kPte), MakeFrame(1));  // the root has frame 0
  EXPECT_EQ(TakeTable(world_, Level::kPte), MakeFrame(2));
  EXPECT_EQ(TakeData(world_, Level::kPte), MakeFrame(3));
  EXPECT_EQ(world_.at(MakeFrame(2)).generation, 1);
  GiveBack(world_, MakeFrame(2));
  EXPECT_EQ(world_.at(MakeFrame(2)).state, FrameState::kFree);
  EXPECT_EQ(world_.at(MakeFrame(2)).generation, 1);
  EXPECT_EQ(TakeData(world_, Level::kPte), MakeFrame(2));
  EXPECT_EQ(world_.at(MakeFrame(2)).generation, 2);
  EXPECT_EQ(TakeData(world_, Level::kPte), MakeFrame(4));
}

TEST_F(Frames, AHugePageGetsAnAlignedBlock) {
  EXPECT_EQ(TakeData(world_, Level::kPmd), MakeFrame(4));
  EXPECT_EQ(TakeData(world_, Level::kPte), MakeFrame(1));
  EXPECT_EQ(TakeData(world_, Level::kPmd), MakeFrame(8));
  GiveBack(world_, MakeFrame(4));
  // One free frame of a block is not enough.
  EXPECT_EQ(TakeData(world_, Level::kPmd), MakeFrame(12));
  EXPECT_EQ(world_.mm.data_frames, 12);
}

TEST_F(Frames, DataLeavesRoomForEveryTable) {
  int data = 0;
  while (TakeData(world_, Level::kPte)) ++data;
  EXPECT_EQ(data, kFrames - 1 - kMaxTables);
  EXPECT_GE(data, kPages);
  for (int i = 0; i < kMaxTables; ++i) {
    const FrameId table = *TakeTable(world_, Level::kPte);
    ASSERT_LT(Index(table), kFrames);
    EXPECT_EQ(world_.at(table).generation, 1);  // given out for the first time: to nobody else
  }
}

TEST_F(Frames, ThereAreNoMoreTablesThanTheTreeCanHold) {
  // Frames are left, but one table more than that has been leaked.
  for (int i = 0; i < kMaxTables; ++i) ASSERT_TRUE(TakeTable(world_, Level::kPte)) << i;
  EXPECT_EQ(TakeTable(world_, Level::kPte), std::nullopt);
  EXPECT_TRUE(TakeData(world_, Level::kPte));
  GiveBack(world_, MakeFrame(1));
  EXPECT_EQ(TakeTable(world_, Level::kPmd), MakeFrame(1));
}

TEST_F(Frames, ATableThatIsGivenBackIsEmpty) {
  const FrameId table = *TakeTable(world_, Level::kPte);
  world_.at(table).entries[2] = {.mapping = 7, .frame = MakeFrame(9), .flags = Pte::kPresent};
  GiveBack(world_, table);
  ASSERT_EQ(TakeTable(world_, Level::kPmd), table);
  for (const Pte& entry : world_.at(table).entries) EXPECT_TRUE(entry.none());
}

}  // namespace
}  // namespace gatherfuzz
