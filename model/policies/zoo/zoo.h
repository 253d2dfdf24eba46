// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The zoo as a table: published bugs and suspicions, each as the policy with the broken line and
// the one with the fixed line. `--variant ID` and the head line `variant ID` choose by it.
#ifndef GATHERFUZZ_MODEL_POLICIES_ZOO_ZOO_H_
#define GATHERFUZZ_MODEL_POLICIES_ZOO_ZOO_H_

#include <string_view>

namespace gatherfuzz {

struct ZooEntry {
  std::string_view id;
  std::string_view commit;  // of the fix, or the release that has it; of a suspicion, of the line
  int year;
  std::string_view title;          // what was wrong
  std::string_view broken, fixed;  // names of policies

  constexpr bool suspicion() const { return id.front() == 's'; }
};

inline constexpr ZooEntry kZoo[] = {
#define GATHERFUZZ_ZOO(...) {__VA_ARGS__},
#include "model/policies/zoo/zoo.def"
#undef GATHERFUZZ_ZOO
};

// The entry of that id; null if there is none.
constexpr const ZooEntry* FindZooEntry(std::string_view id) {
  for (const ZooEntry& entry : kZoo) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_ZOO_ZOO_H_
