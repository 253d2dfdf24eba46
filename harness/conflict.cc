// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/conflict.h"

namespace gatherfuzz {
namespace {

constexpr ThingMask kPlaced = MaskOf(Thing::kPte) | MaskOf(Thing::kPmd) | MaskOf(Thing::kPud) |
                              MaskOf(Thing::kPteLock) | MaskOf(Thing::kPmdLock);

// Of a mask of CPUs and of generations each changes its own part.
constexpr ThingMask kOfCpu = MaskOf(Thing::kTlb) | MaskOf(Thing::kWalkCache) |
                             MaskOf(Thing::kLoaded) | MaskOf(Thing::kCpumask) |
                             MaskOf(Thing::kTlbGen);

constexpr Collisions CollisionsOf(Point a, Point b, bool same_cpu) {
  const Touches x = kTouches[static_cast<size_t>(a)], y = kTouches[static_cast<size_t>(b)];
  int shared = (x.writes & (y.reads | y.writes)) | (y.writes & x.reads);
  shared &= ~(x.adds & y.adds);
  if (!same_cpu && Info(a).is(role::kOwnCpu) && Info(b).is(role::kOwnCpu)) shared &= ~kOfCpu;
  const auto any = [&](int things) { return (shared & things) != 0; };
  return {.always = any(~kPlaced),
          .page = any(MaskOf(Thing::kPte)),
          .pmd = any(MaskOf(Thing::kPmd) | MaskOf(Thing::kPteLock)),
          .pud = any(MaskOf(Thing::kPud) | MaskOf(Thing::kPmdLock))};
}

using Table = std::array<std::array<Collisions, kPointCount>, kPointCount>;

constexpr Table TableOf(bool same_cpu) {
  Table table{};
  for (size_t a = 0; a < kPointCount; ++a) {
    for (size_t b = 0; b < kPointCount; ++b) {
      table[a][b] = CollisionsOf(static_cast<Point>(a), static_cast<Point>(b), same_cpu);
    }
  }
  return table;
}

// Each by itself: compilers bound what they work out for one constant.
constexpr Table kOfOtherCpus = TableOf(false), kOfOneCpu = TableOf(true);

}  // namespace

constexpr std::array<std::array<std::array<Collisions, kPointCount>, kPointCount>, 2> kCollisions =
    {kOfOtherCpus, kOfOneCpu};

}  // namespace gatherfuzz
