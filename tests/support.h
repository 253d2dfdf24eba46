// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the tests share: schedules from text, runs, and what came of them.
#ifndef GATHERFUZZ_TESTS_SUPPORT_H_
#define GATHERFUZZ_TESTS_SUPPORT_H_

#include <string>
#include <string_view>
#include <vector>

#include "harness/execution.h"
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

// Collects "cpu0 pte_clear(2)", and "lent cpu0 pte_clear(2)" if it moved in another's place.
class StepNames final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World& before) override;
  std::vector<std::string> steps;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_SUPPORT_H_
