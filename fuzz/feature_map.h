// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Where interleaving features (harness/features.h) go in a fuzz target. Each engine's glue is a
// sink: it defines FeatureMap().
#ifndef GATHERFUZZ_FUZZ_FEATURE_MAP_H_
#define GATHERFUZZ_FUZZ_FEATURE_MAP_H_

#include <cstdint>

namespace gatherfuzz {

// Where the engine wants the cells of this execution: kFeatureCells bytes, or null if it takes
// none.
uint8_t* FeatureMap();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_FEATURE_MAP_H_
