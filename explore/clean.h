// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Whether the oracle has nothing to find in a step that it judges: the statements of model/oracle/,
// read the other way round. What is so stays so until the step is made, since nothing refers to a
// frame that is not mapped unless it did before, and what the tables hold is newer than what a call
// has cleared. Faithful to the oracle: tests/explore/clash_test.cc makes the steps.
#ifndef GATHERFUZZ_EXPLORE_CLEAN_H_
#define GATHERFUZZ_EXPLORE_CLEAN_H_

#include "model/machine/world.h"

namespace gatherfuzz {

// What is queued can be freed: it is in use, nothing maps it, a table is empty, and no TLB (no walk
// cache, no walk in flight) refers to it.
bool PageFreesClean(const World& world, Queued page);
bool TableFreesClean(const World& world, Queued table);

// The page that reclaim on `cpu` has taken last can begin to be written out: no TLB can write it.
bool IoStartsClean(const World& world, CpuId cpu);

// The call on `cpu` can return: no TLB holds what it answers for.
bool ReturnsClean(const World& world, CpuId cpu);
// Its completion counts against a wait that is under way.
bool Overtakes(const World& world, const Call& call);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_CLEAN_H_
