// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What an architecture's own operations drop, as sets: the parts of tlb_flush() that also serve the
// code of a kernel tree (model/linux), which works out ranges, strides and levels by itself.
#ifndef GATHERFUZZ_MODEL_ARCH_DROPS_H_
#define GATHERFUZZ_MODEL_ARCH_DROPS_H_

#include "model/machine/world.h"

namespace gatherfuzz {

// x86: flush_tlb_mm_range(), INVLPG at each stride of pages [start, end), or a whole flush above a
// ceiling. 0 <= start, end <= kPages; an end before the start is a range of huge size.
Invalidation InvlpgRange(int start, int end, Level stride);

// arm64: adds what one TLBI by address drops (H5): the leaf of `page`, and, unless `last_level`,
// the table pointers used for it; with a hint (1 + level, or 0) only at that level.
void AddTlbi(Invalidation& request, int page, bool last_level, uint8_t level_hint);

// riscv: adds what one SFENCE.VMA of an address drops (H18): the leaf of `page`, of any size.
void AddSfence(Invalidation& request, int page);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_ARCH_DROPS_H_
