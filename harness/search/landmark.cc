// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// landmark: PCT whose drops come at named steps, new here.
//
// A drop of PCT comes after the n-th step of a run: in a long zap, most are wasted inside of it,
// and the few steps at which a finish is vulnerable are hit with a probability that falls with the
// length of the run. Here a drop comes after the j-th step of one kind, such as the second
// pending_dec; the kind is drawn from the telling ones (conflict.h) that the programs can make, and
// j is small most of the time. So the probability of a window depends little on how many pages lie
// around it. Drops between two telling steps, such as two locks, are left to pct. 1 to 5 drops, by
// the seed, as with pct; the bound of PCT does not hold.
#include <bit>

#include "harness/search/estimate.h"
#include "harness/search/priorities.h"
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

Point NthPoint(PointMask points, uint32_t i) {
  for (; i != 0; --i) points &= points - 1;
  return static_cast<Point>(std::countr_zero(points));
}

class Landmark final : public Strategy {
 public:
  void Begin(const Schedule& schedule, const Tail& tail) override {
    Random random(tail.seed);
    priorities_.Shuffle(random);
    count_ = 1 + tail.seed % kMaxDrops;
    const PointMask points = PossibleTellingPoints(schedule);
    const auto kinds = static_cast<uint32_t>(std::popcount(points));
    for (uint32_t i = 0; i < count_; ++i) {
      // Each of 1 to 32, small ones likelier: 1 in a third of the drops.
      const int occurrence = 1 + static_cast<int>(random.Below(1u << random.Below(6)));
      drops_[i] = {NthPoint(points, random.Below(kinds)), occurrence, static_cast<int>(i)};
    }
    move_ = {.steps = 0};
  }

  Move Next(const Situation& now) override {
    if (move_.steps != now.unspent) Made(now.last);
    PointMask awaited = 0;
    for (uint32_t i = 0; i < count_; ++i) awaited |= MaskOf(drops_[i].point);
    move_ = {.agent = priorities_.Highest(now.runnable),
             .steps = awaited != 0 ? 1 : kNoLimit,
             .counted = awaited != 0 ? awaited : kAllPoints,
             .strict = true};
    return move_;
  }

 private:
  struct Drop {
    Point point;
    int left;   // occurrences
    int place;  // as in pct
  };

  void Made(Point point) {
    for (uint32_t i = 0; i < count_;) {
      if (drops_[i].point != point || --drops_[i].left != 0) {
        ++i;
        continue;
      }
      priorities_.Lower(move_.agent, drops_[i].place);
      drops_[i] = drops_[--count_];
    }
  }

  Priorities priorities_;
  std::array<Drop, kMaxDrops> drops_{};
  uint32_t count_ = 0;
  Move move_;
};

}  // namespace

std::unique_ptr<Strategy> MakeLandmark() { return std::make_unique<Landmark>(); }

}  // namespace gatherfuzz
