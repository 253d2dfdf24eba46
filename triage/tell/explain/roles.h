// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a step is in the story of a violation, in a word or two that stand beside it.
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_ROLES_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_ROLES_H_

#include <string>
#include <vector>

#include "harness/cause.h"
#include "harness/trace.h"

namespace gatherfuzz {

// Of each step, what it does to the stale entry: "removes", "sees it gone", "too narrow". The last
// is the violation; of one that is about no page, its kind. None in a run without a violation.
// `no_return`: the step after which it cannot be helped, by index; -1 if that is not known.
std::vector<std::vector<std::string>> RolesOf(const Trace& trace, const Cause& cause,
                                              int no_return);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_ROLES_H_
