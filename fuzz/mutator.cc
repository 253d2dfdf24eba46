// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/mutator.h"

#include <algorithm>

#include "fuzz/mutations.h"
#include "harness/bytes.h"
#include "harness/codes.h"
#include "harness/search/estimate.h"

namespace gatherfuzz {
namespace {

const char* last_mutation = "none";

// Canonical bytes, if there is room for them; else as much of the order as there is room for.
size_t Write(Schedule& schedule, int members, std::span<uint8_t> out) {
  if (schedule.kswapd) Canonicalize(schedule);  // it may have lost its program
  const EncodedBytes bytes = EncodeBytes(schedule, members);
  const size_t size = std::min(bytes.size(), out.size());
  std::copy_n(bytes.begin(), size, out.begin());
  return size;
}

const Mutation& Draw(std::span<const Mutation> mutations, Random& random) {
  uint32_t sum = 0;
  for (const Mutation& mutation : mutations) sum += mutation.weight;
  uint32_t at = random.Below(sum);
  const Mutation* drawn = mutations.data();
  for (; at >= drawn->weight; ++drawn) at -= drawn->weight;
  return *drawn;
}

// One mutation that applies; half of them are of the program, half of the order.
void MutateOnce(Schedule& schedule, Random& random) {
  for (int tries = 0; tries < 8; ++tries) {
    const Mutation& mutation =
        Draw(OneIn(random, 2) ? ProgramMutations() : OrderMutations(), random);
    if (!mutation.apply(schedule, random)) continue;
    last_mutation = mutation.name;
    break;
  }
  Canonicalize(schedule);
}

// The same, unless it makes more CPUs than there are, or a batch larger than `batch`.
void MutateWithinBounds(Schedule& schedule, int batch, Random& random) {
  static Schedule mutated;
  mutated = schedule;
  MutateOnce(mutated, random);
  if (mutated.cpus <= schedule.cpus && mutated.batch <= batch) schedule = mutated;
}

// Takes operations out until the run will not be long. An engine, left alone, makes them ever
// longer.
void Shorten(Schedule& schedule, Random& random) {
  while (schedule.program.size() > 2 && ExpectedSteps(schedule) > kMostSteps) {
    schedule.program.erase(PickIndex(schedule.program, random));
  }
}

// Makes it one that a target takes (fuzz/subject.h).
void Fit(Schedule& schedule) {
  schedule.memory = Settings().memory;
  schedule.kernel = Joined(schedule.kernel, Settings().kernel);
  if (schedule.memory == MemoryModel::kSc) return;
  schedule.rcu = false;
  if (schedule.hardware != HardwareKind::kTce) schedule.hardware = HardwareKind::kPlain;
  for (InitItem& item : schedule.init) item.flags.pfn = item.folio = false;
  schedule.kernel =
      WithoutVmaLocks(std::min(schedule.kernel, std::max(kDefaultKernel, Settings().kernel)));
  for (size_t i = schedule.program.size(); i-- > 0;) {
    const OpInfo& op = Info(schedule.program[i].op.kind);
    const bool only_sc = op.is(OnlyScUnder(schedule.memory));
    if (only_sc || !op.exists_in(schedule.kernel)) schedule.program.erase(i);
  }
  for (size_t i = schedule.order.size(); i-- > 0;) {
    const Run& run = schedule.order[i];
    if (run.kind == Run::Kind::kUntilPoint && !IsMadeIn(schedule.kernel, run.point)) {
      schedule.order.erase(i);
    }
  }
  Canonicalize(schedule);
}

// The lines of a CPU and of its walker come from one parent.
void TakeProgram(const Schedule& from, CpuId cpu, Schedule& child) {
  for (const ProgramLine& line : from.program) {
    if (CpuOf(line.agent) == cpu) child.program.push_back(line);
  }
}

}  // namespace

MutatorSettings& Settings() {
  static MutatorSettings settings;
  return settings;
}

const char* LastMutation() { return last_mutation; }

size_t Mutate(std::span<uint8_t> buffer, size_t size, uint32_t seed,
              size_t (*mutate_bytes)(uint8_t*, size_t, size_t)) {
  static Schedule schedule;
  Random random(seed);
  if (mutate_bytes != nullptr && size >= kHeaderBytes && OneIn(random, 16)) {
    last_mutation = "bytes";
    const uint8_t kernel = buffer[kKernelByte];  // whose operations are meant to be mutated
    const size_t mutated = mutate_bytes(buffer.data(), size, buffer.size());
    if (mutated > kKernelByte) buffer[kKernelByte] = kernel;
    return mutated;
  }
  if (size < kHeaderBytes) {
    last_mutation = "anew";
    schedule.kernel = Settings().kernel;
    Generate(schedule, random);
    Fit(schedule);
    return Write(schedule, Settings().members, buffer);
  }
  DecodeBytes(buffer.first(size), schedule);
  Fit(schedule);
  for (int mutations = SmallNumber(random, 6); mutations > 0; --mutations) {
    MutateOnce(schedule, random);
  }
  Fit(schedule);
  Shorten(schedule, random);
  if (!OneIn(random, 4)) schedule.tail = AnyTail(random);
  return Write(schedule, Settings().members, buffer);
}

size_t CrossOver(std::span<const uint8_t> a, std::span<const uint8_t> b, std::span<uint8_t> out,
                 uint32_t seed) {
  static Schedule parents[2], child;
  Random random(seed);
  // libFuzzer crosses over half of the time, which is more than is good.
  if (OneIn(random, 2) && a.size() >= kHeaderBytes) {
    const size_t size = std::min(a.size(), out.size());
    std::copy_n(a.begin(), size, out.begin());
    return Mutate(out, size, seed + 1, nullptr);
  }
  DecodeBytes(a, parents[0]);
  DecodeBytes(b, parents[1]);
  const auto either = [&]() -> const Schedule& { return parents[random.Below(2)]; };
  child = either();
  child.cpus = std::max(parents[0].cpus, parents[1].cpus);
  child.kswapd = parents[parents[0].cpus < parents[1].cpus ? 1 : 0].kswapd;
  child.batch = either().batch;
  child.kernel = Joined(parents[0].kernel, parents[1].kernel);
  child.program.clear();
  for (int cpu = 0; cpu < child.cpus; ++cpu) TakeProgram(either(), MakeCpu(cpu), child);
  if (OneIn(random, 2)) {
    const Schedule& other = either();
    child.order = other.order;
    child.tail = other.tail;
  }
  Canonicalize(child);
  Fit(child);
  if (OneIn(random, 2))
    MutateWithinBounds(child, std::max(parents[0].batch, parents[1].batch), random);
  Fit(child);
  Shorten(child, random);
  if (OneIn(random, 2)) child.tail = AnyTail(random);
  last_mutation = "cross-over";
  return Write(child, Settings().members, out);
}

size_t MakeSmall(std::span<uint8_t> out, uint32_t seed) {
  static Schedule schedule;
  Random random(seed);
  schedule = {};
  schedule.kernel = Settings().kernel;
  GenerateSmall(schedule, random);
  Canonicalize(schedule);
  Fit(schedule);
  last_mutation = "small";
  return Write(schedule, Settings().members, out);
}

size_t TrimSteps(std::span<const uint8_t> bytes) {
  static Schedule schedule;
  DecodeBytes(bytes, schedule);
  return schedule.order.size() + schedule.program.size() + schedule.init.size();
}

size_t TrimAt(std::span<const uint8_t> bytes, size_t step, std::span<uint8_t> out) {
  static Schedule schedule;
  const int members = DecodeBytes(bytes, schedule);
  const size_t runs = schedule.order.size(), lines = schedule.program.size();
  if (step < runs) {
    schedule.order.erase(runs - 1 - step);
  } else if (step < runs + lines) {
    schedule.program.erase(step - runs);
  } else if (step < runs + lines + schedule.init.size()) {
    schedule.init.erase(step - runs - lines);
  }
  return Write(schedule, members, out);
}

}  // namespace gatherfuzz
