// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What an agent may yet do, from where it is to the end of its program: never less.
//
// A thread's future is a sum over the operations it has left and what is left of the one it is in.
// It shrinks as the thread goes on, and nobody else's steps make it grow;
// tests/explore/clash_test.cc holds that against every step of every order of small programs.
// Faithful to the kernel paths, of which it is a coarse picture: of an operation under way it knows
// which lock of the mm it has passed and whether only its return is left. Between, a gather may
// make any step of a gather.
#ifndef GATHERFUZZ_EXPLORE_FUTURE_H_
#define GATHERFUZZ_EXPLORE_FUTURE_H_

#include <array>
#include <cstdint>

#include "explore/stepper.h"

namespace gatherfuzz {

// A set of things that may be done; sets of pages are masks by page.
struct Future {
  static constexpr unsigned kLocksMmap = 1;   // take mmap_lock
  static constexpr unsigned kWritesMmap = 2;  // ... for writing
  static constexpr unsigned kBegins = 4;      // begin a gather
  static constexpr unsigned kGathers = 8;     // have one live, with all that goes with it
  static constexpr unsigned kAsks = 16;       // look whether others are live, or wait for them
  static constexpr unsigned kTakesFrames = 32;
  static constexpr unsigned kFlushes = 64;  // issue invalidations, free what is queued

  uint64_t accesses = 0;  // read or write those pages: walk there, populate what is missing
  uint64_t fills = 0;     // walk there unasked
  uint64_t zaps = 0;      // have a call with gathers over them that has not returned
  uint64_t unmaps = 0;    // ... that may free page tables
  unsigned does = 0;
  uint16_t pte_locks = 0;  // take the locks of the page tables of those blocks

  void Add(const Future& more);
  // Whether they have anything in common.
  bool Meets(const Future& other) const {
    return ((accesses & other.accesses) | (fills & other.fills) | (zaps & other.zaps) |
            (unmaps & other.unmaps) | (does & other.does)) != 0 ||
           (pte_locks & other.pte_locks) != 0;
  }
  friend bool operator==(const Future&, const Future&) = default;
};

class Futures {
 public:
  // `waits`, `foreign`: as the policy's traits say.
  Futures(const Schedule& schedule, bool waits, bool foreign = false);

  Future OfThread(const Stepper& stepper, CpuId cpu) const { return OfThread(stepper, cpu, false); }
  // As long as somebody else holds mmap_lock for reading.
  Future OfThreadWhileRead(const Stepper& stepper, CpuId cpu) const {
    return OfThread(stepper, cpu, true);
  }
  Future OfWalker(const Stepper& stepper, CpuId cpu) const;

  // Whether there may be huge leaves.
  bool huge() const { return huge_; }
  // Pages that some MADV_FREE has in its range, and that are written to (or reclaimed or protected,
  // for the sake of the same bit), in all of the programs.
  uint64_t cleans() const { return cleans_; }
  uint64_t writes() const { return writes_; }

 private:
  struct Program {
    std::array<Future, kMaxOps> each;  // of each operation, by its number
    // From that operation on: all of them, and what they may do while somebody reads under
    // mmap_lock: those before the next that takes it for writing, and that this one queues.
    std::array<Future, kMaxOps + 1> all, until_writer;
    std::array<Future, kMaxOps + 1> fills;  // from that fill on
  };
  Future OfThread(const Stepper& stepper, CpuId cpu, bool read) const;
  Future OfOp(const Op& op) const;
  Future LeftOf(const Stepper& stepper, CpuId cpu, Future call, Point next) const;

  const bool waits_, foreign_;
  const KernelVersion kernel_;
  bool huge_ = false, protects_ = false;
  uint64_t cleans_ = 0, writes_ = 0;
  std::array<Program, kMaxCpus> programs_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_FUTURE_H_
