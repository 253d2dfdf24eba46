// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Reduction by independence: in many a state, to move some of the agents is enough.
#ifndef GATHERFUZZ_EXPLORE_INDEPENDENCE_H_
#define GATHERFUZZ_EXPLORE_INDEPENDENCE_H_

#include "explore/clash.h"

namespace gatherfuzz {

class Independence {
 public:
  Independence(const Schedule& schedule, const Policy& policy, uint32_t ignored, RuleMask rules);

  // Which of those that are able have to be tried. Not empty, unless `able` is.
  Actions Enough(const Stepper& stepper, const Actions& able) const;
  const Futures& futures() const { return futures_; }
  bool waits() const { return waits_; }

 private:
  const Futures futures_;
  const bool waits_;
  const RuleMask rules_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_INDEPENDENCE_H_
