// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// `gatherfuzz run --check --policy all`: every file under every policy, held against what it
// expects. Prints the runs that differ, the first with what it takes to see it again, and a line of
// counts; with --json one object for each that differs, and one for all.
#ifndef GATHERFUZZ_TRIAGE_REPLAY_REPLAY_H_
#define GATHERFUZZ_TRIAGE_REPLAY_REPLAY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "triage/command.h"

namespace gatherfuzz {

// Files, and folders with all below them (crashes/find.h), in the order of their names. With
// `update`, files are rewritten first (update.h).
absl::StatusOr<ExitStatus> ReplayAll(const std::vector<std::string>& paths, uint32_t ignored,
                                     bool update);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_REPLAY_REPLAY_H_
