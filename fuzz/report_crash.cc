// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/report_crash.h"

#include <cstdio>
#include <cstdlib>

#include "harness/cause.h"

namespace gatherfuzz {
namespace {

// What each prints differs, so that a linker does not fold them into one.
#define GATHERFUZZ_VIOLATION(id, text, about, leaves, holds, told, ends) \
  [[noreturn, gnu::noinline]] void Violation##id() {                     \
    std::fputs("gatherfuzz: " text ": " holds "\n", stderr);             \
    std::abort();                                                        \
  }
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION

[[noreturn, gnu::noinline]] void StepLimitReached() {
  std::fputs("gatherfuzz: limit: a run did not end\n", stderr);
  std::abort();
}

}  // namespace

std::string CrashSignature(const Trace& trace) {
  return trace.result.limit ? "limit" : Signature(trace);
}

void PrintCrash(const std::string& program, const char* source, int line, const std::string& token,
                const std::string& hash) {
  std::fprintf(stderr,
               "DEDUP_TOKEN: %s\n"
               "%s: %s:%d: LLVMFuzzerTestOneInput: Assertion `no violation, FuzzerHash=%s' "
               "failed.\n",
               token.c_str(), program.c_str(), source, line, hash.c_str());
}

void AbortFor(ViolationKind kind) {
  switch (kind) {
#define GATHERFUZZ_VIOLATION(id, ...) \
  case ViolationKind::k##id: Violation##id();
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION
    case ViolationKind::kNone: break;
  }
  StepLimitReached();
}

}  // namespace gatherfuzz
