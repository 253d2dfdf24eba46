// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Versions 1 and 2 of the byte encoding, frozen. Version 1 has a header of 12 bytes, without the
// steps of a tail and without members; its tails are `rest` and `rest runs`. Records are the same.
//
// Faithful to the last builds that wrote them; tests/harness/old_versions/1/ and 2/ hold what those
// made of some inputs.
#ifndef GATHERFUZZ_HARNESS_VERSIONS_BYTES_V1_V2_H_
#define GATHERFUZZ_HARNESS_VERSIONS_BYTES_V1_V2_H_

#include <cstdint>
#include <span>

#include "harness/schedule.h"

namespace gatherfuzz {

// Fills in `schedule`, which is canonical. Returns 1: there are no members but the first.
int DecodeBytesV1(std::span<const uint8_t> bytes, Schedule& schedule);

// As DecodeBytes: returns the number of members.
int DecodeBytesV2(std::span<const uint8_t> bytes, Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_VERSIONS_BYTES_V1_V2_H_
