// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz zoo: the published bugs and the suspicions, each explored under its broken and under
// its fixed line.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/answer.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/strings.h"
#include "model/policies/zoo/zoo.h"

namespace gatherfuzz {
namespace {

constexpr const char* kFolder = "corpus/zoo";

// What libFuzzer took to find an entry: in how many seeds of how many it did within a minute of the
// processor's time; medians, below 0 where most seeds missed it.
struct FoundByFuzzing {
  std::string_view id;
  int hits, seeds;
  int64_t executions;
  double seconds;
};
constexpr FoundByFuzzing kFound[] = {
#define GATHERFUZZ_FOUND(...) {__VA_ARGS__},
#include "command/zoo_found.def"
#undef GATHERFUZZ_FOUND
};
const FoundByFuzzing* FindFound(std::string_view id) {
  const auto* found = std::find_if(std::begin(kFound), std::end(kFound),
                                   [&](const FoundByFuzzing& it) { return it.id == id; });
  return found != std::end(kFound) ? found : nullptr;
}

// An entry, and what its program comes to.
struct Exhibit {
  const ZooEntry* entry;
  std::string path;
  ScheduleFile file;
  Answer broken, fixed;

  // The broken line breaks, by a counterexample proven to be the shortest, and the fixed one does
  // not in any order.
  bool holds() const {
    return broken.shortest && broken.proven && !fixed.shortest && fixed.explored.complete();
  }
  std::string_view verdict() const { return Info(broken.kind()).name; }
};

// Where the person stands, or beside this program: in its tree, or as it is installed.
std::string DefaultFolder() {
  std::error_code error;
  if (std::filesystem::is_directory(kFolder, error)) return std::string(kFolder);
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const char* place : {"corpus/zoo", "share/doc/gatherfuzz/examples/zoo"}) {
    const std::filesystem::path there = program.parent_path().parent_path() / place;
    if (std::filesystem::is_directory(there, error)) return there.string();
  }
  return std::string(kFolder);
}

absl::StatusOr<Exhibit> Show(const ZooEntry& entry, const std::string& folder) {
  Exhibit exhibit{.entry = &entry, .path = absl::StrCat(folder, "/", Absl(entry.id), ".gather")};
  absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(exhibit.path);
  if (!loaded.ok()) return loaded.status();
  exhibit.file = std::move(loaded->file);
  const Arch* arch = FindArch(exhibit.file.arch);
  if (arch == nullptr || exhibit.file.policy != entry.broken) {
    return absl::InvalidArgumentError(
        absl::StrCat(exhibit.path, ": has to say an arch, and policy ", Absl(entry.broken)));
  }
  const auto settle = [&](std::string_view policy) {
    return Settle(exhibit.file.schedule, {.policy = FindPolicy(policy), .arch = arch},
                  Interruptible::flag());
  };
  exhibit.broken = settle(entry.broken);
  exhibit.fixed = settle(entry.fixed);
  return exhibit;
}

nlohmann::ordered_json JsonOf(const Exhibit& exhibit) {
  const ZooEntry& entry = *exhibit.entry;
  nlohmann::ordered_json json = {{"id", entry.id},
                                 {"commit", entry.commit},
                                 {"year", entry.year},
                                 {"title", entry.title},
                                 {"suspicion", entry.suspicion()},
                                 {"kernel", NameOf(exhibit.file.schedule.kernel)},
                                 {"arch", exhibit.file.arch},
                                 {"hardware", NameOf(exhibit.file.schedule.hardware)},
                                 {"memory", NameOf(exhibit.file.schedule.memory)},
                                 {"broken", entry.broken},
                                 {"fixed", entry.fixed},
                                 {"verdict", exhibit.verdict()},
                                 {"steps", nullptr},
                                 {"preemptions", nullptr},
                                 {"proven", exhibit.broken.proven},
                                 {"fixed_verdict", Info(exhibit.fixed.kind()).name},
                                 {"fixed_states", exhibit.fixed.explored.states},
                                 {"holds", exhibit.holds()}};
  if (exhibit.broken.shortest) {
    json["steps"] = exhibit.broken.shortest->steps;
    json["preemptions"] = exhibit.broken.shortest->preemptions;
  }
  json["found"] = nullptr;
  if (const FoundByFuzzing* found = FindFound(entry.id)) {
    const bool most = found->executions >= 0;
    json["found"] = {{"hits", found->hits},
                     {"seeds", found->seeds},
                     {"executions", most ? nlohmann::ordered_json(found->executions) : nullptr},
                     {"seconds", most ? nlohmann::ordered_json(found->seconds) : nullptr}};
  }
  return json;
}

// "23 steps, 1 preemption".
std::string Shortest(const Exhibit& exhibit) {
  if (!exhibit.broken.shortest) return "none found";
  const Counterexample& shortest = *exhibit.broken.shortest;
  return absl::StrCat(shortest.steps, " steps, ", shortest.preemptions, " preemption",
                      shortest.preemptions == 1 ? "" : "s", exhibit.broken.proven ? "" : " (?)");
}

// "7.1", or "7.1, tce": what it runs on, beside the architecture.
std::string MachineOf(const Exhibit& exhibit) {
  const Schedule& schedule = exhibit.file.schedule;
  const bool plain = schedule.hardware == HardwareKind::kPlain;
  return absl::StrCat(Absl(NameOf(schedule.kernel)), plain ? "" : ", ",
                      plain ? "" : Absl(NameOf(schedule.hardware)));
}

std::string Fixed(const Exhibit& exhibit) {
  if (exhibit.fixed.shortest) return std::string(Info(exhibit.fixed.kind()).name);
  return absl::StrCat(exhibit.fixed.explored.complete() ? "none" : "none yet", " in ",
                      exhibit.fixed.explored.states, " states");
}

// "20 of 20 seeds: 1234 executions, 0.02 s".
std::string FoundText(std::string_view id) {
  const FoundByFuzzing* found = FindFound(id);
  if (found == nullptr) return "not measured";
  std::string text = absl::StrCat(found->hits, " of ", found->seeds, " seeds");
  if (found->executions < 0) return text;
  return absl::StrFormat("%s: %d executions, %.2g s", text, found->executions, found->seconds);
}

void PrintMarkdown(const std::vector<Exhibit>& exhibits, bool suspicions) {
  std::cout
      << "| id | " << (suspicions ? "since" : "fix")
      << " | year | what is wrong | broken line | breaks | shortest | fixed line | "
         "every order of it | found by fuzzing |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Exhibit& exhibit : exhibits) {
    const ZooEntry& entry = *exhibit.entry;
    if (entry.suspicion() != suspicions) continue;
    std::cout << absl::StreamFormat(
        "| [%s](../corpus/zoo/%s.gather) | %s | %d | %s | `%s`, %s, %s | `%s` | %s | `%s` | %s | "
        "%s |\n",
        Absl(entry.id), Absl(entry.id), Absl(entry.commit), entry.year, Absl(entry.title),
        Absl(entry.broken), Absl(exhibit.file.arch), MachineOf(exhibit), Absl(exhibit.verdict()),
        Shortest(exhibit), Absl(entry.fixed), Fixed(exhibit), FoundText(entry.id));
  }
}

void PrintForPeople(const std::vector<Exhibit>& exhibits) {
  for (const Exhibit& exhibit : exhibits) {
    const ZooEntry& entry = *exhibit.entry;
    const std::string title = absl::StrFormat("%-4s %-13s %d  %s", Absl(entry.id),
                                              Absl(entry.commit), entry.year, Absl(entry.title));
    const std::string broken =
        absl::StrFormat("broken %s (%s, kernel %s): %s, %s", Absl(entry.broken), exhibit.file.arch,
                        MachineOf(exhibit), Absl(exhibit.verdict()), Shortest(exhibit));
    const std::string fixed = absl::StrFormat("fixed  %s: %s", Absl(entry.fixed), Fixed(exhibit));
    std::cout << Wrapped(title, 5) << "\n";
    const std::string found = absl::StrCat("found  by libFuzzer in ", FoundText(entry.id));
    for (const std::string& line : {broken, fixed, found}) {
      std::cout << "     " << Wrapped(line, 12, 73) << "\n";
    }
  }
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (arguments.size() > 1) return absl::InvalidArgumentError("zoo takes at most one folder");
  const std::string folder = arguments.empty() ? DefaultFolder() : arguments[0];
  const Interruptible interruptible;
  std::vector<Exhibit> exhibits;
  ExitStatus status = kNoViolation;
  for (const ZooEntry& entry : kZoo) {
    absl::StatusOr<Exhibit> exhibit = Show(entry, folder);
    if (!exhibit.ok()) return exhibit.status();
    if (!exhibit->holds()) status = kViolation;
    exhibits.push_back(*std::move(exhibit));
  }
  if (options.json) {
    nlohmann::ordered_json json;
    for (const Exhibit& exhibit : exhibits) json["zoo"].push_back(JsonOf(exhibit));
    std::cout << json.dump() << "\n";
  } else if (options.markdown) {
    PrintMarkdown(exhibits, false);
    std::cout << "\n";
    PrintMarkdown(exhibits, true);
  } else {
    PrintForPeople(exhibits);
  }
  return status;
}

constexpr Command kCommand{
    .called = "zoo",
    .arguments = "[FOLDER]",
    .summary =
        "published bugs and suspicions: every order of the smallest program of each, under the "
        "broken and under the fixed line (1 if one is not as it should be)",
    .flags = " json markdown ",
    .notes =
        "FOLDER has a schedule for each, ID.gather; if it is not given, corpus/zoo here or beside "
        "the program. The other commands take --variant ID, or --variant 'ID fixed', in place of "
        "--policy.",
    .examples = "gatherfuzz zoo",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
