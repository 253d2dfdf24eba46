// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What can be said of one schedule's programs: no order breaks the policy, or the shortest that
// does.
#ifndef GATHERFUZZ_EXPLORE_ANSWER_H_
#define GATHERFUZZ_EXPLORE_ANSWER_H_

#include <atomic>
#include <functional>
#include <optional>

#include "explore/explore.h"
#include "explore/shortest.h"

namespace gatherfuzz {

struct Answer {
  ExploreResult explored;
  std::optional<Counterexample> shortest;
  // No violation has fewer preemptions, and none with as many has fewer steps.
  bool proven = false;
  Schedule schedule;      // that of the counterexample
  uint64_t searched = 0;  // states that the search for it made

  // The kind of the counterexample, or kNone: of an exploration that is not complete, so far.
  ViolationKind kind() const { return shortest ? shortest->kind : ViolationKind::kNone; }
  // Every order was explored, or every one within the bound on preemptions, and none violates; or
  // the counterexample is proven to be the shortest.
  bool settled() const { return shortest ? proven : explored.complete(); }
};

// Explores, then looks for the shortest way to a violation if there is one. settings.to_first saves
// going on once there is (a violation's shortest way is proven all the same, without it the
// exploration is complete as well). The counterexample has been run: it ends in its kind.
Answer Settle(const Schedule& programs, const ExploreSettings& settings,
              const std::atomic<bool>& stop,
              const std::function<void(const ExploreResult&)>& progress = nullptr);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_ANSWER_H_
