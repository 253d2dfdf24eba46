// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Entries of an order that are most likely a mistake: the step that one names never comes in it, or
// its agent has not so many steps left (RunResult::unreached_run).
//
// A schedule may be kept for what it does under several policies, of which only one waits where the
// order says so. So it is meant if every entry is reached under at least one of the policies that
// the file names: its own, or those of its lines `expect ... under`. One that this build does not
// have counts as such.
#ifndef GATHERFUZZ_TRIAGE_REPLAY_UNREACHED_H_
#define GATHERFUZZ_TRIAGE_REPLAY_UNREACHED_H_

#include <string>

#include "explore/io/files.h"
#include "harness/execution.h"

namespace gatherfuzz {

// Whether under one of the policies that the file names no entry is unreached.
bool MeantForAnother(Execution& execution, const ScheduleFile& file, const Arch& arch);

// "FILE:12: 'cpu0 until pte_clear(2)' never came to that step", of the entry of that index.
std::string UnreachedText(const std::string& path, const LoadedSchedule& loaded, int index);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_REPLAY_UNREACHED_H_
