// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The fuzz target: one input, one family of schedules (harness/family.h), each run against one
// policy on one architecture.
//
// Compiled once for all engines, policies and architectures (fuzz/subject.h). A violation ends in
// abort(), in a function named for its kind, after two lines that tools read: a DEDUP_TOKEN
// (libFuzzer's minimizer keeps to it) and a failed assertion in glibc's form whose text carries
// FuzzerHash (ClusterFuzz tells crashes apart by it). `gatherfuzz run` on the input prints the
// whole report; with GATHERFUZZ_COUNTS in the environment, the end does say how many schedules were
// run. Only model/, harness/ and the C++ library stand under it.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/features.h"
#include "fuzz/subject.h"
#include "harness/bytes.h"
#include "harness/cause.h"
#include "harness/execution.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

// One function a kind, so that engines that group crashes by stack see them apart. What each prints
// differs, so that a linker does not fold them into one.
#define GATHERFUZZ_VIOLATION(id, text, holds)                \
  [[noreturn, gnu::noinline]] void Violation##id() {         \
    std::fputs("gatherfuzz: " text ": " holds "\n", stderr); \
    std::abort();                                            \
  }
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION

[[noreturn, gnu::noinline]] void StepLimitReached() {
  std::fputs("gatherfuzz: limit: a run did not end\n", stderr);
  std::abort();
}

[[noreturn]] void AbortFor(ViolationKind kind) {
  switch (kind) {
#define GATHERFUZZ_VIOLATION(id, text, holds) \
  case ViolationKind::k##id: Violation##id();
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION
    case ViolationKind::kNone: break;
  }
  StepLimitReached();
}

uint64_t executions = 0, schedules = 0;

void PrintCounts() {
  std::fprintf(stderr, "gatherfuzz: schedules %llu executions %llu\n",
               static_cast<unsigned long long>(schedules),
               static_cast<unsigned long long>(executions));
}

// Runs the member again with a recorder, says what it is, and aborts.
[[noreturn]] void Fail(Execution& execution, const Schedule& family, int number, int members) {
  const Schedule schedule = TakeMember(family, number);
  const Trace trace = Record(execution, schedule, ThePolicy(), TheArch());
  const ViolationKind kind = trace.result.violation.kind;
  const std::string kind_name = trace.result.limit ? "limit" : std::string(Info(kind).name);
  const std::string signature = trace.result.limit ? "limit" : Signature(schedule, trace);
  const std::string policy(ThePolicy().name()), arch(TheArch().name());
  PrintCounts();
  std::fprintf(stderr, "gatherfuzz: member %d of %d of this input's family\n", number, members);
  std::fprintf(stderr, "DEDUP_TOKEN: %s-%s-%s%s\n", kind_name.c_str(), policy.c_str(), arch.c_str(),
               signature.c_str() + kind_name.size());  // it begins with the kind
  std::fprintf(stderr,
               "fuzz_%s_%s: %s:%d: LLVMFuzzerTestOneInput: Assertion `no violation, "
               "FuzzerHash=%s-%s-%s' failed.\n",
               policy.c_str(), arch.c_str(), "fuzz/target.cc", __LINE__, policy.c_str(),
               arch.c_str(), signature.c_str());
  AbortFor(kind);
}

}  // namespace
}  // namespace gatherfuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  gatherfuzz::ThePolicy();
  gatherfuzz::TheArch();
  if (std::getenv("GATHERFUZZ_COUNTS") != nullptr) std::atexit(gatherfuzz::PrintCounts);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gatherfuzz;
  static Execution execution;
  static Schedule schedule;
  static Features features;
  const int members = DecodeBytes({data, size}, schedule);
  uint8_t* const map = FeatureMap();
  RunOptions options;
  if (map != nullptr) options.observer = &features;
  ++executions;
  execution.Load(schedule);
  for (int number = 0; number < members; ++number) {
    ++schedules;
    if (map != nullptr) features.BeginRun(map);
    const Member member = MemberOf(schedule, number);
    if (!execution.RunLoaded(ThePolicy(), TheArch(), member, options).clean()) {
      Fail(execution, schedule, number, members);
    }
  }
  return 0;
}
