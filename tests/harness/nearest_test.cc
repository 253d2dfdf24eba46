// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which name is taken to be meant, and when none is.
#include "harness/nearest.h"

#include <gtest/gtest.h>

namespace gatherfuzz {
namespace {

const std::vector<std::string_view> kNames = {"own-range", "full-mm", "full-mm-leaf", "run",
                                              "executions"};

TEST(Nearest, AllowsAThirdOfTheLettersToDiffer) {
  EXPECT_EQ(Nearest("fullmm", kNames), "full-mm") << "left out";
  EXPECT_EQ(Nearest("runn", kNames), "run") << "added";
  EXPECT_EQ(Nearest("own-ronge", kNames), "own-range") << "changed";
  EXPECT_EQ(Nearest("rnu", kNames), "run") << "swapped";
  EXPECT_EQ(Nearest("fulmm-leaf", kNames), "full-mm-leaf") << "the nearest, not the first";
  EXPECT_EQ(Nearest("ruined", kNames), "") << "three of six";
  EXPECT_EQ(Nearest("", kNames), "");
  EXPECT_EQ(Nearest(std::string(1000, 'r'), kNames), "");
  EXPECT_EQ(Nearest("run", {}), "");
}

TEST(Nearest, TakesTheBeginningOfAName) {
  EXPECT_EQ(Nearest("exec", kNames), "executions");
  EXPECT_EQ(Nearest("ex", kNames), "") << "too little to say";
}

TEST(Nearest, AsksUnlessItIsThatName) {
  EXPECT_EQ(DidYouMean("own-rnage", kNames), "; did you mean 'own-range'?");
  EXPECT_EQ(DidYouMean("own-range", kNames), "");
  EXPECT_EQ(DidYouMean("elsewhere", kNames), "");
}

}  // namespace
}  // namespace gatherfuzz
