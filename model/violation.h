// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the oracle says when a run goes wrong: one value, no text.
#ifndef GATHERFUZZ_MODEL_VIOLATION_H_
#define GATHERFUZZ_MODEL_VIOLATION_H_

#include <cstdint>
#include <string_view>

namespace gatherfuzz {

enum class ViolationKind : uint8_t {
  kNone = 0,
#define GATHERFUZZ_VIOLATION(id, text, holds) k##id,
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION
};

struct ViolationInfo {
  std::string_view name;
  std::string_view holds_when;
};

inline constexpr ViolationInfo kViolations[] = {
    {"none", "no violation"},
#define GATHERFUZZ_VIOLATION(id, text, holds) {text, holds},
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION
};
inline constexpr int kViolationCount = sizeof(kViolations) / sizeof(kViolations[0]);
constexpr const ViolationInfo& Info(ViolationKind kind) {
  return kViolations[static_cast<int>(kind)];
}
constexpr uint32_t Bit(ViolationKind kind) { return 1u << static_cast<int>(kind); }

// Fields that do not apply are -1 (0 for the numbers).
struct Violation {
  ViolationKind kind = ViolationKind::kNone;
  int page = -1;            // virtual page; for a table, the first page it covers
  int frame = -1;           // the frame freed, or the one the stale entry points at
  int cpu = -1;             // whose call returned, freed, faulted or waits
  int holder = -1;          // whose TLB or walk cache holds the stale entry
  unsigned mapping = 0;     // number of the stale entry's mapping
  unsigned moment = 0;      // entries with a lower number are stale
  uint32_t step = 0;        // the step after which it held, counted from 1
  const char* detail = "";  // which of the statements, for protocol-error; a string literal
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_VIOLATION_H_
