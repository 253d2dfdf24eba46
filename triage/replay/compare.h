// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One family of schedules under several policies, side by side: verdicts, costs, and the memory
// they leave. Each policy is shown by its first member that fails, or else by the first of all.
#ifndef GATHERFUZZ_TRIAGE_REPLAY_COMPARE_H_
#define GATHERFUZZ_TRIAGE_REPLAY_COMPARE_H_

#include <span>
#include <string>
#include <vector>

#include "harness/final_memory.h"
#include "harness/members.h"
#include "harness/trace.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

struct PolicyRun {
  const Policy* policy;
  bool held_safe;  // on this architecture, in this schedule
  bool excused;    // it says nothing against the policy if it fails
  int member;      // that the rest is about
  Trace trace;
  MemoryDifference difference;  // between what the run left and what the program says

  // Whether the final memory says anything: a run that was broken off left what it was at.
  bool judged() const { return trace.result.clean(); }
  bool fails() const { return !judged() || difference; }
};

struct Comparison {
  const Arch* arch;
  Members members;
  int touched, determined;  // pages that the program touches; of those, whose PTE it determines
  std::vector<PolicyRun> runs;
};

// Violations of an `ignored` kind do not end a run; its memory is judged all the same.
Comparison Compare(Execution& execution, const Schedule& schedule, Members members,
                   std::span<const Policy* const> policies, const Arch& arch, uint32_t ignored);

// "none", "limit", or the kind.
std::string VerdictOf(const RunResult& result);

// "as the program says", "differs at page 2", or "-".
std::string FinalMemoryText(const PolicyRun& run);

// A table with a line for each policy, then who fails, and what the clean ones cost. Lines end in
// '\n'.
std::string PrintComparison(const std::string& path, const Comparison& comparison);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_REPLAY_COMPARE_H_
