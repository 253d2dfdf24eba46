// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Makes a violating schedule small: the same kind of violation with fewer operations, CPUs, pages,
// and switches.
#ifndef GATHERFUZZ_TRIAGE_MINIMIZE_H_
#define GATHERFUZZ_TRIAGE_MINIMIZE_H_

#include "harness/execution.h"
#include "harness/schedule.h"

namespace gatherfuzz {

// `schedule` must end in a violation under `policy` and `arch`. The result ends in one of the same
// kind; its switches are named by step, its tail is a plain rest. Passes are repeated until none
// helps: CPUs, operations, lines of init and of order are dropped, ranges narrowed, the rest made
// plain. Deterministic.
Schedule Minimize(Execution& execution, const Schedule& schedule, const Policy& policy,
                  const Arch& arch);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_MINIMIZE_H_
