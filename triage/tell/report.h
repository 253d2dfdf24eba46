// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The verdict of a run for a person: a report in the layout that KCSAN and KASAN made familiar.
#ifndef GATHERFUZZ_TRIAGE_TELL_REPORT_H_
#define GATHERFUZZ_TRIAGE_TELL_REPORT_H_

#include <string>
#include <string_view>

#include "harness/trace.h"

namespace gatherfuzz {

struct ReportInput {
  const Trace& trace;  // one that ended in a violation
  std::string_view policy, arch;
  std::string replay;           // the command that shows it again
  int member = 0, members = 1;  // which one it is of how many of an input's family
  bool excused = false;         // it says nothing against the policy (harness/target.h)
};

// The kind, what was stale and where, who filled it, who cleared the PTE, which call returned or
// freed without its invalidation, the interleaving, the command that replays it.
std::string PrintReport(const ReportInput& input);

// "BUG in its call (POLICY, MACHINE)": in one line; or what it ran on in the next one, after
// `indent` blanks; or broken wherever it has to be.
std::string TitleOf(const std::string& bug, std::string_view policy, const std::string& machine,
                    size_t indent);

// What it ran on: the architecture, and kernel version and memory model where these are not the
// default: "arm64, kernel 6.17, memory weak".
std::string MachineText(std::string_view arch, KernelVersion kernel, HardwareKind hardware,
                        MemoryModel memory, bool rcu = false);
inline std::string MachineText(std::string_view arch, const Trace& trace) {
  return MachineText(arch, trace.kernel, trace.hardware, trace.end.mm.memory, trace.end.rcu != 0);
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_REPORT_H_
