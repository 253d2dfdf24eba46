// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/corpus/reach.h"

#include <algorithm>
#include <bit>

namespace gatherfuzz {
namespace {

constexpr int kLocks = MaskOf(Thing::kPteLock) | MaskOf(Thing::kPmdLock) |
                       MaskOf(Thing::kMmapLock) | MaskOf(Thing::kVmaLock);

// What the two share but locks, unless neither changes it or both only add to it.
ThingMask Contested(Point first, Point second) {
  const Touches a = TouchesOf(first), b = TouchesOf(second);
  const int contested = (a.writes & (b.reads | b.writes)) | (b.writes & a.reads);
  return static_cast<ThingMask>(contested & ~(a.adds & b.adds) & ~kLocks);
}

}  // namespace

void Reach::BeginRun() {
  touched_.fill({});
  features_.BeginRun(reinterpret_cast<uint8_t*>(cells_.data()));
}

void Reach::OnStep(const StepEvent& event, const World& before) {
  reached_ |= MaskOf(event.point);
  if ((features_.points() & MaskOf(event.point)) != 0) features_.OnStep(event, before);
  const Touches touches = TouchesOf(event.point);
  for (unsigned things = touches.reads | touches.writes; things != 0; things &= things - 1) {
    const auto thing = static_cast<Thing>(std::countr_zero(things));
    const Places places = PlacesOf(thing, event);
    for (size_t place = places.first; place < places.first + places.count; ++place) {
      Toucher& last = touched_[place];
      if (last.point != kNoPoint && last.agent != event.agent &&
          (Contested(last.point, event.point) & MaskOf(thing)) != 0) {
        seconds_[static_cast<size_t>(last.point)] |= MaskOf(event.point);
      }
      last = {event.agent, event.point};
    }
  }
}

// Walks, accesses and deliveries touch the TLB of their CPU; frees and returns look at all.
Reach::Places Reach::PlacesOf(Thing thing, const StepEvent& event) {
  const size_t first = static_cast<size_t>(thing) * kPlacesOfAThing;
  const auto at = [&](int index) { return Places{first + static_cast<size_t>(index), 1}; };
  switch (thing) {
    case Thing::kPte: return at(event.page);
    case Thing::kPmd: return at(event.page / kPagesPerPmd);
    case Thing::kPud: return at(event.page / kPagesPerPud);
    case Thing::kTlb:
    case Thing::kWalkCache:
      // Frees and returns look at the caches of all CPUs.
      if (!Info(event.point).is(role::kOwnCpu)) return {first, kMaxCpus};
      return at(Index(CpuOf(event.agent)));
    case Thing::kPteLock:
    case Thing::kPmdLock:
    case Thing::kMmapLock:
    case Thing::kCounter:
    case Thing::kPolicy:
    case Thing::kAllocator:
    case Thing::kQueue:
    case Thing::kRequest:
    case Thing::kMmapTurn:
    case Thing::kBatched:
    case Thing::kRmap:
    case Thing::kLoaded:
    case Thing::kCpumask:
    case Thing::kTlbGen:
    case Thing::kFolio:
    case Thing::kVmaLock:
    case Thing::kRcu:
    case Thing::kMapping: break;
  }
  return at(0);
}

bool Reach::HasPair(Point first, Point second) const {
  return (seconds_[static_cast<size_t>(first)] & MaskOf(second)) != 0;
}

bool Reach::MayHavePair(Point first, Point second) { return Contested(first, second) != 0; }

size_t Reach::CountCells() const {
  return static_cast<size_t>(std::count(cells_.begin(), cells_.end(), 1));
}

}  // namespace gatherfuzz
