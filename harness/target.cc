// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/target.h"

#include <algorithm>

namespace gatherfuzz {
namespace {

bool LazyAreNotTold(const Arch& arch, const Schedule& schedule) {
  return arch.counts_generations() && Shares(schedule) && Switches(schedule);
}

bool LoadsAsidsUnflushed(const Arch& arch, const Schedule& schedule) {
  const auto frees = [](const ProgramLine& line) {
    return Info(line.op.kind).is(effect::kUnmaps | effect::kOfOther);
  };
  return arch.root_has_asid() && schedule.asids != kNoAsids && Switches(schedule) &&
         std::any_of(schedule.program.begin(), schedule.program.end(), frees);
}

// Whether any policy may break, whatever it does, but for one that repairs later kernels. The locks
// of VMAs alone break none.
bool AnyMayBreak(const Policy& policy, const Arch& arch, const Schedule& schedule) {
  if (schedule.memory != MemoryModel::kSc) return true;
  return !policy.safe_later() &&
         (WithoutVmaLocks(schedule.kernel) > kDefaultKernel || BrokenUnderAny(arch, schedule));
}

}  // namespace

bool BrokenUnderAny(const Arch& arch, const Schedule& schedule) {
  return LazyAreNotTold(arch, schedule) || LoadsAsidsUnflushed(arch, schedule);
}

bool HeldSafe(const Policy& policy, const Arch& arch, const Schedule& schedule) {
  return !AnyMayBreak(policy, arch, schedule) && policy.SafeOn(arch.name()) &&
         (policy.safe_asleep() || !Switches(schedule)) &&
         (!policy.waits() || !(Exits(schedule) || HasPfnMaps(schedule)));
}

bool Excused(const Policy& policy, const Arch& arch, const Schedule& schedule) {
  return policy.SafeOn(arch.name()) ? !HeldSafe(policy, arch, schedule)
                                    : AnyMayBreak(policy, arch, schedule);
}

}  // namespace gatherfuzz
