// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a schedule, a step and a switch cost, outside of any fuzzing engine. scripts/bench sets the
// figures beside libFuzzer's rate on an empty target of the same run.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "harness/text.h"

namespace gatherfuzz {
namespace {

const Policy& ThePolicy() { return *FindPolicy("full-mm"); }
const Arch& TheArch() { return *FindArch("x86"); }

// Decoding and running, as a fuzz target does. What is run is what full-mm takes 64 steps for.
void RunWorkload(benchmark::State& state, const Policy& policy, const Arch& arch) {
  const auto workload = MakeWorkload(256, ThePolicy(), arch);
  Execution execution;
  Schedule schedule;
  size_t next = 0;
  for (auto _ : state) {
    const EncodedBytes& bytes = workload[next++ % workload.size()];
    DecodeBytes({bytes.begin(), bytes.size()}, schedule);
    benchmark::DoNotOptimize(execution.Execute(schedule, policy, arch));
  }
  state.SetItemsProcessed(state.iterations());
}

void ScheduleOf64Steps(benchmark::State& state) { RunWorkload(state, ThePolicy(), TheArch()); }
BENCHMARK(ScheduleOf64Steps);

void DecodeOnly(benchmark::State& state) {
  const auto workload = MakeWorkload(256, ThePolicy(), TheArch());
  Schedule schedule;
  size_t next = 0;
  for (auto _ : state) {
    const EncodedBytes& bytes = workload[next++ % workload.size()];
    DecodeBytes({bytes.begin(), bytes.size()}, schedule);
    benchmark::DoNotOptimize(schedule);
  }
}
BENCHMARK(DecodeOnly);

Schedule TwoCpus() {
  auto parsed = ParseText(
      "gatherfuzz 1\ncpus 2\ninit\n map 0..32 rw\n present 0..32\n"
      "cpu0\n dontneed 0..16\n dontneed 0..16\n dontneed 0..16\n dontneed 0..16\n"
      "cpu1\n dontneed 16..32\n dontneed 16..32\n dontneed 16..32\n dontneed 16..32\norder\n");
  return std::get<ScheduleFile>(parsed).schedule;
}

void CountSteps(benchmark::State& state, const Schedule& schedule) {
  Execution execution;
  uint64_t steps = 0, runs = 0;
  for (auto _ : state) {
    steps += execution.Execute(schedule, ThePolicy(), TheArch()).steps;
    ++runs;
  }
  state.counters["steps"] = static_cast<double>(steps) / static_cast<double>(runs);
  state.counters["ns_per_step"] = benchmark::Counter(
      static_cast<double>(steps), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Steps without switches: each CPU runs to its end. What is before the first step is in it.
void OneCpu(benchmark::State& state) { CountSteps(state, TwoCpus()); }
BENCHMARK(OneCpu);

// Runs of one step, or of a thousand: the difference, divided by the number of switches, is what a
// switch costs.
void TwoCpusInTurns(benchmark::State& state) {
  Schedule schedule = TwoCpus();
  for (size_t i = 0; i < kMaxRuns; ++i) {
    schedule.order.push_back({.kind = Run::Kind::kCount,
                              .agent = CpuAgent(MakeCpu(static_cast<int>(i % 2))),
                              .count = static_cast<uint16_t>(state.range(0))});
  }
  class Switches final : public StepObserver {
   public:
    void OnStep(const StepEvent& event, const World&) override {
      count += event.agent != last;
      last = event.agent;
    }
    AgentId last{};
    int count = 0;
  } switches;
  Execution execution;
  execution.Execute(schedule, ThePolicy(), TheArch(), {.observer = &switches});
  CountSteps(state, schedule);
  state.counters["switches"] = switches.count;
}
BENCHMARK(TwoCpusInTurns)->Arg(1)->Arg(1000);

// Kernel trees (GATHERFUZZ_KERNEL) beside full-mm, on each architecture: Tree/ARCH/POLICY.
void RegisterTrees() {
  std::vector<const Policy*> policies{&ThePolicy()};
  for (const Policy* policy : Policies()) {
    if (policy->foreign()) policies.push_back(policy);
  }
  if (policies.size() == 1) return;
  for (const Arch* arch : Archs()) {
    for (const Policy* policy : policies) {
      const std::string name =
          "Tree/" + std::string(arch->name()) + "/" + std::string(policy->name());
      benchmark::RegisterBenchmark(name.c_str(), RunWorkload, std::cref(*policy), std::cref(*arch));
    }
  }
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) {
  gatherfuzz::RegisterTrees();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
