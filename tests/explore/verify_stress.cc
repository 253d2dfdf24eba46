// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Verify() on random programs for as long as is wanted: verify_stress FIRST COUNT STATES [POLICY].
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "explore/verify.h"
#include "tests/explore/walks.h"

int main(int argc, char** argv) {
  using namespace gatherfuzz;
  if (argc < 4) return 2;
  static const std::atomic<bool> never = false;
  const uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  uint64_t merges = 0, states = 0, whole = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    Random random(seed);
    const Schedule schedule = seed % 2 == 0 ? SmallProgram(random) : AnyProgram(random);
    for (const PolicyGroup group : {PolicyGroup::kPublished, PolicyGroup::kPlanted}) {
      for (const Policy* policy : Policies(group)) {
        if (argc > 4 && policy->name() != argv[4]) continue;
        for (const Arch* arch : Archs()) {
          if (!policy->RunsOn(arch->name())) continue;
          ExploreSettings settings{.policy = policy, .arch = arch};
          settings.limits.states = std::strtoull(argv[3], nullptr, 10);
          const VerifyResult result = Verify(schedule, settings, never);
          merges += result.merges;
          states += result.states;
          whole += result.stopped == Stop::kNo;
          if (result.fault.empty()) continue;
          std::printf("%llu: %s\n%s", static_cast<unsigned long long>(seed), result.fault.c_str(),
                      Text(schedule, *policy, *arch).c_str());
          return 1;
        }
      }
    }
  }
  std::printf("%llu states, %llu merges, %llu whole programs\n",
              static_cast<unsigned long long>(states), static_cast<unsigned long long>(merges),
              static_cast<unsigned long long>(whole));
}
