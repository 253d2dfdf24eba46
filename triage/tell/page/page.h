// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The page: one self-contained HTML file that shows a run, step by step.
//
// It needs no network and nothing beside it, stays under 300 KB, and is the same on every machine.
// Text that comes from files is data to it, never markup. A run too long for the bound is shown
// from the first of its last steps that fit, and the page says so; so is a text that is too long.
#ifndef GATHERFUZZ_TRIAGE_TELL_PAGE_PAGE_H_
#define GATHERFUZZ_TRIAGE_TELL_PAGE_PAGE_H_

#include <string>

#include "harness/text.h"
#include "harness/trace.h"
#include "triage/tell/explain/explanation.h"

namespace gatherfuzz {

inline constexpr size_t kMostPageBytes = 300'000;

struct PageInput {
  std::string name;                // what the page is called: a file's name, or a signature
  const ScheduleFile& file;        // with the policy and architecture that it was run under
  const Trace& trace;              // of that run
  const Explanation* explanation;  // null for a run without a violation
  std::string replay;              // the command that shows it again
  uint32_t ignored = 0;            // as the run had it
};

// The policy and the architecture must be known.
std::string PageOf(const PageInput& input);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PAGE_PAGE_H_
