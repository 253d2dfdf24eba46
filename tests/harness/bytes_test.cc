// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Bytes to schedules: every byte string is one, and one that runs.
#include "harness/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/execution.h"
#include "harness/family.h"
#include "harness/random.h"
#include "harness/text.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

Schedule Decoded(std::span<const uint8_t> bytes) {
  Schedule schedule;
  DecodeBytes(bytes, schedule);
  return schedule;
}

Bytes Encoded(const Schedule& schedule) {
  const EncodedBytes bytes = EncodeBytes(schedule);
  return {bytes.begin(), bytes.end()};
}

std::string Text(const Schedule& schedule) { return PrintText({.schedule = schedule}); }

// --- Every byte string is a schedule ---

struct Pattern {
  const char* name;
  uint8_t (*at)(size_t i);
};

constexpr uint8_t kBusyHeader[] = {kBytesVersion, 4, 2, 16, 2, 12, 1, 0xff, 1, 2, 3, 4, 0, 0, 3, 0};

constexpr Pattern kPatterns[] = {
    {"zeros", [](size_t) -> uint8_t { return 0; }},
    {"ones", [](size_t) -> uint8_t { return 0xff; }},
    {"ascending", [](size_t i) { return static_cast<uint8_t>(i); }},
    {"random", [](size_t i) { return static_cast<uint8_t>(Random(i).Next()); }},
    {"one record repeated",
     [](size_t i) {
       constexpr uint8_t kRecord[kRecordBytes] = {1, 0x86, 2, 3};
       return kRecord[i % kRecordBytes];
     }},
    {"a header, then junk",
     [](size_t i) {
       return i < kHeaderBytes ? kBusyHeader[i] : static_cast<uint8_t>(i * 37 ^ i >> 5);
     }},
};

Bytes Make(const Pattern& pattern, size_t length) {
  Bytes bytes(length);
  for (size_t i = 0; i < length; ++i) bytes[i] = pattern.at(i);
  return bytes;
}

TEST(Bytes, OfEveryLengthAreAScheduleInRange) {
  for (const Pattern& pattern : kPatterns) {
    for (size_t length = 0; length <= 4096; ++length) {
      const Schedule schedule = Decoded(Make(pattern, length));
      EXPECT_EQ(WhatIsWrongWith(schedule), "");
      if (HasFailure()) FAIL() << length << " bytes of " << pattern.name << "\n" << Text(schedule);
    }
  }
}

TEST(Bytes, EverySingleByteOfARecordIsTaken) {
  // Two CPUs: the agents of the other six must be mapped onto them, whatever the byte.
  const uint8_t header[kHeaderBytes] = {kBytesVersion, 2, 4, 64, 1, 1, 0, 0, 0, 0, 0, 0};
  for (size_t at = 0; at < 3 * kRecordBytes; ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes bytes(std::begin(header), std::end(header));
      bytes.resize(kHeaderBytes + 3 * kRecordBytes);
      bytes[kHeaderBytes + 2 * kRecordBytes + 1] = 196;  // the order's record: until a point
      bytes[kHeaderBytes + at] = static_cast<uint8_t>(value);
      const Schedule schedule = Decoded(bytes);
      EXPECT_EQ(WhatIsWrongWith(schedule), "");
      EXPECT_EQ(schedule.init.size(), 1u);
      EXPECT_EQ(schedule.program.size(), 1u);
      EXPECT_EQ(schedule.order.size(), 1u);
      if (HasFailure()) FAIL() << value << " at " << at << " of the records\n" << Text(schedule);
    }
  }
}

// The policies whose finish differs most, and so what runs do: no wait, waits of two kinds, and
// state of their own.
constexpr const char* kRunPolicies[] = {"own-range", "full-mm", "sync-finish", "overlap-list",
                                        "nesting-counters"};

// Runs under one of the policies and architectures, each other time to the end whatever is wrong.
uint32_t StepsOf(const Schedule& schedule, size_t which) {
  const auto archs = Archs();
  const size_t policy = which % std::size(kRunPolicies);
  const Arch* const arch = archs[which / std::size(kRunPolicies) % archs.size()];
  const RunOptions options{.ignored = which % 2 == 0 ? 0 : ~0u};
  const RunResult result = Result(schedule, kRunPolicies[policy], arch->name(), options);
  EXPECT_FALSE(result.limit && !result.out_of_stores) << Text(schedule);
  return result.steps;
}

TEST(Bytes, RunWithoutReachingTheLimitOfSteps) {
  size_t which = 0;
  for (const Pattern& pattern : kPatterns) {
    for (size_t length = 0; length <= 4096; length += length < 512 ? 1 : 7) {
      const Schedule schedule = Decoded(Make(pattern, length));
      for (int i = 0; i < 3; ++i) StepsOf(schedule, which++);
      if (HasFailure()) FAIL() << length << " bytes of " << pattern.name;
    }
  }
  Random random(2);
  for (int i = 0; i < 20000 && !HasFailure(); ++i) StepsOf(Decoded(RandomInput(random)), which++);
}

TEST(Bytes, TheLongestProgramsStayFarBelowTheLimitOfSteps) {
  Random random(3);
  uint32_t longest = 0;
  for (size_t which = 0; which < 400; ++which) {
    Schedule schedule;
    schedule.cpus = 1 + static_cast<int>(random.Below(kMaxCpus));
    schedule.batch = 1;  // a flush for each page
    schedule.init.push_back({.range = {0, kPages}, .flags = {.write = true}});
    schedule.init.push_back(
        {.kind = InitItem::Kind::kPresent, .range = {0, kPages}, .dirty = true});
    while (!schedule.program.full()) {
      const AgentId agent = CpuAgent(MakeCpu(static_cast<int>(random.Below(schedule.cpus))));
      const auto kind = random.Below(8) == 0 ? OpKind::kDontneed : OpKind::kFree;
      schedule.program.push_back({agent, {kind, {0, kPages}, {}}});
    }
    if (which % 2 == 0) schedule.tail = {Tail::Kind::kRuns, static_cast<uint32_t>(which)};
    Canonicalize(schedule);
    longest = std::max(longest, StepsOf(schedule, which));
  }
  EXPECT_GT(longest, 4000u) << "these programs are meant to be long";
  EXPECT_LT(longest, kStepLimit / 4);
}

// --- Canonical bytes ---

TEST(Bytes, OfAnyValueAreAScheduleInRangeWhoseCanonicalBytesDecodeToIt) {
  Random random(4);
  for (int i = 0; i < 20000; ++i) {
    const Schedule schedule = Decoded(RandomInput(random));
    EXPECT_EQ(WhatIsWrongWith(schedule), "");
    const Bytes canonical = Encoded(schedule);
    const Schedule again = Decoded(canonical);
    ASSERT_TRUE(again == schedule && !HasFailure()) << Text(schedule) << "became\n" << Text(again);
    ASSERT_EQ(Encoded(again), canonical);
  }
}

TEST(Bytes, OfATextDecodeToIt) {
  const Schedule schedule = FromText(R"(
      cpus 8
      batch 8
      kernel 7.1
      hardware tce
      memory weak
      init
        map 0..64 rw huge
        present 63..64 dirty
        cached cpu7 0..1
      cpu0
        map 0..64 r huge
        write 63
      walk7
        fill 63
      order
        cpu0 65535
        cpu7 256
        inv7 until deliver #255
        walk7 until walk_pte(63) #255
        cpu0 until syscall_return(0)
        walk7 until done
        rest runs 4294967295
  )")
                                .schedule;
  EXPECT_EQ(Text(Decoded(Encoded(schedule))), Text(schedule));
}

// The largest schedule: as many of everything as there may be.
Schedule LargestSchedule() {
  Random random(5);
  Bytes bytes = RandomBytes(random, kMaxEncodedBytes);
  const uint8_t header[] = {kBytesVersion, 8, 8, 64, kMaxInit, kMaxOps, 1, 0};
  std::copy(std::begin(header), std::end(header), bytes.begin());
  return Decoded(bytes);
}

TEST(Bytes, OfTheLargestScheduleFit) {
  const Schedule largest = LargestSchedule();
  EXPECT_TRUE(largest.init.full() && largest.program.full() && largest.order.full());
  EXPECT_EQ(Encoded(largest).size(), kMaxEncodedBytes);
  EXPECT_TRUE(Decoded(Encoded(largest)) == largest);
}

TEST(Bytes, BeyondTheLargestScheduleAreNothing) {
  const Schedule largest = LargestSchedule();
  Bytes bytes = Encoded(largest);
  bytes.resize(bytes.size() + 1000, 0x55);
  EXPECT_TRUE(Decoded(bytes) == largest);
}

TEST(Bytes, ThatFillNoRecordOfTheOrderAreNothing) {
  const Schedule schedule = FromText("cpu0\n  read 1\norder\n  cpu0 1\n").schedule;
  Bytes bytes = Encoded(schedule);
  for (size_t i = 1; i < kRecordBytes; ++i) {
    bytes.push_back(0x55);
    EXPECT_TRUE(Decoded(bytes) == schedule);
  }
  bytes.push_back(0x55);
  EXPECT_EQ(Decoded(bytes).order.size(), 2u);
}

TEST(Bytes, LeaveNothingOfTheScheduleThatWasThere) {
  Random random(6);
  Schedule used = LargestSchedule();
  for (int i = 0; i < 2000; ++i) {
    const Bytes bytes = RandomInput(random);
    DecodeBytes(bytes, used);
    ASSERT_TRUE(used == Decoded(bytes)) << Text(used);
  }
}

// --- What a mutation changes ---

// Whether `after` is `before` but for one line, which may also stand elsewhere.
bool DifferInOneLine(const Schedule& before, const Schedule& after, size_t line) {
  std::vector<ProgramLine> rest(before.program.begin(), before.program.end());
  rest.erase(rest.begin() + static_cast<ptrdiff_t>(line));
  for (size_t i = 0; i < after.program.size(); ++i) {
    std::vector<ProgramLine> others(after.program.begin(), after.program.end());
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    if (others == rest) return true;
  }
  return false;
}

bool SameButForPrograms(Schedule before, Schedule after) {
  before.program.clear();
  after.program.clear();
  return before == after;
}

TEST(Bytes, MutatedInOneOperationChangeOnlyThatOperation) {
  Random random(7);
  int changed = 0;
  for (int i = 0; i < 4000; ++i) {
    const Schedule before = Decoded(RandomInput(random));
    if (before.program.empty()) continue;
    const uint32_t line = random.Below(static_cast<uint32_t>(before.program.size()));
    Bytes bytes = Encoded(before);
    const size_t record = kHeaderBytes + kRecordBytes * (before.init.size() + line);
    bytes[record + random.Below(kRecordBytes)] = static_cast<uint8_t>(random.Next());
    const Schedule after = Decoded(bytes);
    ASSERT_TRUE(SameButForPrograms(before, after)) << Text(before) << "became\n" << Text(after);
    ASSERT_TRUE(DifferInOneLine(before, after, line)) << Text(before) << "became\n" << Text(after);
    changed += !(after == before);
  }
  EXPECT_GT(changed, 1500) << "mutations are to have an effect";
}

TEST(Bytes, MutatedInOneRunChangeOnlyThatRun) {
  Random random(8);
  int changed = 0;
  for (int i = 0; i < 4000; ++i) {
    const Schedule before = Decoded(RandomInput(random));
    if (before.order.empty()) continue;
    const uint32_t line = random.Below(static_cast<uint32_t>(before.order.size()));
    Bytes bytes = Encoded(before);
    const size_t record = bytes.size() - kRecordBytes * (before.order.size() - line);
    bytes[record + random.Below(kRecordBytes)] = static_cast<uint8_t>(random.Next());
    Schedule after = Decoded(bytes);
    changed += !(after == before);
    ASSERT_EQ(after.order.size(), before.order.size());
    after.order[line] = before.order[line];
    ASSERT_TRUE(after == before) << Text(before) << "became\n" << Text(after);
  }
  EXPECT_GT(changed, 1000) << "mutations are to have an effect";
}

// --- What short inputs are ---

TEST(Bytes, OfShortInputsGiveSchedulesThatAllDiffer) {
  std::set<Bytes> schedules{Encoded(Decoded({}))};
  size_t inputs = 1;
  for (int first = 0; first < 256; ++first) {
    const Bytes one{static_cast<uint8_t>(first)};
    schedules.insert(Encoded(Decoded(one)));
    ++inputs;
    for (int second = 0; second < 256; second += 5) {
      const Bytes two{static_cast<uint8_t>(first), static_cast<uint8_t>(second)};
      schedules.insert(Encoded(Decoded(two)));
      ++inputs;
    }
  }
  EXPECT_EQ(schedules.size(), inputs);
}

// The last byte of these fills no record, so that only the hash can tell.
Bytes HeaderAndOneByte() {
  return {kBytesVersion, 2, 4, 64, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0};
}

TEST(Bytes, NameTheirTail) {
  // Byte 6 says which tail, 8 to 11 are its seed, 12 and 13 its expected steps.
  Bytes bytes = HeaderAndOneByte();
  EXPECT_EQ(Decoded(bytes).tail, Tail{});
  for (int kind = 1; kind < kTailKinds; ++kind) {
    bytes[6] = static_cast<uint8_t>(kind);
    Tail tail{static_cast<Tail::Kind>(kind), 0x04030201};
    if (tail.kind == Tail::Kind::kPct) tail.steps = 0x0605;
    EXPECT_EQ(Decoded(bytes).tail, tail);
    // The same without choices that cannot matter, where the bytes were written as such.
    bytes[6] = static_cast<uint8_t>(128 + kind);
    tail.joined = true;
    EXPECT_EQ(Decoded(bytes).tail, tail);
    bytes[3] = 63;
    EXPECT_FALSE(Decoded(bytes).tail.joined);
    bytes[3] = 64;
  }
  for (const int code : {kTailKinds, 127, 128, 128 + kTailKinds, 255}) {
    bytes[6] = static_cast<uint8_t>(code);
    EXPECT_FALSE(Decoded(bytes).tail.joined) << code;
    EXPECT_NE(Decoded(bytes).tail.kind, Tail::Kind::kRest) << code;
  }
}

TEST(Bytes, WithoutATailOfTheirOwnTakeItsSeedFromAllOfThem) {
  Bytes bytes = HeaderAndOneByte();
  bytes[6] = kTailKinds;
  std::set<uint32_t> seeds;
  for (int last = 0; last < 256; ++last) {
    bytes.back() = static_cast<uint8_t>(last);
    const Tail tail = Decoded(bytes).tail;
    EXPECT_NE(tail.kind, Tail::Kind::kRest);
    seeds.insert(tail.seed);
  }
  EXPECT_EQ(seeds.size(), 256u);
}

TEST(Bytes, SayHowManyMembersTheirFamilyHas) {
  Bytes bytes = HeaderAndOneByte();
  for (int more = 0; more < 256; ++more) {
    bytes[14] = static_cast<uint8_t>(more);
    Schedule schedule;
    const int members = DecodeBytes(bytes, schedule);
    if (more < kMaxMembers) {
      EXPECT_EQ(members, more + 1);
      const EncodedBytes again = EncodeBytes(schedule, members);
      EXPECT_EQ(again[14], more);
    }
    EXPECT_THAT(members, AllOf(Ge(1), Le(kMaxMembers)));
  }
}

TEST(Bytes, AtRandomMakeSchedulesInWhichSomethingHappens) {
  Random random(9);
  int violations = 0, invalidations = 0;
  for (int i = 0; i < 2000; ++i) {
    const Bytes bytes = RandomBytes(random, 8 + random.Below(60));
    const RunResult result = Result(Decoded(bytes), "own-range", "x86");
    violations += !result.clean();
    invalidations += result.cost.invalidations != 0;
  }
  // The bounds are far below what was seen, and far above what an unpopulated machine would give.
  EXPECT_GT(invalidations, 500);
  EXPECT_GT(violations, 10);
}

// What bytes mean is a format: a stored input must stay what it was, on every build.
TEST(Bytes, MeanTheSameOnEveryBuild) {
  constexpr std::string_view kInput =
      "gather fuzz: 16 for the head, 4 for each line of it; the rest";
  const auto* const data = reinterpret_cast<const uint8_t*>(kInput.data());
  EXPECT_EQ(Text(Decoded({data, kInput.size()})), R"(gatherfuzz 1
cpus 2
batch 1

init
  map 0..16 rw
  present 0..14 dirty
  present 8..10
  cached cpu0 0..14
  cached cpu1 0..14
  cached cpu0 15..18

cpu0
  map 2..35 rw huge
  dontneed 3..4

cpu1
  dontneed 1..2
  dontneed 4..37

order
  cpu0 13
  inv0 1
  cpu0 10
  cpu0 5
  cpu0 3
  rest runs 2681058657
)");
}

}  // namespace
}  // namespace gatherfuzz
