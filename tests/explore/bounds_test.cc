// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The bounds of exploration as text.
#include "explore/bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "harness/random.h"

namespace gatherfuzz {
namespace {

using ::testing::HasSubstr;

Bounds Parsed(const std::string& text) {
  const auto parsed = ParseBounds(text);
  if (const auto* error = std::get_if<std::string>(&parsed)) {
    ADD_FAILURE() << text << ": " << *error;
    return {};
  }
  return std::get<Bounds>(parsed);
}

std::string ErrorOf(const std::string& text) {
  const auto parsed = ParseBounds(text);
  const auto* error = std::get_if<std::string>(&parsed);
  return error != nullptr ? *error : "none";
}

TEST(Bounds, NothingSaidIsTheDefault) {
  EXPECT_EQ(Parsed(""), Bounds{});
  EXPECT_EQ(Parsed(" \t\n"), Bounds{});
  EXPECT_EQ(PrintBounds({}),
            "cpus=2 ops=2 walkers=1 pages=3 at=3 vmas=1 huge=0 batch=4 symmetry=1 init=warm "
            "kinds=munmap,dontneed,free,read,write");
}

TEST(Bounds, KeysComeInAnyOrder) {
  Bounds expected;
  expected.cpus = 3;
  expected.pages = 5;
  expected.at = 20;
  expected.kinds = Bit(OpKind::kMap) | Bit(OpKind::kMunmap);
  expected.init = Bit(InitState::kWarm) | Bit(InitState::kEmpty);
  EXPECT_EQ(Parsed("cpus=3 pages=5 at=20 kinds=map,munmap init=warm,empty"), expected);
  EXPECT_EQ(Parsed(" init=empty,warm\tkinds=munmap,map  at=20\npages=5 cpus=3 "), expected);
}

TEST(Bounds, WhatIsPrintedIsRead) {
  Random random(4);
  const auto one_of = [&](int least, int most) {
    return least + static_cast<int>(random.Below(static_cast<uint32_t>(most - least + 1)));
  };
  int tried = 0;
  while (tried < 2000) {
    Bounds bounds;
    bounds.cpus = one_of(1, kMaxBoundCpus);
    bounds.ops = one_of(1, kMaxBoundOps);
    bounds.walkers = one_of(0, kMaxBoundFills);
    bounds.pages = one_of(1, kMaxBoundPages);
    bounds.at = one_of(0, kPages - 1);
    bounds.vmas = one_of(1, 2);
    bounds.huge = one_of(0, 1);
    bounds.batch = one_of(1, kMaxBatch);
    bounds.symmetry = one_of(0, 1);
    bounds.init = static_cast<uint32_t>(one_of(1, 15));
    bounds.kinds = static_cast<uint32_t>(one_of(1, 63));
    bounds.memory = static_cast<uint32_t>(one_of(1, 4));
    bounds.hardware = static_cast<uint32_t>(one_of(1, 3));
    const std::string text = PrintBounds(bounds);
    if (const std::string wrong = WhatIsWrong(bounds); !wrong.empty()) {
      EXPECT_EQ(ErrorOf(text), wrong) << text;
      continue;
    }
    EXPECT_EQ(Parsed(text), bounds) << text;
    ++tried;
  }
}

// Where the boundary between two tables, at page 4, is in the window.
TEST(Bounds, TheWindowCrossesFromOneTableToTheNext) {
  for (const auto& [text, window] : {
           std::pair<const char*, PageRange>{"pages=1", {3, 4}},
           {"pages=2", {3, 5}},
           {"pages=3", {3, 6}},
           {"pages=4", {2, 6}},
           {"pages=5", {2, 7}},
           {"pages=6", {1, 7}},
           {"pages=7", {1, 8}},
           {"pages=8", {0, 8}},
           {"huge=1 pages=4", {4, 8}},
           {"huge=1 pages=5", {3, 8}},
           {"huge=1 pages=7", {1, 8}},
           {"huge=1 pages=8", {0, 8}},
           {"at=60 pages=4", {60, 64}},
       }) {
    EXPECT_EQ(Parsed(text).window(), window) << text;
  }
}

TEST(Bounds, AnErrorNamesTheKeyWhatWasGivenAndWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("cpus=5"), "cpus=5: expected a number from 1 to 4");
  EXPECT_EQ(ErrorOf("cpus=0"), "cpus=0: expected a number from 1 to 4");
  EXPECT_EQ(ErrorOf("ops=2 ops=2"), "ops=2: expected each key once, and this is its second");
  EXPECT_EQ(ErrorOf("ops=two"), "ops=two: expected a number from 1 to 6");
  EXPECT_EQ(ErrorOf("ops=2x"), "ops=2x: expected a number from 1 to 6");
  EXPECT_EQ(ErrorOf("ops="), "ops=: expected a number from 1 to 6");
  EXPECT_EQ(ErrorOf("ops=99999999999"), "ops=99999999999: expected a number from 1 to 6");
  EXPECT_EQ(ErrorOf("ops"), "ops: expected KEY=VALUE");
  EXPECT_EQ(ErrorOf("=3"),
            "=3: expected one of the keys cpus, ops, walkers, pages, at, vmas, huge, batch, "
            "symmetry, asids, rcu, pfn, init, kinds, kernel, memory, hardware");
  EXPECT_EQ(ErrorOf("asids=7"), "asids=7: expected a number from -1 to 5");
  EXPECT_EQ(ErrorOf("asids=1"),
            "asids=1: expected kinds with switch, without which no CPU takes one");
  EXPECT_EQ(std::get<Bounds>(ParseBounds("asids=1 kinds=munmap,switch")).asids, 1);
  EXPECT_THAT(ErrorOf("page=3"), HasSubstr("page=3: expected one of the keys cpus, "));
  EXPECT_EQ(ErrorOf("init=hot"),
            "init=hot: expected one or more of warm,cold,dirty,empty, separated by commas");
  for (const std::string value : {"fill", "", "munmap,", ",munmap", "munmap,,read", "munmap, "}) {
    EXPECT_THAT(ErrorOf("kinds=" + value),
                HasSubstr("expected one or more of map,munmap,dontneed,free,read,write,guard,"
                          "unguard,reclaim,swapout,protect,uffdwp,cleardirty,numa,reap,switch,idle,"
                          "wake,remap,exit,fork,migrate,ksm,pin,revoke,unshare,othermunmap,"
                          "leave,forkpart, "));
  }
}

TEST(Bounds, AnErrorSaysWhatContradicts) {
  EXPECT_EQ(ErrorOf("at=62"), "at=62: expected a number from 0 to 61 with pages=3");
  EXPECT_EQ(ErrorOf("at=61"), "none");
  EXPECT_EQ(ErrorOf("vmas=2 pages=1"), "vmas=2: expected 1 with pages=1");
  EXPECT_EQ(ErrorOf("kinds=map,read"),
            "kinds=map,read: expected at least one of munmap,dontneed,free,protect,uffdwp,"
            "cleardirty,numa,reap,remap,exit,revoke,unshare, as no other opens a gather");
  EXPECT_EQ(ErrorOf("kinds=guard,read"),
            "kinds=read,guard: expected none of guard with kernel=6.12; kernel=6.17 has guard");
  EXPECT_EQ(ErrorOf("kinds=guard,read kernel=6.17"), "none");
  EXPECT_EQ(ErrorOf("kinds=read kernel=7.1"),
            "kinds=read: expected at least one of munmap,dontneed,free,guard,protect,uffdwp,"
            "cleardirty,numa,reap,remap,exit,revoke,unshare, as no other opens a gather");
  EXPECT_EQ(ErrorOf("kernel=6.1,7.1"), "kernel=6.1,7.1: expected one version");
  EXPECT_EQ(ErrorOf("kernel=5.1"),
            "kernel=5.1: expected one or more of 6.1,6.12,6.12+vma,6.17,6.17+vma,7.1,7.1+vma, "
            "separated by commas");
  EXPECT_EQ(Parsed("kernel=6.12"), Bounds{});
  EXPECT_EQ(ErrorOf("memory=pso"),
            "memory=pso: expected one or more of sc,tso,weak,late, separated by commas");
  EXPECT_EQ(ErrorOf("memory=tso,weak"), "memory=tso,weak: expected one model");
  EXPECT_EQ(Parsed("memory=sc"), Bounds{});
  EXPECT_EQ(ErrorOf("memory=weak"), "none");
  EXPECT_EQ(ErrorOf("kernel=6.17+vma"), "none");
  EXPECT_EQ(
      ErrorOf("kernel=6.17+vma memory=weak"),
      "kernel=6.17+vma: expected 6.17, as the locks of VMAs are modelled with memory=sc only");
  EXPECT_EQ(ErrorOf("hardware=pti"),
            "hardware=pti: expected one or more of plain,tce,faults,invlpgb, separated by commas");
  EXPECT_EQ(ErrorOf("hardware=plain,tce"), "hardware=plain,tce: expected one machine");
  EXPECT_EQ(Parsed("hardware=plain"), Bounds{});
  EXPECT_EQ(ErrorOf("hardware=faults"), "none");
  EXPECT_EQ(ErrorOf("hardware=faults memory=weak"),
            "hardware=faults: expected another, as that is modelled with memory=sc only");
  EXPECT_EQ(ErrorOf("pfn=1 kinds=munmap,revoke"), "none");
  EXPECT_EQ(ErrorOf("kinds=munmap,revoke"),
            "pfn=0: expected 1 with kinds=munmap,revoke, as there is no PFN map to revoke without");
  EXPECT_EQ(ErrorOf("pfn=1 memory=weak"),
            "pfn=1: expected 0, as PFN maps are modelled with memory=sc only");
  EXPECT_EQ(ErrorOf("kinds=dontneed,switch,idle"), "none");
  EXPECT_EQ(ErrorOf("memory=tso kinds=dontneed,switch,idle"),
            "kinds=dontneed,switch,idle: expected none of switch,idle, as CPUs that switch or "
            "sleep are modelled with memory=sc only");
  const std::string no_block =
      "huge=1: expected 0, as no VMA of the window holds an aligned block of 4 pages";
  EXPECT_EQ(ErrorOf("huge=1"), no_block);
  EXPECT_EQ(ErrorOf("huge=1 pages=7 at=1"), "none");
  EXPECT_EQ(ErrorOf("huge=1 pages=6 at=1"), no_block);
  EXPECT_EQ(ErrorOf("huge=1 pages=4 vmas=2"), no_block);
  EXPECT_EQ(ErrorOf("huge=1 pages=6 vmas=2"), no_block);
  EXPECT_EQ(ErrorOf("huge=1 pages=7 vmas=2"), "none");
  EXPECT_EQ(ErrorOf("huge=1 pages=8 vmas=2"), "none");
  const std::string no_race =
      "walkers=0: expected 1 or more, or two cpus and two ops, as a race takes two agents with a "
      "program";
  EXPECT_EQ(ErrorOf("walkers=0 cpus=1"), no_race);
  EXPECT_EQ(ErrorOf("walkers=0 ops=1"), no_race);
  EXPECT_EQ(ErrorOf("walkers=0"), "none");
  EXPECT_EQ(ErrorOf("walkers=1 cpus=1 ops=1"), "none");
}

TEST(Bounds, ThoseMadeInCodeAreChecked) {
  Bounds bounds;
  EXPECT_EQ(WhatIsWrong(bounds), "");
  bounds.cpus = 9;
  EXPECT_EQ(WhatIsWrong(bounds), "cpus=9: expected a number from 1 to 4");
  bounds = {};
  bounds.init = 0;
  EXPECT_THAT(WhatIsWrong(bounds), HasSubstr("init=: expected one or more of warm,"));
  bounds = {};
  bounds.kinds |= Bit(OpKind::kFill);
  EXPECT_THAT(WhatIsWrong(bounds), HasSubstr("kinds=munmap,dontneed,free,read,write,?: expected"));
  bounds = {};
  bounds.kinds = Bit(OpKind::kRead);
  EXPECT_THAT(WhatIsWrong(bounds), HasSubstr("kinds=read: expected at least one of munmap,"));
}

}  // namespace
}  // namespace gatherfuzz
