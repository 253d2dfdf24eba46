// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pct: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS
// 2010).
//
// Agents get random priorities; the highest that can move moves. At d - 1 steps drawn from the k
// that the run is expected to have, the one that moves drops below all others. A violation that d
// ordering constraints bring about is found with a probability of at least 1 / (n k^(d-1)) for n
// agents, if k is no less than the run's steps. d is 2 + seed mod 5, so that seeds cycle through
// depths 2 to 6: one that is too large costs little, one that is too small everything. Nothing in
// the model spins, so no agent starves others by its priority.
#include <algorithm>

#include "harness/search/estimate.h"
#include "harness/search/priorities.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

constexpr uint32_t kMaxDrops = 5;

class Pct final : public Strategy {
 public:
  void Begin(const Schedule& schedule, const Tail& tail) override {
    Random random(tail.seed);
    priorities_.Shuffle(random);
    drops_ = 1 + tail.seed % kMaxDrops;
    const uint32_t steps = tail.steps != 0 ? tail.steps : ExpectedSteps(schedule);
    for (uint32_t i = 0; i < drops_; ++i) drop_after_[i] = 1 + random.Below(steps);
    std::sort(drop_after_.begin(), drop_after_.begin() + drops_);
    next_ = 0;
    made_ = 0;
    move_ = {.steps = 0};
  }

  Move Next(const Situation& now) override {
    made_ += move_.steps - now.unspent;
    for (; next_ < drops_ && drop_after_[next_] <= made_; ++next_) priorities_.Lower(move_.agent);
    move_ = {.agent = priorities_.Highest(now.runnable),
             .steps = next_ < drops_ ? drop_after_[next_] - made_ : kNoLimit,
             .strict = true};
    return move_;
  }

 private:
  Priorities priorities_;
  std::array<uint32_t, kMaxDrops> drop_after_{};  // steps, ascending
  uint32_t drops_ = 0, next_ = 0, made_ = 0;
  Move move_;
};

}  // namespace

std::unique_ptr<Strategy> MakePct() { return std::make_unique<Pct>(); }

}  // namespace gatherfuzz
