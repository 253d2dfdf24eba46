// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/subject.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "harness/text.h"

namespace gatherfuzz {
namespace {

void PrintName(std::string_view name) {
  std::fprintf(stderr, " %.*s", static_cast<int>(name.size()), name.data());
}

template <typename Item>
void PrintNames(std::span<const Item* const> items) {
  for (const Item* item : items) PrintName(item->name());
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

// What the environment says, of some names; a default where it says nothing.
template <typename Value>
Value Parse(const char* variable, std::string_view or_else,
            std::optional<Value> (*parse)(std::string_view), auto print_names) {
  const char* name = std::getenv(variable);
  const std::optional<Value> found = parse(name != nullptr ? name : or_else);
  if (found) return *found;
  std::fprintf(stderr, "gatherfuzz: %s is '%s'; it must be one of", variable, name);
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
      LookUp(kTargetArch, "GATHERFUZZ_ARCH", FindArch, [] { PrintNames(AllArchs()); });
  return arch;
}

MemoryModel TheMemory() {
  // Of an architecture that has sc only, sc, which is the first.
  static const auto fits = [](std::string_view name) {
    const std::optional<MemoryModel> memory = ParseMemoryModel(name);
    const bool only_sc = TheArch().only_sc() && memory != MemoryModel::kSc;
    return only_sc ? std::optional<MemoryModel>() : memory;
  };
  static const MemoryModel memory = Parse<MemoryModel>("GATHERFUZZ_MEMORY", "sc", fits, [] {
    for (const std::string_view name : kMemoryModels) {
      PrintName(name);
      if (TheArch().only_sc()) break;
    }
  });
  return memory;
}

bool Takes(const Schedule& schedule) {
  return TheMemory() == MemoryModel::kSc ||
         (schedule.kernel <= std::max(kDefaultKernel, TheKernel()) && !OnlySc(schedule));
}

KernelVersion TheKernel() {
  static const KernelVersion kernel =
      Parse("GATHERFUZZ_KERNEL", NameOf(kDefaultKernel), ParseKernelVersion, [] {
        for (const std::string_view name : kKernelVersions) PrintName(name);
      });
  return kernel;
}

ViolationKind TheKind() {
  static const ViolationKind kind =
      Parse("GATHERFUZZ_KIND", Info(ViolationKind::kNone).name, ParseViolationKind, [] {
        for (const ViolationInfo& info : kViolations) PrintName(info.name);
      });
  return kind;
}

const Policy* TheFixed() {
  static const Policy* const fixed =
      std::getenv("GATHERFUZZ_FIXED") == nullptr
          ? nullptr
          : &LookUp("", "GATHERFUZZ_FIXED", FindPolicy, PrintPolicies);
  return fixed;
}

}  // namespace gatherfuzz
