// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The schedules that rates are measured on: random ones of about 64 steps.
#ifndef GATHERFUZZ_BENCH_WORKLOAD_H_
#define GATHERFUZZ_BENCH_WORKLOAD_H_

#include <array>
#include <vector>

#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/random.h"

namespace gatherfuzz {

// `count` canonical encodings of schedules that take 56 to 72 steps under `policy`, each member of
// their families, drawn from random inputs as an engine would make them: a mean of 64 steps, with
// the switches they happen to have.
inline std::vector<EncodedBytes> MakeWorkload(size_t count, const Policy& policy, const Arch& arch,
                                              int members = 1) {
  std::vector<EncodedBytes> workload;
  Execution execution;
  Schedule schedule;
  for (uint64_t seed = 1; workload.size() < count; ++seed) {
    Random random(seed);
    std::array<uint8_t, 128> bytes;
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next() >> 40);
    DecodeBytes({bytes.data(), 12 + random.Below(116)}, schedule);
    bool fits = true;
    execution.Load(schedule);
    for (int member = 0; member < members && fits; ++member) {
      const RunResult result = execution.RunLoaded(policy, arch, MemberOf(schedule, member));
      fits = result.clean() && result.steps >= 56 && result.steps <= 72;
    }
    if (fits) workload.push_back(EncodeBytes(schedule, members));
  }
  return workload;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_BENCH_WORKLOAD_H_
