// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The fuzz target: one input, one family of schedules (harness/family.h), each run against one
// policy on one architecture.
//
// Compiled once for all engines, policies and architectures (subject.h). A violation ends in
// abort() (report_crash.h); `gatherfuzz run` on the input prints the whole report. What is known
// already is passed over (known.h), and so is what does not count (subject.h). Counts may be kept
// in a file (counts.h); with GATHERFUZZ_COUNTS in the environment, an end without a violation also
// prints them. Only model/, harness/ and the C++ library stand under it.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/counts.h"
#include "fuzz/feature_map.h"
#include "fuzz/known.h"
#include "fuzz/report_crash.h"
#include "fuzz/subject.h"
#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/features.h"
#include "harness/target.h"
#include "harness/trace.h"

namespace gatherfuzz {
namespace {

void PrintCounts() {
  const Counts& counts = TheCounts();
  std::fprintf(stderr, "gatherfuzz: schedules %llu executions %llu steps %llu\n",
               static_cast<unsigned long long>(counts.schedules),
               static_cast<unsigned long long>(counts.executions),
               static_cast<unsigned long long>(counts.steps));
}

[[noreturn]] void Fail(const Trace& trace, const std::string& signature, int number, int members) {
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

// Whether some violations are passed over.
bool PassesOver() {
  return KnowsViolations() || TheKind() != ViolationKind::kNone || TheFixed() != nullptr;
}

// Whether that is no violation of those that count, of a member of the loaded family.
bool IsForeign(Execution& execution, const RunResult& result, const Member& member) {
  if (TheKind() != ViolationKind::kNone && result.violation.kind != TheKind()) return true;
  return TheFixed() != nullptr && !execution.RunLoaded(*TheFixed(), TheArch(), member).clean();
}

// Of a run that was not clean: runs it again with a recorder. Unless what it shows is known, says
// what it is, and aborts.
void Report(Execution& execution, const Schedule& family, bool excused, int number, int members) {
  const Schedule schedule = TakeMember(family, number);
  const Trace trace = Record(execution, schedule, ThePolicy(), TheArch());
  const std::string signature = CrashSignature(trace);
  if (!IsKnown(signature, excused)) Fail(trace, signature, number, members);
  execution.Load(family);
}

// Where a run's cells are set. A run that comes to nothing but what is known must teach the engine
// nothing, or the corpus would fill with it: where that can be, cells are set aside first.
class Cells {
 public:
  uint8_t* Begin() {
    map_ = FeatureMap();
    if (map_ == nullptr || !PassesOver()) return map_;
    aside_.fill(0);
    return aside_.data();
  }
  void Take() {
    if (map_ == nullptr || !PassesOver()) return;
    uint8_t* const map = map_;  // which no store to a cell changes
    for (size_t i = 0; i < kFeatureCells; ++i) map[i] |= aside_[i];
  }

 private:
  uint8_t* map_ = nullptr;
  std::array<uint8_t, kFeatureCells> aside_{};
};

}  // namespace
}  // namespace gatherfuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  gatherfuzz::ThePolicy();
  gatherfuzz::TheArch();
  gatherfuzz::TheMemory();
  gatherfuzz::TheKernel();
  gatherfuzz::TheKind();
  gatherfuzz::TheFixed();
  gatherfuzz::TheCounts();
  if (std::getenv("GATHERFUZZ_COUNTS") != nullptr) std::atexit(gatherfuzz::PrintCounts);
  return 0;
}

// -1, which keeps the input out of the corpus, if every member showed what is known, or the target
// does not take it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gatherfuzz;
  static Execution execution;
  static Schedule schedule;
  static Features features;
  static Cells cells;
  Counts& counts = TheCounts();
  const int members = DecodeBytes({data, size}, schedule);
  ++counts.executions;
  // As who replays the bytes will judge them, too.
  bool excused = Excused(ThePolicy(), TheArch(), schedule);
  schedule.memory = TheMemory();
  if (!Takes(schedule)) return -1;
  excused = excused || Excused(ThePolicy(), TheArch(), schedule);
  int clean = 0;
  execution.Load(schedule);
  for (int number = 0; number < members; ++number) {
    RunOptions options;
    ++counts.schedules;
    if (uint8_t* const map = cells.Begin()) {
      features.BeginRun(map);
      options.features = &features;
    }
    const Member member = MemberOf(schedule, number);
    const RunResult result = execution.RunLoaded(ThePolicy(), TheArch(), member, options);
    counts.steps += result.steps;
    if (result.clean() || result.out_of_stores) {
      cells.Take();
      ++clean;
    } else {
      if (!KnowsAllViolations() && !IsForeign(execution, result, member)) {
        Report(execution, schedule, excused, number, members);
      }
      ++counts.known;
    }
  }
  return clean != 0 ? 0 : -1;
}
