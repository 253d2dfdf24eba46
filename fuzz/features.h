// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Where interleaving features go: cells that the fuzzing engine reads beside its code coverage.
//
// A cell is a count of one byte, and engines sort counts into eight classes (1, 2, 3, 4 to 7, ...,
// 128 and above). Each engine has a sink of its own, one file that defines FeatureMap().
#ifndef GATHERFUZZ_FUZZ_FEATURES_H_
#define GATHERFUZZ_FUZZ_FEATURES_H_

#include <cstddef>
#include <cstdint>

namespace gatherfuzz {

inline constexpr size_t kFeatureCells = 1024;

// Where the engine wants the cells of this execution, all zero when it begins: kFeatureCells bytes.
// Null when the engine takes none. To be asked for in each execution, since it may move.
uint8_t* FeatureMap();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_FEATURES_H_
