// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/search/strategy.h"

namespace gatherfuzz {
namespace {

constexpr StrategyInfo kStrategies[] = {
#define GATHERFUZZ_STRATEGY(id, name, make, help) {Tail::Kind::id, name, help, make},
#include "harness/search/strategies.def"
#undef GATHERFUZZ_STRATEGY
};

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

}  // namespace gatherfuzz
