// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a file's schedules come to under every policy, and what the file expects of each.
//
// A text says what it expects on its own architecture, or, if it names none, on each: its `expect`
// under its own policy, its lines `expect ... under`, and none under every other published policy.
// Planted policies count only where the text names them. Bytes, and a text on an architecture that
// is not its own, expect nothing but that policies expected to be safe are clean; no other is run.
#ifndef GATHERFUZZ_TRIAGE_REPLAY_VERDICTS_H_
#define GATHERFUZZ_TRIAGE_REPLAY_VERDICTS_H_

#include <string>
#include <vector>

#include "explore/io/files.h"
#include "harness/execution.h"
#include "harness/final_memory.h"
#include "harness/target.h"

namespace gatherfuzz {

// One policy on one architecture: its first member that is not clean, or leaves another memory than
// the program says, or else member 0.
struct PolicyVerdict {
  const Policy* policy;
  const Arch* arch;
  bool held_safe = false;
  int member = 0;
  RunResult result;
  MemoryDifference difference;  // of a clean run

  bool clean() const { return result.clean() && !difference; }
  bool Is(ViolationKind kind) const {
    return kind == ViolationKind::kNone ? clean() : result.violation.kind == kind;
  }
};

// Whether what the text expects is said of that architecture.
bool SpeaksOf(const LoadedSchedule& loaded, const Arch& arch);

// What is expected of a policy that is run.
ViolationKind ExpectedUnder(const LoadedSchedule& loaded, const Policy& policy, const Arch& arch);

// Appends the verdict of every policy to be run there, in the order of Policies(), then of those
// that are planted or variants, as far as the file names them.
void RunUnderAll(Execution& execution, const LoadedSchedule& loaded, const Arch& arch,
                 uint32_t ignored, std::vector<PolicyVerdict>& verdicts);

// "none", a kind, "limit", or how the final memory differs.
std::string TextOf(const PolicyVerdict& verdict);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_REPLAY_VERDICTS_H_
