// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/sweep_run.h"

#include <algorithm>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "triage/command.h"
#include "triage/long_run.h"
#include "triage/strings.h"

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

absl::StatusOr<ProgramList> ChosenPrograms(std::string_view or_else) {
  const std::string flag = absl::GetFlag(FLAGS_programs);
  auto list = ProgramList::Parse(flag.empty() ? or_else : flag);
  if (auto* wrong = std::get_if<std::string>(&list)) {
    return absl::InvalidArgumentError(absl::StrCat("--programs: ", *wrong));
  }
  return std::get<ProgramList>(std::move(list));
}

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

std::string TimeLeft::After(double seconds, double done, double all) {
  if (last_seconds_ < 0) {
    last_seconds_ = seconds;
    last_done_ = done;
  } else if (seconds > last_seconds_) {
    const double rate = (done - last_done_) / (seconds - last_seconds_);
    rate_ = rate_ == 0 ? rate : 0.9 * rate_ + 0.1 * rate;
    last_seconds_ = seconds;
    last_done_ = done;
  }
  if (rate_ <= 0) return "";
  const double left = (all - done) / rate_;
  return left < 100 ? absl::StrFormat("about %.0f s left", left)
                    : absl::StrFormat("about %.0f min left", left / 60);
}

std::string Short(uint64_t number) {
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  if (number < 10000) return absl::StrCat(number);
  auto value = static_cast<double>(number);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return absl::StrFormat("%.*f%s", value < 10 ? 2 : value < 100 ? 1 : 0, value, kUnits[unit]);
}

}  // namespace gatherfuzz
