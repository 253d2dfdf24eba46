// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The memory models against litmus tests whose answers are known, and against independent
// descriptions of the same: store buffers for x86-TSO, axioms for release and acquire.
#include "model/machine/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "harness/random.h"
#include "tests/model/litmus.h"

namespace gatherfuzz {
namespace {

using namespace litmus;

// A test, the outcome it asks for, and whether that is sometimes so. What says so: `lkmm`, herd7
// 7.57 with the kernel's memory model; `tso`, x86-TSO.
struct Litmus {
  const char* name;
  Program program;
  const char* outcome;
  bool lkmm, tso;
};

std::vector<Litmus> Tests() {
  return {
      // Two barriers of a store and a load each.
      {"store buffering", {{W('x', 1), R('y')}, {W('y', 1), R('x')}}, "0:0 1:0", true, true},
      {"dekker-mb-mb",
       {{W('x', 1), Mb(), R('y')}, {W('y', 1), Mb(), R('x')}},
       "0:0 1:0",
       false,
       false},
      {"dekker-none-mb", {{W('x', 1), R('y')}, {W('y', 1), Mb(), R('x')}}, "0:0 1:0", true, true},
      // A message and a flag.
      {"message passing", {{W('x', 1), W('y', 1)}, {R('y'), R('x')}}, "1:1,0", true, false},
      {"release alone", {{W('x', 1), Wrel('y', 1)}, {R('y'), R('x')}}, "1:1,0", true, false},
      {"acquire alone", {{W('x', 1), W('y', 1)}, {Racq('y'), R('x')}}, "1:1,0", true, false},
      {"release, acquire", {{W('x', 1), Wrel('y', 1)}, {Racq('y'), R('x')}}, "1:1,0", false, false},
      {"barriers", {{W('x', 1), Mb(), W('y', 1)}, {R('y'), Mb(), R('x')}}, "1:1,0", false, false},
      // Of one kind each: LKMM orders loads by smp_rmb(), stores by smp_wmb(), and nothing else.
      {"write barrier, read barrier",
       {{W('x', 1), Wmb(), W('y', 1)}, {R('y'), Rmb(), R('x')}},
       "1:1,0",
       false,
       false},
      {"write barrier alone",
       {{W('x', 1), Wmb(), W('y', 1)}, {R('y'), R('x')}},
       "1:1,0",
       true,
       false},
      {"read barrier alone",
       {{W('x', 1), W('y', 1)}, {R('y'), Rmb(), R('x')}},
       "1:1,0",
       true,
       false},
      {"read barriers where full ones are needed",
       {{W('x', 1), Rmb(), R('y')}, {W('y', 1), Wmb(), R('x')}},
       "0:0 1:0",
       true,
       true},
      {"write barrier, acquire",
       {{W('x', 1), Wmb(), W('y', 1)}, {Racq('y'), R('x')}},
       "1:1,0",
       false,
       false},
      {"release, read barrier",
       {{W('x', 1), Wrel('y', 1)}, {R('y'), Rmb(), R('x')}},
       "1:1,0",
       false,
       false},
      {"a write barrier passes on nothing that was only loaded",
       {{W('x', 1)}, {R('x'), Wmb(), W('y', 1)}, {Racq('y'), R('x')}},
       "1:1 2:1,0",
       true,
       false},
      {"release sequence by an update",
       {{W('x', 1), Wrel('y', 1)}, {X('y', 2)}, {Racq('y'), R('x')}},
       "1:1 2:2,0",
       false,
       false},
      {"a store ends the release sequence",
       {{W('x', 1), Wrel('y', 1)}, {R('y'), W('y', 2)}, {Racq('y'), R('x')}},
       "1:1 2:2,0",
       true,
       false},
      // One variable.
      {"coherence of loads", {{W('x', 1), W('x', 2)}, {R('x'), R('x')}}, "1:2,1", false, false},
      {"coherence with one's own",
       {{W('x', 1)}, {W('x', 2), R('x'), R('x')}},
       "1:1,2",
       false,
       false},
      {"an update takes the newest", {{X('x', 1)}, {X('x', 2)}}, "0:0 1:0", false, false},
      // What cannot come: a load that takes what is stored later.
      {"load buffering", {{R('x'), W('y', 1)}, {R('y'), W('x', 1)}}, "0:1 1:1", false, false},
      // Three.
      {"write to read causality",
       {{W('x', 1)}, {R('x'), Wrel('y', 1)}, {Racq('y'), R('x')}},
       "1:1 2:1,0",
       false,
       false},
      {"two readers, relaxed",
       {{W('x', 1)}, {W('y', 1)}, {Racq('x'), R('y')}, {Racq('y'), R('x')}},
       "2:1,0 3:1,0",
       true,
       false},
      {"two readers, barriers",
       {{W('x', 1)}, {W('y', 1)}, {R('x'), Mb(), R('y')}, {R('y'), Mb(), R('x')}},
       "2:1,0 3:1,0",
       false,
       false},
      // Locks.
      {"one lock",
       {{Lock('k'), W('x', 1), W('y', 1), Unlock('k')}, {Lock('k'), R('y'), R('x'), Unlock('k')}},
       "1:1,0",
       false,
       false},
      {"unlock, then lock, orders stores",
       {{Lock('k'), W('x', 1), Unlock('k'), Lock('l'), W('y', 1), Unlock('l')},
        {Racq('y'), R('x')}},
       "1:1,0",
       false,
       false},
      {"unlock, then lock, orders loads",
       {{W('x', 1), Wrel('y', 1)}, {R('y'), Lock('k'), Unlock('k'), Lock('l'), R('x')}},
       "1:1,0",
       false,
       false},
      {"lock alone orders no stores before it",
       {{W('x', 1), Lock('l'), W('y', 1), Unlock('l')}, {Racq('y'), R('x')}},
       "1:1,0",
       true,
       false},
      // The count of live gathers (x), and an entry (y) that is cleared (1) by an update: CPU 1
      // sees
      // it cleared, and then only its own increment.
      {"fullmm-onePTL",
       {{X('x', 1), Lock('k'), X('y', 1), Unlock('k')}, {Lock('k'), R('y'), Unlock('k'), R('x')}},
       "0:0,0 1:1,0",
       false,
       false},
      {"fullmm-otherPTL",
       {{X('x', 1), Lock('k'), X('y', 1), Unlock('k')}, {Lock('l'), R('y'), Unlock('l'), R('x')}},
       "0:0,0 1:1,0",
       true,
       false},
      {"fullmm-lockless",
       {{X('x', 1), Lock('k'), X('y', 1), Unlock('k')}, {R('y'), R('x')}},
       "0:0,0 1:1,0",
       true,
       false},
      {"fullmm-lockless, barrier after the increment",
       {{X('x', 1), Mb(), Lock('k'), X('y', 1), Unlock('k')}, {R('y'), R('x')}},
       "0:0,0 1:1,0",
       true,
       false},
      {"fullmm-lockless, read barrier after the look",
       {{X('x', 1), Lock('k'), X('y', 1), Unlock('k')}, {Racq('y'), R('x')}},
       "0:0,0 1:1,0",
       true,
       false},
      {"fullmm-lockless+both",
       {{X('x', 1), Mb(), Lock('k'), X('y', 1), Unlock('k')}, {Racq('y'), R('x')}},
       "0:0,0 1:1,0",
       false,
       false},
      {"fullmm-lockless, release and acquire",
       {{X('x', 1), Lock('k'), X('y', 1, MemoryOrder::release), Unlock('k')}, {Racq('y'), R('x')}},
       "0:0,0 1:1,0",
       false,
       false},
      // A flag (x) that is set before, or after, an entry (y) is cleared.
      {"Z3-same-lock",
       {{W('x', 1), Lock('k'), X('y', 1), Unlock('k')}, {Lock('k'), R('y'), R('x'), Unlock('k')}},
       "0:0 1:1,0",
       false,
       false},
      {"Z3-flag-after-unlock",
       {{Lock('k'), X('y', 1), W('x', 1), Unlock('k')}, {Lock('k'), R('y'), Unlock('k'), R('x')}},
       "0:0 1:0,0",
       true,
       true},
  };
}

TEST(Memory, LitmusTestsComeOutAsTheKernelsModelSays) {
  for (const Litmus& test : Tests()) {
    const Explored weak = Explore(test.program, MemoryModel::kWeak);
    EXPECT_EQ(weak.outcomes.contains(test.outcome), test.lkmm) << test.name;
    const Explored tso = Explore(test.program, MemoryModel::kTso);
    EXPECT_EQ(tso.outcomes.contains(test.outcome), test.tso) << test.name;
    EXPECT_FALSE(weak.full || tso.full) << test.name;
  }
}

// What a hardware walk after an invalidation may still see, as herd7 says with `-variant vmsa`: an
// entry (x) is changed, a DSB, a TLBI and a DSB ISH follow; the walk comes after (y tells it so).
TEST(Memory, WalkersSeeWhatADsbShowsThem) {
  const auto own = [](MemoryOrder first) {
    return Program{{W('x', 1), Dsb(first), Wrel('y', 1)}, {Racq('y'), HwWalk('x')}};
  };
  EXPECT_FALSE(Explore(own(MemoryOrder::release), MemoryModel::kWeak).outcomes.contains("1:1,0"));
  EXPECT_TRUE(Explore(own(MemoryOrder::relaxed), MemoryModel::kWeak).outcomes.contains("1:1,0"));
  // CPU 1 only sees that CPU 0 has changed it.
  const auto seen = [](MemoryOrder dsb) {
    return Program{{W('x', 1)}, {R('x'), Dsb(dsb), Wrel('y', 1)}, {Racq('y'), HwWalk('x')}};
  };
  const Outcomes ishst = Explore(seen(MemoryOrder::release), MemoryModel::kWeak).outcomes;
  const Outcomes ish = Explore(seen(MemoryOrder::full), MemoryModel::kWeak).outcomes;
  EXPECT_TRUE(ishst.contains("1:1 2:1,0"));
  EXPECT_FALSE(ish.contains("1:1 2:1,0"));
  // A release before it covers the load.
  const Program covered{{W('x', 1)},
                        {R('x'), Wrel('z', 1), Dsb(MemoryOrder::release), Wrel('y', 1)},
                        {Racq('y'), HwWalk('x')}};
  EXPECT_FALSE(Explore(covered, MemoryModel::kWeak).outcomes.contains("1:1 2:1,0"));
  // Who has seen a store has seen what was there before, whosever that is.
  const Program replaced{{W('x', 1), W('x', 2), Wrel('z', 1)},
                         {Racq('z'), X('x', 3), Dsb(MemoryOrder::release), Wrel('y', 1)},
                         {Racq('y'), HwWalk('x')}};
  const Outcomes outcomes = Explore(replaced, MemoryModel::kWeak).outcomes;
  EXPECT_TRUE(outcomes.contains("1:1,2 2:1,3"));
  for (const char* old : {"1:1,2 2:1,2", "1:1,2 2:1,1", "1:1,2 2:1,0"}) {
    EXPECT_FALSE(outcomes.contains(old)) << old;
  }
}

// Under x86 a walker lags with its CPU, and no further.
TEST(Memory, UnderTsoAWalkerLagsWithItsCpu) {
  const Program lags{{W('x', 1), HwWalk('y')}, {W('y', 1), R('x')}};
  EXPECT_TRUE(Explore(lags, MemoryModel::kTso).outcomes.contains("0:0 1:0"));
  const Program fenced{{W('x', 1), Mb(), HwWalk('y')}, {W('y', 1), Mb(), R('x')}};
  EXPECT_FALSE(Explore(fenced, MemoryModel::kTso).outcomes.contains("0:0 1:0"));
}

Program RandomProgram(Random& random, bool orders) {
  Program program(2 + random.Below(2));
  const uint32_t most = program.size() == 2 ? 4 : 3;
  int value = 0;
  for (auto& code : program) {
    for (uint32_t count = 1 + random.Below(most); count > 0; --count) {
      const char x = random.Below(2) == 0 ? 'x' : 'y';
      switch (random.Below(8)) {
        case 0: code.push_back(Mb()); break;
        case 1: code.push_back(X(x, ++value)); break;
        case 2:
        case 3:
          code.push_back(orders && random.Below(2) == 0 ? Wrel(x, ++value) : W(x, ++value));
          break;
        default: code.push_back(orders && random.Below(2) == 0 ? Racq(x) : R(x)); break;
      }
    }
  }
  return program;
}

TEST(Memory, TsoIsStoreBuffers) {
  int weaker = 0;
  Random random(1);
  for (int i = 0; i < 400; ++i) {
    const Program program = RandomProgram(random, false);
    const Outcomes outcomes = Explore(program, MemoryModel::kTso).outcomes;
    ASSERT_EQ(outcomes, ByStoreBuffers(program)) << Print(program);
    weaker += outcomes != Explore(program, MemoryModel::kSc).outcomes;
  }
  EXPECT_GT(weaker, 5);
}

TEST(Memory, WeakIsReleaseAndAcquire) {
  int weaker = 0;
  Random random(2);
  for (int i = 0; i < 400; ++i) {
    const Program program = RandomProgram(random, true);
    const Outcomes outcomes = Explore(program, MemoryModel::kWeak).outcomes;
    ASSERT_EQ(outcomes, ByAxioms(program)) << Print(program);
    weaker += outcomes != Explore(program, MemoryModel::kTso).outcomes;
  }
  EXPECT_GT(weaker, 15);
}

TEST(Memory, EachModelAllowsWhatTheStrongerOnesDo) {
  Random random(3);
  const auto has_all = [](const Outcomes& all, const Outcomes& some) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
  };
  for (int i = 0; i < 400; ++i) {
    const Program program = RandomProgram(random, true);
    const Outcomes sc = Explore(program, MemoryModel::kSc).outcomes;
    const Outcomes tso = Explore(program, MemoryModel::kTso).outcomes;
    const Outcomes weak = Explore(program, MemoryModel::kWeak).outcomes;
    ASSERT_TRUE(has_all(tso, sc)) << Print(program);
    ASSERT_TRUE(has_all(weak, tso)) << Print(program);
  }
}

// A variable has kMaxOld stores in flight at most; one more is said, not dropped.
TEST(Memory, AFullPoolIsSaid) {
  Program program(2);
  for (int i = 1; i <= kMaxOld; ++i) program[0].push_back(W('x', i));
  program[1] = {R('x')};
  const Explored fits = Explore(program, MemoryModel::kWeak);
  EXPECT_FALSE(fits.full);
  EXPECT_EQ(fits.most_in_flight, kMaxOld);
  program[0].push_back(W('x', 9));
  EXPECT_TRUE(Explore(program, MemoryModel::kWeak).full);
}

TEST(Memory, NothingIsKeptOnceAllHaveSeenIt) {
  World world{};
  Reset(world, 2, 4);
  world.mm.memory = MemoryModel::kWeak;
  NoteGone(world, WalkerOf(MakeCpu(0)));
  NoteGone(world, WalkerOf(MakeCpu(1)));
  NoteAsks(world, MakeCpu(0), true, false);
  NoteAsks(world, MakeCpu(1), true, false);
  const World before = world;
  NoteStore(world, MakeCpu(0), kCountAt, MemoryOrder::relaxed, Access::kUpdate);
  ++world.mm.tlb_flush_pending;
  EXPECT_EQ(world.weak.count, 1);
  EXPECT_EQ(OpenValues(world, ThreadOf(MakeCpu(0)), kCountAt), 0);
  EXPECT_EQ(OpenValues(world, ThreadOf(MakeCpu(1)), kCountAt), 1);
  EXPECT_EQ(ValueAt(world, kCountAt, 1).value, 0u);
  NoteLoad(world, ThreadOf(MakeCpu(1)), kCountAt, MemoryOrder::relaxed, 0);
  --world.mm.tlb_flush_pending;
  EXPECT_EQ(std::memcmp(&world, &before, sizeof world), 0);
}

}  // namespace
}  // namespace gatherfuzz
