// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What runs have reached, all of them together: steps, ordered pairs of steps, cells of features.
//
// A pair is two steps of different agents that do not commute (harness/conflict.h), where the
// second is the next to touch what the first did: an entry, a counter, a TLB, a queue. Locks are
// left out: who takes one next shows in what it guards. Which pairs there can be is an upper bound,
// since locks and programs forbid some that the table allows. How many cells can be set is not
// known at all.
#ifndef GATHERFUZZ_TRIAGE_CORPUS_REACH_H_
#define GATHERFUZZ_TRIAGE_CORPUS_REACH_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "harness/features.h"

namespace gatherfuzz {

class Reach final : public StepObserver {
 public:
  // Before each run.
  void BeginRun();
  void OnStep(const StepEvent& event, const World& before) override;

  PointMask reached() const { return reached_; }
  bool HasPair(Point first, Point second) const;
  // Whether the table of conflicts has this pair.
  static bool MayHavePair(Point first, Point second);
  size_t CountCells() const;
  // A cell each, 0 or 1: equal if and only if the same cells are set.
  std::string_view cells() const { return {cells_.data(), cells_.size()}; }

 private:
  struct Toucher {
    AgentId agent{};
    Point point = kNoPoint;
  };
  struct Places {
    size_t first, count;
  };
  static constexpr size_t kPlacesOfAThing = kPages;  // the most that a thing has
  static Places PlacesOf(Thing thing, const StepEvent& event);

  Features features_;
  PointMask reached_ = 0;
  std::array<PointMask, kPointCount> seconds_{};  // by the first of a pair
  std::array<Toucher, kThings * kPlacesOfAThing> touched_;
  std::array<char, kFeatureCells> cells_{};
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CORPUS_REACH_H_
