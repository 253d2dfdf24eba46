// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/flags.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "explore/io/strings.h"
#include "harness/nearest.h"
#include "harness/search/strategy.h"
#include "model/arch/arch.h"
#include "model/check.h"
#include "model/kernel/version.h"
#include "model/policies/policy.h"
#include "model/violation.h"

namespace gatherfuzz {
namespace {

bool Read(const std::string& text, std::string& value) {
  value = text;
  return true;
}
bool Read(const std::string& text, bool& value) {
  value = text == "true";
  return value || text == "false";
}
template <typename Number>
bool Read(const std::string& text, Number& value) {
  return absl::SimpleAtoi(text, &value);
}
bool Read(const std::string& text, std::optional<int>& value) {
  return Read(text, value.emplace());
}

std::string Shown(const std::string& value) { return value; }
std::string Shown(bool value) { return value ? "true" : "false"; }
template <typename Number>
std::string Shown(Number value) {
  return absl::StrCat(value);
}
std::string Shown(std::optional<int> value) { return value ? absl::StrCat(*value) : ""; }

#define FLAG(type, name, unless_given, value, values, help) \
  {#name,                                                   \
   value,                                                   \
   Values::values,                                          \
   help,                                                    \
   [] { return Shown(Options{}.name); },                    \
   [](Options& options, const std::string& text) { return Read(text, options.name); }},
constexpr FlagInfo kFlags[] = {
#include "command/flags.def"
};

constexpr auto kNameOf = [](const auto* item) { return item->name(); };

std::vector<std::string_view> PolicyNames() {
  std::vector<std::string_view> names(std::begin(kPolicyGroups), std::end(kPolicyGroups));
  for (const PolicyGroup group :
       {PolicyGroup::kPublished, PolicyGroup::kPlanted, PolicyGroup::kVariant}) {
    for (const Policy* policy : Policies(group)) names.push_back(policy->name());
  }
  return names;
}

}  // namespace

std::span<const FlagInfo> Flags() { return kFlags; }

std::string NameOf(const FlagInfo& flag) {
  std::string name(flag.field);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::vector<TakenFlag> FlagsOf(const Command& command) {
  std::vector<TakenFlag> taken;
  for (absl::string_view name : absl::StrSplit(Absl(command.flags), ' ', absl::SkipEmpty())) {
    const bool marked = absl::ConsumeSuffix(&name, "+");
    const FlagInfo* const flag =
        std::find_if(std::begin(kFlags), std::end(kFlags),
                     [&](const FlagInfo& each) { return Absl(each.field) == name; });
    GATHERFUZZ_CHECK(flag != std::end(kFlags));
    taken.push_back({flag, marked || flag->values == Values::kKinds});
  }
  return taken;
}

std::vector<std::string_view> NamesFor(const FlagInfo& flag) {
  constexpr auto kKindName = [](const ViolationInfo& kind) { return kind.name; };
  std::vector<std::string_view> names;
  switch (flag.values) {
    case Values::kNone:
    case Values::kText:
    case Values::kNumber:
    case Values::kFile:
    case Values::kFolder: break;
    case Values::kPolicies: return PolicyNames();
    case Values::kArchs: return NamesOf(Archs(), kNameOf);
    case Values::kStrategies:
      return NamesOf(Strategies(), [](const StrategyInfo& strategy) { return strategy.name; });
    case Values::kKinds: return NamesOf(std::span(kViolations).subspan(1), kKindName);
    case Values::kKernels:
      names.assign(std::begin(kKernelVersions), std::end(kKernelVersions));
      break;
    case Values::kMemories: names.assign(std::begin(kMemoryModels), std::end(kMemoryModels)); break;
    case Values::kVerdicts: names = NamesOf(kViolations, kKindName); names.emplace_back("limit");
  }
  return names;
}

}  // namespace gatherfuzz
