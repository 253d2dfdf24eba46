// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The mutator as engines call it: all it writes decodes, fits, and is the same each time. Nothing
// here depends on how likely a mutation is.
#include "fuzz/mutator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "fuzz/mutations.h"
#include "harness/bytes.h"
#include "harness/search/estimate.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

Schedule Decoded(const Bytes& bytes) {
  Schedule schedule;
  DecodeBytes(bytes, schedule);
  return schedule;
}

Bytes Encoded(const Schedule& schedule, int members = 1) {
  const EncodedBytes bytes = EncodeBytes(schedule, members);
  return {bytes.begin(), bytes.end()};
}

// --- The engine's calls ---

constexpr size_t kSizes[] = {0, 1, 15, 16, 100, 4096};
constexpr uint8_t kGuard = 0xa5;

struct Mutated {
  Bytes bytes;
  std::string last;
};

// Mutates `bytes` in a buffer of `room` bytes, with a guard behind it.
Mutated MutateIn(size_t room, const Bytes& bytes, uint32_t seed,
                 size_t (*mutate_bytes)(uint8_t*, size_t, size_t) = nullptr) {
  Bytes buffer(room + 16, kGuard);
  const size_t size = std::min(room, bytes.size());
  std::copy_n(bytes.begin(), size, buffer.begin());
  const size_t mutated = Mutate(std::span(buffer).first(room), size, seed, mutate_bytes);
  EXPECT_LE(mutated, room);
  EXPECT_EQ(std::count(buffer.begin() + static_cast<ptrdiff_t>(room), buffer.end(), kGuard), 16);
  return {{buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(mutated)}, LastMutation()};
}

Bytes Crossed(size_t room, const Bytes& a, const Bytes& b, uint32_t seed) {
  Bytes out(room + 16, kGuard);
  const size_t size = CrossOver(a, b, std::span(out).first(room), seed);
  EXPECT_LE(size, room);
  EXPECT_EQ(std::count(out.begin() + static_cast<ptrdiff_t>(room), out.end(), kGuard), 16);
  return {out.begin(), out.begin() + static_cast<ptrdiff_t>(size)};
}

int byte_mutations = 0;
size_t MutateBytes(uint8_t* data, size_t size, size_t) {
  ++byte_mutations;
  for (size_t i = 0; i < size; ++i) data[i] ^= static_cast<uint8_t>(i);
  return size;
}

TEST(Mutator, WritesWhatDecodesIntoAnyRoom) {
  Random random(7);
  std::set<std::string> names{"anew"};
  for (const auto mutations : {ProgramMutations(), OrderMutations()}) {
    for (const Mutation& mutation : mutations) names.insert(mutation.name);
  }
  std::map<std::string, int> last;
  for (uint32_t seed = 0; seed < 6000; ++seed) {
    const size_t room = kSizes[seed % std::size(kSizes)];
    const Bytes bytes = seed % 7 == 0 ? RandomBytes(random, 4096) : RandomInput(random);
    const Mutated mutated = MutateIn(room, bytes, seed);
    ASSERT_TRUE(names.count(mutated.last) != 0) << mutated.last;
    ++last[mutated.last];
    const Schedule schedule = Decoded(mutated.bytes);
    ASSERT_EQ(WhatIsWrongWith(schedule), "");
    if (room < kMaxEncodedBytes) continue;
    ASSERT_EQ(Encoded(schedule, Settings().members), mutated.bytes) << "canonical";
  }
  EXPECT_EQ(last.size(), names.size()) << "each comes at some time";
}

TEST(Mutator, IsAFunctionOfItsBytesAndItsSeed) {
  Random random(8);
  int differ = 0, crossed_differ = 0;
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    const Bytes a = RandomInput(random), b = RandomInput(random);
    const Mutated first = MutateIn(4096, a, seed);
    const Bytes child = Crossed(4096, a, b, seed);
    MutateIn(4096, b, seed + 1);
    const Mutated again = MutateIn(4096, a, seed);
    ASSERT_EQ(first.bytes, again.bytes);
    ASSERT_EQ(first.last, again.last);
    ASSERT_EQ(Crossed(4096, a, b, seed), child);
    differ += MutateIn(4096, a, seed + 1).bytes != first.bytes;
    crossed_differ += Crossed(4096, a, b, seed + 1) != child;
  }
  EXPECT_GT(differ, 1400);
  EXPECT_GT(crossed_differ, 1200);
}

TEST(Mutator, WritesFamiliesOfTheSizeItIsSet) {
  Random random(9);
  const Bytes bytes = Encoded(RandomSchedule(random));
  for (const int members : {1, 7, kMaxMembers}) {
    Settings().members = members;
    Schedule schedule;
    EXPECT_EQ(DecodeBytes(MutateIn(4096, bytes, 1).bytes, schedule), members);
    EXPECT_EQ(DecodeBytes(Crossed(4096, bytes, bytes, 1), schedule), members);
  }
  Settings() = {};
}

// Later kernels and what is sc only are of no use to a target of weaker memory.
TEST(Mutator, WritesWhatTheMemoryOfItsTargetHas) {
  Random random(16);
  for (const MemoryModel memory : {MemoryModel::kSc, MemoryModel::kWeak, MemoryModel::kLate}) {
    Settings().memory = memory;
    int switching = 0, later = 0;
    for (uint32_t seed = 0; seed < 3000; ++seed) {
      const Bytes a = RandomInput(random), b = RandomInput(random);
      for (const Bytes& bytes : {MutateIn(4096, a, seed).bytes, MutateIn(4096, {}, seed).bytes,
                                 Crossed(4096, a, b, seed)}) {
        const Schedule schedule = Decoded(bytes);
        ASSERT_EQ(WhatIsWrongWith(schedule), "");
        ASSERT_EQ(Encoded(schedule, Settings().members), bytes);
        ASSERT_EQ(schedule.memory, memory) << PrintText({.schedule = schedule});
        switching += OnlySc(schedule);
        later += schedule.kernel > kDefaultKernel;
      }
    }
    EXPECT_EQ(switching > 100, memory == MemoryModel::kSc) << switching;
    EXPECT_EQ(later > 20, memory == MemoryModel::kSc) << later;
  }
  Settings() = {};
}

// But for a kernel that the target was told.
TEST(Mutator, WritesTheKernelOfItsTargetUnderWeakerMemory) {
  Random random(17);
  Settings().memory = MemoryModel::kTso;
  Settings().kernel = KernelVersion::k6_17;
  int told = 0;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    const Schedule schedule = Decoded(MutateIn(4096, RandomInput(random), seed).bytes);
    ASSERT_EQ(schedule.memory, MemoryModel::kTso);
    ASSERT_LE(schedule.kernel, KernelVersion::k6_17);
    told += schedule.kernel == KernelVersion::k6_17;
  }
  EXPECT_GT(told, 900);
  Settings() = {};
}

TEST(Mutator, MakesAScheduleOfNothing) {
  for (const size_t size : {0u, 1u, 15u}) {
    const Mutated mutated = MutateIn(4096, Bytes(size, 1), 3);
    EXPECT_EQ(mutated.last, "anew");
    EXPECT_FALSE(Decoded(mutated.bytes).program.empty());
    EXPECT_EQ(mutated.bytes, MutateIn(4096, {}, 3).bytes);
  }
}

TEST(Mutator, MakesSmallSchedulesIntoAnyRoom) {
  size_t operations = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::array<uint8_t, kMaxEncodedBytes> bytes, again;
    const size_t room = seed % 2 == 0 ? bytes.size() : seed;
    const size_t size = MakeSmall({bytes.data(), room}, seed);
    ASSERT_LE(size, room);
    ASSERT_EQ(MakeSmall({again.data(), room}, seed), size);
    ASSERT_TRUE(std::equal(bytes.begin(), bytes.begin() + size, again.begin()));
    Schedule schedule;
    DecodeBytes({bytes.data(), size}, schedule);
    if (room == bytes.size()) operations += schedule.program.size();
  }
  EXPECT_GT(operations, 300u);
  EXPECT_LT(operations, 150 * 12u);
}

TEST(Mutator, AsksTheEngineForPlainBytesSometimes) {
  Random random(10);
  byte_mutations = 0;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    const Bytes bytes = RandomInput(random);
    const int before = byte_mutations;
    const Mutated mutated = MutateIn(4096, bytes, seed, MutateBytes);
    ASSERT_EQ(mutated.last == "bytes", byte_mutations != before);
    if (mutated.last == "bytes") ASSERT_EQ(mutated.bytes.size(), bytes.size());
  }
  EXPECT_GT(byte_mutations, 20);
  EXPECT_LT(byte_mutations, 500);
}

TEST(Mutator, LetsNoRunBecomeLong) {
  Random random(11);
  Bytes bytes = Encoded(RandomSchedule(random));
  size_t longest = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    bytes = MutateIn(4096, bytes, seed).bytes;
    const Schedule schedule = Decoded(bytes);
    longest = std::max(longest, schedule.program.size());
    ASSERT_TRUE(ExpectedSteps(schedule) <= kMostSteps || schedule.program.size() <= 2);
  }
  EXPECT_GT(longest, 6u);
}

// --- Crossover ---

// Parents of 3 and 2 CPUs, told apart by their pages: below 32, and above.
Schedule Parent(Random& random, bool high) {
  Schedule parent;
  parent.cpus = high ? 3 : 2;
  parent.batch = high ? 2 : 5;
  const int first = high ? 32 : 0;
  parent.init.push_back({.range = {first, first + 32}});
  for (int i = 0; i < 10; ++i) {
    const int page = first + static_cast<int>(random.Below(31));
    const CpuId cpu = MakeCpu(static_cast<int>(random.Below(static_cast<uint32_t>(parent.cpus))));
    parent.program.push_back({CpuAgent(cpu), {OpKind::kDontneed, {page, page + 1}, {}}});
    parent.order.push_back({.agent = CpuAgent(cpu)});
  }
  Canonicalize(parent);
  return parent;
}

std::vector<ProgramLine> LinesOf(const Schedule& schedule, int cpu) {
  std::vector<ProgramLine> lines;
  std::copy_if(schedule.program.begin(), schedule.program.end(), std::back_inserter(lines),
               [&](const ProgramLine& line) { return Index(CpuOf(line.agent)) == cpu; });
  return lines;
}

TEST(CrossOver, KeepsItsParentsBounds) {
  Random random(12);
  int children = 0;
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    const Schedule a = RandomSchedule(random), b = RandomSchedule(random);
    const Bytes child = Crossed(4096, Encoded(a), Encoded(b), seed);
    const Schedule schedule = Decoded(child);
    ASSERT_EQ(WhatIsWrongWith(schedule), "");
    if (LastMutation() != std::string("cross-over")) continue;  // a mutation of `a` alone
    ++children;
    ASSERT_LE(schedule.cpus, std::max(a.cpus, b.cpus)) << seed;
    ASSERT_LE(schedule.batch, std::max(a.batch, b.batch)) << seed;
    ASSERT_EQ(Encoded(schedule, Settings().members), child);
  }
  EXPECT_GT(children, 1000);
}

// A child may be mutated too, so this holds for most children, not for each.
TEST(CrossOver, TakesTheLinesOfACpuFromOneParent) {
  Random random(13);
  int children = 0, pure = 0, mixed = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    const Schedule parents[2] = {Parent(random, false), Parent(random, true)};
    const Schedule child = Decoded(Crossed(4096, Encoded(parents[0]), Encoded(parents[1]), seed));
    if (LastMutation() != std::string("cross-over")) continue;
    ++children;
    bool of_parents = true, from[2] = {};
    for (int cpu = 0; cpu < child.cpus; ++cpu) {
      const std::vector<ProgramLine> lines = LinesOf(child, cpu);
      bool found = false;
      for (int parent = 0; parent < 2 && !found; ++parent) {
        found = lines == LinesOf(parents[parent], cpu);
        from[parent] |= found && !lines.empty();
      }
      of_parents &= found;
    }
    pure += of_parents;
    mixed += of_parents && from[0] && from[1];
  }
  EXPECT_GT(children, 500);
  EXPECT_GT(pure, children / 2);
  EXPECT_GT(mixed, children / 4);
}

TEST(CrossOver, WritesIntoAnyRoomFromAnyParents) {
  Random random(14);
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    const size_t room = kSizes[seed % std::size(kSizes)];
    const Bytes a = seed % 5 == 0   ? Bytes{}
                    : seed % 7 == 0 ? RandomBytes(random, 6000)
                                    : RandomInput(random);
    const Bytes b = seed % 11 == 0 ? Bytes{} : RandomInput(random);
    ASSERT_EQ(WhatIsWrongWith(Decoded(Crossed(room, a, b, seed))), "");
  }
}

// --- Trimming ---

TEST(Trim, TriesEveryRecordOnce) {
  Random random(15);
  for (int i = 0; i < 200; ++i) {
    const Schedule schedule = RandomSchedule(random);
    const Bytes bytes = Encoded(schedule, 3);
    ASSERT_EQ(TrimSteps(bytes),
              schedule.order.size() + schedule.program.size() + schedule.init.size());
    size_t orders = 0, programs = 0, inits = 0;
    for (size_t step = 0; step < TrimSteps(bytes); ++step) {
      Bytes out(kMaxEncodedBytes);
      out.resize(TrimAt(bytes, step, out));
      ASSERT_EQ(out.size(), bytes.size() - kRecordBytes);
      Schedule trimmed;
      ASSERT_EQ(DecodeBytes(out, trimmed), 3) << "the family stays as it was";
      ASSERT_EQ(WhatIsWrongWith(trimmed), "");
      ASSERT_EQ(Encoded(trimmed, 3), out);
      ASSERT_EQ(trimmed.tail, schedule.tail);
      orders += LacksOne(schedule.order, trimmed.order);
      programs += LacksOne(schedule.program, trimmed.program);
      inits += LacksOne(schedule.init, trimmed.init);
    }
    ASSERT_EQ(orders, schedule.order.size());
    ASSERT_EQ(programs, schedule.program.size());
    ASSERT_EQ(inits, schedule.init.size());
  }
}

}  // namespace
}  // namespace gatherfuzz
