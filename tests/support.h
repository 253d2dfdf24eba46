// What the tests share: schedules from text, runs, and what came of them.
#ifndef GATHERFUZZ_TESTS_SUPPORT_H_
#define GATHERFUZZ_TESTS_SUPPORT_H_

#include <string>
#include <string_view>

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

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_SUPPORT_H_
