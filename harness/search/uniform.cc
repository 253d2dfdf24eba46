// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// uniform: a walk, each step by any of the agents that can move. The baseline: it finds
// shallow races and misses narrow ones exponentially often.
#include <bit>

#include "harness/random.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

class Uniform final : public Strategy {
 public:
  void Begin(const Schedule&, const Tail& tail) override { random_ = Random(tail.seed); }
  Move Next(const Situation& now) override {
    const auto agents = static_cast<uint32_t>(std::popcount(now.runnable));
    return {.agent = NthAgent(now.runnable, random_.Below(agents)), .steps = 1};
  }

 private:
  Random random_{0};
};

}  // namespace

std::unique_ptr<Strategy> MakeUniform() { return std::make_unique<Uniform>(); }

}  // namespace gatherfuzz
