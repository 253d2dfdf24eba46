// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The chain of causes of a stale entry: a leaf in a TLB, or a pointer to a table in a walk cache.
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_STALE_CHAIN_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_STALE_CHAIN_H_

#include <vector>

#include "triage/tell/explain/chain.h"

namespace gatherfuzz {

// Who filled it, who removed what it stands for, what each call that races did about it, and why
// what came last was too early.
std::vector<Sentence> ChainOfStale(const Trace& trace, const Cause& cause);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_STALE_CHAIN_H_
