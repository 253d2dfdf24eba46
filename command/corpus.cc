// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz corpus: what is done with many stored schedules at once.
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"
#include "triage/corpus/stats.h"
#include "triage/corpus/upgrade.h"

namespace gatherfuzz {
namespace {

// What --policy and --arch leave of all published policies on all architectures.
std::vector<Target> UpgradeTargets(const Options& options) {
  std::vector<Target> targets;
  for (const Arch* arch : ChosenArchs(options)) {
    for (const Policy* policy : PoliciesOn(options, *arch)) targets.push_back({policy, arch});
  }
  return targets;
}

absl::StatusOr<const BytesVersion*> VersionAsked(const Options& options) {
  const std::optional<int> from = options.from;
  if (!from) return nullptr;
  const BytesVersion* version = FindBytesVersion(*from);
  if (version != nullptr) return version;
  return absl::InvalidArgumentError(absl::StrCat("--from: there is no version ", *from,
                                                 " of bytes; one of 1 to ", kBytesVersion));
}

absl::StatusOr<ExitStatus> UpgradeMain(const Options& options,
                                       const std::vector<std::string>& roots) {
  UpgradeSettings settings{.roots = roots, .out = options.out};
  if (settings.out.empty()) {
    return absl::InvalidArgumentError("corpus upgrade needs --out, the folder to write to");
  }
  const absl::StatusOr<const BytesVersion*> from = VersionAsked(options);
  if (!from.ok()) return from.status();
  settings.from = *from;
  settings.targets = UpgradeTargets(options);
  if (settings.targets.empty()) return NobodyNamed(options);
  const absl::StatusOr<Upgraded> upgraded = Upgrade(settings);
  if (!upgraded.ok()) return upgraded.status();
  std::cout << (options.json ? JsonOfUpgraded(*upgraded) : PrintUpgraded(*upgraded, settings.out));
  if (settings.from == nullptr && upgraded->versions.size() > 1) {
    Say("note: the files are of several versions; if one engine made them all, it mutated first "
        "bytes: say its version with --from");
  }
  return upgraded->failed.empty() ? kNoViolation : kViolation;
}

// The flags, or else the file or its path, or else what stands for all safe policies.
absl::StatusOr<Target> StatsTarget(const Options& options, const std::string& path,
                                   const ScheduleFile& file) {
  const Said said = SaidOf(options, path, file);
  return TargetFor(options, path,
                   {.policy = said.policy.empty() ? "full-mm" : said.policy,
                    .arch = said.arch.empty() ? "x86" : said.arch});
}

absl::StatusOr<ExitStatus> StatsMain(const Options& options,
                                     const std::vector<std::string>& roots) {
  for (const auto& [name, given] :
       {std::pair("out", !options.out.empty()), std::pair("from", options.from.has_value())}) {
    if (!given) continue;
    return absl::InvalidArgumentError(absl::StrCat("corpus stats takes no --", name));
  }
  if (NamesSeveral(options)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--policy ", options.policy, ": corpus stats takes one policy"));
  }
  const absl::StatusOr<Target> under = StatsTarget(options, "", {});
  if (!under.ok()) return under.status();
  const auto stats =
      StatsOf({.roots = roots,
               .target = [&](const std::string& path,
                             const ScheduleFile& file) { return StatsTarget(options, path, file); },
               .unreadable = [](const std::string& why) { Say(why); },
               .doubtful =
                   [](const std::string& why) {
                     Say(absl::StrCat("warning: ", why, "; counted as bytes"));
                   }});
  if (!stats.ok()) return stats.status();
  std::cout << (options.json ? JsonOfStats(**stats, *under) : PrintStats(**stats, *under));
  return kNoViolation;
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return absl::InvalidArgumentError("corpus needs a verb: stats or upgrade");
  const std::string& verb = arguments[0];
  const std::vector<std::string> roots(arguments.begin() + 1, arguments.end());
  if (verb != "stats" && verb != "upgrade") {
    return absl::InvalidArgumentError(
        absl::StrCat("corpus: '", Printable(verb), "' is not a verb; use stats or upgrade"));
  }
  if (roots.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("corpus ", verb, " needs files or folders"));
  }
  return verb == "stats" ? StatsMain(options, roots) : UpgradeMain(options, roots);
}

constexpr Command kCommand{
    .called = "corpus",
    .arguments = "stats PATH... | upgrade PATH... --out DIR",
    .verbs = "stats upgrade",
    .summary = "report what stored schedules cover; convert their bytes to the current encoding",
    .flags = " policy+upgrade arch json out from ",
    .notes =
        "corpus stats reports what a corpus covers and what it does not, under full-mm on x86 "
        "unless the flags, a text or a path name others.\n"
        "corpus upgrade converts bytes of older versions of the encoding to the current one, with "
        "the same trace under every policy. It names what it cannot convert, and then exits with "
        "1. "
        "docs/schedule-format.md (\"Versions\") has the details.",
    .examples = "gatherfuzz corpus stats corpus",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
