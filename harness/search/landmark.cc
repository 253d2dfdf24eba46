// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// landmark: PCT whose priorities change at named steps, new here.
//
// A drop of PCT comes after the n-th step of a run: in a long zap, most are wasted inside of it,
// and the few steps at which a finish is vulnerable are hit with a probability that falls with the
// length of the run. Here priorities change after the j-th step of one kind, such as the second
// pending_dec; the kind is drawn from the telling ones (conflict.h) that the programs can make, and
// j is small most of the time. So the probability of a window depends little on how many pages lie
// around it. Half of the changes drop the agent that made the step, as in PCT; the others raise one
// of those that can move above all, since what has been held up in a window must go on before the
// rest does. 1 to 16 changes, by the seed: those that do not come do no harm. Changes between two
// telling steps, such as two locks, are left to pct, and its bound does not hold.
#include <bit>

#include "harness/search/estimate.h"
#include "harness/search/priorities.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

constexpr uint32_t kMaxChanges = kMaxPlaces;

Point NthPoint(PointMask points, uint32_t i) {
  for (; i != 0; --i) points &= points - 1;
  return FirstOf(points);
}

class Landmark final : public Strategy {
 public:
  void Begin(const Schedule& schedule, const Tail& tail) override {
    random_ = Random(tail.seed);
    priorities_.Shuffle(random_);
    count_ = 1 + tail.seed % kMaxChanges;
    const PointMask points = PossibleTellingPoints(schedule);
    const auto kinds = static_cast<uint32_t>(CountOf(points));
    for (uint32_t i = 0; i < count_; ++i) {
      changes_[i].point = NthPoint(points, random_.Below(kinds));
      // Each of 1 to 8, small ones likelier: 1 in almost half of the changes.
      changes_[i].left = 1 + random_.Below(1u << random_.Below(4));
      changes_[i].place = static_cast<int>(i);
    }
    move_ = {.steps = 0};
  }

  Move Next(const Situation& now) override {
    if (move_.steps != now.unspent) Made(now.last, now.runnable);
    for (const PendingStep& step : now.joined) Made(step.point, now.runnable);
    awaited_ = 0;
    for (uint32_t i = 0; i < count_; ++i) awaited_ |= MaskOf(changes_[i].point);
    move_ = {.agent = priorities_.Highest(now.runnable),
             .strict = true,
             .steps = count_ != 0 ? 1 : kNoLimit,
             .counted = count_ != 0 ? &awaited_ : nullptr};
    return move_;
  }

 private:
  struct Change {
    Point point{};
    uint32_t left = 0;  // occurrences
    int place = 0;      // of a drop, as in pct
  };

  void Made(Point point, uint32_t runnable) {
    for (uint32_t i = 0; i < count_;) {
      if (changes_[i].point != point || --changes_[i].left != 0) {
        ++i;
        continue;
      }
      Apply(changes_[i], runnable);
      changes_[i] = changes_[--count_];
    }
  }

  void Apply(const Change& change, uint32_t runnable) {
    if (random_.Below(2) == 0) return priorities_.Lower(move_.agent, change.place);
    const auto agents = static_cast<uint32_t>(std::popcount(runnable));
    priorities_.Raise(NthAgent(runnable, random_.Below(agents)));
  }

  Random random_{0};
  Priorities priorities_;
  std::array<Change, kMaxChanges> changes_{};  // those that are still to come
  uint32_t count_ = 0;
  PointMask awaited_ = 0;
  Move move_;
};

}  // namespace

std::unique_ptr<Strategy> MakeLandmark() { return std::make_unique<Landmark>(); }

}  // namespace gatherfuzz
