// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/explore/defects.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "explore/explore.h"
#include "tests/explore/every_order.h"
#include "tests/support.h"

namespace gatherfuzz {

Schedule FromLines(std::string text) {
  std::replace(text.begin(), text.end(), ';', '\n');
  return FromText(text + "\norder\n rest\n").schedule;
}

std::vector<const Policy*> SomePolicies(const std::function<bool(const Policy&)>& concerns) {
  std::vector<const Policy*> policies;
  for (const char* name : {"full-mm", "own-range", "reset-range", "epoch-sync", "overlap-list"}) {
    policies.push_back(FindPolicy(name));
  }
  for (const Policy* policy : Policies(PolicyGroup::kVariant)) {
    if (concerns(*policy)) policies.push_back(policy);
  }
  return policies;
}

void ExpectEveryOrderFindsTheSame(std::span<const Defect> defects, std::string_view arch) {
  int compared = 0, broken = 0;
  for (const auto& [policy, program, kind] : defects) {
    for (const char* name : {policy, "full-mm"}) {
      const Schedule schedule = FromLines(program);
      const ExploreSettings settings{.policy = FindPolicy(name), .arch = FindArch(arch)};
      const AllOrders all = EveryOrder(schedule, settings).Try(10'000);
      const uint32_t kinds = Explore(schedule, settings).kinds();
      EXPECT_EQ(all.kinds & ~kinds, 0u) << name << ": " << program;
      if (!all.complete) continue;
      ++compared;
      broken += kinds != 0;
      EXPECT_EQ(all.kinds, kinds) << name << ": " << program;
    }
  }
  EXPECT_GT(compared, 5);
  EXPECT_GT(broken, 2);
}

void ExpectRandomOrdersFindNoMore(std::span<const Policy* const> policies, std::string_view arch,
                                  const Draw& draw) {
  Execution execution;
  int broken = 0;
  for (const Policy* policy : policies) {
    for (int i = 0; i < 8; ++i) {
      Random random(static_cast<uint64_t>(1000 + i));
      Schedule schedule = draw(*policy, i, random);
      const ExploreSettings settings{
          .policy = policy, .arch = FindArch(arch), .limits = {.states = 20'000}};
      const ExploreResult explored = Explore(schedule, settings);
      if (!explored.complete()) continue;
      uint32_t met = 0;
      for (uint32_t seed = 0; seed < 100; ++seed) {
        schedule.tail = {.kind = Tail::Kind::kUniform, .seed = seed};
        const RunResult result = execution.Execute(schedule, *policy, *settings.arch);
        met |= result.clean() ? 0 : Bit(result.violation.kind);
      }
      EXPECT_EQ(met & ~explored.kinds(), 0u) << policy->name() << "\n"
                                             << PrintText({.schedule = schedule});
      broken += met != 0;
    }
  }
  EXPECT_GT(broken, 2);
}

}  // namespace gatherfuzz
