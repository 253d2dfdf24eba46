// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Physical memory: giving frames out and taking them back.
//
// The lowest free frame is always given out first, so that a freed frame comes back into use at
// once and a stale entry really reads what is there now (made up: the kernel's allocator makes no
// such promise, but its per-CPU lists behave so). Invariants: a frame's state changes only here;
// the generation grows each time a frame is given out; a free frame's entries are zero.
//
// Data may use kFrames - 1 - kMaxTables frames, so that there is always one left for a page table,
// as long as no gather holds tables that are unlinked and not freed (from 6.14 on, see
// MayReclaimTables() in zap.h), nor RCU (rcu.h): then memory may be short.
#ifndef GATHERFUZZ_MODEL_MACHINE_FRAMES_H_
#define GATHERFUZZ_MODEL_MACHINE_FRAMES_H_

#include <optional>

#include "model/machine/world.h"

namespace gatherfuzz {

// A free frame, now holding an empty table whose entries are at `level`; nothing if memory is
// short, or if there are kMaxTables below the root already that are linked, which only a table
// that is never freed can bring about.
std::optional<FrameId> TakeTable(World& world, Level level);
// Whether there is one.
bool HasTable(const World& world);
// Tables that are unlinked and not freed: some gather has queued them, or is about to, or RCU has
// them.
int UnlinkedTables(const World& world);

// A data frame (kPte), or the first of kPagesPerPmd consecutive and aligned ones (kPmd); nothing if
// memory is short.
std::optional<FrameId> TakeData(World& world, Level level);

// What TakeData() would give out at that level, but for a lack of room; -1 if there is none. What
// TakeTable() would is that at kPte.
int LowestFree(const World& world, Level level);
// How many more frames may hold data.
int DataRoom(const World& world);

// Returns one frame to the free ones. Freeing a free frame changes nothing (the oracle has reported
// it by then).
void GiveBack(World& world, FrameId frame);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_FRAMES_H_
