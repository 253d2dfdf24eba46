// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What exploration counts, for small programs drawn at random under every published policy: to be
// compared between builds.
#include <cstdio>
#include <string>

#include "explore/answer.h"
#include "tests/small_program.h"

int main() {
  using namespace gatherfuzz;
  static const std::atomic<bool> never = false;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    const Schedule schedule = SmallProgram(random);
    for (const Policy* policy : Policies()) {
      ExploreSettings settings{
          .policy = policy, .arch = Archs()[seed % Archs().size()], .finals = true};
      settings.limits.states = 4000;
      if (Explore(schedule, settings).stopped != Stop::kNo) continue;
      const Answer answer = Settle(schedule, settings, never);
      const ExploreResult& it = answer.explored;
      uint64_t finals = 0;
      for (const Key& key : it.finals) finals = Mix(Mix(finals, key.low), key.high);
      const std::string name(policy->name());
      std::printf("%d %s %llu %llu %llu %d %x %016llx %d %zu\n", static_cast<int>(seed),
                  name.c_str(), static_cast<unsigned long long>(it.states),
                  static_cast<unsigned long long>(it.steps),
                  static_cast<unsigned long long>(it.executions), it.depth, it.kinds(),
                  static_cast<unsigned long long>(finals),
                  answer.shortest ? answer.shortest->steps : 0, answer.schedule.order.size());
    }
  }
}
