// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a run did to memory, as a litmus test of the kernel's memory model, which herd7 reads
// (tools/memory-model of a kernel tree, `herd7 -conf linux-kernel.cfg`).
//
// The loads and stores of each thread stand as the kernel makes them, with the orders that the run
// had; values are numbers of stores to the variable, and the condition is what each load took. So
// herd7 answers Sometimes exactly if the kernel's model allows the loads of this run. mmap_lock is
// an atomic that readers add to, with the orders of its functions, as that model has no rwsem; of
// what others do under it nothing is lost. An increment that was left for later stands where the
// program has it: that model lets it be seen late by itself. Not in it: walkers and invalidations,
// which that model has not (a DSB stands as the barrier that it is to its CPU).
#ifndef GATHERFUZZ_TRIAGE_TELL_LITMUS_LITMUS_H_
#define GATHERFUZZ_TRIAGE_TELL_LITMUS_LITMUS_H_

#include <string>

#include "harness/trace.h"

namespace gatherfuzz {

// `name` is that of the test. The trace is of a run under a memory model other than sc.
std::string LitmusOf(const std::string& name, const Schedule& schedule, const Trace& trace,
                     const Arch& arch);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_LITMUS_LITMUS_H_
