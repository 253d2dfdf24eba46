// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/family.h"

#include "harness/random.h"

namespace gatherfuzz {

namespace {

// A mutation of the order alone is to give other members too.
GATHERFUZZ_WRAPS uint64_t HashOf(const Schedule& schedule) {
  uint64_t hash = schedule.tail.seed;
  for (const Run& run : schedule.order) {
    const uint64_t word = static_cast<uint64_t>(run.kind) | static_cast<uint64_t>(run.agent) << 8 |
                          static_cast<uint64_t>(run.point) << 16 |
                          static_cast<uint64_t>(run.page & 0xff) << 24 |
                          static_cast<uint64_t>(run.count) << 32;
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

GATHERFUZZ_WRAPS Member MemberOf(const Schedule& schedule, int number) {
  Member member{schedule.order.size(), schedule.tail};
  if (number == 0) return member;
  static constexpr Tail::Kind kLikely[8] = {
      Tail::Kind::kLandmark, Tail::Kind::kLandmark, Tail::Kind::kPct,  Tail::Kind::kPos,
      Tail::Kind::kSurw,     Tail::Kind::kSurw,     Tail::Kind::kRuns, Tail::Kind::kRuns};
  Random random(HashOf(schedule) * uint64_t{kMaxMembers} + static_cast<uint64_t>(number));
  const auto runs = static_cast<uint32_t>(member.runs);
  // Odd members draw a whole new order, even ones keep its beginning.
  member.runs = number % 2 != 0 ? 0 : random.Below(runs + 1);
  member.tail = {.kind = kLikely[random.Below(8)],
                 .seed = static_cast<uint32_t>(random.Next()),
                 .joined = schedule.tail.joined};
  return member;
}

Schedule TakeMember(const Schedule& schedule, int number) {
  const Member member = MemberOf(schedule, number);
  Schedule taken = schedule;
  taken.order.truncate(member.runs);
  taken.tail = member.tail;
  return taken;
}

}  // namespace gatherfuzz
