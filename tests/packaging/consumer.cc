// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A program that links the installed library: it reads a schedule, runs it under each policy, and
// explores it under one.
#include <fstream>
#include <iostream>
#include <sstream>
#include <variant>

#include "explore/explore.h"
#include "harness/execution.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

int main(int argc, char** argv) {
  using namespace gatherfuzz;
  if (argc != 2) return 2;
  std::stringstream text;
  text << std::ifstream(argv[1]).rdbuf();
  const auto parsed = ParseText(text.str());
  if (!std::holds_alternative<ScheduleFile>(parsed)) return 2;
  const Schedule& schedule = std::get<ScheduleFile>(parsed).schedule;
  static Execution execution;
  for (const Policy* policy : Policies()) {
    const RunResult result = execution.Execute(schedule, *policy, *FindArch("x86"));
    std::cout << policy->name() << ' ' << Info(result.violation.kind).name << '\n';
  }
  const ExploreResult every =
      Explore(schedule, {.policy = FindPolicy("full-mm"), .arch = FindArch("x86")});
  std::cout << "every order under full-mm: "
            << (every.complete() && !every.violated() ? "none" : "not so") << '\n';
}
