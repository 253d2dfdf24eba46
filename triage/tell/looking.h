// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How a livelock is told: who looks, at what, and what led there.
//
// The agents that look make the same steps again and again, so only their first rounds are shown.
#ifndef GATHERFUZZ_TRIAGE_TELL_LOOKING_H_
#define GATHERFUZZ_TRIAGE_TELL_LOOKING_H_

#include <string>
#include <vector>

#include "harness/trace.h"
#include "triage/tell/explain/chain.h"

namespace gatherfuzz {

// "cpu0 and cpu1 look at pending_read again and again".
std::string WhoLooks(const Trace& trace);
// The steps that an interleaving shows.
std::vector<bool> StepsOfLooking(const Trace& trace);
// The chain of causes.
std::vector<Sentence> ChainOfLooking(const Trace& trace);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_LOOKING_H_
