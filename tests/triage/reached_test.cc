// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What corpus/ must reach, each thing by its name: the lists are those of the model's and the
// harness's own tables, so that a new step, operation, kind of violation or strategy fails here
// until a schedule in corpus/ reaches it. Each schedule runs under what it names, or else under
// full-mm on x86; and if it ends in a violation again, with that kind ignored. A race may show
// itself in several ways, of which the later ones, such as endless-fault, come only that way.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "harness/execution.h"
#include "tests/support.h"
#include "triage/corpus/stats.h"

namespace gatherfuzz {
namespace {

absl::StatusOr<Target> TargetOf(const std::string&, const ScheduleFile& file) {
  return Target{FindPolicy(file.policy.empty() ? "full-mm" : file.policy),
                FindArch(file.arch.empty() ? "x86" : file.arch)};
}

const CorpusStats& Stats() {
  static const std::unique_ptr<CorpusStats> stats =
      StatsOf({.roots = {GATHERFUZZ_CORPUS},
               .target = TargetOf,
               .unreadable = [](const std::string& why) { ADD_FAILURE() << why; }})
          .value();
  return *stats;
}

void ExpectAll(const Tally& tally) {
  for (const auto& [name, count] : tally.counts) {
    EXPECT_GT(count, 0u) << tally.what << ": no schedule in corpus/ has '" << name << "'";
  }
}

TEST(Reached, EveryOperation) { ExpectAll(Stats().operations); }

TEST(Reached, EveryItemOfAnInitialState) { ExpectAll(Stats().init); }

TEST(Reached, EveryKindOfTail) { ExpectAll(Stats().tails); }

TEST(Reached, EveryNumberOfCpus) { ExpectAll(Stats().cpus); }

// What all of the runs reach, with the kinds that come first ignored.
class Runs {
 public:
  Runs() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(GATHERFUZZ_CORPUS)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path());
      Take(FromText(std::string{std::istreambuf_iterator<char>(in), {}}));
    }
  }

  bool Makes(Point point) const { return (reach_->reached() & MaskOf(point)) != 0; }
  bool EndsIn(ViolationKind kind) const { return (kinds_ & Bit(kind)) != 0; }

 private:
  void Take(const ScheduleFile& file) {
    const Target target = TargetOf("", file).value();
    uint32_t ignored = 0, kind = 0;
    do {
      ignored |= kind;
      reach_->BeginRun();
      const RunResult result = execution_->Execute(file.schedule, *target.policy, *target.arch,
                                                   {.ignored = ignored, .observer = reach_.get()});
      kind = Bit(result.violation.kind);
      kinds_ |= kind;
    } while (kind != Bit(ViolationKind::kNone) && (ignored & kind) == 0);
  }

  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
  const std::unique_ptr<Reach> reach_ = std::make_unique<Reach>();
  uint32_t kinds_ = 0;
};

const Runs& AllRuns() {
  static const Runs runs;
  return runs;
}

TEST(Reached, EveryStep) {
  for (int i = 0; i < kPointCount; ++i) {
    // Of a kernel tree, and of one memory model.
    if (((kOwnCodePoints | kLatePoints) & MaskOf(Point(i))) != 0) continue;
    EXPECT_TRUE(AllRuns().Makes(Point(i)))
        << "steps: no run of corpus/ makes '" << Info(Point(i)).name << "'";
  }
}

TEST(Reached, EveryKindOfViolation) {
  for (int i = 0; i < kViolationCount; ++i) {
    const auto kind = ViolationKind(i);
    // No policy of this tree does: tests/model/oracle_protocol_test.cc, oracle_assertion_test.cc
    // and tests/harness/livelock_test.cc have those that do.
    if (kind == ViolationKind::kProtocolError || kind == ViolationKind::kLivelock ||
        kind == ViolationKind::kKernelAssertion) {
      continue;
    }
    EXPECT_TRUE(AllRuns().EndsIn(kind))
        << "kinds: no run of corpus/ ends in '" << Info(kind).name << "'";
  }
}

}  // namespace
}  // namespace gatherfuzz
