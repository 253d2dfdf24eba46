// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz: one binary with subcommands. Results go to standard output, diagnostics to standard
// error.
#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/help.h"
#include "command/parse.h"
#include "explore/io/message.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "harness/nearest.h"
#include "model/registry.h"

namespace gatherfuzz {
namespace {

Registry<Command>& All() {
  static Registry<Command> commands("command");
  return commands;
}

absl::StatusOr<const Command*> CommandNamed(const std::string& name) {
  if (const Command* command = All().Find(name)) return command;
  std::vector<std::string_view> names =
      NamesOf(Commands(), [](const Command* command) { return command->called; });
  names.emplace_back("help");
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown command '", name, "'", DidYouMean(name, names), "; 'gatherfuzz help' lists them"));
}

absl::StatusOr<ExitStatus> HelpMain(std::span<const std::string> words) {
  if (words.empty() || (words[0] == "help" && words.size() == 1)) {
    std::cout << Help();
  } else if (words[0] == "--json" && words.size() == 1) {
    std::cout << HelpAsJson();
  } else {
    const absl::StatusOr<const Command*> command = CommandNamed(words[0]);
    if (!command.ok()) return command.status();
    const std::vector<std::string> verbs = absl::StrSplit(Absl((*command)->verbs), ' ');
    const bool verb =
        words.size() == 2 && std::find(verbs.begin(), verbs.end(), words[1]) != verbs.end();
    if (words.size() > 1 && !verb) {
      return absl::InvalidArgumentError(absl::StrCat(
          "help takes one command; '", Printable(words[1]), "' is no verb of ", words[0]));
    }
    std::cout << HelpOf(**command);
  }
  return kNoViolation;
}

// Under each policy that --policy names, one after the other. The worst that comes of it.
absl::StatusOr<ExitStatus> InTurns(const Command& command, Options options,
                                   const std::vector<std::string>& arguments) {
  if (options.output != "-" || !options.html.empty() || !options.perfetto.empty() ||
      !options.state.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a file that is written is of one policy, not of --policy ", options.policy));
  }
  ExitStatus worst = kNoViolation;
  bool first = true;
  for (const AskedPolicy& asked : AskedPolicies(options)) {
    if (asked.where_safe && options.arch.empty()) {
      return absl::InvalidArgumentError("--policy safe: pass --arch, by which it is decided");
    }
    if (!options.arch.empty() && !asked.On(*FindArch(options.arch))) continue;
    options.policy = asked.policy->name();
    if (!first && !options.json) std::cout << "\n";
    first = false;
    const absl::StatusOr<ExitStatus> status = command.main(options, arguments);
    if (!status.ok()) return status;
    if (*status == kViolation || worst == kNoViolation) worst = *status;
  }
  if (first) return NobodyNamed(options);
  return worst;
}

absl::StatusOr<ExitStatus> Dispatch(std::span<const std::string> words) {
  if (words.empty()) return absl::InvalidArgumentError("no command\n" + Help());
  const std::string& first = words[0];
  if (first == "help" || first == "--help" || first == "-h") return HelpMain(words.subspan(1));
  if (first == "--version") {
    std::cout << Version();
    return kNoViolation;
  }
  const absl::StatusOr<const Command*> command = CommandNamed(first);
  if (!command.ok()) return command.status();
  const absl::StatusOr<CommandLine> line = ParseCommandLine(**command, words.subspan(1));
  if (!line.ok()) return line.status();
  if (line->help) {
    std::cout << HelpOf(**command);
    return kNoViolation;
  }
  Options options = line->options;
  const absl::Status variant = ResolveVariant(options);
  if (!variant.ok()) return variant;
  if ((*command)->in_turns && NamesSeveral(options)) {
    return InTurns(**command, options, line->arguments);
  }
  return (*command)->main(options, line->arguments);
}

int Main(const std::vector<std::string>& words) {
  absl::StatusOr<ExitStatus> status = Dispatch(words);
  std::cout.flush();
  if (status.ok() && !std::cout)
    status = absl::InvalidArgumentError("cannot write standard output");
  if (status.ok()) return *status;
  Say(std::string(status.status().message()));
  return kBadInput;
}

}  // namespace

RegisterCommand::RegisterCommand(const Command* command) { All().Add(command); }

std::span<const Command* const> Commands() { return All().All(); }

}  // namespace gatherfuzz

int main(int argc, char** argv) {
  gatherfuzz::SetProgramName(argv[0]);
  return gatherfuzz::Main({argv + 1, argv + argc});
}
