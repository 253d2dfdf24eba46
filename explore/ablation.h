// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which memory orders carry the weight: each taken away alone, and as few as are enough.
//
// An order is that of a step on an architecture (model/orders.h). Programs that are safe with the
// orders that the kernel has are explored without each of those, and with as few of them as keep
// all of the programs safe. A program that is not safe is explored with orders that the kernel does
// not have: as few as make it so. Exact, within the programs: an order that is not needed here may
// be needed by another one. Taking an order away never makes a program safe, and adding one never
// breaks it, so sets are tried from the small ones on, and none that has one which is enough.
#ifndef GATHERFUZZ_EXPLORE_ABLATION_H_
#define GATHERFUZZ_EXPLORE_ABLATION_H_

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "explore/answer.h"

namespace gatherfuzz {

struct AblationProgram {
  std::string name;
  Schedule schedule;  // its memory is that of the ablation; its orders are not looked at
};

// Programs that ask each of the orders of a gather something.
std::vector<AblationProgram> AblationPrograms();

// How one program breaks.
struct Breaks {
  ViolationKind kind{};
  std::string program;
  int steps = 0;  // of the shortest way to this kind
  Schedule schedule;
};

// One order that the kernel has, taken away.
struct WithoutOrder {
  Point point{};
  MemoryOrder order{};         // what it was
  std::vector<Breaks> breaks;  // the shortest of each kind, the shortest first; empty: it may go
};

// A program that is broken with the orders that the kernel has.
struct BrokenProgram {
  std::vector<Breaks> breaks;
  // All smallest sets of steps whose orders, made stronger, make it safe, of at most kMostStronger,
  // and in each the weakest orders that do.
  std::vector<OrderChanges> closed_by;
};
inline constexpr int kMostStronger = 3;

struct Ablation {
  std::vector<std::string> safe;  // programs, with the orders that the kernel has
  std::vector<BrokenProgram> broken;
  std::vector<WithoutOrder> without;  // by number of step; of those that the programs make
  std::vector<PointMask> enough;      // all smallest sets that keep the safe programs safe
  uint64_t explorations = 0, states = 0;
  bool complete = true;  // no exploration came to a limit
};

// `settings`: policy, architecture, limits of each exploration. `memory` is not kSc.
Ablation Ablate(const std::vector<AblationProgram>& programs, MemoryModel memory,
                const ExploreSettings& settings, const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_ABLATION_H_
