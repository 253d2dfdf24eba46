// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What hardware does that differs by architecture, as questions that the machine asks: the rules of
// docs/model.md that are not the same everywhere. The defaults are those of x86, and of arm64 with
// hardware management of the bits.
//
// What an invalidation drops (H3, H5) is asked for by Arch::TlbFlush() as sets, so the machine has
// no rule of its own for it, but for `drops_used_pointers`.
//
// Not all machines of one architecture are the same, either. Which of them a schedule runs on is a
// choice of the schedule (HardwareKind): a line `hardware tce` at its head.
#ifndef GATHERFUZZ_MODEL_MACHINE_HARDWARE_H_
#define GATHERFUZZ_MODEL_MACHINE_HARDWARE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace gatherfuzz {

// The numbers stand in byte schedules, so none is ever used for something else.
enum class HardwareKind : uint8_t {
  kPlain = 0,  // what docs/model.md says where it says nothing of others
  kTce = 1,    // x86 with EFER.TCE, or with PTI and INVPCID (H3); no difference elsewhere
  kFaults =
      2,  // arm64 whose accesses fault where a cached entry is too strict (H8); none elsewhere
  // x86 with INVLPGB, which kernels from 6.15 on use (model/kernel/broadcast.h); no difference
  // elsewhere, nor where no CPU switches
  kInvlpgb = 3,
};
inline constexpr std::string_view kHardwareKinds[] = {"plain", "tce", "faults", "invlpgb"};
inline constexpr int kHardwareKindCount = 4;

constexpr std::string_view NameOf(HardwareKind kind) {
  return kHardwareKinds[static_cast<int>(kind)];
}
constexpr std::optional<HardwareKind> ParseHardwareKind(std::string_view name) {
  for (int i = 0; i < kHardwareKindCount; ++i) {
    if (kHardwareKinds[i] == name) return static_cast<HardwareKind>(i);
  }
  return std::nullopt;
}

struct Hardware {
  // H9: a walk sets A in the entry it reaches, and D for a write. If not, a walk that finds them
  // clear faults, and the kernel's fault handler sets them (RISC-V without Svadu, arm64 without
  // FEAT_HAFDBS).
  bool sets_accessed_and_dirty = true;
  // H7: a walk that finds an entry not present remembers that, so the CPU's accesses fault without
  // a walk until a fence on it drops what it remembers. The fault handler fences its own CPU when
  // it has set the entry or finds it set (RISC-V without Svvptc).
  bool caches_absent_entries = false;
  // H3: an invalidation by address drops only those table pointers that were used for it, however
  // many the architecture has it drop.
  bool drops_used_pointers = false;
  // H8: an access that a cached entry does not allow faults without a walk, and the entry stays.
  // The fault handler drops it: flush_tlb_fix_spurious_fault(), ptep_set_access_flags().
  bool faults_on_entries = false;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_HARDWARE_H_
