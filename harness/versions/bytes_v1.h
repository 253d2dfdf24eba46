// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Version 1 of the byte encoding, frozen: a header of 12 bytes, without the steps of a tail and
// without members. Its tails are rest and rest random.
//
// Faithful to the last build that wrote it; tests/harness/old_versions/1/ holds what that build
// made of some inputs.
#ifndef GATHERFUZZ_HARNESS_VERSIONS_BYTES_V1_H_
#define GATHERFUZZ_HARNESS_VERSIONS_BYTES_V1_H_

#include <cstdint>
#include <span>

#include "harness/schedule.h"

namespace gatherfuzz {

// Fills in `schedule`, which is canonical. Returns 1: there are no members but the first.
int DecodeBytesV1(std::span<const uint8_t> bytes, Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_VERSIONS_BYTES_V1_H_
