// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/replay/unreached.h"

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {

bool MeantForAnother(Execution& execution, const ScheduleFile& file, const Arch& arch) {
  const auto reaches_all = [&](std::string_view name) {
    const Policy* policy = FindPolicy(name);
    if (policy == nullptr) return true;
    return policy->RunsOn(arch.name()) &&
           execution.Execute(file.schedule, *policy, arch).unreached_run < 0;
  };
  if (!file.policy.empty() && reaches_all(file.policy)) return true;
  for (const auto& [name, kind] : file.expect_under) {
    if (reaches_all(name)) return true;
  }
  return false;
}

std::string UnreachedText(const std::string& path, const LoadedSchedule& loaded, int index) {
  const auto i = static_cast<size_t>(index);
  const Run& run = loaded.file.schedule.order[i];
  const bool counts = run.kind == Run::Kind::kCount && KindOf(run.agent) != AgentKind::kDetour;
  const bool old = run.kind == Run::Kind::kOld, late = run.kind == Run::Kind::kLate;
  const bool rcu = late && loaded.file.schedule.rcu;
  return absl::StrCat(Printable(path), ":", loaded.notes.order_lines[i], ": '",
                      PrintRun(run, loaded.file.schedule.kswapd_cpu(), loaded.file.schedule.rcu),
                      old      ? "' came where no old value can be loaded"
                      : rcu    ? "' came where RCU could free nothing of that CPU"
                      : late   ? "' came where nothing was left for later"
                      : counts ? "' goes beyond the end of its agent's steps"
                               : "' never came to that step");
}

}  // namespace gatherfuzz
