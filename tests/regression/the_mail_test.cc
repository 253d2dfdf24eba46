// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// stale-after-return in cpu1's madvise(MADV_DONTNEED) of 2..4 under own-range on x86.
// Written by 'gatherfuzz export --gtest' from 00-the-mail.gather.
#include <gtest/gtest.h>

#include <string_view>

#include "harness/cause.h"
#include "harness/trace.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr std::string_view kSchedule = R"(
    gatherfuzz 1
    intent The race of the mail of 9 May 2019, "the fundamental race here".
    intent CPU 1 sees PTE 2 empty and returns before CPU 0 flushes it.
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

constexpr std::string_view kSignature =
    "stale-after-return"
    "+pte_clear.zap"
    "+pte_read.zap"
    "+syscall_return"
    "+too-narrow";

TEST(OwnRangeOnX86, StaleAfterReturnIn00TheMail) {
  const Schedule schedule = FromText(kSchedule).schedule;
  ASSERT_EQ(Verdict(schedule, "own-range", "x86"), "stale-after-return");
  static Execution execution;
  const Trace trace = Record(execution, schedule, *FindPolicy("own-range"), *FindArch("x86"));
  EXPECT_EQ(Signature(schedule, trace), kSignature);
}

}  // namespace
}  // namespace gatherfuzz
