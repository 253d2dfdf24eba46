// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/support.h"

#include <cstdio>
#include <cstdlib>

namespace gatherfuzz {

ScheduleFile FromText(std::string_view text) {
  std::string whole(text);
  if (whole.find("gatherfuzz 1") == std::string::npos) whole = "gatherfuzz 1\n" + whole;
  auto parsed = ParseText(whole);
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    std::fprintf(stderr, "%s\n", FormatError("schedule of the test", *error).c_str());
    std::abort();
  }
  return std::get<ScheduleFile>(parsed);
}

RunResult Result(const Schedule& schedule, std::string_view policy, std::string_view arch,
                 const RunOptions& options) {
  static Execution execution;
  const Policy* const the_policy = FindPolicy(policy);
  const Arch* const the_arch = FindArch(arch);
  if (the_policy == nullptr || the_arch == nullptr) {
    std::fprintf(stderr, "no such policy or architecture\n");
    std::abort();
  }
  return execution.Execute(schedule, *the_policy, *the_arch, options);
}

std::string Verdict(const Schedule& schedule, std::string_view policy, std::string_view arch,
                    const RunOptions& options) {
  const RunResult result = Result(schedule, policy, arch, options);
  return result.limit ? "limit" : std::string(Info(result.violation.kind).name);
}

std::string Verdict(std::string_view text, std::string_view policy, std::string_view arch,
                    const RunOptions& options) {
  return Verdict(FromText(text).schedule, policy, arch, options);
}

void StepNames::OnStep(const StepEvent& event, const World&) {
  std::string step = (event.lent ? "lent " : "") + AgentName(event.agent) + " ";
  step += Info(event.point).name;
  if (event.page != kNoPage) step += "(" + std::to_string(event.page) + ")";
  steps.push_back(step);
}

}  // namespace gatherfuzz
