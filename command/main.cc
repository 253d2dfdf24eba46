// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz: one binary with subcommands. Results go to standard output, diagnostics to standard
// error.
#include <cstdio>
#include <iostream>
#include <optional>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/command.h"
#include "explore/io/strings.h"
#include "model/registry.h"

ABSL_FLAG(std::string, policy, "", "the finish policy to run against, in place of the file's own");
ABSL_FLAG(std::string, arch, "", "the architecture, in place of the file's own");
ABSL_FLAG(std::string, ignore, "", "kinds of violation that do not end the run, separated by ','");
ABSL_FLAG(bool, trace, false, "print every step");
ABSL_FLAG(bool, json, false, "print one JSON object for each file");
ABSL_FLAG(std::string, expect, "", "exit with 0 exactly if every file has this verdict");
ABSL_FLAG(bool, check, false, "hold each file against its own expect lines");
ABSL_FLAG(bool, update, false, "with --check --policy all: write 'expect ... under' lines first");
ABSL_FLAG(bool, by_step, false, "run it, and name each switch by its step");
ABSL_FLAG(std::optional<int>, member, std::nullopt,
          "of a file of bytes: this member of its family, counted from 0");
ABSL_FLAG(std::string, strategy, "pct", "how orders are drawn");
ABSL_FLAG(uint64_t, executions, 1'000'000, "how many executions at most");
ABSL_FLAG(uint64_t, seed, 0, "what everything random is drawn from");
ABSL_FLAG(int, jobs, 0, "threads; 0: one for each core");
ABSL_FLAG(bool, keep_going, false, "go on after a violation, and count them");
ABSL_FLAG(std::string, output, "-", "the file to write; - is standard output");
ABSL_FLAG(bool, all, false,
          "explain: show every step; explore: go on after the first violation, and count all");
ABSL_FLAG(int, preemptions, -1, "only orders with at most so many preemptions; -1: all orders");
ABSL_FLAG(std::string, limit, "",
          "when to give up: states=N,memory=N,seconds=N, any of them (memory=4G if not given)");
ABSL_FLAG(bool, full, false, "leave out no order, not even of steps that do not touch each other");
ABSL_FLAG(bool, replay, false, "go back by replay in place of snapshots");
ABSL_FLAG(bool, odds, false, "also how likely one execution of search violates, exactly");
ABSL_FLAG(std::string, seen, "",
          "also what these files or folders, separated by ',', have seen of all orders");
ABSL_FLAG(std::string, seen_by, "",
          "also what that strategy sees of them in --executions N from --seed S");
ABSL_FLAG(
    std::string, programs, "",
    "every program within these bounds: KEY=VALUE of cpus, ops, walkers, pages, at, vmas, huge, "
    "batch, init, kinds, symmetry; several, separated by ';'; or default, or small");
ABSL_FLAG(std::string, state, "", "the file from which an interrupted sweep of programs goes on");
ABSL_FLAG(bool, markdown, false, "print Markdown: the table, and each counterexample");
ABSL_FLAG(bool, gtest, false, "write a C++ test, for tests/regression/");
ABSL_FLAG(std::string, html, "", "also write it as a page: one file, for any browser");
ABSL_FLAG(std::string, perfetto, "",
          "also write it as trace events, for ui.perfetto.dev and chrome://tracing");
ABSL_FLAG(std::string, out, "", "the folder to write to; made if it is not there");
ABSL_FLAG(std::string, known, "", "the folder, or file, of violations that are known already");
ABSL_FLAG(std::optional<int>, from, std::nullopt,
          "take all files of bytes for this version of the encoding, whatever their first byte");
ABSL_FLAG(bool, verify, false, "keep whole states, and hold each merge against what follows it");

namespace gatherfuzz {
namespace {

Registry<Command>& Commands() {
  static Registry<Command> commands;
  return commands;
}

bool Takes(const Command& command, absl::string_view flag) {
  return absl::StrContains(Absl(command.flags()), absl::StrCat(" ", flag, " "));
}

std::string HelpOf(const Command& command) {
  std::string text = absl::StrCat("usage: gatherfuzz ", Absl(command.name()), " ",
                                  Absl(command.arguments()), "\n  ", Absl(command.help()), "\n");
  for (const absl::string_view flag :
       absl::StrSplit(Absl(command.flags()), ' ', absl::SkipEmpty())) {
    const absl::CommandLineFlag* known = absl::FindCommandLineFlag(flag);
    absl::StrAppendFormat(&text, "  --%-10s %s\n", flag, known->Help());
  }
  absl::StrAppend(&text, Absl(command.notes()));
  return text;
}

std::string Help() {
  std::string text =
      "usage: gatherfuzz COMMAND [FLAGS] FILE...\n"
      "Runs schedules against the finish policies of the Linux mmu_gather.\n\n";
  for (const Command* command : Commands().All()) {
    absl::StrAppendFormat(&text, "  %-9s %s\n", Absl(command->name()), Absl(command->help()));
  }
  return text +
         "\n'gatherfuzz COMMAND --help' lists the flags of a command.\n"
         "Exit status: 0 no violation, 1 a violation, 2 bad usage or input, 3 a limit.\n";
}

// Takes the flag at argv[i], and its value, which may be the next argument.
absl::Status TakeFlag(const Command& command, const std::vector<std::string>& argv, size_t& i) {
  absl::string_view name = argv[i];
  name = name.substr(name.size() > 1 && name[1] == '-' ? 2 : 1);
  std::string value;
  const size_t equals = name.find('=');
  const bool has_value = equals != name.npos;
  if (has_value) {
    value = std::string(name.substr(equals + 1));
    name = name.substr(0, equals);
  }
  if (name == "o") name = "output";
  absl::CommandLineFlag* flag = Takes(command, name) ? absl::FindCommandLineFlag(name) : nullptr;
  if (flag == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("unknown flag '", argv[i], "'; 'gatherfuzz ",
                                                   Absl(command.name()),
                                                   " --help' lists those it takes"));
  }
  if (!has_value && flag->IsOfType<bool>()) {
    value = "true";
  } else if (!has_value) {
    if (++i == argv.size()) {
      return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value"));
    }
    value = argv[i];
  }
  std::string error;
  if (flag->ParseFrom(value, &error)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", name, ": ", error));
}

absl::StatusOr<ExitStatus> Dispatch(const std::vector<std::string>& argv) {
  if (argv.empty()) return absl::InvalidArgumentError("no command\n" + Help());
  if (argv[0] == "help" || argv[0] == "--help" || argv[0] == "-h") {
    std::cout << Help();
    return kNoViolation;
  }
  const Command* command = Commands().Find(argv[0]);
  if (command == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown command '", argv[0], "'; 'gatherfuzz help' lists them"));
  }
  std::vector<std::string> arguments;
  bool flags = true;  // until "--"
  for (size_t i = 1; i < argv.size(); ++i) {
    if (flags && (argv[i] == "--help" || argv[i] == "-h")) {
      std::cout << HelpOf(*command);
      return kNoViolation;
    }
    if (flags && argv[i] == "--") {
      flags = false;
    } else if (flags && argv[i].size() > 1 && argv[i][0] == '-') {
      const absl::Status status = TakeFlag(*command, argv, i);
      if (!status.ok()) return status;
    } else {
      arguments.push_back(argv[i]);
    }
  }
  return command->Run(arguments);
}

int Main(int argc, char** argv) {
  absl::StatusOr<ExitStatus> status = Dispatch({argv + 1, argv + argc});
  std::cout.flush();
  if (status.ok() && !std::cout)
    status = absl::InvalidArgumentError("cannot write standard output");
  if (status.ok()) return *status;
  std::cerr << "gatherfuzz: " << status.status().message() << "\n";
  return kBadInput;
}

template <typename Items>
std::string NamesOf(const Items& items) {
  return absl::StrJoin(items, ", ", [](std::string* out, const auto* item) {
    absl::StrAppend(out, Absl(item->name()));
  });
}

}  // namespace

RegisterCommand::RegisterCommand(const Command* command) { Commands().Add(command); }

namespace {

// What the flag names, or else the file.
template <typename Lookup, typename All>
auto Find(const std::string& path, const char* what, const std::string& flag,
          const std::string& own, Lookup lookup, All all) -> absl::StatusOr<decltype(lookup(own))> {
  const std::string& name = flag.empty() ? own : flag;
  if (const auto* found = lookup(name)) return found;
  if (name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": says no ", what, "; pass --", what, ", one of ", NamesOf(all())));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown ", what, " '", name, "'; one of ", NamesOf(all())));
}

}  // namespace

absl::StatusOr<const Arch*> ArchFor(const std::string& path, const ScheduleFile& file) {
  return Find(path, "arch", absl::GetFlag(FLAGS_arch), file.arch, FindArch, Archs);
}

absl::StatusOr<Target> TargetFor(const std::string& path, const ScheduleFile& file) {
  const auto policy = Find(path, "policy", absl::GetFlag(FLAGS_policy), file.policy, FindPolicy,
                           [] { return Policies(); });
  if (!policy.ok()) return policy.status();
  const auto arch = ArchFor(path, file);
  if (!arch.ok()) return arch.status();
  return Target{*policy, *arch};
}

std::string ReplayCommand(std::string_view command, const std::string& path, const Target& target) {
  std::string text =
      absl::StrCat("gatherfuzz ", Absl(command), " --policy ", Absl(target.policy->name()),
                   " --arch ", Absl(target.arch->name()));
  const std::string ignored = absl::GetFlag(FLAGS_ignore);
  if (!ignored.empty()) absl::StrAppend(&text, " --ignore ", ignored);
  const std::optional<int> member = absl::GetFlag(FLAGS_member);
  if (member) absl::StrAppend(&text, " --member ", *member);
  return absl::StrCat(text, " ", ShellWord(path));
}

absl::StatusOr<uint32_t> IgnoredKinds() {
  uint32_t ignored = 0;
  for (const absl::string_view name :
       absl::StrSplit(absl::GetFlag(FLAGS_ignore), ',', absl::SkipEmpty())) {
    const auto kind = ParseViolationKind({name.data(), name.size()});
    if (!kind || *kind == ViolationKind::kNone) {
      return absl::InvalidArgumentError(
          absl::StrCat("--ignore: '", name, "' is no kind of violation"));
    }
    ignored |= Bit(*kind);
  }
  return ignored;
}

absl::StatusOr<const StrategyInfo*> StrategyNamed(const std::string& name) {
  if (const StrategyInfo* strategy = FindStrategy(name)) return strategy;
  const auto append_name = [](std::string* out, const StrategyInfo& info) {
    absl::StrAppend(out, Absl(info.name));
  };
  return absl::InvalidArgumentError(absl::StrCat("unknown strategy '", name, "'; one of ",
                                                 absl::StrJoin(Strategies(), ", ", append_name)));
}

}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
