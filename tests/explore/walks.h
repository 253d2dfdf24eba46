// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Random walks of a stepper through random programs, and what two of them are compared by.
#ifndef GATHERFUZZ_TESTS_EXPLORE_WALKS_H_
#define GATHERFUZZ_TESTS_EXPLORE_WALKS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

#include "explore/action.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "tests/explore/known_programs.h"
#include "tests/small_program.h"
#include "tests/support.h"

namespace gatherfuzz {

// Policies that skip, count, publish, wait, lend state, or leave an invalidation outstanding.
inline constexpr const char* kPolicies[] = {
    "own-range",  "full-mm",      "nesting-counters", "overlap-list",       "sync-finish",
    "epoch-sync", "full-mm-leaf", "sync-before-dec",  "forced-not-awaited", "shared-flush"};

// A small program, a known one, or one of any bytes with up to four operations an agent.
inline Schedule AnyProgram(Random& random) {
  if (random.Below(3) == 0) return SmallProgram(random);
  if (random.Below(8) == 0) {
    const auto known = KnownPrograms();
    return FromText(known[random.Below(static_cast<uint32_t>(known.size()))].text).schedule;
  }
  Schedule schedule = RandomSchedule(random);
  const Schedule whole = schedule;
  schedule.program.clear();
  int lines[kMaxAgents] = {};
  for (const ProgramLine& line : whole.program) {
    if (++lines[Index(line.agent)] <= 4) schedule.program.push_back(line);
  }
  schedule.order.clear();
  schedule.tail = {};
  return schedule;
}

// Goes on with the agent that moved last, or with any that can move.
class AnyWay {
 public:
  explicit AnyWay(Random& random) : random_(random), stickiness_(1 + random.Below(8)) {}

  Action Choose(const Actions& able) {
    if (able.contains(last_) && random_.Below(stickiness_) != 0) return last_;
    Actions rest = able;
    for (uint32_t skip = random_.Below(static_cast<uint32_t>(able.size())); skip > 0; --skip) {
      rest.TakeFirst();
    }
    return last_ = rest.TakeFirst();
  }

 private:
  Random& random_;
  const uint32_t stickiness_;
  Action last_ = kNoAction;
};

inline std::string Text(const Violation& violation) {
  std::string text{Info(violation.kind).name};
  for (const int64_t field :
       {int64_t{violation.page}, int64_t{violation.frame}, int64_t{violation.cpu},
        int64_t{violation.holder}, int64_t{violation.mapping}, int64_t{violation.moment},
        int64_t{violation.step}}) {
    text += " " + std::to_string(field);
  }
  return text + " " + violation.detail;
}

inline std::string Text(const Cost& cost) {
  return std::to_string(cost.invalidations) + " " + std::to_string(cost.whole) + " " +
         std::to_string(cost.needless) + " " + std::to_string(cost.steps_waited);
}

inline bool SameState(const World& a, const World& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

inline std::string Text(const Schedule& schedule, const Policy& policy, const Arch& arch) {
  return std::string(policy.name()) + " " + std::string(arch.name()) + "\n" +
         PrintText({.schedule = schedule});
}

// Every other call of MADV_DONTNEED is a guard, in the newest kernel.
inline void AddGuards(Schedule& schedule) {
  schedule.kernel = KernelVersion::k7_1;
  bool guard = false;
  for (ProgramLine& line : schedule.program) {
    if (line.op.kind != OpKind::kDontneed) continue;
    guard = !guard;
    if (guard) line.op.kind = OpKind::kGuard;
  }
}

// kswapd takes what the first line of init names.
inline void AddReclaim(Schedule& schedule) {
  if (schedule.init.empty() || schedule.cpus == kMaxCpus) return;
  ++schedule.cpus;
  schedule.kswapd = true;
  const Op op{.kind = OpKind::kSwapout, .range = schedule.init[0].range, .flags = {}};
  schedule.program.push_back({CpuAgent(MakeCpu(schedule.kswapd_cpu())), op});
  Canonicalize(schedule);
}

// Calls of MADV_DONTNEED become such as change access, and kswapd meets them.
inline void AddAccess(Schedule& schedule) {
  static constexpr OpKind kKinds[] = {OpKind::kNuma, OpKind::kUffdwp, OpKind::kProtect,
                                      OpKind::kNuma, OpKind::kCleardirty};
  size_t next = 0;
  for (ProgramLine& line : schedule.program) {
    if (line.op.kind == OpKind::kDontneed) line.op.kind = kKinds[next++ % std::size(kKinds)];
  }
  AddReclaim(schedule);
}

// Calls of MADV_DONTNEED become such as move the pages of their first block.
inline void AddMoves(Schedule& schedule) {
  bool stays = false;
  for (ProgramLine& line : schedule.program) {
    if (line.op.kind != OpKind::kDontneed) continue;
    const int first = RoundDown(line.op.range.begin, kPagesPerPmd);
    line.op = {OpKind::kRemap,
               {first, first + kPagesPerPmd},
               {.stays = stays = !stays},
               static_cast<uint8_t>(first ^ kPages / 2)};
  }
}

// Calls of MADV_DONTNEED become such as decide on what pages hold, a page is moved that another CPU
// accesses, and threads exit behind their programs.
inline void AddContent(Schedule& schedule) {
  static constexpr OpKind kKinds[] = {OpKind::kMigrate, OpKind::kFork, OpKind::kKsm, OpKind::kPin,
                                      OpKind::kForkpart};
  size_t next = 0;
  for (ProgramLine& line : schedule.program) {
    if (line.op.kind != OpKind::kDontneed) continue;
    const OpKind kind = kKinds[next++ % std::size(kKinds)];
    const int page = line.op.range.begin;
    line.op = {.kind = kind, .range = {page, page + 1}};
    if (kind == OpKind::kFork) line.op.range = {0, kPages};
    if (kind == OpKind::kKsm) line.op.to = static_cast<uint8_t>(page ^ 1);
  }
  const auto accesses = [](const ProgramLine& line) {
    return Info(line.op.kind).is(effect::kAccesses);
  };
  const auto* access = std::find_if(schedule.program.begin(), schedule.program.end(), accesses);
  if (access != schedule.program.end() && !schedule.program.full()) {
    const CpuId other = MakeCpu((Index(CpuOf(access->agent)) + 1) % schedule.cpus);
    const Op move{.kind = OpKind::kMigrate, .range = access->op.range};
    schedule.program.insert(0, {CpuAgent(other), move});
  }
  for (int cpu = 0; cpu < schedule.cpus && !schedule.program.full(); ++cpu) {
    schedule.program.push_back(
        {CpuAgent(MakeCpu(cpu)), {.kind = OpKind::kExit, .range = {0, kPages}}});
  }
  Canonicalize(schedule);
}

// All CPUs have a table of a hugetlb file cached, the first one unmaps that before its program, and
// another one does it behind its own, for the other mm; at times that is first.
inline void AddSharing(Schedule& schedule) {
  const PageRange span{kPages - kPagesPerPud, kPages};
  schedule.init.clear();
  for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
    schedule.init.push_back({.kind = InitItem::Kind::kCached, .range = span, .cpu = MakeCpu(cpu)});
  }
  const size_t most = kMaxOps - 2;
  if (schedule.program.size() > most) schedule.program.truncate(most);
  const AgentId last = CpuAgent(MakeCpu(schedule.cpus - 1));
  schedule.program.insert(0, {CpuAgent(MakeCpu(0)), {.kind = OpKind::kUnshare, .range = span}});
  schedule.program.push_back({last, {.kind = OpKind::kOtherMunmap, .range = span}});
  schedule.kswapd = false;
  Canonicalize(schedule);
}

// Each CPU runs another mm before its program, and is idle behind it; not under weaker memory.
inline void AddSwitches(Schedule& schedule) {
  const auto op = [](OpKind kind, int mm) { return Op{.kind = kind, .range = {mm, mm + 1}}; };
  const size_t most = kMaxOps - 4 * static_cast<size_t>(schedule.cpus);
  if (schedule.program.size() > most) schedule.program.truncate(most);
  for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
    const AgentId agent = CpuAgent(MakeCpu(cpu));
    schedule.program.insert(0, {agent, op(OpKind::kSwitch, 0)});
    schedule.program.insert(0, {agent, op(OpKind::kSwitch, 1 + cpu % 2)});
    schedule.program.push_back({agent, op(OpKind::kIdle, 0)});
    if (cpu % 2 == 0) schedule.program.push_back({agent, op(OpKind::kWake, 0)});
  }
  Canonicalize(schedule);
}

// Calls `with` with random programs, one in eight with guards, one with reclaim, one with calls
// that change access, one and half of those with guards where VMAs have locks, one in sixteen with
// page tables that are shared, and then a quarter
// more with CPUs that switch, half of them with ASIDs, and with calls that decide on content;
// policies and architectures in turn.
template <typename With>
void ForAnyPrograms(int count, uint64_t seed, With with) {
  Random random(seed);
  for (int i = 0; i < count + count / 4 && !testing::Test::HasFailure(); ++i) {
    Schedule schedule = AnyProgram(random);
    if (i >= count) i % 2 == 0 ? AddSwitches(schedule) : AddContent(schedule);
    if (i >= count && i % 4 == 0) schedule.asids = i / 4 % (kMaxFreeAsids + 1);
    if (i % 8 == 0) AddGuards(schedule);
    if (i % 8 == 4) AddReclaim(schedule);
    if (i % 8 == 1 || i % 16 == 8) schedule.kernel = WithVmaLocks(schedule.kernel);
    if (i % 8 == 2) AddAccess(schedule);
    if (i % 8 == 6) AddMoves(schedule);
    if (i % 16 == 3) AddSharing(schedule);
    const Policy& policy = *FindPolicy(kPolicies[i % std::size(kPolicies)]);
    const Arch& arch = *Archs()[i / std::size(kPolicies) % Archs().size()];
    SCOPED_TRACE(Text(schedule, policy, arch));
    with(schedule, policy, arch, random);
  }
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_EXPLORE_WALKS_H_
