// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The table of states that were seen, held against a map.
#include "explore/seen.h"

#include <gtest/gtest.h>

#include <map>

#include "harness/random.h"

namespace gatherfuzz {
namespace {

// Keys that meet: few lower halves, few upper ones; of these the highest bits choose the part of a
// table that is shared, and are else not kept.
Key AnyKey(Random& random, bool shared) {
  const uint64_t part = shared ? random.Below(4) : 0;
  return {.low = random.Below(40) * 0x100000001u,
          .high = part << 62 | uint64_t{random.Below(10)} << 13 | uint64_t{random.Below(4)} << 54};
}

TEST(Seen, KnowsWhatWasAddedAndWithHowMuchLeft) {
  for (const bool shared : {false, true}) {
    Random random(1);
    Seen seen(shared);
    std::map<Key, int> reference;
    int again = 0;
    for (int i = 0; i < 20000; ++i) {
      const Key key = AnyKey(random, shared);
      const int left = static_cast<int>(random.Below(3)) * 127;
      const auto [at, added] = reference.try_emplace(key, left);
      const bool more = !added && at->second < left;
      if (more) at->second = left;
      again += more;
      seen.Prefetch(key);
      ASSERT_EQ(seen.Add(key, left), added || more);
      ASSERT_EQ(seen.states(), reference.size());
    }
    EXPECT_GT(reference.size(), 1500u);
    EXPECT_GT(again, 500);
    EXPECT_GE(seen.bytes(), reference.size() * 16);
    EXPECT_LE(seen.bytes(), reference.size() * 16 * 8 / 3 + 64 * 16 * 16);
  }
}

TEST(Seen, TakesNoMoreThanItMay) {
  for (const bool shared : {false, true}) {
    Seen seen(shared, 3);
    for (uint64_t i = 0; i < 3; ++i) EXPECT_TRUE(seen.Add({.low = i, .high = i << 60}, 1));
    EXPECT_FALSE(seen.Add({.low = 1, .high = uint64_t{1} << 60}, 1));
    EXPECT_FALSE(seen.full());  // what is known needs no room, however much is left
    EXPECT_TRUE(seen.Add({.low = 1, .high = uint64_t{1} << 60}, 2));
    EXPECT_FALSE(seen.full());
    EXPECT_FALSE(seen.Add({.low = 9, .high = 0}, 1));
    EXPECT_TRUE(seen.full());
    EXPECT_EQ(seen.states(), 3u);
  }
}

// What lies next to each other in the table is not one key.
TEST(Seen, KeysOfOnePlaceAreTold) {
  Seen seen(false);
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.Add({.low = 7, .high = i << 20}, 0));
    EXPECT_TRUE(seen.Add({.low = 7 + (i + 1) * 1024 * 1024, .high = 0}, 0));
  }
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_FALSE(seen.Add({.low = 7, .high = i << 20}, 0));
    EXPECT_FALSE(seen.Add({.low = 7 + (i + 1) * 1024 * 1024, .high = 0}, 0));
  }
  EXPECT_EQ(seen.states(), 2000u);
}

}  // namespace
}  // namespace gatherfuzz
