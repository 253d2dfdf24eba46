// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/sweeps/sweep_run.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "explore/io/long_run.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

ScheduleFile Stored(const ProgramList& programs, const SweepSettings& settings, uint64_t index,
                    const Answer& answer, const Counterexample& shortest) {
  const std::string policy(settings.each.policy->name()), arch(settings.each.arch->name());
  return {.intent = absl::StrCat(
              "The smallest program that breaks ", policy, " on ", arch, " within\n",
              programs.PartOf(index).given, ": ",
              Counted(static_cast<uint64_t>(shortest.preemptions), "preemption"), ", ",
              Counted(static_cast<uint64_t>(shortest.steps), "step"),
              answer.proven ? "; no order of it is shorter." : "; there may be a shorter one."),
          .policy = policy,
          .arch = arch,
          .expect = shortest.kind,
          .schedule = answer.schedule};
}

}  // namespace

absl::StatusOr<SweepRun> RunSweep(const ProgramList& programs, const SweepSettings& settings,
                                  StateFile& state,
                                  const std::function<void(const SweepProgress&)>& progress) {
  const Policy& policy = *settings.each.policy;
  const Arch& arch = *settings.each.arch;
  absl::StatusOr<Checkpoint> checkpoint = state.Get(settings.each);
  if (!checkpoint.ok()) return checkpoint.status();
  absl::Status saved = state.Save();  // a file that cannot be written is no surprise at the end
  if (!saved.ok()) return saved;
  const auto save = [&](const Checkpoint& now) {
    state.Put(policy, arch, now);
    saved = state.Save();
    return saved.ok();
  };
  SweepRun run;
  run.stopped = Sweep(programs, settings, *checkpoint, Interruptible::flag(), save, progress);
  if (!saved.ok()) return saved;
  run.totals = checkpoint->totals;
  if (!run.totals.first) return run;

  ExploreSettings each = settings.each;
  each.jobs = 1;
  each.to_first = true;
  run.answer = Settle(programs.At(*run.totals.first), each, Interruptible::flag());
  if (const auto& shortest = run.answer.shortest) {
    run.counterexample = Stored(programs, settings, *run.totals.first, run.answer, *shortest);
  }
  return run;
}

}  // namespace gatherfuzz
