// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Debian's Abseil has a string_view of its own; this hands it the standard one.
#ifndef GATHERFUZZ_TRIAGE_STRINGS_H_
#define GATHERFUZZ_TRIAGE_STRINGS_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace gatherfuzz {

inline absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_STRINGS_H_
