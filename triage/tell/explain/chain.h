// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The chain of causes of a violation, in sentences that name their steps.
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_CHAIN_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_CHAIN_H_

#include <string>
#include <vector>

#include "harness/cause.h"
#include "harness/trace.h"

namespace gatherfuzz {

// One sentence, or two. Plain text, without the number of its step.
struct Sentence {
  std::string text;
  int step = -1;  // the step of the trace it speaks of, by index; -1: what was before the first
};

// Keeps the chain in order of time.
void Add(std::vector<Sentence>& chain, Sentence sentence);

// In order of time: who cached the entry, who removed it, who saw it gone, what each of the calls
// that race did about it, and why what came last was too early. Of a wait: who waits since when,
// and for whom.
std::vector<Sentence> ChainOf(const Trace& trace, const Cause& cause);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_CHAIN_H_
