// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/check_all.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "command/chosen.h"
#include "command/junit.h"
#include "command/options.h"
#include "explore/io/files.h"
#include "explore/io/message.h"
#include "explore/io/strings.h"
#include "triage/replay/replay.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

void PrintJson(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

// --arch, or else what the file says, or else each; none if the file is of memory that the
// architecture has not.
absl::StatusOr<std::vector<const Arch*>> ArchsOf(const Options& options, const std::string& path,
                                                 const ScheduleFile& file) {
  if (options.arch.empty() && file.arch.empty()) {
    return std::vector<const Arch*>(Archs().begin(), Archs().end());
  }
  const absl::StatusOr<const Arch*> arch = ArchFor(options, path, file);
  if (!arch.ok()) return arch.status();
  if (!HasMemory(**arch, file.schedule.memory).ok()) return std::vector<const Arch*>();
  return std::vector{*arch};
}

std::string WhatDiffers(const UnexpectedRun& run) {
  const auto& [path, loaded, verdict, expected, first] = run;
  const std::string member =
      loaded.members == 1 ? ""
                          : absl::StrFormat(", member %d of %d", verdict.member, loaded.members);
  const bool safe = verdict.held_safe;
  return absl::StrFormat("expected %s, got %s (%s, %s%s)%s", Absl(Info(expected).name),
                         TextOf(verdict), Absl(verdict.policy->name()), Absl(verdict.arch->name()),
                         member, safe ? "; it is expected to be safe there" : "");
}

void PrintUnexpected(const Options& options, const UnexpectedRun& run) {
  const auto& [path, loaded, verdict, expected, first] = run;
  const std::string replay = ReplayCommand(options, "run", path, {verdict.policy, verdict.arch});
  if (options.json) {
    return PrintJson({{"file", path},
                      {"policy", verdict.policy->name()},
                      {"arch", verdict.arch->name()},
                      {"member", verdict.member},
                      {"members", loaded.members},
                      {"held_safe", verdict.held_safe},
                      {"expected", Info(expected).name},
                      {"verdict", TextOf(verdict)},
                      {"replay", replay}});
  }
  std::cout << AsResult(absl::StrCat(Printable(path), ": ", WhatDiffers(run))) << "\n";
  if (first) std::cout << "  replay: " << replay << "\n";
}

void PrintCounts(const Options& options, const ReplayCounts& counts) {
  if (!counts.unknown.empty()) {
    Say(absl::StrCat("not in this build, so not checked: ", absl::StrJoin(counts.unknown, ", ")));
  }
  if (options.json) {
    Json json = {
        {"schedules", counts.schedules}, {"runs", counts.runs}, {"different", counts.different}};
    if (options.update) json["updated"] = counts.updated;
    json["first"] = counts.first.empty() ? Json() : Json(counts.first);
    return PrintJson(json);
  }
  if (options.update) std::cout << absl::StreamFormat("%d files rewritten\n", counts.updated);
  std::cout << absl::StreamFormat("%d schedules, %d runs: ", counts.schedules, counts.runs)
            << (counts.different == 0
                    ? "all as expected"
                    : absl::StrCat(counts.different, " not as expected, the first in ",
                                   Printable(counts.first)))
            << "\n";
}

}  // namespace

absl::StatusOr<ExitStatus> CheckUnderAll(const Options& options,
                                         const std::vector<std::string>& paths, uint32_t ignored) {
  const absl::Status writable = CheckWritable({options.junit});
  if (!writable.ok()) return writable;
  JUnit junit("gatherfuzz run --check --policy all");
  const auto differs = [&](const UnexpectedRun& run) {
    PrintUnexpected(options, run);
    junit.Fail(WhatDiffers(run), absl::StrCat("replay: ",
                                              ReplayCommand(options, "run", run.path,
                                                            {run.verdict.policy, run.verdict.arch}),
                                              "\n"));
  };
  const absl::StatusOr<ReplayCounts> counts =
      ReplayAll({.paths = paths,
                 .ignored = ignored,
                 .update = options.update,
                 .load = [&](const std::string& path) { return Load(options, path); },
                 .archs = [&](const std::string& path,
                              const ScheduleFile& file) { return ArchsOf(options, path, file); },
                 .begins = [&](const std::string& path) { junit.Begin(path); },
                 .differs = differs});
  if (!counts.ok()) junit.Error("stopped", std::string(counts.status().message()));
  const absl::Status written = junit.Write(options.junit);
  if (!counts.ok()) return counts.status();
  if (!written.ok()) return written;
  PrintCounts(options, *counts);
  return counts->different == 0 ? kNoViolation : kViolation;
}

}  // namespace gatherfuzz
