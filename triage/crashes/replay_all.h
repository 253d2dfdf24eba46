// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Replays crash files, all there are, on all threads. Files of the same content that are run under
// the same are replayed once; what comes out does not depend on the number of threads.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_REPLAY_ALL_H_
#define GATHERFUZZ_TRIAGE_CRASHES_REPLAY_ALL_H_

#include <vector>

#include "triage/crashes/sort.h"
#include "triage/crashes/work.h"

namespace gatherfuzz {

std::vector<SortedFile> ReplayAll(std::vector<FoundFile> files, const Said& flags,
                                  StoppableWork& work);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_REPLAY_ALL_H_
