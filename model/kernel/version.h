// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Which kernel's paths the operations of a schedule follow: their locks, their order, their
// gathers. docs/model.md says what each version changes, and from what source.
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
enum class KernelVersion : uint8_t { k6_1, k6_12, k6_17, k7_1 };
inline constexpr KernelVersion kDefaultKernel = KernelVersion::k6_12;
inline constexpr std::string_view kKernelVersions[] = {"6.1", "6.12", "6.17", "7.1"};
inline constexpr int kKernelVersionCount = 4;

constexpr std::string_view NameOf(KernelVersion version) {
  return kKernelVersions[static_cast<int>(version)];
}
constexpr std::optional<KernelVersion> ParseKernelVersion(std::string_view name) {
  for (int i = 0; i < kKernelVersionCount; ++i) {
    if (kKernelVersions[i] == name) return static_cast<KernelVersion>(i);
  }
  return std::nullopt;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_VERSION_H_
