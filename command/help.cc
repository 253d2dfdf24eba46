// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/help.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/flags.h"
#include "explore/io/strings.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSummary[] = "Runs schedules against the finish policies of the Linux mmu_gather.";
struct ExitMeaning {
  ExitStatus status;
  const char* meaning;
};
constexpr ExitMeaning kExits[] = {{kNoViolation, "no violation"},
                                  {kViolation, "a violation"},
                                  {kBadInput, "bad usage or input"},
                                  {kLimit, "a limit"}};

std::vector<absl::string_view> Lines(std::string_view text) {
  return absl::StrSplit(Absl(text), '\n', absl::SkipEmpty());
}

std::string NameAndText(const std::string& name, const std::string& text, size_t indent) {
  const std::string begin = absl::StrCat("  ", name);
  const std::string gap = begin.size() + 2 > indent ? absl::StrCat("\n", std::string(indent, ' '))
                                                    : std::string(indent - begin.size(), ' ');
  return absl::StrCat(begin, gap, Wrapped(text, indent), "\n");
}

// "-o, --output FILE", "--policy POLICY,...".
std::string Usage(const TakenFlag& flag) {
  const std::string name = NameOf(*flag.info);
  std::string text = absl::StrCat(name == "output" ? "-o, " : "", "--", name);
  if (!flag.info->value.empty()) absl::StrAppend(&text, " ", Absl(flag.info->value));
  if (flag.several && flag.several_with.empty()) absl::StrAppend(&text, ",...");
  return text;
}

std::string TextOf(const TakenFlag& flag) {
  const auto append = [](std::string* out, const auto& name) { out->append(name); };
  std::string text(flag.help);
  const std::vector<std::string> names = NamesFor(flag);
  if (flag.info->values == Values::kPolicies) {
    const std::string groups = absl::StrJoin(kPolicyGroups, ", ", append);
    if (flag.several && flag.several_with.empty()) absl::StrAppend(&text, "; or ", groups);
    if (!flag.several_with.empty()) {
      absl::StrAppend(&text, "; with ", flag.several_with, " also several, separated by ',', or ",
                      groups);
    }
    absl::StrAppend(&text, " ('gatherfuzz policies' lists them)");
  } else if (HeldToNames(flag.info->values)) {
    absl::StrAppend(&text, ": ", absl::StrJoin(names, ", ", append));
  }
  const std::string unless_given = flag.info->unless_given();
  if (flag.info->value.empty() || unless_given.empty()) return text;
  return absl::StrCat(text, " (default ", unless_given, ")");
}

// Whether the value is a list by its kind, whatever command takes it.
bool TakesList(Values values) {
  return values == Values::kFiles || values == Values::kSteps || values == Values::kLimits;
}

Json JsonOf(const TakenFlag& flag) {
  static constexpr const char* kKinds[] = {
      "none",     "text",     "number",     "file",  "files",    "folder",
      "policies", "archs",    "strategies", "kinds", "verdicts", "kernels",
      "memories", "hardware", "variants",   "steps", "limits"};
  static_assert(std::size(kKinds) == static_cast<size_t>(Values::kLimits) + 1);
  Json json = {{"name", NameOf(*flag.info)}};
  json["short"] = nullptr;
  if (NameOf(*flag.info) == "output") json["short"] = "o";
  json["value"] = flag.info->value;
  json["kind"] = kKinds[static_cast<int>(flag.info->values)];
  json["several"] = flag.several || TakesList(flag.info->values);
  json["several_with"] = flag.several_with;
  json["values"] = Json::array();
  for (const std::string& name : NamesFor(flag)) json["values"].push_back(name);
  json["default"] = flag.info->value.empty() ? "" : flag.info->unless_given();
  json["description"] = flag.help;
  return json;
}

Json JsonOf(const Command& command) {
  Json json = {{"name", command.called},     {"arguments", command.arguments},
               {"summary", command.summary}, {"notes", Json::array()},
               {"flags", Json::array()},     {"examples", Json::array()},
               {"verbs", Json::array()}};
  for (const absl::string_view verb : absl::StrSplit(Absl(command.verbs), ' ', absl::SkipEmpty())) {
    json["verbs"].push_back(std::string(verb));
  }
  for (const absl::string_view line : Lines(command.notes)) {
    json["notes"].push_back(std::string(line));
  }
  for (const TakenFlag& flag : FlagsOf(command)) json["flags"].push_back(JsonOf(flag));
  for (const absl::string_view line : Lines(command.examples)) {
    json["examples"].push_back(std::string(line));
  }
  return json;
}

}  // namespace

std::string HelpOf(const Command& command) {
  constexpr size_t kIndent = 22;
  std::string text =
      absl::StrCat("usage: gatherfuzz ", Absl(command.called), " ", Absl(command.arguments), "\n  ",
                   Wrapped(command.summary, 2), "\n\n");
  for (const TakenFlag& flag : FlagsOf(command)) {
    absl::StrAppend(&text, NameAndText(Usage(flag), TextOf(flag), kIndent));
  }
  absl::StrAppend(&text, NameAndText("-h, --help", "print this", kIndent));
  for (const absl::string_view line : Lines(command.notes)) {
    absl::StrAppend(&text, "\n", Wrapped({line.data(), line.size()}), "\n");
  }
  absl::StrAppend(&text, "\nexamples:\n");
  for (const absl::string_view line : Lines(command.examples)) {
    absl::StrAppend(&text, "  ", line, "\n");
  }
  return text;
}

std::string Help() {
  std::string text = absl::StrCat("usage: gatherfuzz COMMAND [FLAGS] FILE...\n", kSummary, "\n\n");
  for (const Command* command : Commands()) {
    absl::StrAppend(&text,
                    NameAndText(std::string(command->called), std::string(command->summary), 13));
  }
  const auto append_exit = [](std::string* out, const ExitMeaning& exit) {
    absl::StrAppend(out, exit.status, " ", exit.meaning);
  };
  return absl::StrCat(text, "\n'gatherfuzz help COMMAND' lists the flags of a command.\n",
                      "Exit status: ", absl::StrJoin(kExits, ", ", append_exit), ".\n");
}

std::string HelpAsJson() {
  Json json = {{"name", "gatherfuzz"}, {"version", GATHERFUZZ_VERSION}, {"summary", kSummary}};
  json["exit_statuses"] = Json::array();
  for (const auto& [status, meaning] : kExits) {
    json["exit_statuses"].push_back({{"status", static_cast<int>(status)}, {"meaning", meaning}});
  }
  json["commands"] = Json::array();
  for (const Command* command : Commands()) json["commands"].push_back(JsonOf(*command));
  return json.dump(1) + "\n";
}

}  // namespace gatherfuzz
