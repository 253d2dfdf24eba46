// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a schedule is run against: a policy on an architecture; and what a violation says of it.
#ifndef GATHERFUZZ_HARNESS_TARGET_H_
#define GATHERFUZZ_HARNESS_TARGET_H_

#include "harness/schedule.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

struct Target {
  const Policy* policy;
  const Arch* arch;
};

// Whether a violation is a fault of the policy, the model or the oracle. What policies say of
// themselves (PolicyTraits::safe_on) is about the paths up to 6.12, and memory sc: those of later
// kernels are broken under any (docs/zoo.md: z48, s1), as are some programs (BrokenUnderAny()), but
// for one that repairs these (PolicyTraits::safe_later). A finish that waits deadlocks where a
// thread exits beside the OOM reaper, and where an owner revokes beside munmap (docs/model.md).
bool HeldSafe(const Policy& policy, const Arch& arch, const Schedule& schedule);

// Whether what stands around the gather is broken there in every kernel version of the model, under
// any policy that does not repair it: on x86 where page tables are unshared and CPUs may be lazy
// that no flush for it tells (docs/zoo.md: z65), on riscv where page tables are freed and ASIDs are
// allocated, which CPUs load before they drop what is cached under them (s11).
bool BrokenUnderAny(const Arch& arch, const Schedule& schedule);

// Whether a violation says nothing against the policy: under a later kernel or weaker memory any
// may break; and one that is expected to be safe on the architecture breaks only where that holds.
bool Excused(const Policy& policy, const Arch& arch, const Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_TARGET_H_
