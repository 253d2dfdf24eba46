// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The oracle: judges the state at every step at which one of its statements can become true, so a
// bug shows without a lucky access. One file a kind; docs/oracle.md states each precisely.
//
// Each Check ends the run (through System::Report) if its statement holds. None changes anything
// but the oracle's own notes in Call.
#ifndef GATHERFUZZ_MODEL_ORACLE_ORACLE_H_
#define GATHERFUZZ_MODEL_ORACLE_ORACLE_H_

#include "model/system.h"

namespace gatherfuzz {

// stale-after-return, stale-dirty-after-return, writable-after-return: `cpu`'s call is about to be
// back in user space.
void CheckReturn(System& system, CpuId cpu);
// Whether that call, if it has examined `page`, is not to return while a TLB holds `entry` there.
bool AnswersFor(const Call& call, const Pte& entry, int page);

// freed-page-cached: `cpu` is about to free the data frames of a leaf at `level`, mapped at `page`.
void CheckFreePage(System& system, CpuId cpu, FrameId frame, int page, Level level);
// freed-page-cached, its other side: a walk has just cached a translation to `leaf`'s frame.
void CheckFill(System& system, CpuId cpu, const Walk& walk, Pte leaf);

// incoherent-mapping: `cpu` has just mapped `page` to `frame`, in the place of what was there.
// `excused`: a CPU whose TLB does not count, since its access walks once more; -1: none.
void CheckCoherent(System& system, CpuId cpu, int page, FrameId frame, int excused);

// write-lost: `cpu` is about to decide on what `frame` holds, which is or was mapped at `page`;
// `decides`: what becomes of it, a string literal.
void CheckDecision(System& system, CpuId cpu, FrameId frame, int page, const char* decides);

// shared-writable: `cpu` has just changed the PTE of `page`, or put it back.
void CheckExclusive(System& system, CpuId cpu, int page);

// freed-table-cached: `cpu` is about to free a table, as that of `page`. What a walk cache holds is
// said to be of the pages where its pointer stands, which may be others.
void CheckFreeTable(System& system, CpuId cpu, FrameId table, int page);

// walked-dead-table: `cpu` is about to read an entry for `walk`.
void CheckWalkRead(System& system, CpuId cpu, const Walk& walk);

// Both of walks, for System.
inline constexpr WalkJudge kOracle{.walk_read = CheckWalkRead, .filled = CheckFill};

// `cpu` is back in user code: what it could not be held to before (asleep.h) counts from here on.
void CheckResume(System& system, CpuId cpu);
// ... its hardware is about to walk with what is cached under the slot it has just loaded.
void CheckLoaded(System& system, CpuId cpu);

// endless-fault: `cpu` has faulted again on `page`, on a PTE with the same mapping, though nothing
// that could repair its TLB has been pending since (Quiet() held in between).
void CheckEndlessFault(System& system, CpuId cpu, int page, Mapping mapping);
// No gather is live and no invalidation pending.
bool Quiet(const World& world, int unused);

// starvation: call number `completed_call`, which opened a gather, has completed; the waits that it
// overtook are judged.
void CheckStarvation(System& system, uint16_t completed_call);
// What it is told of: a finish begins to wait until `ready` (called with its CPU), and ends; a
// gather is over.
void NoteWaitBegins(System& system, CpuId cpu, Ready ready);
void NoteWaitEnds(System& system, CpuId cpu);
void NoteGatherOver(System& system, CpuId cpu);
// Calls of others, begun since a finish began to wait, that may complete before it is starving,
// once every gather that was live then is over. Made up: any bound will do; a wait for the gathers
// that were live needs none.
inline constexpr int kStarvationBound = 3;

// deadlock: no agent can move; `cpu` is one that is blocked, at `point`. Ends the run also if
// the kind is ignored: there is nothing to go on with, and a blocked run is never clean.
[[noreturn]] void CheckDeadlock(System& system, CpuId cpu, Point point);

// livelock: no agent can move but such that look again and again, of which `cpu` is one; what they
// look at is `point`. Ends the run also if the kind is ignored, as above.
[[noreturn]] void CheckLivelock(System& system, CpuId cpu, Point point);

// protocol-error: what is about to be freed is in use and not mapped any more; the count is about
// to be lowered; all agents are done.
void CheckGivenBack(System& system, CpuId cpu, FrameId frame, int page, FrameState expected);
void CheckPending(System& system, CpuId cpu);
// A call clears an entry that somebody has cleared since it looked.
void CheckRemovedTwice(System& system, CpuId cpu, int page);
// There is no room: too many pages or tables are queued; all frames for tables are in use.
void CheckQueueFull(System& system, CpuId cpu, int page);
// ... which is a violation if some of them are neither linked nor queued, nor about to be: they
// were never freed.
void CheckTableLeak(System& system, CpuId cpu, int page);
void CheckEnd(System& system);

// asid-reused: `cpu` is back in user code, of a thread that may be of another mm than what its ASID
// has cached.
void CheckAsid(System& system, CpuId cpu);

// kernel-assertion: a WARN_ON() or its like in a kernel's own code, with its text, a literal.
void ReportAssertion(System& system, CpuId cpu, const char* text);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_ORACLE_ORACLE_H_
