// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The interleaving of a recorded run, one column a CPU, as the kernel list writes it.
#ifndef GATHERFUZZ_TRIAGE_TELL_INTERLEAVING_H_
#define GATHERFUZZ_TRIAGE_TELL_INTERLEAVING_H_

#include <map>
#include <string>
#include <vector>

#include "harness/cause.h"
#include "harness/trace.h"

namespace gatherfuzz {

// Which steps of the trace matter to its violation: those of the calls that race, as far as they
// concern the page or the protocol, and what the hardware did with the page. All, for a run without
// one.
std::vector<bool> RelevantSteps(const Trace& trace, const Cause& cause);

// A step in its column: "[inv] deliver(1) drops nothing".
std::string StepCell(const TraceStep& step);

// What is to stand beside a step, by its index.
using StepNotes = std::map<int, std::string>;

// A table with a column for each CPU that has a step in `shown`; what its walker does is marked
// [walk], a delivery [inv]. Runs of steps left out are counted. Lines end in '\n'. Where it would
// be wider than `columns`, columns begin further left, and their rows reach into the next ones.
// What is still wider goes on below.
inline constexpr size_t kColumnsOfTerminal = 80;
std::string PrintInterleaving(const Trace& trace, const std::vector<bool>& shown,
                              const StepNotes& notes = {}, size_t columns = kColumnsOfTerminal);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_INTERLEAVING_H_
