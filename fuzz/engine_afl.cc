// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The sink for AFL++, which (as of 4.04c) has no features of its own.
//
// Its coverage map has a cell for each guard that instrumented code registers. This file registers
// kFeatureCells guards more, by the same call, before main() and so before the map is sized, and
// the cells behind them are ours. It must not be instrumented itself, nor be compiled by
// afl-clang-fast, which defines the map's pointer in another way. AFL++ clears the map before each
// execution, and moves it once, when its fork server begins.
#include <array>

#include "fuzz/features.h"

extern "C" {
extern uint8_t* __afl_area_ptr;
void __sanitizer_cov_trace_pc_guard_init(uint32_t* begin, uint32_t* end);
}

namespace gatherfuzz {
namespace {

// Numbered by the runtime, in order, unless the user asks for less instrumentation
// (AFL_INST_RATIO): then there are no features.
std::array<uint32_t, kFeatureCells> guards;
bool in_order = false;

[[gnu::constructor]] void RegisterGuards() {
  __sanitizer_cov_trace_pc_guard_init(guards.data(), guards.data() + guards.size());
  in_order = guards.front() != 0;
  for (size_t i = 1; i < guards.size(); ++i) in_order &= guards[i] == guards[i - 1] + 1;
}

}  // namespace

uint8_t* FeatureMap() { return in_order ? __afl_area_ptr + guards.front() : nullptr; }

}  // namespace gatherfuzz
