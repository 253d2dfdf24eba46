// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Schedules from random bytes.
#ifndef GATHERFUZZ_BENCH_RANDOM_INPUT_H_
#define GATHERFUZZ_BENCH_RANDOM_INPUT_H_

#include <array>
#include <cstdint>

#include "harness/bytes.h"
#include "harness/random.h"

namespace gatherfuzz {

// The input of a seed, and its size: inputs of every kind of length, a bare header, programs, and
// orders of up to 40 runs. With `all_operations` bytes count as written, and most are small, as
// codes are: else they stand for what is likely, which later operations are not.
inline size_t MakeInput(uint64_t seed, bool all_operations, std::array<uint8_t, 256>& bytes) {
  Random random(seed);
  const size_t size = random.Below(4) == 0 ? random.Below(60) : 12 + random.Below(200);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(random.Next() >> 40);
  if (!all_operations) return size;
  bytes[0] = kBytesVersion;
  bytes[3] = kPages;  // with which they count as written
  for (size_t i = 1; i < size; ++i) {
    if (i == 3) continue;
    constexpr std::array<uint32_t, 4> kBelow = {256, 36, 36, 6};
    bytes[i] = static_cast<uint8_t>(random.Below(kBelow[random.Below(4)]));
  }
  return size;
}

// Has the schedule be of that version, without the operations that it has not.
inline void MakeItOf(KernelVersion version, Schedule& schedule) {
  schedule.kernel = version;
  for (size_t i = schedule.program.size(); i-- > 0;) {
    if (!Info(schedule.program[i].op.kind).exists_in(version)) schedule.program.erase(i);
  }
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_BENCH_RANDOM_INPUT_H_
