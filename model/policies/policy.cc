// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/policies/policy.h"

#include "model/registry.h"

namespace gatherfuzz {
namespace {

Registry<Policy>& All(PolicyGroup group) {
  static Registry<Policy> published, planted;
  return group == PolicyGroup::kPublished ? published : planted;
}

}  // namespace

bool Policy::SafeOn(std::string_view arch) const {
  const std::string_view all = traits_.safe_on;
  for (size_t at = all.find(arch); at != all.npos; at = all.find(arch, at + 1)) {
    const size_t end = at + arch.size();
    if ((at == 0 || all[at - 1] == ' ') && (end == all.size() || all[end] == ' ')) return true;
  }
  return false;
}

RegisterPolicy::RegisterPolicy(const Policy* policy) {
  if (const Policy* other = FindPolicy(policy->name())) policy = other;  // refused by its registry
  All(policy->group()).Add(policy);
}

std::span<const Policy* const> Policies(PolicyGroup group) { return All(group).All(); }

const Policy* FindPolicy(std::string_view name) {
  const Policy* published = All(PolicyGroup::kPublished).Find(name);
  return published != nullptr ? published : All(PolicyGroup::kPlanted).Find(name);
}

}  // namespace gatherfuzz
