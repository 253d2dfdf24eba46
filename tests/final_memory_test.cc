// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the program alone determines of the final memory: each rule on both sides of its line, the
// prediction against real runs, and that a difference is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "harness/bytes.h"
#include "harness/final_memory.h"
#include "harness/random.h"
#include "model/kernel/page_table.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kBlock0 = 0xf;

Determined Of(std::string_view text) { return DeterminedBy(FromText(text).schedule); }

bool Clear(uint64_t pages, int page) { return (pages & PageBit(page)) != 0; }

// --- The random schedules ---

void RandomSchedule(uint64_t seed, Schedule& schedule) {
  Random random(seed);
  std::array<uint8_t, 256> bytes;
  const size_t size = random.Below(4) == 0 ? random.Below(60) : 12 + random.Below(200);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(random.Next() >> 40);
  DecodeBytes({bytes.data(), size}, schedule);
}

uint64_t Touched(const Schedule& schedule) {
  uint64_t pages = 0;
  for (const ProgramLine& line : schedule.program) {
    if (line.op.kind != OpKind::kFill) pages |= MaskOf(line.op.range);
  }
  return pages;
}

TEST(FinalMemory, IsWhatTheProgramSaysUnderEverySafePolicy) {
  static Execution execution;
  Schedule schedule;
  int runs = 0;
  uint64_t schedules[3] = {}, pages[3] = {}, touched_pages = 0;
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    RandomSchedule(seed, schedule);
    const Determined determined = DeterminedBy(schedule);
    ASSERT_EQ(determined.pte & ~determined.vma, 0u);
    ASSERT_EQ(determined.dirty & ~determined.pte, 0u);
    const FinalMemory predicted = Predict(schedule, determined);
    const uint64_t touched = Touched(schedule);
    touched_pages += static_cast<uint64_t>(std::popcount(touched));
    const uint64_t masks[3] = {determined.vma, determined.pte, determined.dirty};
    for (int i = 0; i < 3; ++i) {
      schedules[i] += (masks[i] & touched) != 0;
      pages[i] += static_cast<uint64_t>(std::popcount(masks[i] & touched));
    }
    for (const Arch* arch : Archs()) {
      for (const Policy* policy : Policies()) {
        if (!policy->SafeOn(arch->name())) continue;
        const RunResult result = execution.Execute(schedule, *policy, *arch);
        ASSERT_TRUE(result.clean()) << "seed " << seed << ", " << policy->name();
        const auto difference = FirstDifference(Final(execution.world(), determined), predicted);
        ASSERT_FALSE(difference) << "seed " << seed << ", " << policy->name() << ", "
                                 << arch->name() << ": " << Describe(difference) << "\n"
                                 << PrintText({.schedule = schedule});
        ++runs;
      }
    }
  }
  printf("%d runs; schedules %llu %llu %llu; touched %llu pages %llu %llu %llu\n", runs,
         (unsigned long long)schedules[0], (unsigned long long)schedules[1],
         (unsigned long long)schedules[2], (unsigned long long)touched_pages,
         (unsigned long long)pages[0], (unsigned long long)pages[1], (unsigned long long)pages[2]);
}

}  // namespace
}  // namespace gatherfuzz
