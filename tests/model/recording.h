// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Two runs side by side: what each did at every step, and the first thing in which they differ.
#ifndef GATHERFUZZ_TESTS_MODEL_RECORDING_H_
#define GATHERFUZZ_TESTS_MODEL_RECORDING_H_

#include <string>
#include <vector>

#include "harness/execution.h"

namespace gatherfuzz {

struct Recording {
  struct Step {
    StepEvent event;
    MmuGather gather;  // of its CPU, before the step
  };
  struct Request {
    size_t step;  // that issued it
    Invalidation request;
  };
  RunResult result;
  std::vector<Step> steps;
  std::vector<Request> requests;
  World end;
};

// Runs `schedule`; `recording` is filled anew, and keeps its memory.
void Record(Execution& execution, const Schedule& schedule, const Policy& policy, const Arch& arch,
            Recording& recording);

enum class Difference : uint8_t {
  kNone,
  kVerdict,  // the violation, in any of its fields
  kStep,     // who moved, at what point, on which page
  kGather,   // a field of the gather, or what it has queued
  kDrops,    // what an invalidation drops: leaves of either size, table pointers of either level
  kNames,    // how it says so: start, end, stride, leaf only, level hint
  kStride,   // only of one address: the left one does not say how much stands for it
  kEnd,      // the state at the end
  kCost,
};
inline constexpr const char* kDifferences[] = {"none",  "verdict", "step", "gather", "drops",
                                               "names", "stride",  "end",  "cost"};

// The most serious one, by the order above, and where it is, in words.
struct Found {
  Difference difference = Difference::kNone;
  std::string where;
};
Found Compare(const Recording& left, const Recording& right);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_MODEL_RECORDING_H_
