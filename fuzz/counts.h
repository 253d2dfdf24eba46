// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a fuzz target has run, counted so that nothing is lost when it is killed.
//
// With GATHERFUZZ_COUNTS_FILE in the environment the numbers live in that file, mapped into the
// process: they are there at any moment, also after SIGKILL, and a process that comes later counts
// on. One process at a time writes one file (children that AFL++ forks one after the other do).
// A file that cannot be used is reported once, and the numbers are then the process's own.
#ifndef GATHERFUZZ_FUZZ_COUNTS_H_
#define GATHERFUZZ_FUZZ_COUNTS_H_

#include <cstdint>

namespace gatherfuzz {

// The whole file: eight numbers of 64 bits, in the byte order of the machine.
struct Counts {
  uint64_t magic = 0;  // kCountsMagic
  uint64_t executions = 0;
  uint64_t schedules = 0;
  uint64_t steps = 0;
  uint64_t known = 0;  // schedules that ended in a violation that is known (fuzz/known.h)
  uint64_t unused[3] = {};
};
inline constexpr uint64_t kCountsMagic = 0x31746e7563666761;  // "agfcunt1"

// Opened by the first call; targets make it before the first execution.
Counts& TheCounts();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_COUNTS_H_
