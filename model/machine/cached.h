// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the hardware caches of page tables, as values: entries, TLBs, walk caches.
//
// Plain parts of World (world.h), without padding; zero where nothing is. Who may change them is
// said in tlb.h and walk.h.
#ifndef GATHERFUZZ_MODEL_MACHINE_CACHED_H_
#define GATHERFUZZ_MODEL_MACHINE_CACHED_H_

#include <array>
#include <cstdint>

#include "model/machine/types.h"

namespace gatherfuzz {

// Numbers installed mappings in the order they are made; 0 is no mapping. Growing, never reused in
// a run, so "older than" is "less than".
using Mapping = uint16_t;

// A page-table entry, and, with the same shape, what a TLB copied from one.
struct Pte {
  static constexpr uint8_t kPresent = 1, kWrite = 2, kAccessed = 4, kDirty = 8;
  static constexpr uint8_t kTable = 16;  // points at a table one level down, is not a leaf
  // A leaf that only software sees: PROT_NONE, or, as long as the lock is held, pmd_mkinvalid().
  static constexpr uint8_t kInvalid = 32;
  static constexpr uint8_t kGuard = 64;  // no leaf: a guard marker, which only software sees
  // No leaf: a migration entry. `frame` is the one that moves; W, A and D are of the leaf it was.
  static constexpr uint8_t kMigration = 128;

  Mapping mapping;  // of a leaf; 0 for a pointer to a table
  FrameId frame;    // of a huge leaf: the first of its kPagesPerPmd frames
  uint8_t flags;

  bool none() const { return flags == 0; }
  bool present() const { return flags & kPresent; }  // to the hardware
  bool writable() const { return flags & kWrite; }
  bool accessed() const { return flags & kAccessed; }
  bool dirty() const { return flags & kDirty; }
  bool table() const { return flags & kTable; }
  bool leaf() const { return present() && !table(); }
  // To software, pte_present(): also one that the hardware faults on.
  bool there() const { return flags & (kPresent | kInvalid); }
  bool hidden() const { return flags & kInvalid; }
  bool guard() const { return flags & kGuard; }
  bool migration() const { return flags & kMigration; }
  friend bool operator==(const Pte&, const Pte&) = default;
};

struct Tlb {
  uint64_t small_valid;  // bit p: small[p] holds a translation of page p
  uint64_t huge_valid;   // bit b: huge[b] holds a translation of pages 4b to 4b + 3
  uint64_t absent;       // bit p: that nothing translates page p (H7, where hardware keeps that)
  std::array<Pte, kPages> small;
  std::array<Pte, kPmds> huge;
};

// A cached pointer to a page table: what a paging-structure (walk) cache holds, and where a walk in
// flight stands. It stays valid in the hardware's eyes whatever becomes of the frame, so it carries
// the generation the frame had when the pointer was read.
struct TablePointer {
  uint16_t generation;  // 0: no pointer
  FrameId frame;
  uint8_t prefix;  // page / (pages the table covers)
  bool valid() const { return generation != 0; }
};

// The table pointers that walks have followed, by prefix: room for all, so none is evicted.
struct WalkCache {
  std::array<TablePointer, kPmds> pte_tables;
  std::array<TablePointer, kPuds> pmd_tables;
  uint16_t pte_valid;  // bit b: pte_tables[b] holds a pointer
  uint8_t pmd_valid;
  uint8_t padding_;  // always 0
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_CACHED_H_
