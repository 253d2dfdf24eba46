// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The programs of a schedule and a finish policy as a Promela model, which SPIN checks: a second
// opinion on what exploration says, as it shares no code with it.
//
// The model is written from what the operations mean (machine.pml: page tables, TLBs, walk caches,
// walkers, invalidations, mmap_lock, zap, the gather), not from runs. SPIN goes through every order
// of its steps, as exploration does; the order of the schedule is not in it. An assertion that
// fails is a violation, and so is a thread that cannot go on ("invalid end state"): a deadlock.
//
// Small and exact: what it cannot say is refused (docs/promela.md has the list). Faithful to this
// tree's model within that, step by step; so where that differs from a kernel, it does, too.
#ifndef GATHERFUZZ_TRIAGE_TELL_PROMELA_PROMELA_H_
#define GATHERFUZZ_TRIAGE_TELL_PROMELA_PROMELA_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "harness/schedule.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

// `name` is that of the file, for a comment and for messages. An error names what the model has no
// room for.
absl::StatusOr<std::string> PromelaOf(std::string_view name, const Schedule& schedule,
                                      const Policy& policy, const Arch& arch);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PROMELA_PROMELA_H_
