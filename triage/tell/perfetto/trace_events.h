// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A recorded run as Chrome trace-event JSON, for ui.perfetto.dev and chrome://tracing.
//
// The process is the mm. Its tracks are the thread, the walker and the deliveries of each CPU that
// moves. One step is one microsecond: step N of the reports begins at ts N and ends at N + 1.
// - Slices: operations; within them gathers (pending_inc to pending_dec), flushes (tlb_flush to
//   tlb_flush_done), waits in finish, walks; and each delivery. On one track they nest or do not
//   touch, and none is empty. A slice that outlives the one around it is continued in another.
// - Each step is a slice of one microsecond, the innermost, since some viewers (speedscope) show
//   nothing else; a flow leads from an issued invalidation to each of its deliveries;
//   tlb_flush_pending is a counter; the violation is an instant across all.
//
// The trace does not tell waiting from not being chosen: a wait in finish begins right after the
// step before it, and an access that ends at its last step is taken to be done.
#ifndef GATHERFUZZ_TRIAGE_TELL_PERFETTO_TRACE_EVENTS_H_
#define GATHERFUZZ_TRIAGE_TELL_PERFETTO_TRACE_EVENTS_H_

#include <string>

#include "harness/text.h"
#include "harness/trace.h"

namespace gatherfuzz {

// `file` names the policy and the architecture that its schedule was run under. UTF-8, whatever the
// file holds; one event a line.
std::string TraceEventsOf(const ScheduleFile& file, const Trace& trace);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PERFETTO_TRACE_EVENTS_H_
