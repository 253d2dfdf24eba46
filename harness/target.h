// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a schedule is run against: a policy on an architecture.
#ifndef GATHERFUZZ_HARNESS_TARGET_H_
#define GATHERFUZZ_HARNESS_TARGET_H_

#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

struct Target {
  const Policy* policy;
  const Arch* arch;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_TARGET_H_
