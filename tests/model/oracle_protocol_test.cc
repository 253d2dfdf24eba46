// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// protocol-error: policies that keep the books wrongly, each beside one that differs as little as
// possible and keeps them right. They live here, outside of model/: a policy is one class and one
// registration, wherever it is linked in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/kernel/locks.h"
#include "model/oracle/oracle.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

using ::testing::Contains;

// Finishes as before 4.13; what differs is overridden.
class Plain : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
};

// Makes a policy of `Protocol` known under `name`.
template <typename Protocol>
class Registered {
 public:
  explicit Registered(const char* name)
      : policy_(name, "what its name says", "a test", protocol_), registration_(&policy_) {}

 private:
  const Protocol protocol_{};
  const Policy policy_;
  const RegisterPolicy registration_;
};

// --- Pages ---

class ForgetsAPage final : public Plain {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    return page != 1 && Plain::RemovePage(t, frame, page, level);
  }
};
const Registered<ForgetsAPage> kForgetsAPage("test-forgets-a-page");

struct Late {
  Queued page;
  uint8_t kept;
};

// Queues page 1 late, at finish: that is not forgotten.
class FreesAPageLate final : public Plain {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    if (page != 1) return Plain::RemovePage(t, frame, page, level);
    UpdatePolicyState<Late>(t, Point::policy_write, [&](Late& late) {
      late = {{frame, static_cast<uint8_t>(page), level}, 1};
    });
    return false;
  }

 protected:
  void Finishing(const Thread& t) const override {
    const Late late = ReadPolicyState<Late>(t.world());
    if (!late.kept) return;
    Plain::RemovePage(t, late.page.frame, late.page.page, late.page.level);
    UpdatePolicyState<Late>(t, Point::policy_write, [](Late& state) { state = {}; });
  }
};
const Registered<FreesAPageLate> kFreesAPageLate("test-frees-a-page-late");

class FreesTwice final : public Plain {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    Plain::RemovePage(t, frame, page, level);
    return Plain::RemovePage(t, frame, page, level);
  }
};
const Registered<FreesTwice> kFreesTwice("test-frees-twice");

class FreesTheNeighbour final : public Plain {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    return Plain::RemovePage(t, MakeFrame(Index(frame) + 1), page, level);
  }
};
const Registered<FreesTheNeighbour> kFreesTheNeighbour("test-frees-the-neighbour");

// Lets the batch grow beyond what it has room for.
class NeverSaysFull final : public Plain {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    Plain::RemovePage(t, frame, page, level);
    return false;
  }
};
const Registered<NeverSaysFull> kNeverSaysFull("test-never-says-full");

// --- Tables ---

class ForgetsATable final : public Plain {
 public:
  void RemoveTable(const Thread&, FrameId, int, Level) const override {}
};
const Registered<ForgetsATable> kForgetsATable("test-forgets-a-table");

class FreesATableAsAPage final : public Plain {
 public:
  void RemoveTable(const Thread& t, FrameId table, int page, Level) const override {
    Plain::RemovePage(t, table, page, Level::kPte);
  }
};
const Registered<FreesATableAsAPage> kFreesATableAsAPage("test-frees-a-table-as-a-page");

class LocksATable final : public Plain {
 public:
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    LockTable(t, table, page);
    Plain::RemoveTable(t, table, page, level);
  }
};
const Registered<LocksATable> kLocksATable("test-locks-a-table");

class LocksAndUnlocksATable final : public Plain {
 public:
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    LockTable(t, table, page);
    UnlockTable(t, table, page);
    Plain::RemoveTable(t, table, page, level);
  }
};
const Registered<LocksAndUnlocksATable> kLocksAndUnlocks("test-locks-and-unlocks-a-table");

// --- The count ---

void Lower(const Thread& t) {
  t.Step(Point::pending_dec);
  CheckPending(t.system, t.cpu);
  --t.world().mm.tlb_flush_pending;
}

class LowersTwice final : public Plain {
 protected:
  void AfterDec(const Thread& t) const override { Lower(t); }
};
const Registered<LowersTwice> kLowersTwice("test-lowers-twice");

// Raises it twice, too.
class CountsDouble final : public Plain {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    Plain::Gather(t, range);
    t.Step(Point::pending_inc);
    ++t.world().mm.tlb_flush_pending;
  }

 protected:
  void AfterDec(const Thread& t) const override { Lower(t); }
};
const Registered<CountsDouble> kCountsDouble("test-counts-double");

class NeverLowers final : public Plain {
 public:
  void Finish(const Thread& t) const override {
    Flush(t);
    t.gather() = MmuGather{};
  }
};
const Registered<NeverLowers> kNeverLowers("test-never-lowers");

class LeavesItsGatherLive final : public Plain {
 public:
  void Finish(const Thread& t) const override {
    Flush(t);
    Lower(t);
  }
};
const Registered<LeavesItsGatherLive> kLeavesItsGatherLive("test-leaves-its-gather-live");

// --- Locks, and the policy's own state ---

class HoldsMmapLock final : public Plain {
 protected:
  // munmap drops the lock of its own CPU; nobody drops that of the last one.
  void AfterDec(const Thread& t) const override {
    t.world().mm.mmap_readers |= CpuBit(MakeCpu(kMaxCpus - 1));
  }
};
const Registered<HoldsMmapLock> kHoldsMmapLock("test-holds-mmap-lock");

class HoldsATableLock final : public Plain {
 protected:
  void AfterDec(const Thread& t) const override { LockTable(t, kRootFrame, 0); }
};
const Registered<HoldsATableLock> kHoldsATableLock("test-holds-a-table-lock");

// Counts live gathers by itself, and has to find none at the end.
template <bool lowers>
class CountsByItself final : public Plain {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    Plain::Gather(t, range);
    UpdatePolicyState<uint8_t>(t, Point::policy_rmw, [](uint8_t& live) { ++live; });
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<uint8_t>(world) == 0; }

 protected:
  void BeforeDec(const Thread& t) const override {
    if (!lowers) return;
    UpdatePolicyState<uint8_t>(t, Point::policy_rmw, [](uint8_t& live) { --live; });
  }
};
const Registered<CountsByItself<true>> kCountsByItself("test-counts-by-itself");
const Registered<CountsByItself<false>> kNeverAtRest("test-never-at-rest");

// --- What must come of them ---

// One CPU, no race: three pages, and the two tables that go with the munmap.
constexpr std::string_view kAlone = R"(
    cpus 1
    init
      map 0..3 rw
      present 0..3
    cpu0
      dontneed 0..2
      munmap 0..3
)";

Violation ViolationOf(std::string_view policy, std::string_view text = kAlone) {
  return Result(FromText(text).schedule, policy, "x86").violation;
}

// From 6.14 on a dontneed may unlink a table that it frees later, and a fault fills the slot
// meanwhile: more tables than there are slots, and none of them lost.
TEST(ProtocolError, TablesThatAreQueuedAreNotLost) {
  constexpr const char* kText =
      "gatherfuzz 1\ncpus 2\nkernel 6.17\ninit\n map 0..64 rw\n present 0..64\ncpu0\n"
      " dontneed 8..12\ncpu1\n read 9\norder\n cpu0 until pmd_unlock(8)\n"
      " cpu1 until pmd_unlock(9)\n rest\n";
  for (const char* arch : {"x86", "arm64"}) EXPECT_EQ(Verdict(kText, "full-mm", arch), "none");
}

struct Case {
  const char* policy;
  const char* detail;
};

// The books are closed when all agents are done.
class LeftAtTheEnd : public ::testing::TestWithParam<Case> {};

TEST_P(LeftAtTheEnd, IsReported) {
  const Violation violation = ViolationOf(GetParam().policy);
  EXPECT_EQ(Info(violation.kind).name, "protocol-error");
  EXPECT_STREQ(violation.detail, GetParam().detail);
  EXPECT_EQ(violation.cpu, -1);  // it is nobody's in particular
  EXPECT_EQ(violation.page, -1);
}

INSTANTIATE_TEST_SUITE_P(
    ProtocolError, LeftAtTheEnd,
    ::testing::Values(Case{"test-forgets-a-page", "a removed page was never freed"},
                      Case{"test-forgets-a-table", "a removed table was never freed"},
                      Case{"test-never-lowers", "tlb_flush_pending is not zero at the end"},
                      Case{"test-leaves-its-gather-live", "a gather is live at the end"},
                      Case{"test-never-at-rest", "the policy's state is not at rest at the end"}),
    [](const auto& instance) {
      std::string name;
      for (const char* c = instance.param.policy; *c != '\0'; ++c) {
        if (*c != '-') name += *c;
      }
      return name;
    });

// The books are right, though they are kept in another way.
class KeptInAnotherWay : public ::testing::TestWithParam<const char*> {};

TEST_P(KeptInAnotherWay, IsLegal) {
  EXPECT_EQ(Verdict(kAlone, GetParam(), "x86"), "none");
  EXPECT_EQ(Verdict(kAlone, GetParam(), "arm64"), "none");
}

INSTANTIATE_TEST_SUITE_P(ProtocolError, KeptInAnotherWay,
                         ::testing::Values("test-frees-a-page-late",
                                           "test-locks-and-unlocks-a-table", "test-counts-double",
                                           "test-counts-by-itself"));

TEST(ProtocolError, OfAFrameNamesItAndThePage) {
  const Violation twice = ViolationOf("test-frees-twice");
  EXPECT_EQ(Info(twice.kind).name, "protocol-error");
  EXPECT_STREQ(twice.detail, "freed twice");
  EXPECT_EQ(twice.cpu, 0);
  EXPECT_EQ(twice.page, 0);
  EXPECT_EQ(twice.frame, 3);  // root, two tables, page 0

  const Violation neighbour = ViolationOf("test-frees-the-neighbour", R"(
    cpus 1
    init
      map 0..3 rw
      present 0..3
    cpu0
      dontneed 0..1
)");
  EXPECT_EQ(Info(neighbour.kind).name, "protocol-error");
  EXPECT_STREQ(neighbour.detail, "freed while mapped");
  EXPECT_EQ(neighbour.page, 0);
  EXPECT_EQ(neighbour.frame, 4);  // that of page 1

  const Violation as_page = ViolationOf("test-frees-a-table-as-a-page");
  EXPECT_EQ(Info(as_page.kind).name, "protocol-error");
  EXPECT_STREQ(as_page.detail, "freed as what it is not");
  EXPECT_EQ(as_page.page, 0);
  EXPECT_EQ(as_page.frame, 2);

  const Violation locked = ViolationOf("test-locks-a-table");
  EXPECT_EQ(Info(locked.kind).name, "protocol-error");
  EXPECT_STREQ(locked.detail, "freed while its lock is held");
  EXPECT_EQ(locked.frame, 2);
}

TEST(ProtocolError, CountThatWouldGoBelowZeroIsReportedAtOnce) {
  const Violation violation = ViolationOf("test-lowers-twice");
  EXPECT_EQ(Info(violation.kind).name, "protocol-error");
  EXPECT_STREQ(violation.detail, "tlb_flush_pending lowered below zero");
  EXPECT_EQ(violation.cpu, 0);
}

TEST(ProtocolError, CountOfAnotherGatherIsMissedByThatOne) {
  // CPU 0 takes CPU 1's count away, which no test of CPU 0's own can see.
  const Violation violation = ViolationOf("test-lowers-twice", R"(
    cpus 2
    init
      map 0..2 rw
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    order
      cpu1 until pending_inc
      cpu0 until done
      cpu1 until pending_dec
      rest
)");
  EXPECT_STREQ(violation.detail, "tlb_flush_pending lowered below zero");
  EXPECT_EQ(violation.cpu, 1);
}

TEST(ProtocolError, LockThatIsNeverDroppedIsReported) {
  // One call only: the next one that wants the lock would wait for ever, which is another kind.
  constexpr std::string_view kOneCall = R"(
    cpus 1
    init
      map 0..3 rw
    cpu0
      dontneed 0..2
)";
  const Violation mmap = ViolationOf("test-holds-mmap-lock", kOneCall);
  EXPECT_EQ(Info(mmap.kind).name, "protocol-error");
  EXPECT_STREQ(mmap.detail, "mmap_lock is held at the end");

  const Violation table = ViolationOf("test-holds-a-table-lock", kOneCall);
  EXPECT_EQ(Info(table.kind).name, "protocol-error");
  EXPECT_STREQ(table.detail, "a page-table lock is held at the end");
  EXPECT_EQ(Info(ViolationOf("test-holds-a-table-lock").kind).name, "deadlock");
}

TEST(ProtocolError, QueueingMoreThanABatchHoldsIsReported) {
  constexpr std::string_view kPages = R"(
    cpus 1
    batch 8
    init
      map 0..16 rw
      present 0..PRESENT
    cpu0
      dontneed 0..16
)";
  const auto with = [&](std::string_view present) {
    std::string text(kPages);
    return text.replace(text.find("PRESENT"), 7, present);
  };
  EXPECT_EQ(Verdict(with("8"), "test-never-says-full", "x86"), "none");
  EXPECT_EQ(Verdict(with("9"), "test-never-says-full", "x86"), "protocol-error");
}

TEST(ProtocolError, AnOutrightLeakOfTablesIsReportedAndNothingWorse) {
  // Memory keeps a frame for every table there can be at one time, which this policy does not
  // respect. It must end as what it is, however long the programs are.
  std::string text = R"(
    cpus 2
    init
      map 0..48 rw
      present 0..48
    cpu0
)";
  for (int i = 0; i < 21; ++i) text += "map 48..49 rw\n read 48\n munmap 48..49\n";
  EXPECT_EQ(Verdict(text, "test-forgets-a-table", "x86"), "protocol-error");
}

TEST(ProtocolError, NoPolicyOfTheModelMakesOneAlone) {
  int of_the_model = 0;
  for (const Policy* policy : Policies()) {
    if (policy->name().starts_with("test-")) continue;
    ++of_the_model;
    for (const Arch* arch : Archs()) {
      EXPECT_EQ(Verdict(kAlone, policy->name(), arch->name()), "none")
          << policy->name() << " on " << arch->name();
    }
  }
  EXPECT_GE(of_the_model, 12);
}

TEST(Policies, AlsoLiveOutsideOfTheModel) {
  const Policy* const found = FindPolicy("test-counts-double");
  ASSERT_NE(found, nullptr);
  EXPECT_THAT(Policies(), Contains(found));
  // A schedule can name it, too.
  EXPECT_EQ(FromText("policy test-counts-double\n" + std::string(kAlone)).policy,
            "test-counts-double");
}

}  // namespace
}  // namespace gatherfuzz
