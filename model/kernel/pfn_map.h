// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// VMAs that are PFN maps (VM_PFNMAP), as kernel paths meet them: how one comes to be, who passes it
// over, and how it leaves the mapping of its owner.
//
// Faithful: munmap, mprotect, exit and accesses go through such a VMA as through any, but its
// frames are in no gather, and no fault populates it. mremap fails on it. MADV_DONTNEED, MADV_FREE
// and the guards fail when they come to it (mm/madvise.c: can_madvise_modify(), the checks for
// VM_PFNMAP and VM_SPECIAL), uffd-wp, NUMA hints, clear_refs, the OOM reaper, reclaim, migration,
// KSM and GUP pass it over (6.12). Simplified: mremap could move one; fork passes it over, as one
// with VM_DONTCOPY; it is never huge; cutting one takes no lock of its mapping. Made up: all pages
// are populated as the schedule begins (remap_pfn_range() of mmap()), and the VMA may be written.
#ifndef GATHERFUZZ_MODEL_KERNEL_PFN_MAP_H_
#define GATHERFUZZ_MODEL_KERNEL_PFN_MAP_H_

#include <utility>

#include "model/system.h"

namespace gatherfuzz {

// Whether the VMA of `page` is one, and its owner finds it still.
inline bool IsPfnMap(const World& world, int page) {
  return world.pfn != 0 && (world.pfn_maps.linked & PageBit(page)) != 0;
}

// Before the first step: a PFN map, whose frames its owner has. Nothing where something is mapped.
void InitPfnMap(World& world, PageRange range);

// unlink_file_vma() of VMAs that had these pages: their owner does not find them any more. The step
// i_mmap_unlink, which waits for an owner that is on its way there; nothing if none is a PFN map.
void UnlinkPfnMaps(const Thread& t, uint64_t pages, int page);

// A frame that belongs to the owner, which nothing else has to free.
bool IsOwnersFrame(const World& world, FrameId frame);

// For ForEachVma(): passes over PFN maps; and ends at the first, as a call that fails there.
template <typename Apply>
auto ButPfnMaps(Apply apply) {
  return [apply = std::move(apply)](const Thread& t, PageRange vma) {
    if (!IsPfnMap(t.world(), vma.begin)) apply(t, vma);
  };
}
template <typename Apply>
auto UpToPfnMap(Apply apply) {
  return [apply = std::move(apply), failed = false](const Thread& t, PageRange vma) mutable {
    failed = failed || IsPfnMap(t.world(), vma.begin);
    if (!failed) apply(t, vma);
  };
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_PFN_MAP_H_
