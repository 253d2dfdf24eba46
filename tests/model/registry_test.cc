// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What cannot be registered: a message, and the status of bad input.
#include "model/registry.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

struct Named {
  std::string_view called;
  std::string_view name() const { return called; }
};

Policy Like(const char* name) { return {name, "", "", FindPolicy("full-mm")->protocol()}; }

TEST(Registry, KeepsWhatIsRegisteredByName) {
  static constexpr Named kB{"b"}, kA{"a"};
  Registry<Named> registry("thing");
  registry.Add(&kB);
  registry.Add(&kA);
  EXPECT_EQ(registry.Find("a"), &kA);
  EXPECT_EQ(registry.Find("c"), nullptr);
  EXPECT_EQ(registry.All()[0], &kA);
}

TEST(RegistryDeathTest, RefusesANameThatIsTaken) {
  EXPECT_EXIT(RegisterPolicy{FindPolicy("full-mm")}, testing::ExitedWithCode(2),
              "gatherfuzz: cannot register the policy 'full-mm': another has this name");
  const std::string planted(Policies(PolicyGroup::kPlanted)[0]->name());
  const Policy published = Like(planted.c_str());
  EXPECT_EXIT(RegisterPolicy{&published}, testing::ExitedWithCode(2), "another has this name")
      << "of the other group";
  EXPECT_EXIT(RegisterArch{FindArch("x86")}, testing::ExitedWithCode(2),
              "gatherfuzz: cannot register the architecture 'x86': another has this name");
}

TEST(RegistryDeathTest, RefusesWhatIsNoNameOfAPolicy) {
  for (const std::string_view group : kPolicyGroups) {
    const std::string name(group);
    const Policy policy = Like(name.c_str());
    EXPECT_EXIT(RegisterPolicy{&policy}, testing::ExitedWithCode(2), "names a group of policies");
  }
  for (const char* const name : {"", "my idea", "a,b", "a/b"}) {
    const Policy policy = Like(name);
    EXPECT_EXIT(RegisterPolicy{&policy}, testing::ExitedWithCode(2), "cannot register the policy");
  }
}

TEST(RegistryDeathTest, RefusesMoreThanThereIsRoomFor) {
  Registry<Named> registry("thing");
  std::vector<std::string> names;
  for (int i = 0; i < 129; ++i) names.push_back(std::to_string(i));
  std::vector<Named> things(names.begin(), names.end());
  for (int i = 0; i < 128; ++i) registry.Add(&things[i]);
  EXPECT_EXIT(registry.Add(&things[128]), testing::ExitedWithCode(2), "there are too many");
}

}  // namespace
}  // namespace gatherfuzz
