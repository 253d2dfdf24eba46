// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// VMAs that are PFN maps (VM_PFNMAP): a driver maps frames of its own there, which mm neither
// counts nor frees. A part of World that is in use where a schedule has such a VMA, or an owner
// that revokes (World::pfn). A plain value, without padding.
//
// Faithful in shape to the interval tree of an address_space and i_mmap_rwsem (mm/memory.c,
// unmap_mapping_range()): the owner finds a mapping through its VMA as long as that is linked.
// Made up: one owner for all, of whose frames one belongs to each page of such a VMA.
#ifndef GATHERFUZZ_MODEL_MACHINE_PFN_MAPS_H_
#define GATHERFUZZ_MODEL_MACHINE_PFN_MAPS_H_

#include <array>
#include <cstdint>

#include "model/machine/types.h"

namespace gatherfuzz {

struct PfnMaps {
  uint64_t linked;                     // pages of such VMAs that their owner finds
  uint8_t readers;                     // i_mmap_rwsem: CPUs that read under it, as a bit mask
  std::array<uint8_t, 7> padding_;     // always 0
  std::array<FrameId, kPages> frames;  // the owner's, by page; frame 0: none, or freed
};
static_assert(sizeof(PfnMaps) % 8 == 0);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_PFN_MAPS_H_
