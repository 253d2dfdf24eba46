// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Many schedules from random bytes, against one policy and architecture or all of them.
//
//   soak [--runs N] [--seed S] [--policy P] [--arch A] [--kernel-version V]
//        [--all-operations]
//
// All policies are the published ones; a planted defect is run when it is named. Without a version
// the bytes say which. With --all-operations bytes count as written, and most
// are small, as codes are: else they stand for what is likely, which later operations are not.
// Prints a line for each: clean runs; those whose violation says nothing against the policy
// (harness/target.h); operations that were in a program, and each kind of violation
// with how often it came and the seed of the input of fewest steps that shows it. Exit status 1 if
// there was a violation, or a run reached the limit of steps. `soak --dump SEED` writes the input
// of a seed to standard output.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/random_input.h"
#include "harness/execution.h"
#include "harness/target.h"

namespace gatherfuzz {
namespace {

struct Settings {
  uint64_t runs = 1'000'000;
  uint64_t seed = 0;
  std::string_view policy, arch;
  std::optional<KernelVersion> kernel;
  bool all_operations = false;
};

uint32_t OperationsOf(const Schedule& schedule) {
  uint32_t kinds = 0;
  for (const auto& [agent, op] : schedule.program) kinds |= 1u << static_cast<int>(op.kind);
  return kinds;
}

struct Found {
  uint64_t count = 0, seed = 0;
  uint32_t steps = ~0u;
};

bool Soak(Execution& execution, const Policy& policy, const Arch& arch, const Settings& settings) {
  std::array<Found, kViolationCount> found;
  std::array<uint8_t, 256> bytes;
  Schedule schedule;
  uint64_t limits = 0, full = 0, excused = 0, steps = 0;
  uint32_t operations = 0;
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < settings.runs; ++i) {
    const size_t size = MakeInput(settings.seed + i, settings.all_operations, bytes);
    DecodeBytes({bytes.data(), size}, schedule);
    if (settings.kernel) MakeItOf(*settings.kernel, schedule);
    operations |= OperationsOf(schedule);
    const RunResult result = execution.Execute(schedule, policy, arch);
    full += result.out_of_stores;
    if (result.limit && !result.out_of_stores) {
      std::printf("limit: seed %llu\n", static_cast<unsigned long long>(settings.seed + i));
      ++limits;
    }
    steps += result.steps;
    if (result.violation.kind != ViolationKind::kNone && Excused(policy, arch, schedule)) {
      ++excused;
      continue;
    }
    Found& it = found[static_cast<size_t>(result.violation.kind)];
    ++it.count;
    if (result.steps < it.steps) it = {it.count, settings.seed + i, result.steps};
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf(
      "%-17.*s %-6.*s clean %llu, excused %llu, limit %llu, out of stores %llu, %.0f ns/run, %.1f "
      "steps/run, %d "
      "operations",
      static_cast<int>(policy.name().size()), policy.name().data(),
      static_cast<int>(arch.name().size()), arch.name().data(),
      static_cast<unsigned long long>(found[0].count), static_cast<unsigned long long>(excused),
      static_cast<unsigned long long>(limits), static_cast<unsigned long long>(full),
      1e9 * seconds.count() / static_cast<double>(settings.runs),
      static_cast<double>(steps) / static_cast<double>(settings.runs), std::popcount(operations));
  for (int kind = 1; kind < kViolationCount; ++kind) {
    const Found& it = found[static_cast<size_t>(kind)];
    if (it.count == 0) continue;
    const std::string_view name = kViolations[kind].name;
    std::printf("; %.*s %llu (seed %llu, %u steps)", static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(it.count), static_cast<unsigned long long>(it.seed),
                it.steps);
  }
  std::printf("\n");
  std::fflush(stdout);
  return found[0].count + excused == settings.runs && limits == 0;
}

int Main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--all-operations") {
      settings.all_operations = true;
      --i;
      continue;
    }
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--runs") {
      settings.runs = std::strtoull(value, nullptr, 10);
    } else if (flag == "--seed") {
      settings.seed = std::strtoull(value, nullptr, 10);
    } else if (flag == "--policy") {
      settings.policy = value;
    } else if (flag == "--arch") {
      settings.arch = value;
    } else if (flag == "--kernel-version" && ParseKernelVersion(value)) {
      settings.kernel = ParseKernelVersion(value);
    } else if (flag == "--dump") {
      std::array<uint8_t, 256> bytes;
      const uint64_t seed = std::strtoull(value, nullptr, 10);
      std::fwrite(bytes.data(), 1, MakeInput(seed, settings.all_operations, bytes), stdout);
      return 0;
    } else {
      std::fprintf(stderr, "soak: '%s %s'\n", argv[i], value);
      return 2;
    }
  }
  static Execution execution;
  bool clean = true;
  std::vector<const Policy*> policies(Policies().begin(), Policies().end());
  if (!settings.policy.empty()) policies = {FindPolicy(settings.policy)};
  if (policies.front() == nullptr) {
    std::fprintf(stderr, "soak: no such policy\n");
    return 2;
  }
  for (const Policy* policy : policies) {
    for (const Arch* arch : Archs()) {
      if (!settings.arch.empty() && arch->name() != settings.arch) continue;
      clean &= Soak(execution, *policy, *arch, settings);
    }
  }
  return clean ? 0 : 1;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
