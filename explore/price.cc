// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/price.h"

namespace gatherfuzz {

void Price::Add(const Price& other) {
  runs += other.runs;
  deadlocks += other.deadlocks;
  calls += other.calls;
  invalidations += other.invalidations;
  whole += other.whole;
  needless += other.needless;
  waited += other.waited;
}

Price Pricer::Of(Schedule programs, uint64_t index, int runs) {
  Price price;
  programs.tail.kind = Tail::Kind::kUniform;
  for (int i = 0; i < runs; ++i) {
    programs.tail.seed = static_cast<uint32_t>(Mix(Mix(0, index), static_cast<uint64_t>(i)));
    const RunResult run =
        execution_.Execute(programs, policy_, arch_, {.ignored = ~Bit(ViolationKind::kDeadlock)});
    price.Add({.runs = 1,
               .deadlocks = run.violation.kind == ViolationKind::kDeadlock,
               .calls = execution_.world().mm.calls_begun,
               .invalidations = run.cost.invalidations,
               .whole = run.cost.whole,
               .needless = run.cost.needless,
               .waited = run.cost.steps_waited});
    trace_hash_ = Mix(trace_hash_, run.trace_hash);
  }
  return price;
}

}  // namespace gatherfuzz
