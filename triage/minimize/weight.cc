// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/minimize/weight.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace gatherfuzz {
namespace {

int WeightOf(VmaFlags flags) { return flags.write + 2 * flags.huge + flags.pfn; }

std::array<size_t, kMaxCpus> FirstMoves(const Path& path) {
  std::array<size_t, kMaxCpus> first;
  first.fill(path.size());
  for (size_t i = path.size(); i-- > 0;) {
    if (!IsDelivery(path[i])) first[static_cast<size_t>(Index(CpuOf(AgentOf(path[i]))))] = i;
  }
  return first;
}

}  // namespace

Size SizeOf(const Schedule& schedule) {
  Size size{.cpus = schedule.cpus,
            .lines = static_cast<int>(schedule.program.size()),
            .init_lines = static_cast<int>(schedule.init.size()),
            .flags = (schedule.batch != kDefaultBatch) +
                     (schedule.hardware != HardwareKind::kPlain) + schedule.rcu};
  for (const auto& [agent, op] : schedule.program) {
    size.kinds += Info(op.kind).weight;
    size.pages += op.range.end - op.range.begin;
    size.flags += WeightOf(op.flags);
  }
  for (const InitItem& item : schedule.init) {
    size.init_pages += item.range.end - item.range.begin;
    size.flags += WeightOf(item.flags) + item.dirty;
  }
  return size;
}

Place PlaceOf(const Schedule& schedule) {
  Place place;
  place.reserve(schedule.program.size() + schedule.init.size());
  for (const ProgramLine& line : schedule.program) place.push_back(line.op.range.begin);
  for (const InitItem& item : schedule.init) place.push_back(item.range.begin);
  return place;
}

int HeightOf(const Schedule& schedule) {
  const Place place = PlaceOf(schedule);
  return std::accumulate(place.begin(), place.end(), 0);
}

std::array<CpuId, kMaxCpus> ByFirstMove(const Path& path) {
  const auto first = FirstMoves(path);
  std::array<CpuId, kMaxCpus> cpus;
  for (int i = 0; i < kMaxCpus; ++i) cpus[static_cast<size_t>(i)] = MakeCpu(i);
  const auto key = [&](CpuId cpu) {
    return std::pair(first[static_cast<size_t>(Index(cpu))], Index(cpu));
  };
  std::sort(cpus.begin(), cpus.end(), [&](CpuId a, CpuId b) { return key(a) < key(b); });
  return cpus;
}

Weight WeightOf(const Schedule& schedule, const Path& path, int preemptions) {
  Weight weight{.drawn = schedule.tail.kind != Tail::Kind::kRest,
                .size = SizeOf(schedule),
                .preemptions = preemptions,
                .steps = static_cast<int>(path.size()),
                .height = HeightOf(schedule),
                .runs = static_cast<int>(schedule.order.size()),
                .place = PlaceOf(schedule)};
  for (const Action action : path) weight.olds += OldOf(action) + (IsLate(action) ? 1 : 0);
  const auto first = FirstMoves(path);
  for (size_t i = 0; i < first.size(); ++i) {
    for (size_t j = i + 1; j < first.size(); ++j) weight.moves += first[i] > first[j];
  }
  for (const Run& run : schedule.order) weight.unnamed += run.kind != Run::Kind::kUntilPoint;
  return weight;
}

}  // namespace gatherfuzz
