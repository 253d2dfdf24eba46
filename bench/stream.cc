// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What real fuzzing costs: `stream FILE PASSES` replays recorded inputs of a campaign, as the fuzz
// target runs them (decoded, as a family, with features, with the engine's counters in policies and
// architectures), under four subjects, and prints for each what its branch predictor has not
// learned from one program that is repeated: nanoseconds of user time a step, changes of agent a
// step, and hashes of all traces and features. scripts/stream holds one build against another with
// it.
//
// FILE: inputs one after the other, each after its length in two bytes, the lower first. They may
// be of an older version of the encoding: each is encoded anew before the first pass, so that
// builds with other versions replay the same schedules. Builds with other operations find others in
// random bytes, so what is recorded is canonical.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/feature_map.h"
#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/features.h"

namespace gatherfuzz {
namespace {

struct Subject {
  const char *policy, *arch;
};
constexpr Subject kSubjects[] = {
    {"full-mm", "x86"}, {"full-mm", "arm64"}, {"epoch-sync", "arm64"}, {"own-range", "x86"}};

[[noreturn]] void Die(const char* why) {
  std::fprintf(stderr, "stream: %s\nusage: stream FILE PASSES\n", why);
  std::exit(2);
}

std::vector<EncodedBytes> ReadInputs(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || all.empty()) Die("no inputs in FILE");
  const auto* const data = reinterpret_cast<const uint8_t*>(all.data());
  std::vector<EncodedBytes> inputs;
  Schedule schedule;
  for (size_t at = 0; at < all.size();) {
    if (all.size() - at < 2) Die("FILE is cut off");
    const size_t size = data[at] | size_t{data[at + 1]} << 8;
    at += 2;
    if (all.size() - at < size) Die("FILE is cut off");
    const int members = DecodeBytes({data + at, size}, schedule);
    inputs.push_back(EncodeBytes(schedule, members));
    at += size;
  }
  return inputs;
}

class Changes final : public StepObserver {
 public:
  void OnStep(const StepEvent& event, const World&) override {
    changes_ += any_ && !(event.agent == last_);
    last_ = event.agent;
    any_ = true;
  }
  uint64_t changes() const { return changes_; }
  void BeginRun() { any_ = false; }

 private:
  AgentId last_{};
  bool any_ = false;
  uint64_t changes_ = 0;
};

void Mix(uint64_t& hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  hash ^= hash >> 29;
}

void Observe(RunOptions& options, StepObserver* observer) { options.observer = observer; }
// Older builds have the features as an observer like any other.
template <typename Options>
void Observe(Options& options, Features* features) {
  if constexpr (requires { options.features = features; }) {
    options.features = features;
  } else {
    options.observer = features;
  }
}

// What one input comes to, as fuzz/target.cc runs it. `each` is called after each member.
template <typename Observer, typename Each>
void RunInput(Execution& execution, const EncodedBytes& bytes, const Policy& policy,
              const Arch& arch, Observer* observer, Each each) {
  static Schedule schedule;
  const int members = DecodeBytes({bytes.begin(), bytes.size()}, schedule);
  execution.Load(schedule);
  for (int number = 0; number < members; ++number) {
    RunOptions options;
    Observe(options, observer);
    each(execution.RunLoaded(policy, arch, MemberOf(schedule, number), options));
  }
}

int64_t UserNanoseconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec * 1'000'000'000 + usage.ru_utime.tv_usec * 1'000;
}

// All inputs once. Returns the steps.
uint64_t Pass(Execution& execution, const std::vector<EncodedBytes>& inputs, const Policy& policy,
              const Arch& arch, uint64_t* traces, uint64_t* features_seen) {
  static Features features;
  uint8_t* const map = FeatureMap();
  uint64_t steps = 0;
  for (const EncodedBytes& bytes : inputs) {
    std::memset(map, 0, kFeatureCells);
    features.BeginRun(map);
    RunInput(execution, bytes, policy, arch, &features, [&](const RunResult& result) {
      steps += result.steps;
      if (traces != nullptr) Mix(*traces, result.trace_hash);
      features.BeginRun(map);
    });
    if (features_seen == nullptr) continue;
    for (size_t i = 0; i < kFeatureCells; ++i) {
      if (map[i] != 0) Mix(*features_seen, i);
    }
  }
  return steps;
}

void Measure(const std::vector<EncodedBytes>& inputs, const Subject& subject, int passes) {
  const Policy* const policy = FindPolicy(subject.policy);
  const Arch* const arch = FindArch(subject.arch);
  if (policy == nullptr || arch == nullptr) Die("a subject is not in this build");
  static Execution execution;
  Changes changes;
  for (const EncodedBytes& bytes : inputs) {
    changes.BeginRun();
    RunInput(execution, bytes, *policy, *arch, &changes,
             [&](const RunResult&) { changes.BeginRun(); });
  }
  uint64_t traces = 0, features = 0;
  const uint64_t steps = Pass(execution, inputs, *policy, *arch, &traces, &features);
  const int64_t begin = UserNanoseconds();
  for (int pass = 0; pass < passes; ++pass) {
    Pass(execution, inputs, *policy, *arch, nullptr, nullptr);
  }
  const auto ns = static_cast<double>(UserNanoseconds() - begin);
  std::printf("%s-%s steps %llu changes %.4f ns %.2f traces %016llx features %016llx\n",
              subject.policy, subject.arch, static_cast<unsigned long long>(steps),
              static_cast<double>(changes.changes()) / static_cast<double>(steps),
              ns / static_cast<double>(steps) / passes, static_cast<unsigned long long>(traces),
              static_cast<unsigned long long>(features));
  std::fflush(stdout);
}

}  // namespace
}  // namespace gatherfuzz

// The engine's counters want its main(); it comes no further than this.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace gatherfuzz;
  if (*argc != 3) Die("two arguments");
  const int passes = std::atoi((*argv)[2]);
  if (passes < 1 || passes > 100'000) Die("PASSES is 1 to 100000");
  const auto inputs = ReadInputs((*argv)[1]);
  for (const Subject& subject : kSubjects) Measure(inputs, subject, passes);
  std::exit(0);
}
extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
