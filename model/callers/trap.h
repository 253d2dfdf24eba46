// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a kernel's BUG() and WARN() become: the instruction ud2, at an address that __bug_table has.
#ifndef GATHERFUZZ_MODEL_CALLERS_TRAP_H_
#define GATHERFUZZ_MODEL_CALLERS_TRAP_H_

namespace gatherfuzz {

// Once for the process: an assertion of kernel code ends the run, as kernel-assertion with its file
// and line. What else traps ends the process, as without this.
void CatchTraps();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_CALLERS_TRAP_H_
