// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pct: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS
// 2010).
//
// Agents get random priorities; the highest that can move moves. d - 1 drops come
// after steps drawn from the k that the run is expected to have: who made the step goes below all
// that have not dropped. Which of two that have is higher was drawn too: it is not the order in
// time (there are violations of depth d that need the later one to be higher). A violation that d
// ordering constraints bring about is found with a probability of at least 1 / (n k^(d-1)) for n
// agents, if k is no less than the run's steps. d is 2 + seed mod 5, so that seeds cycle through
// depths 2 to 6: one that is too large costs little, one that is too small everything. A thread
// that waits by looking sleeps (looking.h), so no agent starves others by its priority.
#include <algorithm>

#include "harness/search/estimate.h"
#include "harness/search/priorities.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

constexpr uint32_t kMaxDrops = 5;
static_assert(kMaxDrops <= kMaxPlaces);

class Pct final : public Strategy {
 public:
  void Begin(const Schedule& schedule, const Tail& tail) override {
    Random random(tail.seed);
    priorities_.Shuffle(random);
    count_ = 1 + tail.seed % kMaxDrops;
    const uint32_t steps = tail.steps != 0 ? tail.steps : ExpectedSteps(schedule);
    for (uint32_t i = 0; i < count_; ++i) {
      drops_[i] = {.after = 1 + random.Below(steps), .place = static_cast<int>(i)};
    }
    std::sort(drops_.begin(), drops_.begin() + count_, [](const Drop& a, const Drop& b) {
      return a.after != b.after ? a.after < b.after : a.place < b.place;
    });
    next_ = 0;
    made_ = 0;
    move_ = {.steps = 0};
  }

  Move Next(const Situation& now) override {
    made_ += move_.steps - now.unspent + static_cast<uint32_t>(now.joined.size());
    for (; next_ < count_ && drops_[next_].after <= made_; ++next_) {
      priorities_.Lower(move_.agent, drops_[next_].place);
    }
    move_ = {.agent = priorities_.Highest(now.runnable),
             .strict = true,
             .steps = next_ < count_ ? drops_[next_].after - made_ : kNoLimit};
    return move_;
  }

 private:
  struct Drop {
    uint32_t after;  // so many steps
    int place;       // of those that dropped, the higher the higher
  };

  Priorities priorities_;
  std::array<Drop, kMaxDrops> drops_{};  // ascending
  uint32_t count_ = 0, next_ = 0, made_ = 0;
  Move move_;
};

}  // namespace

std::unique_ptr<Strategy> MakePct() { return std::make_unique<Pct>(); }

}  // namespace gatherfuzz
