// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Mutations of a decoded schedule, and what they share.
//
// A mutation changes a schedule in place and keeps it one that encodes: ranges are not empty and in
// bounds, agents exist. It returns false, and has changed nothing, where it does not apply.
// All are functions of the schedule and the generator.
#ifndef GATHERFUZZ_FUZZ_MUTATIONS_H_
#define GATHERFUZZ_FUZZ_MUTATIONS_H_

#include <cstdint>
#include <span>

#include "harness/random.h"
#include "harness/schedule.h"

namespace gatherfuzz {

struct Mutation {
  const char* name;  // for an engine's description of an input
  uint32_t weight;   // how often it is drawn, relative to the others
  bool (*apply)(Schedule& schedule, Random& random);
};

// Of operations and of the initial state; of the order.
std::span<const Mutation> ProgramMutations();
std::span<const Mutation> OrderMutations();

// A schedule from nothing: long programs over few pages and no order, or, half of the time, what
// random bytes decode to.
void Generate(Schedule& schedule, Random& random);

// The beginning of one that something rare is to be added to: few operations on few pages, most of
// them small.
void GenerateShort(Schedule& schedule, Random& random);

// A few operations on the same few pages.
void GenerateTiny(Schedule& schedule, Random& random);

// The same, one on each CPU and of kswapd: any two kinds meet as often, and mostly at an end.
void GenerateOneEach(Schedule& schedule, Random& random);

// CPUs that go from mm to mm, with few ASIDs.
void GenerateRollover(Schedule& schedule, Random& random);

// What the mutations "around", "tiny" and "one-each" make, or GenerateRollover().
void GenerateSmall(Schedule& schedule, Random& random);

// True once in `n` times.
inline bool OneIn(Random& random, uint32_t n) { return random.Below(n) == 0; }
// Index of an item of a list that is not empty.
template <typename List>
size_t PickIndex(const List& list, Random& random) {
  return random.Below(static_cast<uint32_t>(list.size()));
}

// 1 half of the time, 2 a quarter, ... at most `most`.
int SmallNumber(Random& random, int most);
CpuId PickCpu(const Schedule& schedule, Random& random);
// A range that meets `range`: the same, shifted, a part, its last page, widened, ...
PageRange Overlapping(PageRange range, Random& random);
PageRange AnyRange(Random& random);
// Of what makes a difference in any program: not INVLPGB.
HardwareKind PickHardware(Random& random);
// The kind of an operation that a CPU runs, those that remove being likelier.
OpKind PickOpKind(KernelVersion kernel, Random& random);
// A line for the CPU, or for its walker if the kind is fill.
ProgramLine MakeLine(CpuId cpu, OpKind kind, PageRange range, Random& random);
// A strategy and a seed for what the order does not say.
Tail AnyTail(Random& random);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_MUTATIONS_H_
