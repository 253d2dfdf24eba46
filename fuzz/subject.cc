// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/subject.h"

#include <cstdio>
#include <cstdlib>

namespace gatherfuzz {
namespace {

template <typename Item>
void PrintNames(std::span<const Item* const> items) {
  for (const Item* item : items) {
    std::fprintf(stderr, " %.*s", static_cast<int>(item->name().size()), item->name().data());
  }
}

void PrintPolicies() {
  PrintNames(Policies());
  PrintNames(Policies(PolicyGroup::kPlanted));
}

// What the target names, or else the environment does.
template <typename Item>
const Item& LookUp(const char* fixed, const char* variable, const Item* (*find)(std::string_view),
                   void (*print_names)()) {
  const char* name = *fixed != '\0' ? fixed : std::getenv(variable);
  const Item* item = name != nullptr ? find(name) : nullptr;
  if (item != nullptr) return *item;
  std::fprintf(stderr, "gatherfuzz: %s is %s%s%s; it must be one of", variable,
               name != nullptr ? "'" : "not set", name != nullptr ? name : "",
               name != nullptr ? "'" : "");
  print_names();
  std::fputc('\n', stderr);
  std::_Exit(2);
}

}  // namespace

const Policy& ThePolicy() {
  static const Policy& policy =
      LookUp(kTargetPolicy, "GATHERFUZZ_POLICY", FindPolicy, PrintPolicies);
  return policy;
}

const Arch& TheArch() {
  static const Arch& arch =
      LookUp(kTargetArch, "GATHERFUZZ_ARCH", FindArch, [] { PrintNames(Archs()); });
  return arch;
}

MemoryModel TheMemory() {
  static const MemoryModel memory = [] {
    const char* name = std::getenv("GATHERFUZZ_MEMORY");
    const auto found = ParseMemoryModel(name != nullptr ? name : "sc");
    if (found) return *found;
    std::fprintf(stderr, "gatherfuzz: GATHERFUZZ_MEMORY is '%s'; it must be one of", name);
    for (const std::string_view model : kMemoryModels) {
      std::fprintf(stderr, " %.*s", static_cast<int>(model.size()), model.data());
    }
    std::fputs("\n", stderr);
    std::_Exit(2);
  }();
  return memory;
}

bool Takes(const Schedule& schedule) {
  return TheMemory() == MemoryModel::kSc ||
         (schedule.kernel <= kDefaultKernel && !OnlySc(schedule));
}

}  // namespace gatherfuzz
