// The race of the mail of 9 May 2019: CPU 1 sees PTE 2 empty and returns before CPU 0 flushes it.
#include <gtest/gtest.h>

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

TEST(MailRace, DoesNotBreakWhatWasMerged) {
  EXPECT_EQ(Verdict(kMailRace, "full-mm", "x86"), "none");
  EXPECT_EQ(Verdict(kMailRace, "full-mm", "arm64"), "none");
}

}  // namespace
}  // namespace gatherfuzz
