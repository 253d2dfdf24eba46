// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Kernel trees (GATHERFUZZ_KERNEL, or loaded) against full-mm under weaker memory.
//
//   kernel_memory [--programs N] [--seed S] --policy P [--policy P]...
//
// Explores every order of N (200) random small programs under memory tso and weak, on both
// architectures: a tree must reach the kinds of violations that full-mm does, and no others; the
// orders of its accesses are those of its own call sites. Exit status 1 if it differs somewhere.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "harness/text.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "tests/small_program.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kMostStates = 40'000;  // of a program under one policy

struct Settings {
  uint64_t programs = 200, seed = 1;
  std::vector<const Policy*> trees;
};

struct Counts {
  uint64_t compared = 0, given_up = 0, violate = 0, differ = 0;
};

ExploreResult Explored(const Schedule& schedule, const Policy& policy, const Arch& arch) {
  ExploreSettings settings{.policy = &policy, .arch = &arch};
  settings.limits.states = kMostStates;
  return Explore(schedule, settings);
}

void CompareOn(const Schedule& schedule, const Settings& settings, const Arch& arch,
               Counts& counts) {
  const ExploreResult model = Explored(schedule, *FindPolicy("full-mm"), arch);
  for (const Policy* tree : settings.trees) {
    const ExploreResult real = Explored(schedule, *tree, arch);
    if (!model.complete() || !real.complete()) {
      ++counts.given_up;
      continue;
    }
    ++counts.compared;
    counts.violate += model.kinds() != 0;
    if (real.kinds() == model.kinds()) continue;
    ++counts.differ;
    std::printf("DIFFERENCE: kinds %#x of %s, %#x of full-mm:\n%s\n", real.kinds(),
                std::string(tree->name()).c_str(), model.kinds(),
                PrintText({.policy = std::string(tree->name()),
                           .arch = std::string(arch.name()),
                           .schedule = schedule})
                    .c_str());
  }
}

int Compare(const Settings& settings) {
  Counts counts;
  Random random(settings.seed);
  for (uint64_t i = 0; i < settings.programs; ++i) {
    Schedule schedule = SmallProgram(random);
    // With smaller batches, tables do not find the same room as in the model (room.h).
    if (schedule.batch < 3) schedule.batch = kDefaultBatch;
    schedule.memory = i % 4 == 0 ? MemoryModel::kTso : MemoryModel::kWeak;
    for (const Arch* arch : Archs()) CompareOn(schedule, settings, *arch, counts);
  }
  std::printf("%llu explorations compared, %llu of them violate, %llu given up, %llu differ\n",
              static_cast<unsigned long long>(counts.compared),
              static_cast<unsigned long long>(counts.violate),
              static_cast<unsigned long long>(counts.given_up),
              static_cast<unsigned long long>(counts.differ));
  return counts.differ == 0 && counts.compared != 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--programs") {
      settings.programs = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (flag == "--seed") {
      settings.seed = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (flag == "--policy") {
      settings.trees.push_back(FindPolicy(argv[i + 1]));
    }
  }
  const bool all_there = std::all_of(settings.trees.begin(), settings.trees.end(),
                                     [](const Policy* tree) { return tree != nullptr; });
  if (settings.trees.empty() || !all_there) {
    std::fputs("usage: kernel_memory [--programs N] [--seed S] --policy P...\n", stderr);
    return 2;
  }
  return Compare(settings);
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
