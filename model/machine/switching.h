// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The part of World that is in use where CPUs switch from one mm to another, or sleep: what each
// CPU has loaded, under which tag the hardware caches it, and who is to be told of a flush.
//
// mm0 is the mm under test: it has all the page tables, and every CPU but that of kswapd begins
// with it loaded. The other user mms are only loaded: nothing is mapped there, so nothing of them
// is ever cached. init_mm is the kernel's own.
//
// What the hardware caches is tagged by a slot (a PCID, an ASID). There are two on a CPU: what is
// cached under the one that is loaded is in CpuState, of the other it is parked here. A walk uses
// and fills what is loaded, under whatever slot. An entry that a call did not care about, since the
// CPU that has it ran no user code with it, is owed for (Owed): it counts as soon as that CPU does
// (model/oracle/asleep.h).
//
// Where x86 has INVLPGB there is one tag more, and `slot` may be that (broadcast.h).
// Where the allocator of ASIDs of arm64 or riscv is modelled (Asids), a slot is what is cached
// under one ASID. A CPU that loads a third drops what is cached under the first, as hardware may at
// any time.
//
// Faithful: the variables of cpu_tlbstate and mm_context_t of x86 under their names (6.12,
// arch/x86/mm/tlb.c), and those of arm64's arch/arm64/mm/context.c. Scaled: two slots of six; of
// ASIDs one more than there are CPUs, which is the fewest that the kernel works with. Made up: the
// number of mms.
#ifndef GATHERFUZZ_MODEL_MACHINE_SWITCHING_H_
#define GATHERFUZZ_MODEL_MACHINE_SWITCHING_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/machine/cached.h"

namespace gatherfuzz {

inline constexpr int kUserMms = 4;  // mm0 to mm3
inline constexpr int kSlots = 2;    // TLB_NR_DYN_ASIDS

// An mm: init_mm, or a user's. LOADED_MM_SWITCHING is none.
enum class MmId : uint8_t { kInit = 0, kMm0 = 1, kSwitching = 255 };
inline constexpr int kMms = 1 + kUserMms;
constexpr int Index(MmId mm) { return static_cast<int>(mm); }
constexpr MmId UserMm(int number) { return static_cast<MmId>(1 + number); }

// cpu_tlbstate.ctxs[]: whose translations are cached under the slot, and up to which generation
// they have been flushed.
struct Slot {
  MmId mm;
  uint8_t padding_;  // always 0
  uint16_t generation;
};

// Of the entries cached under a slot, small ones by page and then huge ones by block: the kind of
// violation that it is once the CPU runs user code with the entry of that mapping; 0: none.
struct Owed {
  static constexpr int kEntries = kPages + kPmds;
  std::array<Mapping, kEntries> mapping;
  std::array<uint8_t, kEntries> kind;
};

inline constexpr int kFlushInfoWords = 8;

// mm_context_t.id of arm64 and riscv: the generation, above the ASID. 0: none.
using ContextId = uint16_t;
inline constexpr int kGenerationShift = 8;
constexpr int AsidOf(ContextId id) { return id & ((1 << kGenerationShift) - 1); }
constexpr int GenerationOf(ContextId id) { return id >> kGenerationShift; }
constexpr ContextId MakeContextId(int generation, int asid) {
  return static_cast<ContextId>(generation << kGenerationShift | asid);
}

struct SwitchCpu {
  Tlb parked_tlb;          // of the slot that is not loaded
  WalkCache parked_cache;  // ... as is this
  std::array<Owed, kSlots> owed;
  std::array<Slot, kSlots> slots;
  MmId loaded_mm;
  MmId root;          // whose page tables the hardware walks
  MmId task_mm;       // of the thread that runs, or that did before the CPU became idle
  uint8_t slot;       // loaded_mm_asid
  uint8_t next_slot;  // next_asid
  uint8_t is_lazy;
  uint8_t irqs_off;
  uint8_t in_user;  // 1: user code may run, so what is cached counts
  // What a switch has chosen; behind it, 0.
  uint8_t new_slot, need_flush;
  // Of a flush under way: CPUs that it has not looked at yet. Of reclaim's batch: whom it concerns.
  uint8_t flush_mask, batch_mask;
  uint8_t grace;  // CPUs whose interrupts were off when its tables were given to RCU, and are still
  // Of a kernel's own code (model/kernel/cpu_code.h): loaded_mm_asid, where that is not `slot`, and
  // struct flush_tlb_info of a flush under way, but for its generation.
  uint8_t said_slot;
  // Where ASIDs are allocated. Of a switch: context.id of the mm that it goes to, as it was read,
  // and whether active_asids was not 0; behind it, 0.
  ContextId read_id;
  uint16_t tlbi_asids;  // those that what it has issued names, as a bit mask
  uint8_t was_active;
  uint8_t named_asid;                     // that a TLBI will name; behind that, 0
  std::array<uint8_t, kSlots> slot_asid;  // what is cached under which ASID
  std::array<uint8_t, 6> padding_;        // always 0
  std::array<uint64_t, kFlushInfoWords> flush_info;
};

// The variables of arch/arm64/mm/context.c, where it is modelled; riscv's have other names.
struct Asids {
  uint8_t count;                   // how many there are, with 0, which no mm gets; 0: not modelled
  uint8_t lock_owner;              // cpu_asid_lock: CPU index + 1, or 0
  uint8_t next;                    // cur_idx
  uint8_t tlb_flush_pending;       // CPUs
  uint16_t map;                    // asid_map: those of this generation that are taken
  uint16_t generation;             // asid_generation
  std::array<ContextId, kMms> id;  // context.id
  std::array<ContextId, kMaxCpus> active_asids, reserved_asids;
  std::array<uint8_t, 6> padding_;  // always 0
};

struct Switching {
  uint8_t generations;  // 1: x86; 0: what is broadcast reaches every CPU
  uint8_t padding_;     // always 0
  std::array<uint16_t, kMms> tlb_gen;
  std::array<uint8_t, kMms> cpumask;  // mm_cpumask()
  std::array<uint8_t, 7> padding2_;   // always 0
  Asids asids;
  std::array<SwitchCpu, kMaxCpus> cpus;

  SwitchCpu& at(CpuId cpu) { return cpus[static_cast<size_t>(Index(cpu))]; }
  const SwitchCpu& at(CpuId cpu) const { return cpus[static_cast<size_t>(Index(cpu))]; }
};

struct World;

// Every CPU but that of kswapd runs mm0, and has nothing parked. With `free_asids` of 0 or more
// ASIDs are allocated, and so many of them are free: mm0 has one, mms that do not run have the
// others.
inline constexpr int kNoAsids = -1;
void BeginSwitching(World& world, bool generations, int free_asids);

// Interrupts of `cpu` go off, or on: grace periods wait, and so do deliveries that are interrupts.
void InterruptsOff(World& world, CpuId cpu);
void InterruptsOn(World& world, CpuId cpu);

// Writes CR3, or TTBR0: from here on the hardware of `cpu` walks the tables of `mm`, and caches
// under `slot`, of which it drops all that is there if it is to `flush`. Walks in flight are over.
void LoadRoot(World& world, CpuId cpu, MmId mm, uint8_t slot, bool flush);

// Where ASIDs are allocated: what of that TTBR0 says, the tables to walk (kInit: none), and what
// TTBR1 says, the ASID to cache under. Walks in flight are over. (SATP says both.)
void WriteTtbr0(World& world, CpuId cpu, MmId mm);
void WriteTtbr1(World& world, CpuId cpu, uint8_t asid);
// Drops all that is cached on `cpu`, under whatever ASID.
void DropAllCached(World& world, CpuId cpu);

// Whether the hardware of `cpu` walks the tables of mm0.
bool WalksMm0(const World& world, CpuId cpu);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_SWITCHING_H_
