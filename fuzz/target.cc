// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The fuzz target: one input, one family of schedules (harness/family.h), each run against one
// policy on one architecture.
//
// Compiled once for all engines, policies and architectures (subject.h). A violation ends in
// abort() (report_crash.h); `gatherfuzz run` on the input prints the whole report. With
// GATHERFUZZ_COUNTS in the environment, an end without a violation also says how many schedules
// were run. Only model/, harness/ and the C++ library stand under it.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/feature_map.h"
#include "fuzz/report_crash.h"
#include "fuzz/subject.h"
#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/features.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

uint64_t executions = 0, schedules = 0, steps = 0;

void PrintCounts() {
  std::fprintf(stderr, "gatherfuzz: schedules %llu executions %llu steps %llu\n",
               static_cast<unsigned long long>(schedules),
               static_cast<unsigned long long>(executions), static_cast<unsigned long long>(steps));
}

// Runs the member again with a recorder, says what it is, and aborts.
[[noreturn]] void Fail(Execution& execution, const Schedule& family, int number, int members) {
  const Schedule schedule = TakeMember(family, number);
  const Trace trace = Record(execution, schedule, ThePolicy(), TheArch());
  const std::string signature = CrashSignature(schedule, trace);
  const std::string policy(ThePolicy().name()), arch(TheArch().name());
  const size_t kind_length =
      trace.result.limit ? signature.size() : Info(trace.result.violation.kind).name.size();
  PrintCounts();
  std::fprintf(stderr, "gatherfuzz: member %d of %d of this input's family\n", number, members);
  PrintCrash(
      "fuzz_" + policy + "_" + arch, "fuzz/target.cc", __LINE__,
      signature.substr(0, kind_length) + "-" + policy + "-" + arch + signature.substr(kind_length),
      policy + "-" + arch + "-" + signature);
  AbortFor(trace.result.violation.kind);
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
    const RunResult result = execution.RunLoaded(ThePolicy(), TheArch(), member, options);
    steps += result.steps;
    if (!result.clean()) {
      Fail(execution, schedule, number, members);
    }
  }
  return 0;
}
