// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/policies/policy.h"

#include <algorithm>

#include "model/registry.h"

namespace gatherfuzz {
namespace {

Registry<Policy>& All(PolicyGroup group) {
  static Registry<Policy> published("policy"), planted("policy"), variants("policy");
  switch (group) {
    case PolicyGroup::kPublished: return published;
    case PolicyGroup::kPlanted: return planted;
    case PolicyGroup::kVariant: break;
  }
  return variants;
}

// Whether `name` is one of the words of `all`.
bool HasName(std::string_view all, std::string_view name) {
  for (size_t at = all.find(name); at != all.npos; at = all.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || all[at - 1] == ' ') && (end == all.size() || all[end] == ' ')) return true;
  }
  return false;
}

}  // namespace

bool Policy::SafeOn(std::string_view arch) const { return HasName(traits_.safe_on, arch); }

bool Policy::RunsOn(std::string_view arch) const {
  return traits_.runs_on.empty() || HasName(traits_.runs_on, arch);
}

RegisterPolicy::RegisterPolicy(const Policy* policy) {
  const std::string_view name = policy->name();
  if (name.empty() || name.find_first_of(", \t/") != name.npos) {
    RefuseToRegister("policy", name, "a name is not empty, and has no blank, ',' or '/'");
  }
  if (std::find(std::begin(kPolicyGroups), std::end(kPolicyGroups), name) !=
      std::end(kPolicyGroups)) {
    RefuseToRegister("policy", name, "that names a group of policies; give it another name");
  }
  if (const Policy* other = FindPolicy(policy->name())) policy = other;  // refused by its registry
  All(policy->group()).Add(policy);
}

std::span<const Policy* const> Policies(PolicyGroup group) { return All(group).All(); }

const Policy* FindPolicy(std::string_view name) {
  for (const PolicyGroup group :
       {PolicyGroup::kPublished, PolicyGroup::kPlanted, PolicyGroup::kVariant}) {
    if (const Policy* policy = All(group).Find(name)) return policy;
  }
  return nullptr;
}

}  // namespace gatherfuzz
