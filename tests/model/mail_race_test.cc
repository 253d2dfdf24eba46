// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The race of the mail of 9 May 2019: CPU 1 sees PTE 2 empty and returns before CPU 0 flushes it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr std::string_view kMailRace = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4
      cached cpu1 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    order
      cpu0 until pte_clear(2)
      cpu1 until done
      rest
)";

TEST(MailRace, BreaksOwnRange) {
  EXPECT_EQ(Verdict(kMailRace, "own-range", "x86"), "stale-after-return");
  EXPECT_EQ(Verdict(kMailRace, "own-range", "arm64"), "stale-after-return");
}

// CPU 0 has issued its invalidation; CPU 1 has PTE 3 of its own to flush, and does.
std::string BothFlush(const std::string& runs) {
  std::string text(kMailRace.substr(0, kMailRace.find("    order")));
  return text + "order\n cpu0 until tlb_flush\n" + runs + "cpu1 until done\n rest\n";
}

TEST(MailRace, BreaksOwnRangeEvenIfTheOtherHasSomethingToFlush) {
  EXPECT_EQ(Verdict(BothFlush(""), "own-range", "arm64"), "stale-after-return");
  EXPECT_EQ(
      Verdict(BothFlush("cpu1 until tlb_flush\n inv1 until deliver(1)\n"), "own-range", "arm64"),
      "stale-after-return");
  EXPECT_EQ(Verdict(BothFlush(""), "full-mm", "arm64"), "none");
}

TEST(MailRace, IsHiddenIfInvalidationsAreDeliveredInTheOrderOfTheirIssue) {
  const std::string in_order = BothFlush("cpu1 until tlb_flush\n inv0 2\n inv1 2\n");
  EXPECT_EQ(Verdict(in_order, "own-range", "arm64"), "none");
}

TEST(MailRace, DoesNotBreakWhatWasMerged) {
  EXPECT_EQ(Verdict(kMailRace, "full-mm", "x86"), "none");
  EXPECT_EQ(Verdict(kMailRace, "full-mm", "arm64"), "none");
}

}  // namespace
}  // namespace gatherfuzz
