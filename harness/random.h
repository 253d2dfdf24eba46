// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A small deterministic generator (splitmix64). Not for secrets; equal on every build.
#ifndef GATHERFUZZ_HARNESS_RANDOM_H_
#define GATHERFUZZ_HARNESS_RANDOM_H_

#include <cstdint>

#include "model/machine/types.h"

namespace gatherfuzz {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  GATHERFUZZ_WRAPS uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  // 0 to bound - 1; bound >= 1.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>((Next() >> 32) * bound >> 32); }

 private:
  uint64_t state_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_RANDOM_H_
