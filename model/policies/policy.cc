// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/policies/policy.h"

#include "model/registry.h"

namespace gatherfuzz {
namespace {

Registry<Policy>& All() {
  static Registry<Policy> policies;
  return policies;
}

}  // namespace

RegisterPolicy::RegisterPolicy(const Policy* policy) { All().Add(policy); }
std::span<const Policy* const> Policies() { return All().All(); }
const Policy* FindPolicy(std::string_view name) { return All().Find(name); }

}  // namespace gatherfuzz
