// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the kernel paths do to page tables: find an entry, install and clear leaves and tables.
//
// None of these is a step; the caller makes the step, then changes the entry. Invariants: every
// leaf installed gets the next mapping number; Mm::mapped_frames and linked_tables count what the
// tree points at; a table is reached only through a table pointer.
#ifndef GATHERFUZZ_MODEL_KERNEL_PAGE_TABLE_H_
#define GATHERFUZZ_MODEL_KERNEL_PAGE_TABLE_H_

#include "model/system.h"

namespace gatherfuzz {

// The entry for `page` in `table`.
inline Pte& EntryOf(World& world, FrameId table, int page) {
  Frame& frame = world.at(table);
  return frame.entries[EntryIndex(page, frame.level)];
}

// Installs a new mapping of `frame`(s) in `table`, a PTE or (huge) PMD table. `flags` are Pte's.
void InstallLeaf(World& world, FrameId table, int page, FrameId frame, uint8_t flags);

// Puts `leaf` back with `flags` instead of its own, as a new mapping of the same frame.
void ChangeLeaf(World& world, FrameId table, int page, Pte leaf, uint8_t flags);

// Makes a huge leaf one that only software sees: the walker faults on it, but it is not none, so
// nobody populates the place meanwhile (pmd_mkinvalid()).
void InvalidateLeaf(World& world, FrameId table, int page);

// The flags of a leaf, as of one that only software sees.
constexpr uint8_t Hidden(uint8_t flags) {
  return static_cast<uint8_t>((flags & ~Pte::kPresent) | Pte::kInvalid);
}

// Clears a leaf, also one that only software sees, and returns what it was, as one that all see.
Pte ClearLeaf(World& world, FrameId table, int page);

// ClearLeaf() by a thread that saw it before. If it is gone by now, which needs a look that was
// old, it was removed twice: the oracle is told, and nothing is changed.
Pte TakeLeaf(const Thread& t, FrameId table, int page);

// Links a new, empty table below the entry for `page` of `table`, which must be empty. False if
// there is no frame for it, because tables were leaked.
bool PopulateTable(World& world, FrameId table, int page);

// Clears a table pointer and returns the table.
FrameId UnlinkTable(World& world, FrameId table, int page);

// Takes the table below the entry for `page` of `pmd_table` to that for `to` of `new_pmd_table`,
// which must be empty. What it holds are new mappings.
void MoveTableTo(World& world, FrameId pmd_table, int page, FrameId new_pmd_table, int to);

// Links a table that was unlinked from somewhere else below the entry for `page` of `upper`, which
// must be empty. What it leads to are new mappings.
void LinkTableAgain(World& world, FrameId table, FrameId upper, int page);

// The PMD table of `page`, and the PTE table below it; the entry must be there and be a table.
FrameId PmdTableOf(const World& world, int page);

// The VMA that holds `page`, cut to `within`; empty if there is none.
PageRange VmaAround(const Mm& mm, int page, PageRange within);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_PAGE_TABLE_H_
