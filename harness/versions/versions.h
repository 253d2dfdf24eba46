// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Every version of the byte encoding that there has been: what carries stored bytes from one to the
// next stands on it. Fuzz targets and commands that run bytes know the current one only.
//
// A version that is over is frozen: its decoder is a file of its own that names steps, operations
// and tails by the names they had, not by their place in today's lists, and uses nothing of
// harness/bytes.h. docs/schedule-format.md ("Versions") says how a new one is begun.
#ifndef GATHERFUZZ_HARNESS_VERSIONS_VERSIONS_H_
#define GATHERFUZZ_HARNESS_VERSIONS_VERSIONS_H_

#include <cstdint>
#include <span>

#include "harness/schedule.h"

namespace gatherfuzz {

struct BytesVersion {
  uint8_t number;
  // As DecodeBytes: total, canonical, and returns the number of members.
  int (*decode)(std::span<const uint8_t> bytes, Schedule& schedule);
};

// From the oldest to the current one, by number.
std::span<const BytesVersion> BytesVersions();
const BytesVersion& CurrentBytesVersion();

// Null if there has been no such version.
const BytesVersion* FindBytesVersion(int number);

// The version that bytes are in by their first byte. Engines mutate that byte too: if no version
// has that number, or there is no byte, they are in the current one, as all that runs bytes has it.
const BytesVersion& VersionOf(std::span<const uint8_t> bytes);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_VERSIONS_VERSIONS_H_
