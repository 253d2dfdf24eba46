// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// `gatherfuzz run --check --policy all`: every file under every policy, held against what it
// expects. Prints the runs that differ, the first with what it takes to see it again, and a line of
// counts; with --json one object for each that differs, and one for all.
#ifndef GATHERFUZZ_COMMAND_CHECK_ALL_H_
#define GATHERFUZZ_COMMAND_CHECK_ALL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "command/command.h"

namespace gatherfuzz {

// With --update, files are rewritten first (triage/replay/update.h).
absl::StatusOr<ExitStatus> CheckUnderAll(const Options& options,
                                         const std::vector<std::string>& paths, uint32_t ignored);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_CHECK_ALL_H_
