// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Entries that do not count yet: of a CPU that runs no user code, or under a slot that is not
// loaded (model/machine/switching.h). Of a CPU whose thread has exited they count no more.
//
// What the statements about leaves say of TLBs, they say of those that user code runs with. An
// entry that would be a violation, but sleeps, is noted, and is that violation as soon as user code
// runs with it: that is judged where a CPU is back in user code. Pointers to tables count where
// they are loaded, whatever the CPU runs, since the hardware may walk at any time; where they are
// parked, from the moment on at which they are loaded. The kernel holds it so (the comments in
// flush_tlb_func() and native_flush_tlb_multi(), arch/x86/mm/tlb.c).
#ifndef GATHERFUZZ_MODEL_ORACLE_ASLEEP_H_
#define GATHERFUZZ_MODEL_ORACLE_ASLEEP_H_

#include "model/system.h"

namespace gatherfuzz {

// How many tags a CPU caches under.
inline int TagsOf(const World& world) { return world.invlpgb != 0 ? kTags : kSlots; }

// The TLBs that hold something: of each CPU what is loaded, and what is parked.
struct OneTlb {
  int cpu = 0;
  bool loaded = true;
  const Tlb* tlb = nullptr;
  int slot = 0;  // that it is cached under
};
template <typename Look>
void ForEachTlb(const World& world, Look look) {
  for (int i = 0; i < world.cpu_count; ++i) {
    if (world.switches == 0) [[likely]] {
      look(OneTlb{i, true, &world.at(MakeCpu(i)).tlb});
      continue;
    }
    const int loaded = world.switching.at(MakeCpu(i)).slot;
    look(OneTlb{i, true, &world.at(MakeCpu(i)).tlb, loaded});
    for (int slot = 0; slot < TagsOf(world); ++slot) {
      if (slot != loaded) look(OneTlb{i, false, &TlbUnder(world, MakeCpu(i), slot), slot});
    }
  }
}

// Where its entries stand among those that are owed for.
constexpr int SmallEntry(int page) { return page; }
constexpr int HugeEntry(int block) { return kPages + block; }

// Whether user code runs with its entries.
inline bool Counts(const World& world, const OneTlb& it) {
  if (world.exited != 0) [[unlikely]] {
    if (world.mm_users_gone() || (world.exited >> it.cpu & 1) != 0) return false;
  }
  return world.switches == 0 || (it.loaded && world.switching.at(MakeCpu(it.cpu)).in_user != 0);
}

// Reports the violation, of which `it` holds the entry; or notes it, if that does not count yet.
void ReportHeld(System& system, const Violation& violation, const OneTlb& it, int entry);

// What is owed for an entry that is cached under `slot`, and has `mapping`; kNone: nothing.
ViolationKind OwedFor(const World& world, CpuId cpu, int slot, int entry, Mapping mapping);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_ORACLE_ASLEEP_H_
