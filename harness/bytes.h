// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A schedule as bytes: what fuzzing engines mutate. docs/schedule-format.md has the layout.
//
// Decoding is total: every byte string is a schedule, in time linear in its length, with no
// allocation. Records have a fixed width and the order stands apart from the programs, so a
// mutation of one record does not change the meaning of the next. Values that a schedule can hold
// stand for themselves ("canonical"); the other byte values are spread over the likely ones, so
// that random bytes make schedules in which something happens. What a short input does not say is
// drawn from a generator seeded with a hash of the input.
#ifndef GATHERFUZZ_HARNESS_BYTES_H_
#define GATHERFUZZ_HARNESS_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/fixed_vector.h"
#include "harness/schedule.h"

namespace gatherfuzz {

inline constexpr uint8_t kBytesVersion = 3;
inline constexpr size_t kHeaderBytes = 16;
inline constexpr size_t kRecordBytes = 4;
// Of the header: whose paths the operations follow (0 to 3), with 4 more where there is kswapd, and
// 8 times the memory model: sc, tso, weak, and sc with runs of old values, which have a code of
// their own where this is not 0; late, and from there on runs of what was left for later have one,
// too.
inline constexpr size_t kKernelByte = 15;
inline constexpr size_t kMaxEncodedBytes =
    kHeaderBytes + kRecordBytes * (kMaxInit + kMaxOps + kMaxRuns);

// Fills in `schedule` from any bytes; the result is canonical (see Canonicalize). Returns how many
// members of the schedule's family (family.h) the bytes stand for, 1 to kMaxMembers.
int DecodeBytes(std::span<const uint8_t> bytes, Schedule& schedule);

// As it did when version 3 began: codes that operations and steps took later are spread still. For
// the test that holds the version to its meaning.
int DecodeBytesAtFirst(std::span<const uint8_t> bytes, Schedule& schedule);

using EncodedBytes = FixedVector<uint8_t, kMaxEncodedBytes>;

// Canonical bytes: DecodeBytes(EncodeBytes(s, n)) fills in s and returns n, for every canonical s.
EncodedBytes EncodeBytes(const Schedule& schedule, int members = 1);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_BYTES_H_
