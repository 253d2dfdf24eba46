// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How a fuzz target says what it found, before it aborts: lines that tools read.
//
// A DEDUP_TOKEN (libFuzzer's minimizer keeps to it), a failed assertion in glibc's form whose text
// carries FuzzerHash (ClusterFuzz tells crashes apart by it), and an abort in a function named for
// the kind (engines that group crashes by stack see them apart).
#ifndef GATHERFUZZ_FUZZ_REPORT_CRASH_H_
#define GATHERFUZZ_FUZZ_REPORT_CRASH_H_

#include <string>

#include "harness/trace.h"

namespace gatherfuzz {

// The violation's signature, which begins with its kind, or "limit". The trace is not clean.
std::string CrashSignature(const Trace& trace);

// Prints the token and the assertion of the target `program` (fuzz_full-mm_x86); `source`
// (fuzz/target.cc) and `line` are where it failed. `hash` is of letters, digits, '-', '_', '.' and
// '+'.
void PrintCrash(const std::string& program, const char* source, int line, const std::string& token,
                const std::string& hash);

// Aborts in ViolationStaleAfterReturn() and the like, or in StepLimitReached() for kNone.
[[noreturn]] void AbortFor(ViolationKind kind);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_REPORT_CRASH_H_
