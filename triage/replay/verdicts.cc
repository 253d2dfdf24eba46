// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/replay/verdicts.h"

#include "absl/strings/str_cat.h"
#include "harness/family.h"
#include "triage/replay/compare.h"

namespace gatherfuzz {
namespace {

// One file's schedule, loaded, and the memory that its program says.
class Loaded {
 public:
  Loaded(Execution& execution, const LoadedSchedule& loaded, uint32_t ignored)
      : execution_(execution),
        schedule_(loaded.file.schedule),
        members_(loaded.members),
        options_{.ignored = ignored},
        determined_(DeterminedBy(schedule_)),
        predicted_(Predict(schedule_, determined_)) {
    execution_.Load(schedule_);
  }

  PolicyVerdict Under(const Policy& policy, const Arch& arch) {
    PolicyVerdict shown = Run(policy, arch, 0);
    for (int number = 1; shown.clean() && number < members_; ++number) {
      const PolicyVerdict verdict = Run(policy, arch, number);
      if (!verdict.clean()) shown = verdict;
    }
    return shown;
  }

 private:
  PolicyVerdict Run(const Policy& policy, const Arch& arch, int number) {
    PolicyVerdict verdict{.policy = &policy,
                          .arch = &arch,
                          .held_safe = HeldSafe(policy, arch, schedule_),
                          .member = number};
    verdict.result = execution_.RunLoaded(policy, arch, MemberOf(schedule_, number), options_);
    if (verdict.result.clean()) {
      verdict.difference = FirstDifference(Final(execution_.world(), determined_), predicted_);
    }
    return verdict;
  }

  Execution& execution_;
  const Schedule& schedule_;
  const int members_;
  const RunOptions options_;
  const Determined determined_;
  const FinalMemory predicted_;
};

}  // namespace

bool SpeaksOf(const LoadedSchedule& loaded, const Arch& arch) {
  return loaded.was_text && (loaded.file.arch.empty() || loaded.file.arch == arch.name());
}

ViolationKind ExpectedUnder(const LoadedSchedule& loaded, const Policy& policy, const Arch& arch) {
  const ScheduleFile& file = loaded.file;
  if (!SpeaksOf(loaded, arch)) return ViolationKind::kNone;
  if (policy.name() == file.policy) return file.expect.value_or(ViolationKind::kNone);
  const auto named = file.expect_under.find(policy.name());
  return named == file.expect_under.end() ? ViolationKind::kNone : named->second;
}

void RunUnderAll(Execution& execution, const LoadedSchedule& loaded, const Arch& arch,
                 uint32_t ignored, std::vector<PolicyVerdict>& verdicts) {
  Loaded runs(execution, loaded, ignored);
  const bool speaks = SpeaksOf(loaded, arch);
  const Schedule& schedule = loaded.file.schedule;
  for (const Policy* policy : Policies()) {
    // A tree has no lines of its own, and the paths around it are no better than the kernel's, nor
    // are its orders, or its CPU side.
    const bool told = speaks && (!policy->foreign() || (schedule.kernel <= kDefaultKernel &&
                                                        schedule.memory == MemoryModel::kSc &&
                                                        !BrokenUnderAny(arch, schedule)));
    const bool counts = told || HeldSafe(*policy, arch, schedule);
    if (counts && policy->RunsOn(arch.name())) verdicts.push_back(runs.Under(*policy, arch));
  }
  if (!speaks) return;
  for (const PolicyGroup group : {PolicyGroup::kPlanted, PolicyGroup::kVariant}) {
    for (const Policy* policy : Policies(group)) {
      const bool named =
          policy->name() == loaded.file.policy || loaded.file.expect_under.contains(policy->name());
      if (named && policy->RunsOn(arch.name())) verdicts.push_back(runs.Under(*policy, arch));
    }
  }
}

std::string TextOf(const PolicyVerdict& verdict) {
  if (!verdict.difference) return VerdictOf(verdict.result);
  return absl::StrCat("none, but ", Describe(verdict.difference));
}

}  // namespace gatherfuzz
