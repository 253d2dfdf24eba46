// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the tests share: schedules from text and at random, runs, and what came of them.
#ifndef GATHERFUZZ_TESTS_SUPPORT_H_
#define GATHERFUZZ_TESTS_SUPPORT_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/execution.h"
#include "harness/random.h"
#include "harness/text.h"

namespace gatherfuzz {

// The schedule that `text` describes; a malformed text fails the test and aborts it. The first line
// ("gatherfuzz 1") may be left out.
ScheduleFile FromText(std::string_view text);

// The name of the violation the schedule ends in, "none", or "limit".
std::string Verdict(const Schedule& schedule, std::string_view policy, std::string_view arch,
                    const RunOptions& options = {});
std::string Verdict(std::string_view text, std::string_view policy, std::string_view arch,
                    const RunOptions& options = {});

// The whole result, for a test that asks for more than the verdict.
RunResult Result(const Schedule& schedule, std::string_view policy, std::string_view arch,
                 const RunOptions& options = {});

using Bytes = std::vector<uint8_t>;

Bytes RandomBytes(Random& random, size_t length);
// Random bytes of random length, half of them behind a header that names its counts.
Bytes RandomInput(Random& random);
// What RandomInput decodes to.
Schedule RandomSchedule(Random& random);

// The part of a schedule that is out of its bounds, or empty: a canonical schedule that encodes.
std::string WhatIsWrongWith(const Schedule& schedule);

// Whether `shorter` is `longer` without one item, wherever it stood.
template <typename List>
bool LacksOne(const List& longer, const List& shorter) {
  if (longer.size() != shorter.size() + 1) return false;
  const auto [in_longer, in_shorter] =
      std::mismatch(longer.begin(), longer.end(), shorter.begin(), shorter.end());
  return std::equal(in_longer + 1, longer.end(), in_shorter, shorter.end());
}

// Collects "cpu0 pte_clear(2)", and "lent cpu0 pte_clear(2)" if it moved in another's place.
class StepNames final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World& before) override;
  std::vector<std::string> steps;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_SUPPORT_H_
