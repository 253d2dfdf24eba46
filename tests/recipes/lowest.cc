// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lowest: a strategy that lets the lowest agent that can move make one step.
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

class Lowest final : public Strategy {
 public:
  void Begin(const Schedule&, const Tail&) override {}
  Move Next(const Situation& now) override { return {.agent = NthAgent(now.runnable, 0)}; }
};

}  // namespace

std::unique_ptr<Strategy> MakeLowest() { return std::make_unique<Lowest>(); }

}  // namespace gatherfuzz
