// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz run: runs schedules and prints their verdicts.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/check_all.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/junit.h"
#include "command/options.h"
#include "explore/io/files.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "harness/cause.h"
#include "harness/family.h"
#include "harness/target.h"
#include "harness/trace.h"
#include "triage/replay/compare.h"
#include "triage/tell/interleaving.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

// The run of one member of a file's family.
struct RunOf {
  const std::string& path;
  const Schedule& schedule;  // of the member
  Target target;
  const Trace& trace;
  int member, members;  // which it is of how many the file has
};

// A path need not be UTF-8; what is not is replaced, so that the object always is.
void PrintLine(const nlohmann::ordered_json& json) {
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

nlohmann::ordered_json JsonOf(const RunOf& run) {
  const RunResult& result = run.trace.result;
  const auto or_null = [](int value) {
    return value < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
  };
  nlohmann::ordered_json json;
  json["file"] = run.path;
  json["policy"] = run.target.policy->name();
  json["arch"] = run.target.arch->name();
  if (run.trace.kernel != kDefaultKernel) json["kernel"] = NameOf(run.trace.kernel);
  if (run.trace.hardware != HardwareKind::kPlain) json["hardware"] = NameOf(run.trace.hardware);
  if (!run.trace.end.sc()) json["memory"] = NameOf(run.trace.end.mm.memory);
  if (run.trace.end.rcu != 0) json["rcu"] = true;
  json["member"] = run.member;
  json["members"] = run.members;
  json["verdict"] = VerdictOf(result);
  json["page"] = or_null(result.violation.page);
  json["cpu"] = or_null(result.violation.cpu);
  json["step"] = or_null(result.clean() ? -1 : static_cast<int>(result.violation.step));
  json["steps"] = result.steps;
  json["trace_hash"] = absl::StrFormat("%016x", result.trace_hash);
  if (result.violation.kind != ViolationKind::kNone) {
    json["signature"] = Signature(run.trace);
  }
  json["cost"] = {{"invalidations", result.cost.invalidations},
                  {"whole", result.cost.whole},
                  {"needless_drops", result.cost.needless},
                  {"steps_waited", result.cost.steps_waited}};
  json["excused"] = Excused(*run.target.policy, *run.target.arch, run.schedule);
  json["held_safe"] = HeldSafe(*run.target.policy, *run.target.arch, run.schedule);
  return json;
}

// The line of one policy among others: what any run says, and what the comparison adds.
void PrintJson(const RunOf& run, const PolicyRun& compared) {
  nlohmann::ordered_json json = JsonOf(run);
  json["final_memory"] = nullptr;
  if (compared.judged()) json["final_memory"] = FinalMemoryText(compared);
  PrintLine(json);
}

// "all 8 members; member 0: ", "member 5 of 8, ", or nothing if there is but one.
std::string MemberText(const Options& options, const RunOf& run) {
  if (run.members == 1) return "";
  if (options.member || !run.trace.result.clean()) {
    return absl::StrCat("member ", run.member, " of ", run.members, ", ");
  }
  return absl::StrCat("all ", run.members, " members; member ", run.member, ": ");
}

std::string ReportOf(const Options& options, const RunOf& run) {
  return PrintReport({.trace = run.trace,
                      .policy = run.target.policy->name(),
                      .arch = run.target.arch->name(),
                      .replay = ReplayCommand(options, "run", run.path, run.target),
                      .member = run.member,
                      .members = run.members,
                      .excused = Excused(*run.target.policy, *run.target.arch, run.schedule)});
}

void PrintForPeople(const Options& options, const RunOf& run) {
  const RunResult& result = run.trace.result;
  if (options.trace) {
    std::cout << PrintInterleaving(run.trace, std::vector<bool>(run.trace.steps.size(), true));
  }
  if (result.violation.kind != ViolationKind::kNone) {
    std::cout << ReportOf(options, run);
    return;
  }
  std::cout << AsResult(absl::StrFormat("%s: %s (%s, %s, %s%s, %s)", run.path, VerdictOf(result),
                                        Absl(run.target.policy->name()),
                                        MachineText(run.target.arch->name(), run.trace),
                                        MemberText(options, run), Counted(result.steps, "step"),
                                        Counted(result.cost.invalidations, "invalidation")))
            << "\n";
}

absl::StatusOr<std::string> Expected(const Options& options, const std::string& path,
                                     const ScheduleFile& file) {
  if (!options.expect.empty()) return options.expect;
  if (!options.check) return std::string();
  if (!file.expect) return absl::InvalidArgumentError(path + ": has no expect line to check");
  return std::string(Info(*file.expect).name);
}

class Runner {
 public:
  Runner(const Options& options, uint32_t ignored) : options_(options), ignored_(ignored) {}

  // Under each policy that --policy names, in place of the file's own.
  absl::Status RunUnderEach(const std::string& path) {
    const absl::StatusOr<LoadedSchedule> loaded = Load(options_, path);
    if (!loaded.ok()) return loaded.status();
    const ScheduleFile& file = loaded->file;
    const absl::StatusOr<const Arch*> arch = ArchFor(options_, path, file);
    if (!arch.ok()) return arch.status();
    const absl::StatusOr<Members> members = ChosenMembers(options_, path, *loaded);
    if (!members.ok()) return members.status();
    const std::vector<const Policy*> policies = PoliciesOn(options_, **arch);
    if (policies.empty()) return NobodyNamed(options_);
    const Comparison comparison =
        Compare(execution_, file.schedule, *members, policies, **arch, ignored_);
    for (const PolicyRun& run : comparison.runs) {
      const Schedule schedule = TakeMember(file.schedule, run.member);
      const RunOf run_of{path,      schedule,   {run.policy, *arch},
                         run.trace, run.member, loaded->members};
      if (options_.json) PrintJson(run_of, run);
      Count(run_of, "", false);
      if (run.difference) status_ = kViolation;
    }
    if (!options_.json) std::cout << PrintComparison(path, comparison);
    return absl::OkStatus();
  }

  absl::Status RunOne(const std::string& path) {
    const absl::StatusOr<LoadedSchedule> loaded = Load(options_, path);
    if (!loaded.ok()) return loaded.status();
    const ScheduleFile& file = loaded->file;
    const absl::StatusOr<Target> target = TargetFor(options_, path, file);
    if (!target.ok()) return target.status();
    const absl::StatusOr<std::string> expected = Expected(options_, path, file);
    if (!expected.ok()) return expected.status();

    const absl::StatusOr<Members> members = ChosenMembers(options_, path, *loaded);
    if (!members.ok()) return members.status();

    const int member =
        FirstUnclean(execution_, file.schedule, *members, *target->policy, *target->arch, ignored_);
    const Schedule schedule = TakeMember(file.schedule, member);
    const Trace trace = Record(execution_, schedule, *target->policy, *target->arch, ignored_);
    const RunOf run{path, schedule, *target, trace, member, loaded->members};
    const absl::Status status = WarnOfUnreached(options_, execution_, path, *loaded, *target->arch,
                                                trace.result.unreached_run);
    if (!status.ok()) return status;
    const bool as_expected = VerdictOf(trace.result) == *expected;
    if (options_.json) {
      PrintLine(JsonOf(run));
    } else if (!options_.check || !as_expected) {
      PrintForPeople(options_, run);
    }
    Count(run, *expected, as_expected);
    return absl::OkStatus();
  }

  ExitStatus status() const { return status_; }
  JUnit& junit() { return junit_; }
  int checked() const { return checked_; }
  int different() const { return different_; }

 private:
  // The report of a violation, which ends with the line that replays it; of others that line.
  std::string Details(const RunOf& run) const {
    if (run.trace.result.violation.kind != ViolationKind::kNone) return ReportOf(options_, run);
    return absl::StrCat("replay: ", ReplayCommand(options_, "run", run.path, run.target), "\n");
  }

  void Count(const RunOf& run, const std::string& expected, bool as_expected) {
    ++checked_;
    if (!expected.empty()) {
      junit_.Begin(run.path);
      if (as_expected) return;
      ++different_;
      // Of a run that was cut off it is not known whether it is as expected.
      if (!run.trace.result.limit) {
        status_ = kViolation;
      } else if (status_ == kNoViolation) {
        status_ = kLimit;
      }
      const std::string why = absl::StrFormat(
          "expected %s, got %s (%s, %s)", expected, VerdictOf(run.trace.result),
          Absl(run.target.policy->name()), MachineText(run.target.arch->name(), run.trace));
      junit_.Fail(why, Details(run));
      Say(absl::StrCat(run.path, ": ", why));
    } else if (run.trace.result.limit) {
      if (status_ == kNoViolation) status_ = kLimit;
    } else if (!run.trace.result.clean()) {
      status_ = kViolation;
    }
  }

  const Options& options_;
  Execution execution_;
  const uint32_t ignored_;
  ExitStatus status_ = kNoViolation;
  int checked_ = 0, different_ = 0;
  JUnit junit_{"gatherfuzz run"};
};

// What goes with one policy only.
absl::Status CheckSeveral(const Options& options) {
  for (const auto& [name, given] :
       {std::pair("expect", !options.expect.empty()), std::pair("check", options.check),
        std::pair("trace", options.trace)}) {
    if (!given) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--", name, " needs one policy, not --policy ", options.policy));
  }
  return absl::OkStatus();
}

absl::Status CheckExpect(const Options& options) {
  if (!options.expect.empty() && options.check) {
    return absl::InvalidArgumentError("--expect and --check exclude each other");
  }
  return absl::OkStatus();
}

// --check --policy all is of many files and of what each expects, so little else goes with it.
absl::StatusOr<ExitStatus> CheckAll(const Options& options,
                                    const std::vector<std::string>& arguments, uint32_t ignored) {
  if (options.trace || options.member) {
    return absl::InvalidArgumentError(
        "--trace and --member are of one run; not with --check --policy all");
  }
  if (options.update && (!options.arch.empty() || ignored != 0)) {
    return absl::InvalidArgumentError("--update writes expect lines; not with --arch or --ignore");
  }
  return CheckUnderAll(options, arguments, ignored);
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return absl::InvalidArgumentError("run needs a schedule file");
  const absl::Status expect = CheckExpect(options);
  if (!expect.ok()) return expect;
  const uint32_t ignored = IgnoredKinds(options);
  const bool several = NamesSeveral(options);
  if (options.check && (options.policy == "all" || options.policy == "published")) {
    return CheckAll(options, arguments, ignored);
  }
  if (!options.junit.empty() && !options.check && options.expect.empty()) {
    return absl::InvalidArgumentError("--junit goes with --check or --expect");
  }
  if (options.update) {
    return absl::InvalidArgumentError("--update goes with --check --policy all");
  }
  const absl::Status goes = several ? CheckSeveral(options) : absl::OkStatus();
  if (!goes.ok()) return goes;
  const absl::Status writable = CheckWritable({options.junit});
  if (!writable.ok()) return writable;
  const auto runner = std::make_unique<Runner>(options, ignored);
  absl::Status bad;
  for (const std::string& path : arguments) {
    const absl::Status status = several ? runner->RunUnderEach(path) : runner->RunOne(path);
    if (status.ok()) continue;
    if (options.junit.empty()) return status;
    // A report has all files: what is wrong with this one, and the others.
    runner->junit().Error(path, std::string(status.message()));
    if (bad.ok()) {
      bad = status;
    } else {
      Say(std::string(status.message()));
    }
  }
  if (options.check && !options.json) {
    std::cout << absl::StreamFormat("%d of %d schedules as expected\n",
                                    runner->checked() - runner->different(), runner->checked());
  }
  const absl::Status written = runner->junit().Write(options.junit);
  if (!written.ok()) return written;
  if (!bad.ok()) return bad;
  return runner->status();
}

constexpr Command kCommand{
    .called = "run",
    .arguments = "FILE...",
    .summary =
        "run schedules and print their verdicts, of bytes with several members that of the "
        "first that is not clean; with several policies, compare them (1 if any fails)",
    .flags =
        " policy+ variant arch kernel_version hardware memory rcu weaken strengthen trace json "
        "expect "
        "check "
        "update ignore member bytes "
        "strict junit ",
    .own_help = "json: print one JSON object for each file, in a line of its own",
    .notes =
        "--check --policy all takes folders too, and holds each file to its "
        "'expect' lines: under its own policy, under those it names, and to none under every other "
        "published one. Of bytes, and on an --arch that is not the file's own, only policies "
        "expected to be safe are run.",
    .examples =
        "gatherfuzz run corpus/00-the-mail.gather\n"
        "gatherfuzz run --policy own-range,full-mm corpus/00-the-mail.gather\n"
        "gatherfuzz run --check --policy all corpus",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
