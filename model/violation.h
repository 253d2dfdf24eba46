// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the oracle says when a run goes wrong: one value, no text.
#ifndef GATHERFUZZ_MODEL_VIOLATION_H_
#define GATHERFUZZ_MODEL_VIOLATION_H_

#include <cstdint>
#include <string_view>

namespace gatherfuzz {

enum class ViolationKind : uint8_t {
  kNone = 0,
#define GATHERFUZZ_VIOLATION(id, ...) k##id,
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION
};

// What a violation is about, and so how it is told: a stale entry (a leaf, or a pointer to a page
// table), a page fault, who waits for whom, who looks
// in vain, who passes one that waits, or what was not given back.
enum class ViolationAbout : uint8_t {
  kNothing,
  kLeaf,
  kTable,
  kFault,
  kWait,
  kLooking,
  kOvertaken,
  kBalance,
};
// What a violation that is ignored leaves behind: whether the model's own invariants still hold.
// After disorder a frame may be a table and data at a time, and exploration reduces nothing.
enum class ViolationLeaves : uint8_t { kOrder, kDisorder };

struct ViolationInfo {
  std::string_view name;
  ViolationAbout about;
  ViolationLeaves leaves;
  std::string_view holds_when;
  std::string_view told;
  std::string_view ends;
};

inline constexpr ViolationInfo kViolations[] = {
    {"none", ViolationAbout::kNothing, ViolationLeaves::kOrder, "no violation", "", ""},
#define GATHERFUZZ_VIOLATION(id, text, about, leaves, holds, told, ends) \
  {text, ViolationAbout::about, ViolationLeaves::leaves, holds, told, ends},
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION
};
inline constexpr int kViolationCount = sizeof(kViolations) / sizeof(kViolations[0]);
constexpr const ViolationInfo& Info(ViolationKind kind) {
  return kViolations[static_cast<int>(kind)];
}
#define GATHERFUZZ_VIOLATION(id, text, about, leaves, holds, told, ends)           \
  static_assert(*(ends) != 0 || (ViolationAbout::about != ViolationAbout::kLeaf && \
                                 ViolationAbout::about != ViolationAbout::kTable), \
                "violations.def: " text " is about a stale entry and does not say how it ends");
#include "model/violations.def"
#undef GATHERFUZZ_VIOLATION

constexpr uint32_t Bit(ViolationKind kind) { return 1u << static_cast<int>(kind); }

// The kinds that leave disorder.
inline constexpr uint32_t kDisorder = [] {
  uint32_t kinds = 0;
  for (int i = 0; i < kViolationCount; ++i) {
    kinds |= kViolations[i].leaves == ViolationLeaves::kDisorder ? 1u << i : 0;
  }
  return kinds;
}();

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
