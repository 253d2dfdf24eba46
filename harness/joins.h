// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Steps that follow without a choice of who moves, since none there can matter (Lipton, CACM 1975).
//
//   - After pte_lock, whatever comes: who holds the lock keeps others out, so what they do in
//     between could as well come before.
//   - Before pte_unlock: what they do before it could as well come after.
//   - Before a PTE that nobody can come to look at without its lock is read or written: both.
// Orders that a strategy draws make no choice there, so that each of their choices can matter
// (Tail::joined). An order that is written out may switch anywhere. Every violation and every final
// state has an order that makes none of these choices: tests/explore/joins_test.cc holds
// exploration with and without them against each other. Under sequential consistency only, and
// not where CPUs switch, threads exit, or somebody decides on content.
#ifndef GATHERFUZZ_HARNESS_JOINS_H_
#define GATHERFUZZ_HARNESS_JOINS_H_

#include <cstddef>
#include <cstdint>

#include "harness/conflict.h"
#include "harness/schedule.h"
#include "model/machine/world.h"

namespace gatherfuzz {

// After so many in a row there is a choice again, which does no harm.
inline constexpr size_t kMaxJoined = 16;

class Joins {
 public:
  Joins() = default;
  explicit Joins(const Schedule& schedule);

  // Whether there are such steps at all.
  bool any() const { return any_; }
  // Whether the thread of `cpu`, which has just made a step at `last` and stands before `next` (no
  // detour begins there), goes on.
  bool Between(const World& world, CpuId cpu, Point last, PendingStep next) const {
    return any_ && (last == Point::pte_lock || Commutes(world, cpu, next));
  }

 private:
  bool Commutes(const World& world, CpuId cpu, PendingStep next) const;

  bool any_ = false;
  uint64_t seen_ = 0;  // pages whose PTEs somebody may come to look at without their lock
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_JOINS_H_
