// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The engine's side of a target for AFL++: the sink for features, and main(), which stands between
// AFL++'s driver and the target. Written for 4.04c.
//
// AFL++ has no features of its own, but its coverage map has a cell for each guard that
// instrumented code registers. This file registers kFeatureCells guards more, by the same call and
// before main(), so before the map is sized; the cells behind them are ours. It must not be
// instrumented itself, nor be compiled by afl-clang-fast, which declares the map in another way.
// AFL++ clears the map before each execution, and moves it once, when its fork server begins.
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <utility>

#include "fuzz/feature_map.h"
#include "harness/features.h"

// NOLINTBEGIN(bugprone-reserved-identifier): AFL++'s names
extern "C" {
extern uint8_t* __afl_area_ptr;
extern uint32_t __afl_map_size;
extern uint8_t* __afl_fuzz_ptr;  // where test cases are, if in shared memory
void __sanitizer_cov_trace_pc_guard_init(uint32_t* begin, uint32_t* end);
int LLVMFuzzerRunDriver(int* argc, char*** argv, int (*one_input)(const uint8_t*, size_t));
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace gatherfuzz {
namespace {

// Numbered by the runtime, in order, unless the user asks for less instrumentation
// (AFL_INST_RATIO); then there are no features.
std::array<uint32_t, kFeatureCells> guards;
bool in_order = false;

[[gnu::constructor]] void RegisterGuards() {
  __sanitizer_cov_trace_pc_guard_init(guards.data(), guards.data() + guards.size());
  in_order = guards.front() != 0;
  for (size_t i = 1; i < guards.size(); ++i) in_order &= guards[i] == guards[i - 1] + 1;
}

// An input that the target turns down must show AFL++ nothing, so that it is not kept: the driver
// of 4.04c does not look at what is returned. The first cell says that there is instrumentation.
int OneInput(const uint8_t* data, size_t size) {
  if (LLVMFuzzerTestOneInput(data, size) != -1) return 0;
  std::fill_n(__afl_area_ptr, __afl_map_size, uint8_t{0});
  __afl_area_ptr[0] = 1;
  return 0;
}

// Before the first test case the driver runs four bytes of its own to warm up, in each process it
// forks. If they make a violation, each test case would be blamed for it. So they are left out.
// Such a process stops itself after each test case: it must not outlive an afl-fuzz that is killed.
int OneInputButTheFirst(const uint8_t* data, size_t size) {
  static bool first = true;
  if (std::exchange(first, false)) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (size == 4 && data != __afl_fuzz_ptr) return 0;
  }
  return OneInput(data, size);
}

}  // namespace

uint8_t* FeatureMap() { return in_order ? __afl_area_ptr + guards.front() : nullptr; }

}  // namespace gatherfuzz

// Replays the files that are named, or serves afl-fuzz and its companions.
int main(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') {
    return LLVMFuzzerRunDriver(&argc, &argv, gatherfuzz::OneInputButTheFirst);
  }
  // The driver takes a name that begins with a digit for a number of executions.
  std::string name = argv[1];
  if (name[0] != '/') name.insert(0, "./");
  argv[1] = name.data();
  return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);
}
