// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz explore --programs: every order of every program within bounds.
#ifndef GATHERFUZZ_COMMAND_EXPLORE_PROGRAMS_H_
#define GATHERFUZZ_COMMAND_EXPLORE_PROGRAMS_H_

#include "absl/status/statusor.h"
#include "command/command.h"
#include "explore/explore.h"

namespace gatherfuzz {

// `settings` are those of the options.
absl::StatusOr<ExitStatus> ExplorePrograms(const Options& options, const ExploreSettings& settings);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_EXPLORE_PROGRAMS_H_
