// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Every program within bounds, up to symmetry, in an order that begins with the smallest.
//
// A program is a list of operations for each CPU's thread, and a list of pages for its walker.
// Operations on a range take every nonempty range of the window, the others every page of it. The
// sequence is a function of the bounds alone: same index, same program, on every build. It goes by
// number of operations, then of fills, then of pages that occur, then by who has how much, then by
// content; last by initial state. So the first program that breaks a policy is a smallest one.
//
// Left out are programs in which no race is possible: those with fewer than two agents that have a
// program (a CPU's thread and its walker are two), and those without an operation that opens a
// gather. skipped() counts them. CPUs without a program are there all the same: they hold TLB
// entries, and invalidations are delivered to them.
//
// Symmetry. Of programs that an isomorphism of the model maps to each other only one is kept. Then
// their runs correspond one to one, step by step, with the same kind of violation and the same
// cost; tests/explore/renaming_test.cc runs both. There are two kinds:
//
// - Renaming CPUs. Every initial state treats CPUs alike; a CPU's index decides nothing in the
//   machine, the kernel paths, the architectures and the oracle. Kept is the program whose CPUs are
//   sorted. This assumes that a policy treats CPUs alike. Two planted defects do not, from three
//   CPUs on: first-overlap-only and waits-for-one look only at the lowest CPU of those that count.
//   symmetry=0 is for such. (Where several CPUs hold a stale entry, the oracle names the lowest.)
// - Moving a program to another page table, by as many pages as a table spans. Done only where the
//   window is two whole tables under one upper table (pages=8), for programs whose pages are all in
//   one of the two; kept is the lower. The two tables look the same: all four pages, in one VMA, or
//   each in one of its own. So the same unmaps free the table, and the upper table is freed in
//   neither case, since the other table's pages keep their VMA. Nobody walks, clears or populates
//   those, so what they hold does not matter. Strides, rounding and the sizes of ranges stay what
//   they are; frame numbers change, but not their order. This assumes that a policy, as the
//   architectures do, uses addresses only by difference and by offset in a table's span.
//
// No other renaming of pages is sound for every policy, and so none is made, in particular:
// - not by fewer pages, even within a table. A flush in strides of a table names the page at the
//   span's beginning, and misses its neighbour: planted pmd-stride on arm64 is safe at page 4 and
//   broken at page 5.
// - not where one table's part of the window is shorter than the other's: what is at an end of the
//   VMA can be the last that keeps a table, and elsewhere it is not (reset-range on arm64).
// - not by reversal: the kernel clears upwards.
// - not by exchanging or merging neighbours that occur in the same operations. The exchange gives
//   the same program, so nothing is saved. The merger has fewer steps, another fill of the batch,
//   and a shorter range under an architecture's ceiling: it is a smaller program, not the same one.
//
// Programs are kept as one number each, 8 bytes; while they are enumerated, up to three times that.
#ifndef GATHERFUZZ_EXPLORE_PROGRAMS_H_
#define GATHERFUZZ_EXPLORE_PROGRAMS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "explore/bounds.h"
#include "harness/schedule.h"

namespace gatherfuzz {

inline constexpr uint64_t kMaxPrograms = 20'000'000;  // of one initial state

// How many operations and fills a CPU has, without which.
struct CpuShape {
  int ops = 0;
  int fills = 0;
  friend auto operator<=>(const CpuShape&, const CpuShape&) = default;
};
using ProgramShape = std::array<CpuShape, kMaxBoundCpus>;

class Programs {
 public:
  // What is wrong with the bounds (WhatIsWrong), or that they have more than kMaxPrograms.
  static std::variant<Programs, std::string> Enumerate(const Bounds& bounds);

  const Bounds& bounds() const { return bounds_; }
  // Each program in each initial state counts, here and below.
  uint64_t size() const;
  // The program: canonical, with an empty order and a plain tail. index < size().
  Schedule At(uint64_t index) const;

  // How many there are if programs that differ only in names count, and how many of those that are
  // within the bounds are not among them, as no race is possible.
  uint64_t before_symmetry() const;
  uint64_t skipped() const;

 private:
  class Enumerator;
  // Programs of one shape with equally many pages, each as the number that its content makes:
  // a digit for each operation and fill, the first CPU's first operation highest.
  struct Group {
    ProgramShape shape;
    uint64_t first;  // how many programs are in the groups before
    std::vector<uint64_t> contents;
  };

  explicit Programs(const Bounds& bounds);
  // What a digit of an operation stands for, and what one of a fill does.
  uint64_t op_codes() const { return codes_.size(); }
  uint64_t fill_codes() const { return static_cast<uint64_t>(bounds_.pages); }
  uint64_t ContentsOf(CpuShape shape) const;  // how many a CPU of that shape can have
  uint64_t ProgramsWithin() const;            // how many there are within the bounds, of any kind
  void AddInit(Schedule& schedule, InitState state) const;
  void AddCpu(Schedule& schedule, CpuId cpu, CpuShape shape, uint64_t content) const;

  Bounds bounds_;
  std::vector<Op> codes_;
  std::vector<InitState> states_;
  std::vector<Group> groups_;
  uint64_t programs_ = 0;
  uint64_t before_symmetry_ = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_PROGRAMS_H_
