// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// runs: turns of 1 to 32 steps, mostly short, of agents that can move. Run lengths that differ by
// orders of magnitude make unbalanced orders, which races need, likelier than a choice for each
// step does.
#include <bit>

#include "harness/random.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

class Runs final : public Strategy {
 public:
  void Begin(const Schedule&, const Tail& tail) override { random_ = Random(tail.seed); }
  Move Next(const Situation& now) override {
    const auto agents = static_cast<uint32_t>(std::popcount(now.runnable));
    const AgentId agent = NthAgent(now.runnable, random_.Below(agents));
    return {.agent = agent, .steps = 1 + random_.Below(2u << random_.Below(5))};
  }

 private:
  Random random_{0};
};

}  // namespace

std::unique_ptr<Strategy> MakeRuns() { return std::make_unique<Runs>(); }

}  // namespace gatherfuzz
