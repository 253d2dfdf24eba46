// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/schedule.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gatherfuzz {
namespace {

// Stable, in place and without allocation, unlike std::stable_sort; the lists are short.
template <typename List, typename Key>
void InsertionSort(List& list, Key key) {
  for (auto* it = list.begin(); it != list.end(); ++it) {
    if (it == list.begin() || !(key(*it) < key(it[-1]))) continue;  // mostly it is sorted
    std::rotate(std::upper_bound(list.begin(), it, *it,
                                 [&](const auto& a, const auto& b) { return key(a) < key(b); }),
                it, it + 1);
  }
}

template <typename List, typename Holds>
void EraseIf(List& list, Holds holds) {
  list.truncate(
      static_cast<size_t>(std::remove_if(list.begin(), list.end(), holds) - list.begin()));
}

void KeepKswapd(Schedule& schedule) {
  const CpuId cpu = MakeCpu(schedule.kswapd_cpu());
  bool reclaims = false, only = true;
  for (const auto& [agent, op] : schedule.program) {
    if (CpuOf(agent) != cpu) continue;
    const bool is_it = KindOf(agent) == AgentKind::kCpu && Info(op.kind).is(effect::kReclaims);
    reclaims |= is_it;
    only &= is_it;
  }
  if (reclaims && only && schedule.cpus > 1) {
    return EraseIf(schedule.init, [&](const InitItem& item) {
      return item.kind == InitItem::Kind::kCached && item.cpu == cpu;
    });
  }
  schedule.kswapd = false;
  if (!only || schedule.cpus == 1) return;
  // It has no program, and so is not there.
  --schedule.cpus;
  EraseIf(schedule.order, [&](const Run& run) { return CpuOf(run.agent) == cpu; });
  EraseIf(schedule.init, [&](const InitItem& item) {
    return item.kind == InitItem::Kind::kCached && item.cpu == cpu;
  });
}

}  // namespace

bool Running::May(const Op& op) const {
  const OpInfo& info = Info(op.kind);
  if (exited) return false;
  if (info.is(effect::kOfOther)) return true;
  if (!info.is(effect::kSwitches)) return mm == 0 && !idle;
  if (info.operands == Operands::kMm) return idle || mm != op.range.begin;
  return (op.kind == OpKind::kIdle) != idle;
}

void Running::Do(const Op& op) {
  if (Info(op.kind).operands == Operands::kMm) mm = op.range.begin;
  if (Info(op.kind).is(effect::kSwitches)) {
    idle = op.kind == OpKind::kIdle || op.kind == OpKind::kLeave;
  }
  exited |= Info(op.kind).is(effect::kExits);
}

uint64_t LinesThatRun(const Schedule& schedule) {
  uint64_t lines = ~uint64_t{0};
  if (!Switches(schedule) && !Exits(schedule)) return lines;
  std::array<Running, kMaxCpus> running;
  for (size_t i = 0; i < schedule.program.size(); ++i) {
    const auto& [agent, op] = schedule.program[i];
    if (KindOf(agent) != AgentKind::kCpu || Index(CpuOf(agent)) == schedule.kswapd_cpu()) continue;
    Running& it = running[static_cast<size_t>(Index(CpuOf(agent)))];
    if (it.May(op)) {
      it.Do(op);
    } else {
      lines &= ~(uint64_t{1} << i);
    }
  }
  return lines;
}

namespace {

bool Has(const Schedule& schedule, unsigned effects) {
  return std::any_of(schedule.program.begin(), schedule.program.end(),
                     [effects](const auto& line) { return Info(line.op.kind).is(effects); });
}

}  // namespace

unsigned OnlyScUnder(MemoryModel memory) {
  const unsigned always =
      effect::kExits | effect::kDecides | effect::kRevokes | effect::kUnshares | effect::kOfOther;
  return memory == MemoryModel::kTso ? always : always | effect::kSwitches;
}

bool Switches(const Schedule& schedule) { return Has(schedule, effect::kSwitches); }
bool Exits(const Schedule& schedule) { return Has(schedule, effect::kExits); }
bool HasFolio(const Schedule& schedule) {
  return std::any_of(schedule.init.begin(), schedule.init.end(),
                     [](const InitItem& item) { return item.folio; });
}
bool Shares(const Schedule& schedule) {
  return Has(schedule, effect::kUnshares | effect::kOfOther);
}
bool Decides(const Schedule& schedule) {
  return Has(schedule, effect::kDecides) || HasFolio(schedule);
}
bool Reclaims(const Schedule& schedule) {
  return Has(schedule, effect::kReclaims | effect::kDecides) || HasFolio(schedule);
}
bool HasPfnMaps(const Schedule& schedule) {
  return Has(schedule, effect::kRevokes) ||
         std::any_of(schedule.init.begin(), schedule.init.end(), [](const InitItem& item) {
           return item.kind == InitItem::Kind::kMap && item.flags.pfn;
         });
}
bool HasInvlpgb(const Schedule& schedule) {
  return schedule.hardware == HardwareKind::kInvlpgb && schedule.kernel >= KernelVersion::k6_17 &&
         Switches(schedule);
}
bool OnlySc(const Schedule& schedule) {
  return HasVmaLocks(schedule.kernel) || schedule.rcu || HasPfnMaps(schedule) ||
         HasFolio(schedule) || HasInvlpgb(schedule) || schedule.hardware == HardwareKind::kFaults ||
         Has(schedule, OnlyScUnder(schedule.memory));
}

namespace {

void KeepOneFolio(Schedule& schedule) {
  bool has = false;
  for (InitItem& item : schedule.init) {
    item.folio &= !std::exchange(has, has || item.folio);
    if (!item.folio) continue;
    const int table = RoundDown(item.range.begin, kPagesPerPmd);
    item.range.end = std::min(item.range.end, table + kPagesPerPmd);
  }
}

}  // namespace

void Canonicalize(Schedule& schedule) {
  if (schedule.kswapd) KeepKswapd(schedule);
  InsertionSort(schedule.init, [](const InitItem& item) { return item.kind; });
  InsertionSort(schedule.program, [](const ProgramLine& line) { return line.agent; });
  for (InitItem& item : schedule.init) {
    if (item.flags.pfn) item.flags = {.write = true, .pfn = true};
  }
  KeepOneFolio(schedule);
  if (OnlySc(schedule)) schedule.memory = MemoryModel::kSc;
  const bool invlpgb = HasInvlpgb(schedule);
  if (!Switches(schedule) || invlpgb) schedule.asids = kNoAsids;
  if (schedule.hardware == HardwareKind::kInvlpgb && !invlpgb) {
    schedule.hardware = HardwareKind::kPlain;
  }
}

std::string CpuName(int cpu, int kswapd) {
  return cpu == kswapd ? "kswapd" : "cpu" + std::to_string(cpu);
}

std::string RcuName(AgentId agent) { return "rcu" + std::to_string(Index(CpuOf(agent))); }

std::string AgentName(AgentId agent, Point point, int kswapd) {
  return point == Point::rcu_free ? RcuName(agent) : AgentName(agent, kswapd);
}

std::string AgentName(AgentId agent, int kswapd) {
  const AgentKind kind = KindOf(agent);
  if (kind == AgentKind::kCpu) return CpuName(Index(CpuOf(agent)), kswapd);
  static constexpr const char* kNames[] = {"cpu", "walk", "inv", "late"};
  return kNames[static_cast<size_t>(kind)] + std::to_string(Index(CpuOf(agent)));
}

}  // namespace gatherfuzz
