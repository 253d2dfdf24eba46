// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What can be said of a run that ended in a violation: why, from where on it could not be helped,
// and who would have survived it. For the terminal (print.h) and for the page (triage/tell/page/).
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_EXPLANATION_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_EXPLANATION_H_

#include <atomic>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/turning.h"
#include "harness/cause.h"
#include "harness/trace.h"
#include "triage/tell/explain/chain.h"

namespace gatherfuzz {

// A step that was not made.
struct RescueStep {
  AgentId agent{};
  Point point{};
  int page = kNoPage;  // of a delivery: the CPU whose invalidation it is
  int kswapd = -1;     // the number of kswapd's CPU
};

// From where on it could not be helped; explore/turning.h has the terms.
struct NoReturn {
  enum class Known : uint8_t {
    kNo,       // the limit was reached first
    kAtStart,  // every order of these programs violates
    kAtStep,   // after `step` every continuation violates, before it one did not
  };
  Known known = Known::kNo;
  int step = -1;  // of the trace, by index
  // Steps that, made before that one, take the harm from it. The last is the one that saves.
  std::vector<RescueStep> rescue;
  std::string text;  // the same in sentences; never empty
};

// The same schedule under another policy of the published ones, on the same architecture. A policy
// that is not held to the kind of violation (incoherent-mapping) is left out.
struct UnderPolicy {
  std::string_view policy;
  RunResult result;
  // Whether any order of the programs violates under it, where that was explored.
  bool explored = false;
  ViolationKind any_order = ViolationKind::kNone;
};

struct Explanation {
  Cause cause;
  std::string signature;
  std::vector<bool> shown;  // by step of the trace: whether it matters
  std::vector<Sentence> chain;
  NoReturn no_return;
  std::vector<UnderPolicy> others;  // by name, without the policy itself
};

struct ExplainSettings {
  uint32_t ignored = 0;
  // Of each exploration; by states, so that an explanation is the same on every machine.
  ExploreLimits limits{.states = 200'000};
};

// `trace` is the run of `schedule` and ended in a violation; for both.
NoReturn FindNoReturn(const Schedule& schedule, const Trace& trace, const Policy& policy,
                      const Arch& arch, const ExplainSettings& settings,
                      const std::atomic<bool>& stop);
Explanation Explain(const Schedule& schedule, const Trace& trace, const Policy& policy,
                    const Arch& arch, const ExplainSettings& settings,
                    const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_EXPLANATION_H_
