// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/looking.h"

#include <algorithm>
#include <bit>

#include "harness/standing.h"

namespace gatherfuzz {
namespace {

// Rounds whose length divides the steps between questions would be met at the same step each time.
constexpr uint32_t kOffsets = 7;

}  // namespace

void Looking::Begin(uint32_t limit) {
  limit_ = limit;
  ask_at_ = std::min(limit, kAskAfter);
  asked_ = 0;
  slept_ = false;
  marked_ = asleep_ = asked_of_ = 0;
  Forget();
}

void Looking::Mark(CpuId cpu, const Stand& stand, uint32_t steps) {
  ask_at_ = std::min(limit_, steps + kAskAfter + ++asked_ % kOffsets);
  Place& place = of(cpu);
  const bool same_op = (asked_of_ & CpuBit(cpu)) != 0 && place.mark.op == stand.op;
  if (same_op && marked(cpu) && steps - place.since < kAskAfter * place.window) return;
  place.window = same_op ? place.window + 1 : 2;
  place.mark = stand;
  place.known = false;
  place.since = steps;
  place.misses = place.visits = 0;
  marked_ |= CpuBit(cpu);
  asked_of_ |= CpuBit(cpu);
}

bool Looking::BackAtMark(CpuId cpu, const Stand& stand) {
  Place& place = of(cpu);
  if (place.mark == stand) return true;
  const bool over = place.mark.op != stand.op;
  place.misses += place.mark.step.point == stand.step.point;  // at another page
  if (over || place.misses > place.window) Unmark(cpu);
  return false;
}

bool Looking::Recurs(CpuId cpu, uint64_t digest, const World& world, uint32_t steps) {
  Place& place = of(cpu);
  if (!place.known) {
    Know(place, digest, world, steps);
    return false;
  }
  if (place.digest == digest) {
    if (SameState(place.world, world)) return true;
    Know(place, digest, world, steps);
    return false;
  }
  if (std::has_single_bit(++place.visits)) Know(place, digest, world, steps);
  return false;
}

void Looking::Know(Place& place, uint64_t digest, const World& world, uint32_t steps) {
  place.known = true;
  place.digest = digest;
  place.known_at = steps;
  CopyState(world, place.world);
  round_ = 0;
}

void Looking::Wake(CpuId cpu, const World& world, uint32_t steps) {
  asleep_ &= static_cast<uint8_t>(~CpuBit(cpu));
  Place& place = of(cpu);
  if (place.known) Know(place, place.digest, world, steps);
}

uint32_t Looking::Idle(uint32_t cpus, const World& world) const {
  uint32_t idle = 0;
  for (uint32_t rest = cpus & asleep_; rest != 0; rest &= rest - 1) {
    const CpuId cpu = MakeCpu(std::countr_zero(rest));
    if (SameState(of(cpu).world, world)) idle |= CpuBit(cpu);
  }
  return idle;
}

void Looking::BeginTrial(CpuId cpu, const World& world, uint32_t steps) {
  on_trial_ = true;
  trial_since_ = steps;
  Wake(cpu, world, steps);
}

bool Looking::Confirm(CpuId cpu) {
  if (!on_trial_ || of(cpu).known_at < trial_since_) return false;
  on_trial_ = false;
  seen_idle_ |= CpuBit(cpu);
  looks_at_ |= round_;
  return true;
}

}  // namespace gatherfuzz
