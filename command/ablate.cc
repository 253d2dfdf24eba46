// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz ablate: which memory orders carry the weight.
#include <bit>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/ablation.h"
#include "explore/io/files.h"
#include "explore/io/long_run.h"
#include "explore/io/strings.h"
#include "harness/text.h"
#include "triage/tell/report.h"

namespace gatherfuzz {
namespace {

struct Row {
  const Policy* policy;
  const Arch* arch;
  Ablation ablation;
};

const char* NameOf(MemoryOrder order) {
  switch (order) {
    case MemoryOrder::relaxed: return "relaxed";
    case MemoryOrder::acquire: return "acquire";
    case MemoryOrder::release: return "release";
    case MemoryOrder::full: break;
  }
  return "full";
}

// "release", or what a DSB is called.
std::string OrderName(Point point, MemoryOrder order) {
  if (MemoryOrderOf(point)->access != MemoryAccess::kDsb) return NameOf(order);
  return order == MemoryOrder::release ? "DSB ISHST" : "DSB ISH";
}

std::vector<std::string> StepsOf(PointMask set) {
  std::vector<std::string> names;
  for (; set != 0; set &= set - 1) names.emplace_back(Info(FirstOf(set)).name);
  return names;
}

// "pmd_clear release + pmd_read acquire".
std::string Stronger(const OrderChanges& orders) {
  std::vector<std::string> names;
  for (PointMask rest = orders.strengthened(); rest != 0; rest &= rest - 1) {
    const Point point = FirstOf(rest);
    const MemoryOrder order = Changed(orders, point, MemoryOrder::relaxed);
    names.push_back(absl::StrCat(Info(point).name, " ", OrderName(point, order)));
  }
  return absl::StrJoin(names, " + ");
}

std::string Told(const Breaks& breaks) {
  return absl::StrCat(Absl(Info(breaks.kind).name), " (", breaks.program, ", ", breaks.steps,
                      " steps)");
}
std::string Told(const std::vector<Breaks>& breaks) {
  return absl::StrJoin(breaks, "; ",
                       [](std::string* out, const Breaks& it) { absl::StrAppend(out, Told(it)); });
}

std::string Sets(const std::vector<OrderChanges>& sets) {
  if (sets.empty()) return absl::StrCat("no ", kMostStronger, " orders together");
  return absl::StrJoin(sets, ", ", [](std::string* out, const OrderChanges& set) {
    absl::StrAppend(out, "{", Stronger(set), "}");
  });
}
std::string Joined(PointMask set) { return absl::StrJoin(StepsOf(set), " "); }

void PrintForPeople(const Row& row, KernelVersion kernel, MemoryModel memory) {
  const Ablation& it = row.ablation;
  std::cout << absl::StreamFormat(
      "%s, %s: %d explorations, %d states%s\n", Absl(row.policy->name()),
      MachineText(row.arch->name(), kernel, HardwareKind::kPlain, memory), it.explorations,
      it.states, it.complete ? "" : ", not complete");
  const std::string safe = it.safe.empty() ? "none" : absl::StrJoin(it.safe, ", ");
  std::cout << "  " << Wrapped("safe as it is: " + safe, 6) << "\n";
  for (const BrokenProgram& broken : it.broken) {
    std::cout << "  " << Wrapped("broken as it is: " + Told(broken.breaks), 6) << "\n";
    std::cout << "    " << Wrapped("closed by: " + Sets(broken.closed_by), 6) << "\n";
  }
  for (const WithoutOrder& without : it.without) {
    const std::string order =
        absl::StrCat(Info(without.point).name, " ", OrderName(without.point, without.order));
    std::cout << absl::StreamFormat("  without %-28s %s\n", order,
                                    without.breaks.empty() ? "may go" : "LOAD-BEARING");
    for (const Breaks& breaks : without.breaks) std::cout << "      " << Told(breaks) << "\n";
  }
  for (const PointMask set : it.enough) {
    const std::string enough = "enough, and nothing in it can go: { " + Joined(set) + " }";
    std::cout << "  " << Wrapped(enough, 6) << "\n";
  }
}

nlohmann::ordered_json JsonOf(const std::vector<Breaks>& breaks) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Breaks& it : breaks) {
    json.push_back({{"verdict", Info(it.kind).name},
                    {"program", it.program},
                    {"steps", it.steps},
                    {"schedule", PrintText({.schedule = it.schedule})}});
  }
  return json;
}

nlohmann::ordered_json JsonOf(const std::vector<PointMask>& sets) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const PointMask set : sets) json.push_back(StepsOf(set));
  return json;
}

nlohmann::ordered_json JsonOf(const std::vector<OrderChanges>& sets) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const OrderChanges& set : sets) json.push_back(PrintStrengthened(set));
  return json;
}

nlohmann::ordered_json JsonOf(const Row& row, std::string_view memory) {
  const Ablation& it = row.ablation;
  nlohmann::ordered_json json = {{"policy", row.policy->name()},
                                 {"arch", row.arch->name()},
                                 {"memory", memory},
                                 {"complete", it.complete},
                                 {"explorations", it.explorations},
                                 {"states", it.states},
                                 {"safe", it.safe},
                                 {"broken_as_is", nlohmann::ordered_json::array()},
                                 {"without", nlohmann::ordered_json::array()},
                                 {"enough", JsonOf(it.enough)}};
  for (const BrokenProgram& broken : it.broken) {
    json["broken_as_is"].push_back(
        {{"breaks", JsonOf(broken.breaks)}, {"closed_by", JsonOf(broken.closed_by)}});
  }
  for (const WithoutOrder& without : it.without) {
    json["without"].push_back({{"step", Info(without.point).name},
                               {"order", NameOf(without.order)},
                               {"breaks", JsonOf(without.breaks)}});
  }
  return json;
}

// A row for each policy, and below it what each order is there for.
void PrintMarkdown(const std::vector<Row>& rows) {
  std::cout << "| policy | arch | broken as it is | closed by | load-bearing | may go |\n"
               "|---|---|---|---|---|---|\n";
  for (const Row& row : rows) {
    const Ablation& it = row.ablation;
    std::vector<std::string> broken, closed, needed, may_go;
    for (const BrokenProgram& program : it.broken) {
      broken.push_back(Told(program.breaks));
      closed.push_back(Sets(program.closed_by));
    }
    for (const WithoutOrder& without : it.without) {
      const std::string order = absl::StrCat("`", Info(without.point).name, "` ",
                                             OrderName(without.point, without.order));
      if (without.breaks.empty()) {
        may_go.push_back(order);
      } else {
        needed.push_back(absl::StrCat(order, ": ", Told(without.breaks.front())));
      }
    }
    const auto cell = [](const std::vector<std::string>& texts) {
      return texts.empty() ? "" : absl::StrJoin(texts, "<br>");
    };
    std::cout << absl::StreamFormat("| `%s` | %s | %s | %s | %s | %s%s |\n",
                                    Absl(row.policy->name()), Absl(row.arch->name()), cell(broken),
                                    cell(closed), cell(needed), cell(may_go),
                                    it.complete ? "" : " (not complete)");
  }
}

absl::StatusOr<std::vector<AblationProgram>> Programs(MemoryModel memory, const Options& options,
                                                      const std::vector<std::string>& paths) {
  if (paths.empty()) {
    std::vector<AblationProgram> programs = AblationPrograms();
    const auto version = ParseKernelVersion(options.kernel_version);
    if (version && HasVmaLocks(*version)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--kernel-version ", options.kernel_version,
                       ": the locks of VMAs are modelled under memory sc only; pass "
                       "--kernel-version ",
                       Absl(NameOf(WithoutVmaLocks(*version)))));
    }
    for (AblationProgram& program : programs) {
      if (version) program.schedule.kernel = *version;
    }
    return programs;
  }
  std::vector<AblationProgram> programs;
  for (const std::string& path : paths) {
    absl::StatusOr<LoadedSchedule> loaded = Load(options, path);
    if (!loaded.ok()) return loaded.status();
    loaded->file.schedule.memory = memory;
    if (OnlySc(loaded->file.schedule)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path,
          ": what exits, decides on content, locks VMAs, has PFN maps or is of hardware faults or "
          "invlpgb is modelled under memory sc only, where no order tells, and what switches or "
          "sleeps under "
          "sc and tso; pass --memory tso"));
    }
    programs.push_back({path, loaded->file.schedule});
  }
  return programs;
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  const MemoryModel memory = ParseMemoryModel(options.memory).value_or(MemoryModel::kWeak);
  if (memory == MemoryModel::kSc) {
    return absl::InvalidArgumentError("under memory sc no order tells; pass --memory weak or tso");
  }
  const absl::StatusOr<std::vector<AblationProgram>> programs =
      Programs(memory, options, arguments);
  if (!programs.ok()) return programs.status();
  const auto kernel = ParseKernelVersion(options.kernel_version).value_or(kDefaultKernel);
  const absl::StatusOr<int> jobs = ChosenJobs(options);
  if (!jobs.ok()) return jobs.status();
  const absl::StatusOr<ExploreLimits> limits = ChosenLimits(options);
  if (!limits.ok()) return limits.status();
  const Interruptible interruptible;
  std::vector<Row> rows;
  bool complete = true;
  for (const Arch* arch : ChosenArchs(options)) {
    const absl::Status has = HasMemory(*arch, memory);
    if (!has.ok()) return has;
    for (const Policy* policy : PoliciesOn(options, *arch)) {
      const ExploreSettings settings{
          .policy = policy, .arch = arch, .jobs = *jobs, .limits = *limits};
      rows.push_back({policy, arch, Ablate(*programs, memory, settings, Interruptible::flag())});
      complete = complete && rows.back().ablation.complete;
      if (!options.json && !options.markdown) PrintForPeople(rows.back(), kernel, memory);
    }
  }
  if (rows.empty()) return NobodyNamed(options);
  if (options.json) {
    nlohmann::ordered_json json;
    for (const Row& row : rows) json["ablations"].push_back(JsonOf(row, NameOf(memory)));
    std::cout << json.dump() << "\n";
  } else if (options.markdown) {
    PrintMarkdown(rows);
  }
  return complete ? kNoViolation : kLimit;
}

constexpr Command kCommand{
    .called = "ablate",
    .arguments = "[FILE...]",
    .summary =
        "which memory orders carry the weight: each taken away alone, and as few as are enough; "
        "for what is broken, as few as close it",
    .flags = " policy+ arch kernel_version memory limit jobs json markdown bytes strict ",
    .own_help =
        "policy: the finish policies to look at; all unless given\n"
        "arch: the architectures to look at; all unless given",
    .examples =
        "gatherfuzz ablate --policy full-mm --arch arm64 --kernel-version 6.1\n"
        "gatherfuzz ablate --memory tso --arch x86 --json",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
