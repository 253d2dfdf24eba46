// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/replay.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "explore/io/foreign.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"
#include "harness/cause.h"
#include "harness/family.h"
#include "harness/members.h"
#include "harness/target.h"
#include "harness/text.h"

namespace gatherfuzz {
namespace {

Replayed Failure(ReplayOutcome outcome, std::string why) {
  Replayed replayed;
  replayed.outcome = outcome;
  replayed.why = std::move(why);
  return replayed;
}

std::string FirstOf(const std::string& a, const std::string& b, const std::string& c) {
  return !a.empty() ? a : !b.empty() ? b : c;
}

class Replayer {
 public:
  Replayer(Execution& execution, const ReplayInput& input, Schedule& schedule)
      : execution_(execution), input_(input), schedule_(schedule) {}

  Replayed Run() {
    const bool text = input_.named_as_text || LooksLikeText(input_.content);
    if (!text) doubt_ = WhyNoSchedule(input_.content);
    Replayed replayed = RunAs(text);
    if (replayed.outcome == ReplayOutcome::kNoViolation && !doubt_.empty()) {
      replayed.outcome = ReplayOutcome::kNoSchedule;
      replayed.why = absl::StrCat(doubt_, "; read as bytes, it ", replayed.why);
    }
    replayed.doubt = doubt_;
    replayed.own = own_;
    return replayed;
  }

 private:
  Replayed RunAs(bool text) {
    if (!(text ? Parse() : Decode()) || !FindTarget()) return failure_;
    const int member = FirstUnclean(execution_, schedule_, {0, members_}, *policy_, *arch_);
    schedule_ = TakeMember(schedule_, member);
    const RunResult run = execution_.Execute(schedule_, *policy_, *arch_);
    const std::string where =
        absl::StrCat(Absl(policy_->name()), " on ", Absl(arch_->name()),
                     members_ == 1 ? "" : absl::StrCat(", in any of ", members_, " members"));
    if (run.clean()) {
      return Failure(ReplayOutcome::kNoViolation, absl::StrCat("shows no violation under ", where));
    }
    if (run.violation.kind == ViolationKind::kNone) {
      return Failure(ReplayOutcome::kStepLimit,
                     absl::StrCat("comes to the limit of steps under ", Absl(policy_->name()),
                                  " on ", Absl(arch_->name()), ", without a verdict"));
    }
    const Trace trace = Record(execution_, schedule_, *policy_, *arch_);
    Replayed replayed;
    replayed.outcome = ReplayOutcome::kViolation;
    replayed.policy = policy_->name();
    replayed.arch = arch_->name();
    replayed.kind = run.violation.kind;
    replayed.signature = Signature(trace);
    replayed.excused = Excused(*policy_, *arch_, schedule_);
    replayed.steps = run.steps;
    return replayed;
  }

  bool Fail(ReplayOutcome outcome, std::string why) {
    failure_ = Failure(outcome, std::move(why));
    return false;
  }

  bool Decode() {
    members_ = DecodeBytes(
        {reinterpret_cast<const uint8_t*>(input_.content.data()), input_.content.size()},
        schedule_);
    policy_name_ = FirstOf(input_.flags.policy, input_.path.policy, "");
    arch_name_ = FirstOf(input_.flags.arch, input_.path.arch, "");
    return true;
  }

  bool Parse() {
    if (input_.content.find('\0') != input_.content.npos) {
      return Fail(ReplayOutcome::kBadText,
                  "is named as text but holds bytes; give it a name without .gather");
    }
    auto parsed = ParseText(input_.content);
    if (const auto* error = std::get_if<TextError>(&parsed)) {
      return Fail(ReplayOutcome::kBadText,
                  absl::StrCat("is text, but at ", error->line, ":", error->column, " expected ",
                               error->expected));
    }
    const auto& file = std::get<ScheduleFile>(parsed);
    const auto differs = [](const std::string& own, const std::string& flag) {
      return !own.empty() && !flag.empty() && own != flag;
    };
    own_ = differs(file.policy, input_.flags.policy) || differs(file.arch, input_.flags.arch);
    schedule_ = file.schedule;
    policy_name_ = FirstOf(file.policy, input_.flags.policy, input_.path.policy);
    arch_name_ = FirstOf(file.arch, input_.flags.arch, input_.path.arch);
    return true;
  }

  bool FindTarget() {
    policy_ = FindPolicy(policy_name_);
    arch_ = FindArch(arch_name_);
    if (policy_ != nullptr && arch_ != nullptr) return true;
    const bool of_policy = policy_ == nullptr;
    const std::string& name = of_policy ? policy_name_ : arch_name_;
    const char* what = of_policy ? "policy" : "arch";
    if (!name.empty()) {
      return Fail(ReplayOutcome::kUnknownTarget,
                  absl::StrCat("unknown ", what, " '", name, "'; pass --", what));
    }
    return Fail(ReplayOutcome::kUnsaid,
                absl::StrCat("does not say which ", what, "; pass --", what,
                             ", or put it into a folder named POLICY_ARCH"));
  }

  Execution& execution_;
  const ReplayInput& input_;
  Schedule& schedule_;
  int members_ = 1;
  std::string doubt_;
  bool own_ = false;
  std::string policy_name_, arch_name_;
  const Policy* policy_ = nullptr;
  const Arch* arch_ = nullptr;
  Replayed failure_;
};

}  // namespace

std::string_view OutcomeName(ReplayOutcome outcome) {
  static constexpr std::string_view kNames[] = {"violation", "no-violation", "step-limit",
                                                "unread",    "bad-text",     "unsaid",
                                                "unknown",   "no-schedule"};
  return kNames[static_cast<int>(outcome)];
}

Replayed Replay(Execution& execution, const ReplayInput& input, Schedule& schedule) {
  return Replayer(execution, input, schedule).Run();
}

}  // namespace gatherfuzz
