// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What finish policies and architectures are in Promela: the parts of the model in which they
// differ. Each is written from what the policy or the architecture does, beside its file in model/.
#ifndef GATHERFUZZ_TRIAGE_TELL_PROMELA_POLICIES_H_
#define GATHERFUZZ_TRIAGE_TELL_PROMELA_POLICIES_H_

#include <string>
#include <string_view>
#include <vector>

namespace gatherfuzz {

// Definitions for machine.pml; empty if there are none of that name.
std::string PromelaOfPolicy(std::string_view policy);
std::string PromelaOfArch(std::string_view arch);

// Those that there are, by name.
std::vector<std::string_view> PromelaPolicies();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PROMELA_POLICIES_H_
