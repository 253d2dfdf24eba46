// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which policy, on which architecture, a fuzz target tests.
//
// The build writes a source of a few lines for each target, which defines the two names. Where one
// is empty, the environment variable GATHERFUZZ_POLICY or GATHERFUZZ_ARCH has the name; if that is
// missing or unknown, the process says which names there are, and ends with status 2. So it is with
// the others, which may be missing.
#ifndef GATHERFUZZ_FUZZ_SUBJECT_H_
#define GATHERFUZZ_FUZZ_SUBJECT_H_

#include "harness/schedule.h"
#include "model/arch/arch.h"
#include "model/kernel/version.h"
#include "model/machine/memory.h"
#include "model/policies/policy.h"
#include "model/violation.h"

namespace gatherfuzz {

extern const char kTargetPolicy[];
extern const char kTargetArch[];

// Looked up by the first call; targets make it before the first execution.
const Policy& ThePolicy();
const Arch& TheArch();
// The memory model under which every input runs, whatever its bytes say: GATHERFUZZ_MEMORY (sc,
// tso, weak, late), or sc. Under one that is weaker, no input is run that has the paths of kernels
// later than TheKernel(), where what is broken under sc would come first (docs/zoo.md: z48, s1), or
// what is sc only.
MemoryModel TheMemory();
bool Takes(const Schedule& schedule);  // which has that one by now
// Whose operations the mutator draws: GATHERFUZZ_KERNEL, or the default. Inputs have their own.
KernelVersion TheKernel();
// The violations that count, where not all do: of the kind GATHERFUZZ_KIND (kNone: of any), and of
// schedules that are clean under the policy GATHERFUZZ_FIXED (null: of any).
ViolationKind TheKind();
const Policy* TheFixed();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_SUBJECT_H_
