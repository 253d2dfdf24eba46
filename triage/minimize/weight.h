// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which of two schedules with the same violation is the simpler one.
//
// What a person has to read comes first: CPUs, operations, the initial state. Then how hard the
// violation is to reach. Then names: what is left stands at the lowest pages, and CPUs are numbered
// as they first move. Every attempt that is taken lowers the weight, so minimizing ends.
#ifndef GATHERFUZZ_TRIAGE_MINIMIZE_WEIGHT_H_
#define GATHERFUZZ_TRIAGE_MINIMIZE_WEIGHT_H_

#include <array>
#include <compare>
#include <tuple>
#include <vector>

#include "explore/action.h"
#include "harness/schedule.h"

namespace gatherfuzz {

// Of the programs and the initial state. The lower the simpler, from the first member on.
struct Size {
  int cpus = 0;
  int lines = 0;  // of programs
  int init_lines = 0;
  int kinds = 0;  // of operations: an access is simpler than a munmap
  int pages = 0;  // of all ranges of programs
  int init_pages = 0;
  int flags = 0;  // rw, huge, dirty, a batch or hardware of its own, rcu
  friend auto operator<=>(const Size&, const Size&) = default;
};

Size SizeOf(const Schedule& schedule);

// Where each range begins, programs first, in their order; and the sum of it.
using Place = std::vector<int>;
Place PlaceOf(const Schedule& schedule);
int HeightOf(const Schedule& schedule);

struct Weight {
  bool drawn = true;  // the tail is not a plain rest
  Size size;
  int olds = 0;  // loads that take a value that is not the newest, each as often as it is old
  int preemptions = 0;
  int steps = 0;
  int moves = 0;  // pairs of CPUs that first move in another order than that of their numbers
  int height = 0;
  int unnamed = 0;  // runs that do not name a step
  int runs = 0;
  Place place;
  friend auto operator<=>(const Weight&, const Weight&) = default;

  // Without names and places.
  auto Effort() const { return std::tie(drawn, size, olds, preemptions, steps); }
  // Without how the order is said.
  auto Worth() const { return std::tie(drawn, size, olds, preemptions, steps, moves, height); }
};

// Of a schedule whose run is `path`.
Weight WeightOf(const Schedule& schedule, const Path& path, int preemptions);

// CPUs by when they first move; those that never do come last. Of those alike the lowest is first.
std::array<CpuId, kMaxCpus> ByFirstMove(const Path& path);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_MINIMIZE_WEIGHT_H_
