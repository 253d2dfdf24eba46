// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A violation in one sentence, and the words that reports, explanations and pages share.
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_SUMMARY_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_SUMMARY_H_

#include <string>

#include "harness/schedule.h"
#include "harness/trace.h"

namespace gatherfuzz {

// "madvise(MADV_DONTNEED) of 2..4", "hardware walk of page 2".
std::string OpName(const Op& op);

// Who made a step, and in which call: "cpu1's madvise(MADV_DONTNEED) of 2..4", "inv0".
std::string ActorOf(const TraceStep& step);

// "pte_clear(2)", "pending_inc".
std::string StepName(Point point, int page);

// The call that a violation is about: for a wait, that of the one who waits, not of who moved last.
std::string CallInQuestion(const Trace& trace);

// What is wrong at the last step, in a sentence or two; no line breaks.
std::string SummaryOf(const Trace& trace);

// "cpu0 waits in its finish, cpu1 waits at pte_lock(3)": of threads that are not done and have
// begun.
std::string WhoWaits(const Trace& trace);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_SUMMARY_H_
