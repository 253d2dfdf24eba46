// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The passes of minimizing. Each tries one kind of change wherever it applies, and says whether any
// of them was taken. What is tried need not make sense: a candidate is held against the violation.
#ifndef GATHERFUZZ_TRIAGE_MINIMIZE_PASSES_H_
#define GATHERFUZZ_TRIAGE_MINIMIZE_PASSES_H_

#include <array>
#include <compare>

#include "triage/minimize/attempts.h"

namespace gatherfuzz {

// CPUs, operations, ranges, the initial state (passes_program.cc).
bool ShrinkPrograms(Attempts& attempts);
// Switches, by replay alone (passes_order.cc).
bool ShrinkOrder(Attempts& attempts);
// Switches by their steps, and a plain rest.
bool NameTheSwitches(Attempts& attempts);

// Numbers and places (canonical.cc).
bool RenumberCpus(Attempts& attempts);
bool MovePages(Attempts& attempts);

// By CPU: which it becomes; kGone if it and all it does is dropped.
inline constexpr int kGone = -1;
using CpuMap = std::array<int, kMaxCpus>;
Schedule WithCpus(const Schedule& schedule, const CpuMap& map);
// The path of the schedule WithCpus(); none is gone.
Path WithCpus(const Path& path, const CpuMap& map);
// To CPUs numbered as they first move; that of kswapd stays the last.
CpuMap InOrderOfMoves(const Schedule& schedule, const Path& path);

// The shortest order of the best programs, whose CPUs may be renumbered for it (proof.cc).
void TakeShortestOrder(Attempts& attempts);
// The best order, by preemptions and steps, against the shortest of its programs that ends in a
// violation of the kind; less if none was found within the limits.
std::strong_ordering CompareWithShortest(Attempts& attempts);

// Tries the list of the best schedule without parts of it: all, halves, and so on to single items,
// from the last on. `without(begin, end)` tries it without those.
template <typename SizeOfList, typename Without>
bool DropParts(SizeOfList size, Without without) {
  bool helped = false;
  for (size_t part = size(); part > 0; part /= 2) {
    for (size_t end = size(); end > 0;) {
      const size_t begin = end > part ? end - part : 0;
      helped |= without(begin, end);
      end = begin;
    }
  }
  return helped;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_MINIMIZE_PASSES_H_
