// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The differential target: one input, one family of schedules, each run under each published policy
// that is expected to be safe on the target's architecture. Each must be clean, and leave the
// memory that the program says wherever the program alone determines it (harness/final_memory.h),
// and so the same as the others. `gatherfuzz run --policy all --arch ARCH` on the input shows the
// same.
//
// A policy that is not expected to be safe is never run, since its failures are no news.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/feature_map.h"
#include "fuzz/report_crash.h"
#include "fuzz/subject.h"
#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/features.h"
#include "harness/final_memory.h"
#include "harness/target.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

void Print(const Policy& policy, const std::string& what) {
  const std::string arch(TheArch().name());
  const std::string hash = "differential-" + arch + "-" + std::string(policy.name()) + "-" + what;
  PrintCrash("fuzz_differential_" + arch, "fuzz/differential.cc", __LINE__, hash, hash);
}

// Runs the schedule again with a recorder, says what it is, and aborts.
[[noreturn]] void Fail(Execution& execution, const Schedule& schedule, const Policy& policy) {
  const Trace trace = Record(execution, schedule, policy, TheArch());
  Print(policy, CrashSignature(trace));
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
    if (policy->SafeOn(TheArch().name())) return 0;
  }
  std::fprintf(stderr, "gatherfuzz: no policy is expected to be safe there\n");
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gatherfuzz;
  static Execution execution;
  static Schedule schedule;
  static Features features;
  const int members = DecodeBytes({data, size}, schedule);
  schedule.memory = MemoryModel::kSc;  // what is safe is so there
  // What is around the gather in later kernels breaks any policy (docs/suspicions.md).
  if (WithoutVmaLocks(schedule.kernel) > kDefaultKernel) return 0;
  if (BrokenUnderAny(TheArch(), schedule)) return 0;
  const Determined determined = DeterminedBy(schedule);
  const FinalMemory predicted = Predict(schedule, determined);
  const bool switches = Switches(schedule), exits = Exits(schedule);
  const bool revokes = HasPfnMaps(schedule);
  uint8_t* const map = FeatureMap();
  RunOptions options;
  if (map != nullptr) options.features = &features;
  execution.Load(schedule);
  for (int number = 0; number < members; ++number) {
    const Member member = MemberOf(schedule, number);
    for (const Policy* policy : Policies()) {
      if (!policy->SafeOn(TheArch().name())) continue;
      if (switches && !policy->safe_asleep()) continue;
      // Beside the OOM reaper, and an owner that revokes (docs/model.md).
      if ((exits || revokes) && policy->waits()) continue;
      if (map != nullptr) features.BeginRun(map);
      if (!execution.RunLoaded(*policy, TheArch(), member, options).clean()) {
        Fail(execution, TakeMember(schedule, number), *policy);
      }
      const MemoryDifference difference =
          FirstDifference(Final(execution.world(), determined), predicted);
      if (difference) FinalMemoryDiffers(*policy, difference);
    }
  }
  return 0;
}
