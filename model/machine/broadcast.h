// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The part of World that is in use where x86 has INVLPGB (HardwareKind::kInvlpgb): the global ASID
// of mm0, what CPUs have cached under it, and which INVLPGBs are under way.
//
// A global ASID is one tag more on each CPU, beside the slots of switching.h: kGlobalSlot. Of the
// two tags that are not loaded, SwitchCpu has the lower one parked, and BroadcastCpu the higher.
//
// INVLPGB drops what is cached under a tag on every CPU, whatever that has loaded and whether its
// interrupts are on, at some time up to the TLBSYNC of the CPU that issued it. Here it does so as
// late as it may, at the TLBSYNC, on all CPUs at once. What is cached decides nothing that a kernel
// does, so this loses no violation but of a flush that is issued before the entry is cleared.
//
// Faithful: the variables of mm_context_t and cpu_tlbstate of x86 (6.18, arch/x86/include/asm/
// tlbflush.h and mm/tlb.c), and what INVLPGB and TLBSYNC do (AMD64 manual, volume 3). Scaled: one
// global ASID, which mm0 alone can have, since no other mm is ever flushed. Left out: that an ASID
// is free again when its mm is gone (mms are never gone), so the flush at wrap-around.
#ifndef GATHERFUZZ_MODEL_MACHINE_BROADCAST_H_
#define GATHERFUZZ_MODEL_MACHINE_BROADCAST_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/machine/switching.h"

namespace gatherfuzz {

inline constexpr uint8_t kGlobalSlot = kSlots;
inline constexpr int kTags = kSlots + 1;

struct BroadcastCpu {
  Tlb parked_tlb;  // of the higher tag that is not loaded
  // What its INVLPGBs that are under way drop, as in Invalidation: this, and the next three.
  uint64_t small;
  uint16_t huge, pte_tables;
  uint8_t pmd_tables;
  uint8_t loaded_asid;              // cpu_tlbstate.loaded_mm_asid: a slot, as others read it
  std::array<uint8_t, 6> padding_;  // always 0
  WalkCache parked_cache;           // as parked_tlb
  Owed owed;                        // of what is cached under kGlobalSlot
};

struct Broadcast {
  uint8_t global_asid;              // mm_context_t.global_asid of mm0: 1: it has one
  uint8_t asid_transition;          // ... and whether CPUs may have it loaded under another still
  uint8_t lock_owner;               // global_asid_lock: CPU index + 1, or 0
  uint8_t under_way;                // CPUs that have issued an INVLPGB, and made no TLBSYNC since
  uint8_t of_all;                   // ... of these, those that name every tag
  std::array<uint8_t, 3> padding_;  // always 0
  std::array<BroadcastCpu, kMaxCpus> cpus;

  BroadcastCpu& at(CpuId cpu) { return cpus[static_cast<size_t>(Index(cpu))]; }
  const BroadcastCpu& at(CpuId cpu) const { return cpus[static_cast<size_t>(Index(cpu))]; }
};

// What is cached under a tag of a CPU: `slot` is one of kTags where there is INVLPGB, else of
// kSlots.
struct UnderTag {
  Tlb& tlb;
  WalkCache& cache;
};
UnderTag CachedUnder(World& world, CpuId cpu, int slot);
const Tlb& TlbUnder(const World& world, CpuId cpu, int slot);
const WalkCache& CacheUnder(const World& world, CpuId cpu, int slot);

// Makes `slot` the tag that is loaded; the others are parked.
void LoadTag(World& world, CpuId cpu, uint8_t slot);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_BROADCAST_H_
