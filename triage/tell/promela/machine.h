// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// machine.pml as text, put here when it is built (embed.cmake).
#ifndef GATHERFUZZ_TRIAGE_TELL_PROMELA_MACHINE_H_
#define GATHERFUZZ_TRIAGE_TELL_PROMELA_MACHINE_H_

#include <string_view>

namespace gatherfuzz {

extern const std::string_view kPromelaMachine;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PROMELA_MACHINE_H_
