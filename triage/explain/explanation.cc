// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/explain/explanation.h"

#include "triage/interleaving.h"

namespace gatherfuzz {

Explanation Explain(const Schedule& schedule, const Trace& trace, const Policy&, const Arch&,
                    const ExplainSettings&, const std::atomic<bool>&) {
  Explanation explanation;
  explanation.cause = FindCause(trace);
  explanation.signature = Signature(schedule, trace);
  explanation.shown = RelevantSteps(trace, explanation.cause);
  return explanation;
}

}  // namespace gatherfuzz
