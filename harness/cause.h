// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What led to a violation: the steps of a trace that established it, found by going back from it.
#ifndef GATHERFUZZ_HARNESS_CAUSE_H_
#define GATHERFUZZ_HARNESS_CAUSE_H_

#include <string>

#include "harness/trace.h"

namespace gatherfuzz {

// What the call that should have invalidated the stale entry did: the call that is judged, or, if
// what is judged is no call (a walk), the one that removed the entry. What others issue is theirs:
// a call that relies on it has to wait for it. Of requests since the removal.
enum class Missing : uint8_t {
  kNotIssued,   // it issued none
  kTooNarrow,   // it issued some, but no range of them reaches the entry
  kWrongLevel,  // a range reaches it, but it stands at a level that was not asked for
  kNotTold,     // one named it, and was not sent to the holder, which was lazy, or had left the mm
  kOtherAsid,   // one named it, and another ASID than that under which the holder has it
  kPending,     // one named it, but was not delivered to the holder yet
  kNotDropped,  // one that named it was delivered, and the holder did not drop the entry
  kRefilled,    // one that named it was delivered, before the entry was filled again
};

// "not-issued", "too-narrow": as signatures have it.
const char* NameOf(Missing missing);

// Indices into Trace::steps; -1 where there is no such step, or where it lies before the first one.
struct Cause {
  int filled = -1;    // the walk that put the stale entry, or table pointer, into its cache
  int removed = -1;   // the step that cleared the PTE, or unlinked the table
  int examined = -1;  // the step of the judged call that cleared the PTE or saw it empty or clean
  int flushed = -1;   // the last request of that call, or the one that `missing` speaks of
  int others = -1;    // the first request of another call that names the entry
  int judged = -1;    // the last step: the return, the free, the walk, ...
  Missing missing = Missing::kNotIssued;
};

// Whether a violation of this kind is about a page table, not about a leaf.
bool AboutTable(ViolationKind kind);

// Of an endless fault: whether a TLB entry is in the way, or else where the walk cache leads.
bool FaultsForTlb(const Trace& trace);

// For a trace that ended in a violation.
Cause FindCause(const Trace& trace);

// What makes two violations the same bug: the kind, the kernel-path steps that race (who removed
// the entry, who saw it gone, who returned or freed), and what the invalidation lacked. No numbers
// of CPUs, pages or steps; munmap and MADV_DONTNEED are one path ("zap"). A wait is named by where
// the one who cannot go on stands. Of letters, digits, '-', '_', '.' and '+'. The text is stable: a
// new version of it is a line in CHANGELOG.md.
std::string Signature(const Trace& trace);
// As tests that gatherfuzz export wrote call it.
inline std::string Signature(const Schedule&, const Trace& trace) { return Signature(trace); }

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CAUSE_H_
