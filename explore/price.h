// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a policy costs: sums over random orders of programs, the same ones for every policy.
//
// A violation does not end a run, so that wrong policies are priced over the same runs as right
// ones; but a deadlock does, since nothing can go on. What was spent until then counts.
#ifndef GATHERFUZZ_EXPLORE_PRICE_H_
#define GATHERFUZZ_EXPLORE_PRICE_H_

#include <cstdint>

#include "harness/execution.h"

namespace gatherfuzz {

struct Price {
  uint64_t runs = 0;
  uint64_t deadlocks = 0;                                           // runs that ended in one
  uint64_t calls = 0;                                               // that opened a gather
  uint64_t invalidations = 0, whole = 0, needless = 0, waited = 0;  // as in Cost

  void Add(const Price& other);
  friend bool operator==(const Price&, const Price&) = default;
};

// Keep one and use it again: it is large.
class Pricer {
 public:
  Pricer(const Policy& policy, const Arch& arch) : policy_(policy), arch_(arch) {}

  // Runs the programs in `runs` orders in which each step is any agent's that can move. They are a
  // function of the programs' number in their list, `index`.
  Price Of(Schedule programs, uint64_t index, int runs);
  // A hash of everything that happened in runs so far.
  uint64_t trace_hash() const { return trace_hash_; }

 private:
  const Policy& policy_;
  const Arch& arch_;
  Execution execution_;
  uint64_t trace_hash_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_PRICE_H_
