// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz explain: why a run ended in a violation, for people.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "command/words.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "triage/replay/compare.h"
#include "triage/tell/explain/explanation.h"
#include "triage/tell/explain/print.h"
#include "triage/tell/explain/summary.h"
#include "triage/tell/interleaving.h"
#include "triage/tell/page/page.h"
#include "triage/tell/perfetto/trace_events.h"

namespace gatherfuzz {
namespace {

// What is explained: one run.
struct Subject {
  const std::string& path;
  const ScheduleFile& file;  // with the policy and architecture of the run
  const Trace& trace;
  const Explanation* explanation;  // null for a run without a violation
  std::string replay;
  uint32_t ignored;
};

nlohmann::ordered_json JsonOf(const NoReturn& it) {
  static constexpr const char* kKnown[] = {"not found", "at the start", "at step"};
  nlohmann::ordered_json json;
  json["known"] = kKnown[static_cast<int>(it.known)];
  json["step"] = it.step < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(it.step + 1);
  json["rescue"] = nlohmann::ordered_json::array();
  for (const RescueStep& step : it.rescue) {
    json["rescue"].push_back(absl::StrCat(AgentName(step.agent, step.point, step.kswapd), " ",
                                          StepName(step.point, step.page)));
  }
  json["text"] = it.text;
  return json;
}

nlohmann::ordered_json JsonOf(const UnderPolicy& other) {
  nlohmann::ordered_json json;
  json["policy"] = other.policy;
  json["verdict"] = VerdictOf(other.result);
  json["any_order"] = nullptr;  // not explored
  if (!other.result.clean()) json["any_order"] = VerdictOf(other.result);
  if (other.explored) json["any_order"] = Info(other.any_order).name;
  return json;
}

std::string JsonOf(const Subject& it) {
  nlohmann::ordered_json json;
  json["file"] = it.path;
  json["policy"] = it.file.policy;
  json["arch"] = it.file.arch;
  json["verdict"] = VerdictOf(it.trace.result);
  json["steps"] = it.trace.result.steps;
  json["trace_hash"] = absl::StrFormat("%016x", it.trace.result.trace_hash);
  if (it.explanation != nullptr) {
    json["call"] = CallInQuestion(it.trace);
    json["summary"] = SummaryOf(it.trace);
    json["signature"] = it.explanation->signature;
    json["chain"] = nlohmann::ordered_json::array();
    for (const Sentence& sentence : it.explanation->chain) {
      json["chain"].push_back({{"step", sentence.step + 1}, {"text", sentence.text}});
    }
    json["no_return"] = JsonOf(it.explanation->no_return);
    json["others"] = nlohmann::ordered_json::array();
    for (const UnderPolicy& other : it.explanation->others) json["others"].push_back(JsonOf(other));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string TextOf(const Subject& it, bool all_steps) {
  if (it.explanation == nullptr) {
    return absl::StrCat(PrintInterleaving(it.trace, std::vector<bool>(it.trace.steps.size(), true)),
                        Printable(it.path), ": ",
                        it.trace.result.limit ? "no verdict" : "no violation", " under ",
                        it.file.policy, " on ", it.file.arch, ", so there is nothing to explain\n");
  }
  return PrintExplanation({.trace = it.trace,
                           .explanation = *it.explanation,
                           .policy = it.file.policy,
                           .arch = it.file.arch,
                           .all_steps = all_steps,
                           .replay = it.replay});
}

// What goes to files of its own.
absl::Status WriteFiles(const Options& options, const Subject& it) {
  absl::Status status;
  if (!options.html.empty()) {
    status.Update(WriteFile(
        options.html, PageOf({it.path, it.file, it.trace, it.explanation, it.replay, it.ignored})));
  }
  if (!options.perfetto.empty()) {
    status.Update(WriteFile(options.perfetto, TraceEventsOf(it.file, it.trace)));
  }
  return status;
}

absl::StatusOr<ExplainSettings> ChosenSettings(const Options& options) {
  ExplainSettings settings;
  settings.ignored = IgnoredKinds(options);
  if (options.limit.empty()) return settings;
  const absl::StatusOr<ExploreLimits> limits = ChosenLimits(options);
  if (!limits.ok()) return limits.status();
  settings.limits = *limits;
  return settings;
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  const absl::StatusOr<ExplainSettings> settings = ChosenSettings(options);
  if (!settings.ok()) return settings.status();
  const absl::StatusOr<ChosenRun> run = ChooseRun(options, arguments, settings->ignored);
  if (!run.ok()) return run.status();
  const absl::Status writable = CheckWritable({options.html, options.perfetto});
  if (!writable.ok()) return writable;
  const std::string& path = arguments[0];
  const auto [policy, arch] = run->target;
  const Schedule& schedule = run->file.schedule;
  const auto execution = std::make_unique<Execution>();
  const Trace trace = Record(*execution, schedule, *policy, *arch, settings->ignored);
  const bool violates = trace.result.violation.kind != ViolationKind::kNone;
  const Interruptible interruptible;
  Explanation explanation;
  if (violates) {
    explanation = Explain(schedule, trace, *policy, *arch, *settings, Interruptible::flag());
  }
  const Subject subject{path,
                        run->file,
                        trace,
                        violates ? &explanation : nullptr,
                        ReplayCommand(options, "explain", path, run->target),
                        settings->ignored};
  const absl::Status written = WriteFiles(options, subject);
  if (!written.ok()) return written;
  std::cout << (options.json ? JsonOf(subject) : TextOf(subject, options.all));
  if (trace.result.limit) {
    Say(absl::StrCat(Printable(path), ": ", DidNotEnd()));
    return kLimit;
  }
  return violates ? kViolation : kNoViolation;
}

constexpr Command kCommand{
    .called = "explain",
    .arguments = "FILE [--html FILE] [--perfetto FILE]",
    .summary =
        "why a run ended in a violation: the interleaving, the chain of causes, the point of "
        "no return, and which other policies survive it",
    .flags =
        " policy+ variant arch kernel_version hardware memory rcu weaken strengthen ignore member "
        "all "
        "limit "
        "html "
        "perfetto json bytes "
        "strict ",
    .examples =
        "gatherfuzz explain corpus/00-the-mail.gather\n"
        "gatherfuzz explain corpus/00-the-mail.gather --html mail.html",
    .main = Main,
    .in_turns = true};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
