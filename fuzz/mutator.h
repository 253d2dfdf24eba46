// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The structure-aware mutator and crossover, for every engine: on the decoded schedule, encoded
// again. Deterministic in the bytes, the seed and the settings; every result decodes.
#ifndef GATHERFUZZ_FUZZ_MUTATOR_H_
#define GATHERFUZZ_FUZZ_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/arch/arch.h"
#include "model/kernel/version.h"
#include "model/machine/memory.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

// What schedules are run against when a mutation asks who moved, the memory model, the oldest
// kernel whose operations are drawn, and how many members the families have that the mutator
// writes. Set before the first mutation.
struct MutatorSettings {
  const Policy* policy = FindPolicy("full-mm");
  const Arch* arch = FindArch("x86");
  MemoryModel memory = MemoryModel::kSc;
  KernelVersion kernel = kDefaultKernel;
  int members = 2;
};
MutatorSettings& Settings();

// No program is left so long that its run is expected to have more steps (ExpectedSteps), unless
// two operations alone do.
inline constexpr uint32_t kMostSteps = 2000;

// Mutates the first `size` bytes of the buffer, which may grow to the whole of it. Returns the new
// size. `mutate_bytes` is the engine's own mutation of plain bytes; it may be null.
size_t Mutate(std::span<uint8_t> buffer, size_t size, uint32_t seed,
              size_t (*mutate_bytes)(uint8_t*, size_t, size_t));

// A child of two parents, written to `out`: the programs of some CPUs from one, of the others from
// the other. Returns its size. It has no more CPUs, and no larger batch, than the larger parent.
// Some of the time it is a mutation of `a` alone, and LastMutation() then names that.
size_t CrossOver(std::span<const uint8_t> a, std::span<const uint8_t> b, std::span<uint8_t> out,
                 uint32_t seed);

// A small schedule from nothing, written to `out`. Returns its size.
size_t MakeSmall(std::span<uint8_t> out, uint32_t seed);

// The name of what Mutate or CrossOver did last.
const char* LastMutation();

// Smaller candidates that trimming tries: how many there are, and one of them, written to `out`.
// Returns its size.
size_t TrimSteps(std::span<const uint8_t> bytes);
size_t TrimAt(std::span<const uint8_t> bytes, size_t step, std::span<uint8_t> out);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_FUZZ_MUTATOR_H_
