// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What is known of a data frame beside what maps it: of use where some program decides on what
// pages hold (World::decides). A plain part of World, without padding; zero: one reference, which
// belongs to its only mapping or to who has it in hand, exclusive, clean, and never written.
//
// Faithful in shape to _refcount, PG_locked, PG_dirty and PageAnonExclusive. Made up: what a frame
// holds is the set of CPUs that have written it, which says as much as can be lost, and in which
// two writes come to the same in either order. Simplified: other mms' mappings are references only.
//
// Frames may be the pages of one large folio (World::folio_first, folio_frames): consecutive, and
// dirty together. Simplified: there is one such folio at most; the initial state has it, mapped by
// PTEs of one table; its pages have references and locks of their own, as if it were split.
#ifndef GATHERFUZZ_MODEL_MACHINE_FOLIOS_H_
#define GATHERFUZZ_MODEL_MACHINE_FOLIOS_H_

#include <array>
#include <cstdint>

#include "model/machine/types.h"

namespace gatherfuzz {

struct Folio {
  static constexpr uint8_t kShared = 1, kKsm = 2;

  uint8_t refs;        // references beside the first
  uint8_t others;      // of all: those of another mm and of pins, which nobody gives back
  uint8_t lock_owner;  // PG_locked: CPU index + 1, or 0
  uint8_t shared;      // kShared: not PageAnonExclusive any more; kKsm: nor ever again
  uint8_t holds;       // whose writes are in it: CPUs
  uint8_t dirty;       // PG_dirty: 1: what it holds is nowhere else, whatever its PTE says

  // Nobody is to give back what is left.
  bool left_to_others() const { return others == refs + 1; }
};
using Folios = std::array<Folio, kFrames>;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_FOLIOS_H_
