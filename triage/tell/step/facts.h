// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The state of the machine at a step, as short facts in words; what the page's panel says
// (triage/tell/page/machine.js), in as little room as a terminal has.
#ifndef GATHERFUZZ_TRIAGE_TELL_STEP_FACTS_H_
#define GATHERFUZZ_TRIAGE_TELL_STEP_FACTS_H_

#include <map>
#include <string>
#include <vector>

#include "harness/trace.h"
#include "triage/tell/machine_states.h"

namespace gatherfuzz {

// "PTE 2->f4 rd": mapping, frame, flags (r read-only or w writable, a accessed, d dirty).
struct Fact {
  std::string group;     // facts of one group stand together: "gather", "page 2"
  std::string name;      // "tlb1"
  std::string now, was;  // after the step, and before it; empty: nothing is there
  bool stale = false;    // a translation, or a pointer to a table, that nothing stands behind
  bool fatal = false;    // the one that the violation is about

  bool changed() const { return now != was; }
};

class Facts {
 public:
  // Both of the same run, and must outlive this.
  Facts(const MachineStates& states, const Trace& trace);

  // After so many steps; 0: before the first. Groups in a fixed order, that of the violation's page
  // before other pages; without what says nothing before and after.
  std::vector<Fact> After(int steps) const;

 private:
  const MachineStates& states_;
  const Trace& trace_;
  std::map<std::string, size_t> cells_;
  std::vector<Fact> start_;  // before the first step, also what says nothing
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_STEP_FACTS_H_
