// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What led to a violation: the steps of a trace that established it, found by going back from it.
#ifndef GATHERFUZZ_HARNESS_CAUSE_H_
#define GATHERFUZZ_HARNESS_CAUSE_H_

#include <string>

#include "harness/trace.h"

namespace gatherfuzz {

// What became of the invalidation that should have dropped the stale entry. Looked for among the
// requests issued between the removal and the violation.
enum class Missing : uint8_t {
  kNotIssued,  // none was issued
  kTooNarrow,  // some were, but none of them named the entry
  kPending,    // one named it, but was not delivered to the holder yet
  kRefilled,   // one that named it was delivered, before the entry was filled again
};

// Indices into Trace::steps; -1 where there is no such step, or where it lies before the first one.
struct Cause {
  int filled = -1;    // the walk that put the stale entry, or table pointer, into its cache
  int removed = -1;   // the step that cleared the PTE, or unlinked the table
  int examined = -1;  // the step of the judged call that cleared the PTE or saw it empty or clean
  int flushed = -1;   // the last request that `missing` speaks of
  int judged = -1;    // the last step: the return, the free, the walk, ...
  Missing missing = Missing::kNotIssued;
};

// Whether a violation of this kind is about a page table, not about a leaf.
bool AboutTable(ViolationKind kind);

// For a trace that ended in a violation.
Cause FindCause(const Trace& trace);

// What makes two violations the same bug: the kind and the kernel-path steps that race, without
// numbers of CPUs, pages or steps. Of letters, digits, '-', '_', '.' and '+'.
std::string Signature(const Schedule& schedule, const Trace& trace);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_CAUSE_H_
