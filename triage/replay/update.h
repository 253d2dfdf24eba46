// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Writes what a schedule does under other policies into its file, for a person to review.
//
// Only lines `expect ... under` are written; all else stays byte for byte, and comments of lines
// that are written anew stay too. What a policy that is expected to be safe, or a kernel tree, does
// wrong is never written: that is a finding, and a person who accepts it writes it by hand.
#ifndef GATHERFUZZ_TRIAGE_REPLAY_UPDATE_H_
#define GATHERFUZZ_TRIAGE_REPLAY_UPDATE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "triage/replay/verdicts.h"

namespace gatherfuzz {

// What the file is to expect, given the verdicts. An error if it names no architecture, and a
// policy does one thing on one and another thing on another.
absl::StatusOr<ExpectUnder> UpdatedExpectations(const ScheduleFile& file,
                                                std::span<const PolicyVerdict> verdicts);

// The text with these lines in place of those it has: where the first of them is, or else below
// `expect`, or else at the end of the head.
std::string WithExpectUnder(std::string_view text, const ExpectUnder& expect);

// Brings the file up to date; `file.expect_under` is what it then expects. Returns whether it was
// written.
absl::StatusOr<bool> UpdateFile(const std::string& path, ScheduleFile& file,
                                std::span<const PolicyVerdict> verdicts);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_REPLAY_UPDATE_H_
