// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// States a second, on one core, beside what a state cannot cost less than: to write it out, hash
// it, note it and copy it once. scripts/bench prints the ratio.
#include <benchmark/benchmark.h>

#include <memory>

#include "explore/explore.h"
#include "explore/seen.h"
#include "harness/text.h"

namespace gatherfuzz {
namespace {

// Three CPUs that unmap, drop and read the same pages.
const Schedule& ThreeCpus() {
  static const auto parsed = ParseText(
      "gatherfuzz 1\ncpus 3\ninit\n map 0..4 rw\n present 0..4\n cached cpu0 0..4\n"
      " cached cpu1 0..4\n cached cpu2 0..4\ncpu0\n munmap 0..2\ncpu1\n dontneed 1..4\ncpu2\n"
      " read 2\norder\n rest\n");
  return std::get<ScheduleFile>(parsed).schedule;
}

void ExploreThreeCpus(benchmark::State& state, bool reduce, bool replay) {
  ExploreSettings settings{.policy = FindPolicy("full-mm"), .arch = FindArch("arm64")};
  settings.reduce = reduce;
  settings.replay = replay;
  ExploreResult result;
  uint64_t states = 0, steps = 0;
  for (auto _ : state) {
    result = Explore(ThreeCpus(), settings);
    states += result.states;
    steps += result.steps;
  }
  state.SetItemsProcessed(static_cast<int64_t>(states));
  state.counters["states"] = static_cast<double>(result.states);
  state.counters["bytes_per_state"] =
      static_cast<double>(result.bytes) / static_cast<double>(result.states);
  state.counters["steps_per_second"] =
      benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(ExploreThreeCpus, Full, false, false);
BENCHMARK_CAPTURE(ExploreThreeCpus, Reduced, true, false);
BENCHMARK_CAPTURE(ExploreThreeCpus, ByReplay, false, true);

void StateCeiling(benchmark::State& state) {
  constexpr uint64_t kStates = 94'237;  // as many as above
  const auto stepper = std::make_unique<Stepper>();
  stepper->Begin(ThreeCpus(), *FindPolicy("full-mm"), *FindArch("arm64"));
  const auto writer = std::make_unique<StateWriter>();
  const auto copy = std::make_unique<World>();
  for (auto _ : state) {
    const auto seen = std::make_unique<Seen>(false);
    for (uint64_t i = 0; i < kStates; ++i) {
      Key key = writer->KeyOf(*stepper);
      key.low += i * 0x9e3779b97f4a7c15u;
      key.high += i * 0xd6e8feb86659fd93u;
      seen->Add(key, 0);
      CopyState(stepper->world(), *copy);
    }
    benchmark::DoNotOptimize(seen->states());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kStates));
}
BENCHMARK(StateCeiling);

}  // namespace
}  // namespace gatherfuzz
