// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A stepper that goes back to a snapshot stands where it stood: the same steps from there lead to
// the same states, wherever it was meanwhile.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "explore/key.h"
#include "explore/stepper.h"
#include "tests/explore/walks.h"

namespace gatherfuzz {
namespace {

// What can be told of a place.
struct Here {
  std::vector<uint64_t> words;
  World world{};
  Actions able;
  Cost cost;
  uint64_t trace_hash = 0;
  uint32_t steps = 0;
  friend bool operator==(const Here& a, const Here& b) {
    return a.words == b.words && SameState(a.world, b.world) && a.able == b.able &&
           Text(a.cost) == Text(b.cost) && a.trace_hash == b.trace_hash && a.steps == b.steps;
  }
};

class GoingBack : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kFibersCanGoBack) GTEST_SKIP() << "stacks cannot be put back under this sanitizer";
  }

  Here Look() {
    const std::span<const uint64_t> words = writer_->Words(stepper_);
    return {.words = {words.begin(), words.end()},
            .world = stepper_.world(),
            .able = stepper_.Able(),
            .cost = stepper_.cost(),
            .trace_hash = stepper_.trace_hash(),
            .steps = stepper_.steps()};
  }

  // Walks to the end, or for some steps, and keeps what it saw before each of them and snapshots at
  // some.
  void WalkAndKeep(Random& random) {
    path_.clear();
    places_.clear();
    for (auto& snapshot : snapshots_) snapshot.reset();
    AnyWay way(random);
    end_ = "none";
    while (path_.size() < kLongest) {
      places_.push_back(Look());
      if (random.Below(6) == 0) {
        snapshots_[path_.size()] = std::make_unique<Stepper::Snapshot>();
        stepper_.Save(*snapshots_[path_.size()]);
      }
      if (places_.back().able.empty()) break;
      path_.push_back(way.Choose(places_.back().able));
      if (!stepper_.Step(path_.back())) {
        end_ = Text(stepper_.violation());
        return;
      }
    }
    if (stepper_.Able().empty() && !stepper_.Judge()) end_ = Text(stepper_.violation());
  }

  // A place with a snapshot, or -1.
  int AnySnapshot(Random& random) const {
    std::vector<int> kept;
    for (size_t i = 0; i < places_.size(); ++i) {
      if (snapshots_[i] != nullptr) kept.push_back(static_cast<int>(i));
    }
    return kept.empty() ? -1 : kept[random.Below(static_cast<uint32_t>(kept.size()))];
  }

  // Goes on along the path from place `at`, for so many steps at most, and compares.
  void FollowFrom(size_t at, size_t steps) {
    ASSERT_TRUE(Look() == places_[at]) << "at once, at step " << at;
    const size_t from = at, until = std::min(path_.size(), at + steps);
    std::string end = "none";
    violated_ = false;
    for (; at < until; ++at) {
      if (!stepper_.Step(path_[at])) {
        violated_ = true;
        end = Text(stepper_.violation());
        break;
      }
      if (at + 1 == places_.size()) break;
      ASSERT_TRUE(Look() == places_[at + 1]) << "from " << from << ", at step " << at + 1;
    }
    if (until < path_.size()) return;
    if (end == "none" && stepper_.Able().empty() && !stepper_.Judge()) {
      end = Text(stepper_.violation());
    }
    ASSERT_EQ(end, end_);
  }

  // Other steps than those of the path, to have been elsewhere.
  void Wander(Random& random) {
    AnyWay way(random);
    for (uint32_t steps = random.Below(60); steps > 0; --steps) {
      if (stepper_.Able().empty() || !stepper_.Step(way.Choose(stepper_.Able()))) return;
    }
  }

  static constexpr size_t kLongest = 400;
  Stepper stepper_;
  const std::unique_ptr<StateWriter> writer_ = std::make_unique<StateWriter>(true);
  Path path_;
  std::vector<Here> places_;  // before each step, and at the end
  std::array<std::unique_ptr<Stepper::Snapshot>, kLongest + 1> snapshots_;
  std::string end_;
  bool violated_ = false;  // following ended so
};

TEST_F(GoingBack, LeadsToWhereItWas) {
  int back = 0, after_violation = 0, after_threads_ended = 0;
  ForAnyPrograms(
      500, 4,
      [&](const Schedule& schedule, const Policy& policy, const Arch& arch, Random& random) {
        stepper_.Begin(schedule, policy, arch);
        WalkAndKeep(random);
        after_violation += end_ != "none";
        after_threads_ended += places_.back().able.empty();
        // Back and forth, from the end, from the middle of the path and from beside it.
        for (int i = 0; i < 6; ++i) {
          const int at = AnySnapshot(random);
          if (at < 0) return;
          stepper_.GoBackTo(*snapshots_[static_cast<size_t>(at)]);
          const size_t steps = random.Below(2) == 0 ? kLongest : random.Below(40);
          ASSERT_NO_FATAL_FAILURE(FollowFrom(static_cast<size_t>(at), steps));
          if (!violated_ && random.Below(2) == 0) Wander(random);
          ++back;
        }
      });
  EXPECT_GT(back, 2000);
  EXPECT_GT(after_violation, 30);
  EXPECT_GT(after_threads_ended, 200);
}

}  // namespace
}  // namespace gatherfuzz
