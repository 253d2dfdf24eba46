// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What hardware does that differs by architecture, as questions that the machine asks: the rules of
// docs/model.md that are not the same everywhere. The defaults are those of x86, and of arm64 with
// hardware management of the bits.
//
// What an invalidation drops (H3, H5) is asked for by Arch::TlbFlush() as sets, so the machine has
// no rule of its own for it.
#ifndef GATHERFUZZ_MODEL_MACHINE_HARDWARE_H_
#define GATHERFUZZ_MODEL_MACHINE_HARDWARE_H_

namespace gatherfuzz {

struct Hardware {
  // H9: a walk sets A in the entry it reaches, and D for a write. If not, a walk that finds them
  // clear faults, and the kernel's fault handler sets them (RISC-V without Svadu, arm64 without
  // FEAT_HAFDBS).
  bool sets_accessed_and_dirty = true;
  // H7: a walk that finds an entry not present remembers that, so the CPU's accesses fault without
  // a walk until a fence on it drops what it remembers. The fault handler fences its own CPU when
  // it has set the entry or finds it set (RISC-V without Svvptc).
  bool caches_absent_entries = false;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_HARDWARE_H_
