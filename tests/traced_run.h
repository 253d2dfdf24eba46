// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A run of a schedule in text, with the names of its steps, and the state that it leaves.
#ifndef GATHERFUZZ_TESTS_TRACED_RUN_H_
#define GATHERFUZZ_TESTS_TRACED_RUN_H_

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/kernel/page_table.h"
#include "tests/support.h"

namespace gatherfuzz {

class TracedRun {
 public:
  explicit TracedRun(const std::string& text, const char* policy = "full-mm",
                     const char* arch = "x86")
      : execution_(std::make_unique<Execution>()), schedule_(FromText(text).schedule) {
    result_ =
        execution_->Execute(schedule_, *FindPolicy(policy), *FindArch(arch), {.observer = &names_});
  }
  Pte entry(int page) const { return LastEntry(world(), page); }
  const std::vector<std::string>& steps() const { return names_.steps; }
  // Those of one agent, without its name.
  std::vector<std::string> StepsOf(const std::string& agent) const {
    std::vector<std::string> steps;
    for (const std::string& step : names_.steps) {
      if (step.starts_with(agent + " ")) steps.push_back(step.substr(agent.size() + 1));
    }
    return steps;
  }
  long Count(std::string_view name) const {
    return std::count(names_.steps.begin(), names_.steps.end(), name);
  }
  // Where the first such step is.
  long At(std::string_view name) const {
    return std::find(names_.steps.begin(), names_.steps.end(), name) - names_.steps.begin();
  }
  const Violation& violation() const { return result_.violation; }
  std::string verdict() const { return std::string(Info(result_.violation.kind).name); }
  const World& world() const { return execution_->world(); }
  const Mm& mm() const { return world().mm; }
  const Schedule& schedule() const { return schedule_; }

 private:
  std::unique_ptr<Execution> execution_;
  const Schedule schedule_;
  StepNames names_;
  RunResult result_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_TRACED_RUN_H_
