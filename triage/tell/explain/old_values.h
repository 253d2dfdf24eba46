// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a run under weaker memory: each load that took a value which was not the newest any more,
// since when that was so, which step would have carried the newer one along, and which orders, made
// stronger, would have forbidden it. And each increment that was left for later: until when, what
// it was done for, and which orders would have had it done before.
//
// What would have forbidden it is tried: the same steps, with one order stronger at a time, and
// then with two. So it is exact, for this run.
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_OLD_VALUES_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_OLD_VALUES_H_

#include <vector>

#include "harness/trace.h"
#include "triage/tell/explain/chain.h"

namespace gatherfuzz {

// A sentence for each such load and increment. `trace` is the run of `schedule`.
std::vector<Sentence> TellOldValues(const Schedule& schedule, const Trace& trace,
                                    const Policy& policy, const Arch& arch, uint32_t ignored);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_OLD_VALUES_H_
