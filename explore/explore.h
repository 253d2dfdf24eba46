// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Exploration: every order of a schedule's programs, stopping at states already seen.
//
// A depth-first search over states (key.h) with the steps of every run (stepper.h), shared out over
// threads: each works on its own part of the tree and on one table of states that were seen. What
// it finds does not depend on their number. It is complete if it was not stopped, and only then.
//
// Runs end (every kernel path makes progress, and a blocked agent makes no steps), unless a policy
// waits by looking again and again. Without such a thread the graph of states has no cycles. Those
// that go round are known (round.h), and where there is one, no order is left out. So a state that
// is seen again has been or is being explored for good.
#ifndef GATHERFUZZ_EXPLORE_EXPLORE_H_
#define GATHERFUZZ_EXPLORE_EXPLORE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "explore/action.h"
#include "explore/clash.h"
#include "explore/key.h"
#include "harness/schedule.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

enum class Stop : uint8_t {
  kNo,         // it is complete
  kViolation,  // the first one, as asked
  kStates,     // one of the limits
  kMemory,
  kSeconds,
  kSteps,   // ... of one way
  kStores,  // more were in flight than the memory model keeps (model/machine/weak.h)
  kAsked,   // ExploreSettings::stop became true
};

struct ExploreLimits {
  uint64_t states = uint64_t{1} << 40;
  uint64_t bytes = uint64_t{4} << 30;  // of all that grows: states, and the ways under way
  double seconds = 1e9;
  uint32_t steps = kStepLimit;  // of one way: it may never end
};

struct ExploreSettings {
  const Policy* policy = nullptr;
  const Arch* arch = nullptr;
  uint32_t ignored = 0;  // Bit(kind) of violations that do not end a run
  int jobs = 1;          // threads
  // At most so many preemptions (see preemption.h); -1 for any number.
  int preemptions = -1;
  bool reduce = true;  // leave out orders of independent steps (independence.h), if all may come
  RuleMask rules = kAllRules;  // ... as these rules say (clash.h)
  bool forget = true;          // take states for one that differ in what nobody reads (live.h)
  bool replay = false;         // go back by replay also where a snapshot would do
  bool to_first = false;       // stop at the first violation that is met, any one
  bool finals = false;         // keep the keys of final states
  bool join = false;           // make no choice where none can matter (harness/joins.h)
  // An agent that can move goes on, unless at one of these. If this or the above leaves orders out,
  // states also differ by who moved last.
  PointMask switches = kAllPoints;
  ExploreLimits limits;
};

// States, kinds of violations, the set of finals and `overtaken` do not depend on the number of
// threads; nor do the other counts, unless preemptions or switches are restricted: then a state may
// be explored again with more left to spend. `depth` and `path` are those of the ways it happened
// to take.
struct ExploreResult {
  Stop stopped = Stop::kNo;
  uint64_t states = 0;      // different ones, the start included
  uint64_t steps = 0;       // made to get from state to state
  uint64_t executions = 0;  // ways to an end: all done, or a violation
  uint64_t merged = 0;      // steps that led to a state seen before
  int depth = 0;            // steps of the longest way that was taken
  PointMask points = 0;     // kinds of steps that were made
  AskedOrders asked;        // at these, by a kernel's own code; not under sequential consistency
  int overtaken = 0;        // most calls, begun since, that completed while a finish waited
  std::array<uint64_t, kViolationCount> violations{};  // ends, by kind
  std::vector<Key> finals;  // states in which all are done and nothing is wrong, in order
  ViolationKind kind = ViolationKind::kNone;  // one of those met, and the way to it
  Path path;
  uint64_t bytes = 0;  // of memory, as the limit counts it
  double done = 0;     // an estimate of the share that is explored, 0 to 1

  bool complete() const { return stopped == Stop::kNo; }
  uint32_t kinds() const;  // Bit(kind) of the violations met
  bool violated() const { return kinds() != 0; }
};

// Explores. `progress`, if any, is called now and then with what there is so far (without finals
// and path); `stop` ends it cleanly.
ExploreResult Explore(const Schedule& schedule, const ExploreSettings& settings,
                      const std::atomic<bool>& stop,
                      const std::function<void(const ExploreResult&)>& progress = nullptr);
ExploreResult Explore(const Schedule& schedule, const ExploreSettings& settings);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_EXPLORE_H_
