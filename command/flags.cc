// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/flags.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "explore/io/strings.h"
#include "harness/nearest.h"
#include "harness/search/strategy.h"
#include "model/arch/arch.h"
#include "model/check.h"
#include "model/kernel/version.h"
#include "model/policies/policy.h"
#include "model/policies/zoo/zoo.h"
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
template <typename Value>
bool Read(const std::string& text, std::optional<Value>& value) {
  return Read(text, value.emplace());
}

std::string Shown(const std::string& value) { return value; }
std::string Shown(bool value) { return value ? "true" : "false"; }
template <typename Number>
std::string Shown(Number value) {
  return absl::StrCat(value);
}
template <typename Value>
std::string Shown(const std::optional<Value>& value) {
  return value ? absl::StrCat(*value) : "";
}

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

using Names = std::vector<std::string>;

template <typename Range, typename Name>
Names Of(const Range& items, Name name) {
  Names names;
  for (const auto& item : items) names.emplace_back(name(item));
  return names;
}

Names PolicyNames() {
  Names names(std::begin(kPolicyGroups), std::end(kPolicyGroups));
  for (const PolicyGroup group :
       {PolicyGroup::kPublished, PolicyGroup::kPlanted, PolicyGroup::kVariant}) {
    for (const Policy* policy : Policies(group)) names.emplace_back(policy->name());
  }
  return names;
}

Names VariantNames() {
  Names names;
  for (const ZooEntry& entry : kZoo) {
    names.emplace_back(entry.id);
    names.push_back(names.back() + " fixed");
  }
  return names;
}

// Steps that --weaken and --strengthen take.
Names StepNames() {
  Names names;
  for (int i = 0; i < kPointCount; ++i) {
    const auto point = static_cast<Point>(i);
    if (MemoryOrderOf(point) != nullptr) names.emplace_back(Info(point).name);
  }
  return names;
}

// What the command says of the flag itself, or else what the table does.
std::string_view HelpFor(const Command& command, const FlagInfo& flag) {
  for (const absl::string_view line : absl::StrSplit(Absl(command.own_help), '\n')) {
    const size_t name = flag.field.size();
    if (line.substr(0, name) != Absl(flag.field) || line.substr(name, 2) != ": ") continue;
    return {line.data() + name + 2, line.size() - name - 2};
  }
  return flag.help;
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
  for (const absl::string_view item : absl::StrSplit(Absl(command.flags), ' ', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('+', 1));
    const absl::string_view name = parts.first;
    const bool marked = name.size() != item.size();
    const FlagInfo* const flag =
        std::find_if(std::begin(kFlags), std::end(kFlags),
                     [&](const FlagInfo& each) { return Absl(each.field) == name; });
    GATHERFUZZ_CHECK(flag != std::end(kFlags));
    taken.push_back({flag, marked || flag->values == Values::kKinds, std::string(parts.second),
                     HelpFor(command, *flag)});
  }
  return taken;
}

std::vector<std::string> NamesFor(const FlagInfo& flag) {
  constexpr auto kKindName = [](const ViolationInfo& kind) { return kind.name; };
  Names names;
  switch (flag.values) {
    case Values::kNone:
    case Values::kText:
    case Values::kNumber:
    case Values::kFile:
    case Values::kFiles:
    case Values::kFolder: break;
    case Values::kPolicies: return PolicyNames();
    case Values::kArchs: return Of(AllArchs(), kNameOf);
    case Values::kStrategies:
      return Of(Strategies(), [](const StrategyInfo& strategy) { return strategy.name; });
    case Values::kKinds: return Of(std::span(kViolations).subspan(1), kKindName);
    case Values::kVerdicts:
      names = Of(kViolations, kKindName);
      names.emplace_back("limit");
      break;
    case Values::kKernels: return {std::begin(kKernelVersions), std::end(kKernelVersions)};
    case Values::kMemories: return {std::begin(kMemoryModels), std::end(kMemoryModels)};
    case Values::kHardware: return {std::begin(kHardwareKinds), std::end(kHardwareKinds)};
    case Values::kVariants: return VariantNames();
    case Values::kSteps: return StepNames();
    case Values::kLimits: return {"states=", "memory=", "seconds="};
  }
  return names;
}

std::vector<std::string> NamesFor(const TakenFlag& flag) {
  Names names = NamesFor(*flag.info);
  if (flag.info->values != Values::kPolicies || flag.several) return names;
  names.erase(names.begin(), names.begin() + std::size(kPolicyGroups));
  return names;
}

}  // namespace gatherfuzz
