// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Reading files that may be anything: what a fuzzing night left behind.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_READ_H_
#define GATHERFUZZ_TRIAGE_CRASHES_READ_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gatherfuzz {

// The whole of a regular file of at most 16 MiB. Nothing else is read, or waited for; the error is
// a clause that does not name the path.
absl::StatusOr<std::string> ReadRegular(const std::string& path);

// XXH3 of it, in 32 or (of 64 bits) 16 hexadecimal digits.
std::string ContentHash(std::string_view content);
std::string ShortHash(std::string_view content);

// Text of others on a terminal: printable ASCII as it is, but all else, and '\', as \xNN.
std::string Shown(std::string_view text);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_READ_H_
