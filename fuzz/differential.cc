// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The differential target: one input, one schedule, one run under each published policy that is
// held to be safe on GATHERFUZZ_ARCH. Each must be clean, and leave the memory that the program
// says wherever the program alone determines it (harness/final_memory.h), and so the same as the
// others. `gatherfuzz run --policy all --arch ARCH` on the input shows the same.
//
// A policy that is not held to be safe is never run: that it fails is no news.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/report_crash.h"
#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/final_memory.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

const Arch& TheArch() {
  static const Arch& arch = *FindArch(GATHERFUZZ_ARCH);
  return arch;
}

void Print(const Policy& policy, const std::string& what) {
  const std::string hash =
      "differential-" GATHERFUZZ_ARCH "-" + std::string(policy.name()) + "-" + what;
  PrintCrash("fuzz_differential_" GATHERFUZZ_ARCH, "fuzz/differential.cc", __LINE__, hash, hash);
}

// Runs the schedule again with a recorder, says what it is, and aborts.
[[noreturn]] void Fail(Execution& execution, const Schedule& schedule, const Policy& policy) {
  const Trace trace = Record(execution, schedule, policy, TheArch());
  Print(policy, CrashSignature(schedule, trace));
  AbortFor(trace.result.violation.kind);
}

[[noreturn, gnu::noinline]] void FinalMemoryDiffers(const Policy& policy,
                                                    const MemoryDifference& difference) {
  std::string property = difference.property;
  for (char& c : property) c = c == ' ' ? '-' : c;
  Print(policy, std::string("final-memory.") + (difference.left ? "" : "not-") + property);
  std::fprintf(stderr, "gatherfuzz: final-memory: %s\n", Describe(difference).c_str());
  std::abort();
}

}  // namespace
}  // namespace gatherfuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  using namespace gatherfuzz;
  for (const Policy* policy : Policies()) {
    if (policy->SafeOn(GATHERFUZZ_ARCH) && FindArch(GATHERFUZZ_ARCH) != nullptr) return 0;
  }
  std::fprintf(stderr, "gatherfuzz: no policy is held to be safe on '%s'\n", GATHERFUZZ_ARCH);
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gatherfuzz;
  static Execution execution;
  static Schedule schedule;
  DecodeBytes({data, size}, schedule);
  const Determined determined = DeterminedBy(schedule);
  const FinalMemory predicted = Predict(schedule, determined);
  for (const Policy* policy : Policies()) {
    if (!policy->SafeOn(GATHERFUZZ_ARCH)) continue;
    if (!execution.Execute(schedule, *policy, TheArch()).clean()) {
      Fail(execution, schedule, *policy);
    }
    const MemoryDifference difference =
        FirstDifference(Final(execution.world(), determined), predicted);
    if (difference) FinalMemoryDiffers(*policy, difference);
  }
  return 0;
}
