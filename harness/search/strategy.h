// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Strategies: how the rest of an order is drawn when a schedule's own runs are used up.
//
// Each is one file in this folder and one kind of Tail. A strategy is a function of the schedule
// and the seed: same seed, same order, on every build. It allocates nothing after it is made.
// docs/search.md says what each is good for, and what it promises.
#ifndef GATHERFUZZ_HARNESS_SEARCH_STRATEGY_H_
#define GATHERFUZZ_HARNESS_SEARCH_STRATEGY_H_

#include <bit>
#include <memory>
#include <span>
#include <string_view>

#include "harness/conflict.h"
#include "harness/fixed_vector.h"
#include "harness/joins.h"
#include "harness/schedule.h"

namespace gatherfuzz {

inline constexpr uint32_t kNoLimit = 1u << 30;

// What a strategy sees when it is asked who moves.
class Situation {
 public:
  uint32_t runnable = 0;  // bit i: the agent of index i can move; not 0
  uint32_t unspent = 0;   // of the last move's steps: how many it did not make
  Point last{};           // the last step of the last move
  // What its agent made after it without a choice, since none there can matter (harness/joins.h).
  FixedVector<PendingStep, kMaxJoined> joined;
  // What an agent that can move is about to do; kNoPoint if it has not begun.
  PendingStep Pending(AgentId agent) const {
    return KindOf(agent) == AgentKind::kCpu ? threads_[Index(agent)] : PendingOfOther(agent);
  }
  PendingStep PendingOfThread(int cpu) const { return threads_[cpu]; }

 protected:
  explicit Situation(const PendingStep* threads) : threads_(threads) {}
  ~Situation() = default;
  virtual PendingStep PendingOfOther(AgentId agent) const = 0;

 private:
  const PendingStep* threads_;  // by CPU
};

// Returned at each choice, and so two words.
struct Move {
  AgentId agent{};      // one that can move
  bool strict = false;  // its turn is over as well when another agent becomes able to move
  uint32_t steps = 1;   // it makes so many steps, or fewer if it blocks or ends
  // ... where only these count; null: all do. Stays as it is until the next choice.
  const PointMask* counted = nullptr;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  // Before the first choice of a run.
  virtual void Begin(const Schedule& schedule, const Tail& tail) = 0;
  virtual Move Next(const Situation& now) = 0;
};

struct StrategyInfo {
  Tail::Kind kind;
  std::string_view name;  // of search --strategy; in a schedule, after `rest`
  std::string_view help;
  std::unique_ptr<Strategy> (*make)();
};

// The strategies, in the order of their kinds, which begin at 1.
std::span<const StrategyInfo> Strategies();
// The one of that name, or null: for a flag, where `random` is read as uniform, and for the tail of
// a schedule, where `random` is read as runs.
const StrategyInfo* FindStrategy(std::string_view name);
const StrategyInfo* FindTail(std::string_view name);
const StrategyInfo& Info(Tail::Kind kind);  // not of kRest

// The i-th agent of a mask, counted from its lowest. The first few without a branch, as none could
// guess them.
inline AgentId NthAgent(uint32_t agents, uint32_t i) {
  for (uint32_t k = 0; k < 3; ++k) agents = k < i ? agents & (agents - 1) : agents;
  for (; i > 3; --i) agents &= agents - 1;
  return AgentId(std::countr_zero(agents));
}

#define GATHERFUZZ_STRATEGY(id, name, make, help) std::unique_ptr<Strategy> make();
#include "harness/search/strategies.def"
#undef GATHERFUZZ_STRATEGY

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_SEARCH_STRATEGY_H_
