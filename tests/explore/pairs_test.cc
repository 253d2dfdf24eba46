// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Every two operations of threads, one on each of two CPUs, over two page tables: every order of
// them is explored, and what 6.12 does is right in each; and what later kernels do, repaired; with
// the locks of VMAs, too.
#include <gtest/gtest.h>

#include <string>

#include "explore/explore.h"
#include "tests/explore/pairs.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

// What fits into a second on a slow machine, with a good margin.
constexpr uint64_t kMostStates = 80'000;

void Hold(const Schedule& schedule, const Arch& arch) {
  const bool repaired = WithoutVmaLocks(schedule.kernel) > kDefaultKernel;
  const ExploreSettings settings{.policy = FindPolicy(repaired ? "repaired" : "full-mm"),
                                 .arch = &arch,
                                 .finals = true,
                                 .limits = {.states = kMostStates}};
  const ExploreResult result = Explore(schedule, settings);
  const std::string text = std::string(arch.name()) + "\n" + PrintText({.schedule = schedule});
  EXPECT_TRUE(result.complete()) << text;
  EXPECT_EQ(result.kinds(), 0u) << text;
}

TEST(Pairs, OfOperationsAreExploredCompletely) {
  if (!kFibersCanGoBack) GTEST_SKIP() << "by replay it takes too long";
  using enum KernelVersion;
  for (const KernelVersion kernel : {k6_12, k6_12_vma, k6_17, k6_17_vma, k7_1_vma}) {
    for (int first = 0; first < kOpCount; ++first) {
      for (int second = 0; second < kOpCount; ++second) {
        const auto a = static_cast<OpKind>(first), b = static_cast<OpKind>(second);
        if (!IsPair(a, b, kernel)) continue;
        for (const Arch* arch : Archs()) {
          for (const bool huge : {false, true}) {
            Hold(Pair(a, b, kernel, huge), *arch);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace gatherfuzz
