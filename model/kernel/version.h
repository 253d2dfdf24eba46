// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which kernel's paths the operations of a schedule follow: their locks, their order, their
// gathers. docs/model.md says what each version changes, and from what source.
//
// A version with "+vma" has the locks that its kernel has for each VMA (vma_lock.h); the same
// without takes mmap_lock in their place. 6.1 has none.
//
// The finish protocol is not part of it: that is the policy. The numbers stand in byte schedules
// (harness/bytes.cc), so none is ever used for another version. Faithful as far as docs/model.md
// says; what it does not name is as in 6.12 under every version.
#ifndef GATHERFUZZ_MODEL_KERNEL_VERSION_H_
#define GATHERFUZZ_MODEL_KERNEL_VERSION_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace gatherfuzz {

// From the oldest to the newest.
enum class KernelVersion : uint8_t { k6_1, k6_12, k6_12_vma, k6_17, k6_17_vma, k7_1, k7_1_vma };
inline constexpr KernelVersion kDefaultKernel = KernelVersion::k6_12;
inline constexpr std::string_view kKernelVersions[] = {"6.1",      "6.12", "6.12+vma", "6.17",
                                                       "6.17+vma", "7.1",  "7.1+vma"};
inline constexpr int kKernelVersionCount = 7;

constexpr std::string_view NameOf(KernelVersion version) {
  return kKernelVersions[static_cast<int>(version)];
}
constexpr std::optional<KernelVersion> ParseKernelVersion(std::string_view name) {
  for (int i = 0; i < kKernelVersionCount; ++i) {
    if (kKernelVersions[i] == name) return static_cast<KernelVersion>(i);
  }
  return std::nullopt;
}

constexpr bool HasVmaLocks(KernelVersion version) {
  using enum KernelVersion;
  return version == k6_12_vma || version == k6_17_vma || version == k7_1_vma;
}
// The same kernel without them, and with them where it has any.
constexpr KernelVersion WithoutVmaLocks(KernelVersion version) {
  return HasVmaLocks(version) ? static_cast<KernelVersion>(static_cast<int>(version) - 1) : version;
}
constexpr KernelVersion WithVmaLocks(KernelVersion version) {
  const bool has = version == KernelVersion::k6_1 || HasVmaLocks(version);
  return has ? version : static_cast<KernelVersion>(static_cast<int>(version) + 1);
}
// The oldest that has all operations and steps of both.
constexpr KernelVersion Joined(KernelVersion a, KernelVersion b) {
  const KernelVersion newer = a < b ? b : a;
  return HasVmaLocks(a) || HasVmaLocks(b) ? WithVmaLocks(newer) : newer;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_VERSION_H_
