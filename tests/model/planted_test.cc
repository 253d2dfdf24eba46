// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The planted defects are what they claim to be: each has a stored schedule on every architecture
// that has a folder for it, which violates as it says, and is clean under the safe policy that the
// defect was made from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::AnyOf;

struct Stored {
  std::string path, arch;
  ScheduleFile file;
};

// What is in corpus/planted/<policy>/<arch>/.
std::vector<Stored> StoredFor(const Policy& policy) {
  std::vector<Stored> all;
  const std::filesystem::path folder =
      std::filesystem::path(GATHERFUZZ_PLANTED_CORPUS) / policy.name();
  if (!std::filesystem::exists(folder)) return all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    all.push_back({entry.path(), entry.path().parent_path().filename(), FromText(text)});
  }
  return all;
}

TEST(Planted, AreManyAndApartFromWhatWasPublished) {
  EXPECT_GE(Policies(PolicyGroup::kPlanted).size(), 12u);
  for (const Policy* planted : Policies(PolicyGroup::kPlanted)) {
    EXPECT_EQ(FindPolicy(planted->name()), planted);
    for (const Policy* published : Policies()) EXPECT_NE(published->name(), planted->name());
  }
}

TEST(Planted, AreMadeFromASafePolicyAndAreSafeNowhere) {
  for (const Policy* planted : Policies(PolicyGroup::kPlanted)) {
    const Policy* const base = FindPolicy(planted->base());
    ASSERT_NE(base, nullptr) << planted->name();
    EXPECT_EQ(base->group(), PolicyGroup::kPublished) << planted->name();
    for (const Arch* arch : Archs()) {
      EXPECT_TRUE(base->SafeOn(arch->name())) << planted->name();
      EXPECT_FALSE(planted->SafeOn(arch->name())) << planted->name();
    }
  }
  for (const Policy* published : Policies()) EXPECT_EQ(published->base(), "") << published->name();
}

// A TLB or a walk cache holds what it must not: that is what a defect of the protocol does.
TEST(Planted, ShowAsStaleEntriesWhereTheBaseIsClean) {
  for (const Policy* planted : Policies(PolicyGroup::kPlanted)) {
    const std::vector<Stored> all = StoredFor(*planted);
    EXPECT_FALSE(all.empty()) << "no schedule for " << planted->name();
    for (const auto& [path, arch, file] : all) {
      EXPECT_EQ(file.policy, planted->name()) << path;
      EXPECT_EQ(file.arch, arch) << path;
      EXPECT_FALSE(file.intent.empty()) << path;
      const std::string verdict = Verdict(file.schedule, planted->name(), arch);
      EXPECT_THAT(verdict, AnyOf("stale-after-return", "stale-dirty-after-return",
                                 "freed-page-cached", "freed-table-cached"))
          << path;
      ASSERT_TRUE(file.expect.has_value()) << path;
      EXPECT_EQ(verdict, Info(*file.expect).name) << path;
      EXPECT_EQ(Verdict(file.schedule, planted->base(), arch), "none") << path;
    }
  }
}

TEST(Planted, EveryStoredScheduleIsOfOneThatIsThere) {
  for (const auto& folder : std::filesystem::directory_iterator(GATHERFUZZ_PLANTED_CORPUS)) {
    const Policy* const policy = FindPolicy(folder.path().filename().string());
    ASSERT_NE(policy, nullptr) << folder.path();
    EXPECT_EQ(policy->group(), PolicyGroup::kPlanted) << folder.path();
  }
}

// The canary: a call alone, of one page that is cached, is enough, whatever the order.
TEST(Planted, TheCanaryFailsAtOnce) {
  for (const Arch* arch : Archs()) {
    EXPECT_EQ(Verdict("cpus 1\n init\n map 0..1 rw\n present 0..1\n cached cpu0 0..1\n"
                      "cpu0\n dontneed 0..1\n",
                      "canary", arch->name()),
              "freed-page-cached");
  }
}

}  // namespace
}  // namespace gatherfuzz
