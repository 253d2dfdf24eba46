// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/search/strategy.h"

#include <bit>

namespace gatherfuzz {
namespace {

constexpr StrategyInfo kStrategies[] = {
    {Tail::Kind::kRuns, "runs", "pseudo-random runs of 1 to 32 steps, mostly short", MakeRuns},
    {Tail::Kind::kUniform, "uniform", "each step, any agent that can move, all alike", MakeUniform},
    {Tail::Kind::kPct, "pct", "random priorities and 1 to 5 random drops (PCT, depth 2 to 6)",
     MakePct},
    {Tail::Kind::kPos, "pos", "a random priority for each step, anew when it races (POS)", MakePos},
    {Tail::Kind::kSurw, "surw", "uniform over the orders of telling steps, estimated (SURW)",
     MakeSurw},
    {Tail::Kind::kLandmark, "landmark", "PCT whose priorities change at named steps", MakeLandmark},
};
static_assert(std::size(kStrategies) == kTailKinds - 1);

// What commands once called `uniform`, and schedules `runs`.
constexpr std::string_view kOldName = "random";

const StrategyInfo* Named(std::string_view name) {
  for (const StrategyInfo& info : kStrategies) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace

std::span<const StrategyInfo> Strategies() { return kStrategies; }

const StrategyInfo* FindStrategy(std::string_view name) {
  return Named(name == kOldName ? "uniform" : name);
}

const StrategyInfo* FindTail(std::string_view name) {
  return Named(name == kOldName ? "runs" : name);
}

const StrategyInfo& Info(Tail::Kind kind) { return kStrategies[static_cast<int>(kind) - 1]; }

AgentId NthAgent(uint32_t agents, uint32_t i) {
  for (; i != 0; --i) agents &= agents - 1;
  return AgentId(std::countr_zero(agents));
}

}  // namespace gatherfuzz
