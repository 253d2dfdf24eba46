// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the flags of several commands say, as plain values.
#ifndef GATHERFUZZ_COMMAND_CHOSEN_H_
#define GATHERFUZZ_COMMAND_CHOSEN_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "explore/explore.h"
#include "explore/program_list.h"

namespace gatherfuzz {

// --jobs, or one for each core.
absl::StatusOr<int> ChosenJobs();

// --limit: "states=N,memory=SIZE,seconds=N", any of them; N and SIZE may end in k, M or G.
absl::StatusOr<ExploreLimits> ChosenLimits();

// The list that --programs names, or `or_else`.
absl::StatusOr<ProgramList> ChosenPrograms(std::string_view or_else);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_CHOSEN_H_
