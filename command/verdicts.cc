// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz verdicts: every policy on every architecture, explored over the same programs.
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/junit.h"
#include "command/options.h"
#include "command/verdict_table.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "harness/execution.h"

namespace gatherfuzz {
namespace {

std::vector<VerdictRow> ChosenRows(const Options& options) {
  const std::vector<const Arch*> archs = ChosenArchs(options);
  std::vector<VerdictRow> rows;
  for (const AskedPolicy& asked : AskedPolicies(options)) {
    for (const Arch* arch : archs) {
      if (asked.On(*arch)) rows.push_back({.policy = asked.policy, .arch = arch});
    }
  }
  return rows;
}

// Makes sure before the long run that its results can be stored after it.
absl::Status PrepareFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || access(folder.c_str(), W_OK) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        folder, ": cannot be made or written to", error ? ": " : "", error ? error.message() : ""));
  }
  return absl::OkStatus();
}

absl::Status WriteFolder(const std::string& folder, const VerdictTable& table) {
  const auto execution = std::make_unique<Execution>();
  std::vector<std::pair<std::string, std::string>> files = {{"verdicts.md", PrintMarkdown(table)},
                                                            {"verdicts.json", PrintJson(table)}};
  for (const VerdictRow& row : table.rows) {
    if (!row.run.answer.shortest) continue;
    const RunResult run =
        execution->Execute(row.run.counterexample.schedule, *row.policy, *row.arch);
    if (run.violation.kind != row.run.counterexample.expect) {
      return absl::InternalError(absl::StrCat(row.FileName(), ": does not replay"));
    }
    files.emplace_back(row.FileName(), PrintText(row.run.counterexample));
  }
  for (const auto& [name, content] : files) {
    const absl::Status status = WriteFile(absl::StrCat(folder, "/", name), content);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Fills in the rows, as far as it gets.
class Verdicts {
 public:
  Verdicts(const ProgramList& programs, const SweepSettings& settings, StateFile& state)
      : programs_(programs), settings_(settings), state_(state) {}

  absl::Status Run(std::vector<VerdictRow> rows, VerdictTable& table) {
    const Interruptible interruptible;
    table.all_rows = rows.size();
    absl::Status status;
    for (VerdictRow& row : rows) {
      status = RunRow(row, table);
      if (!status.ok()) break;
      const bool over = row.run.stopped != Stop::kNo || Interruptible::flag();
      table.rows.push_back(std::move(row));
      if (over) break;
    }
    table.seconds = progress_->seconds();
    progress_.reset();
    return status;
  }

 private:
  absl::Status RunRow(VerdictRow& row, const VerdictTable& table) {
    SweepSettings settings = settings_;
    settings.each.policy = row.policy;
    settings.each.arch = row.arch;
    settings.each.limits.seconds -= progress_->seconds();
    absl::StatusOr<SweepRun> run =
        RunSweep(programs_, settings, state_, [&](const SweepProgress& so_far) {
          if (progress_->Due()) progress_->Show(Line(row, table, so_far));
        });
    if (!run.ok()) return run.status();
    states_ += states_of_row_;
    states_of_row_ = 0;
    row.run = *std::move(run);
    row.held_safe = row.HeldSafeWithin(programs_);
    return absl::OkStatus();
  }

  std::string Line(const VerdictRow& row, const VerdictTable& table, const SweepProgress& so_far) {
    states_of_row_ = so_far.states;
    const double share =
        (static_cast<double>(table.rows.size()) +
         static_cast<double>(so_far.done) / static_cast<double>(programs_.size())) /
        static_cast<double>(table.all_rows);
    const double seconds = progress_->seconds();
    return absl::StrFormat(
        "%d of %d, %s on %s: %d of %d programs, %.2f M states/s, about %.0f min left",
        table.rows.size() + 1, table.all_rows, Absl(row.policy->name()), Absl(row.arch->name()),
        so_far.done, programs_.size(), static_cast<double>(states_ + so_far.states) / seconds / 1e6,
        seconds * (1 - share) / std::max(share, 1e-3) / 60);
  }

  const ProgramList& programs_;
  const SweepSettings& settings_;
  StateFile& state_;
  std::unique_ptr<ProgressLine> progress_ = std::make_unique<ProgressLine>();
  uint64_t states_ = 0, states_of_row_ = 0;
};

// `asked`: for these policies.
ExitStatus StatusOf(const VerdictTable& table, bool asked) {
  bool open = table.rows.size() < table.all_rows;
  for (const VerdictRow& row : table.rows) {
    if (row.run.broken() && (asked || row.held_safe)) return kViolation;
    open |= !row.run.broken() && !row.run.safe();
  }
  return open ? kLimit : kNoViolation;
}

JUnit JUnitOf(const VerdictTable& table, bool asked) {
  JUnit junit("gatherfuzz verdicts");
  for (const VerdictRow& row : table.rows) {
    junit.Begin(absl::StrCat(Absl(row.policy->name()), " on ", Absl(row.arch->name())));
    if (row.run.broken() && (asked || row.held_safe)) {
      junit.Fail(row.Verdict());
    } else if (!row.run.broken() && !row.run.safe()) {
      junit.Skip(row.Verdict());
    }
  }
  if (const size_t left = table.all_rows - table.rows.size(); left != 0) {
    junit.Begin(absl::StrCat(left, " more"));
    junit.Skip("stopped before these");
  }
  return junit;
}

absl::StatusOr<SweepSettings> ChosenSettings(const Options& options) {
  const absl::StatusOr<int> jobs = ChosenJobs(options);
  if (!jobs.ok()) return jobs.status();
  absl::StatusOr<ExploreLimits> limits = ChosenLimits(options);
  if (!limits.ok()) return limits.status();
  if (limits->states == ExploreLimits{}.states) limits->states = kMostStatesOfProgram;
  return SweepSettings{.each = {.jobs = *jobs, .to_first = true, .limits = *limits},
                       .price_runs = kPriceRuns};
}

absl::Status Finish(const Options& options, const VerdictTable& table) {
  const bool finished = table.rows.size() == table.all_rows && !Interruptible::flag();
  if (options.output != "-" && finished) {
    const absl::Status status = WriteFolder(options.output, table);
    if (!status.ok()) return status;
  }
  std::cout << (options.json       ? PrintJson(table)
                : options.markdown ? PrintMarkdown(table)
                                   : PrintTable(table));
  if (finished) return absl::OkStatus();
  Say(absl::StrCat("stopped in row ", table.rows.size(), " of ", table.all_rows, "; ",
                   options.state.empty() ? "with --state FILE it could go on from there"
                                         : "the same command goes on from " + options.state));
  return absl::OkStatus();
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return absl::InvalidArgumentError("verdicts takes no files");
  if (options.json && options.markdown) {
    return absl::InvalidArgumentError("--json and --markdown exclude each other");
  }
  const absl::StatusOr<ProgramList> programs = ChosenPrograms(options, "default");
  if (!programs.ok()) return programs.status();
  const std::vector<VerdictRow> rows = ChosenRows(options);
  if (rows.empty()) return NobodyNamed(options);
  const absl::StatusOr<SweepSettings> settings = ChosenSettings(options);
  if (!settings.ok()) return settings.status();
  absl::Status status = options.output == "-" ? absl::OkStatus() : PrepareFolder(options.output);
  if (status.ok()) status = CheckWritable({options.junit});
  if (!status.ok()) return status;
  absl::StatusOr<StateFile> state = StateFile::Open(options.state, *programs, *settings);
  if (!state.ok()) return state.status();

  VerdictTable table{.programs = *programs};
  status = Verdicts(*programs, *settings, *state).Run(rows, table);
  const bool asked = !options.policy.empty();
  if (status.ok()) status = JUnitOf(table, asked).Write(options.junit);
  if (status.ok()) status = Finish(options, table);
  if (!status.ok()) return status;
  return StatusOf(table, asked);
}

constexpr Command kCommand{
    .called = "verdicts",
    .arguments = "[--programs BOUNDS] [-o FOLDER]",
    .summary =
        "explore every policy on every architecture: the shortest way to break it, or safe "
        "within bounds",
    .flags = " policy+ arch+ programs state jobs limit json markdown junit output ",
    .own_help =
        "policy: the finish policies of the table; all unless given\n"
        "arch: the architectures of the table; all unless given\n"
        "output: the folder for the table and counterexamples, made if it is not there; -: none",
    .notes =
        "--programs is default unless given; --programs small takes under a "
        "minute.\n"
        "Exit status 1 if a policy is broken where it is expected to be safe (if --policy names "
        "some: if one of those is broken), else 3 if something was left open, else 0.",
    .examples =
        "gatherfuzz verdicts --programs small\n"
        "gatherfuzz verdicts --programs small --policy full-mm,own-range --arch x86",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
