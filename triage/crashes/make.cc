// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/make.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"
#include "harness/target.h"
#include "harness/text.h"
#include "triage/crashes/read.h"
#include "triage/minimize/minimize.h"
#include "triage/tell/explain/explanation.h"
#include "triage/tell/explain/print.h"
#include "triage/tell/page/page.h"

namespace gatherfuzz {
namespace {

// A folder of results is moved about: its files name each other by their names alone.
constexpr char kReplay[] = "gatherfuzz run schedule.gather";

class Maker {
 public:
  Maker(const ViolationGroup& group, const MakeSettings& settings, const std::atomic<bool>& stop)
      : group_(group),
        settings_(settings),
        stop_(stop),
        policy_(*FindPolicy(group.key.policy)),
        arch_(*FindArch(group.key.arch)) {}

  absl::StatusOr<GroupFiles> Make(const SortedFile& shortest) {
    const absl::StatusOr<std::string> content = ReadRegular(shortest.found.path);
    const bool text = shortest.found.path.ends_with(".gather");
    if (!content.ok() || ContentHash(*content) != shortest.hash ||
        Replay(*execution_, {*content, text, settings_.flags, shortest.found.said}, *found_)
                .outcome != ReplayOutcome::kViolation) {
      return absl::AbortedError("has changed since it was replayed");
    }
    Minimized minimized = Minimize(*found_, policy_, arch_, {.limits = settings_.limits}, stop_);
    trace_ = Record(*execution_, minimized.schedule, policy_, arch_);
    if (IsTheSame(minimized.schedule)) {
      file_.schedule = minimized.schedule;
    } else {  // Not what was asked for; what was found shows it.
      minimized = {.preemptions = -1};
      file_.schedule = *found_;
      trace_ = Record(*execution_, file_.schedule, policy_, arch_);
    }
    if (stop_) return absl::CancelledError();
    made_.key = group_.key;
    made_.kind = Info(group_.kind).name;
    made_.original = shortest.found.path;
    made_.original_hash = shortest.hash;
    made_.preemptions = minimized.preemptions;
    made_.steps = static_cast<int>(trace_.result.steps);
    made_.proven = minimized.proven;
    return Files(*content);
  }

 private:
  bool IsTheSame(const Schedule& minimized) const {
    return trace_.result.violation.kind == group_.kind &&
           Signature(trace_) == group_.key.signature &&
           Excused(policy_, arch_, minimized) == group_.key.excused;
  }

  std::string Measures() const {
    const std::string steps = Counted(static_cast<uint64_t>(made_.steps), "step");
    if (made_.preemptions < 0) return absl::StrCat(steps, ", as it was found.");
    return absl::StrCat(Counted(static_cast<uint64_t>(made_.preemptions), "preemption"), ", ",
                        steps, made_.proven ? "; none shorter exists." : ".");
  }

  absl::StatusOr<GroupFiles> Files(const std::string& original) {
    Canonicalize(file_.schedule);
    file_.policy = group_.key.policy;
    file_.arch = group_.key.arch;
    file_.expect = group_.kind;
    file_.intent = absl::StrCat(group_.key.signature, "\n", Measures());
    const Explanation explanation =
        Explain(file_.schedule, trace_, policy_, arch_, {.limits = settings_.limits}, stop_);
    const std::string page = PageOf({group_.key.signature, file_, trace_, &explanation, kReplay});
    if (stop_) return absl::CancelledError();
    const EncodedBytes bytes = EncodeBytes(file_.schedule);
    GroupFiles group{.made = made_};
    group.files = {{"schedule.gather", PrintText(file_)},
                   {"schedule.bytes", std::string(bytes.begin(), bytes.end())},
                   {"explanation.txt", PrintExplanation({.trace = trace_,
                                                         .explanation = explanation,
                                                         .policy = file_.policy,
                                                         .arch = file_.arch,
                                                         .replay = kReplay})},
                   {"page.html", page},
                   {"original", original},
                   {"group.json", made_.Print()}};
    return group;
  }

  const ViolationGroup& group_;
  const MakeSettings& settings_;
  const std::atomic<bool>& stop_;
  const Policy& policy_;
  const Arch& arch_;
  const std::unique_ptr<Execution> execution_ = std::make_unique<Execution>();
  const std::unique_ptr<Schedule> found_ = std::make_unique<Schedule>();
  ScheduleFile file_;
  Trace trace_;
  MadeGroup made_;
};

}  // namespace

absl::StatusOr<GroupFiles> MakeGroup(const ViolationGroup& group, const SortedFile& shortest,
                                     const MakeSettings& settings, const std::atomic<bool>& stop) {
  return std::make_unique<Maker>(group, settings, stop)->Make(shortest);
}

}  // namespace gatherfuzz
