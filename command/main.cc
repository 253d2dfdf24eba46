// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz: one binary with subcommands. Results go to standard output, diagnostics to standard
// error.
#include <algorithm>
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
#include "command/chosen.h"
#include "command/command.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "model/registry.h"

#define FLAG(type, name, value, help) ABSL_FLAG(type, name, value, help);
#include "command/flags.def"

namespace gatherfuzz {
namespace {

Options GivenOptions() {
  Options options;
#define FLAG(type, name, value, help) options.name = absl::GetFlag(FLAGS_##name);
#include "command/flags.def"
  return options;
}

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
  std::string name = argv[i].substr(argv[i].size() > 1 && argv[i][1] == '-' ? 2 : 1);
  std::string value;
  const size_t equals = name.find('=');
  const bool has_value = equals != name.npos;
  if (has_value) {
    value = name.substr(equals + 1);
    name.resize(equals);
  }
  std::replace(name.begin(), name.end(), '-', '_');
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
  Options options = GivenOptions();
  const absl::Status variant = ResolveVariant(options);
  if (!variant.ok()) return variant;
  return command->Run(options, arguments);
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

}  // namespace

RegisterCommand::RegisterCommand(const Command* command) { Commands().Add(command); }

}  // namespace gatherfuzz

int main(int argc, char** argv) {
  gatherfuzz::SetProgramName(argv[0]);
  return gatherfuzz::Main(argc, argv);
}
