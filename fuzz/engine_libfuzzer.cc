// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The sink for libFuzzer, which reads a section of this name beside its own counters, and clears it
// before each execution.
#include "fuzz/feature_map.h"
#include "harness/features.h"

namespace gatherfuzz {
namespace {

[[gnu::section("__libfuzzer_extra_counters"), gnu::used]] uint8_t cells[kFeatureCells];

}  // namespace

uint8_t* FeatureMap() { return cells; }

}  // namespace gatherfuzz
