// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/sweeps/state_file.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/files.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

Json ToJson(const Price& price) {
  return {price.runs,  price.deadlocks, price.calls, price.invalidations,
          price.whole, price.needless,  price.waited};
}
Price PriceFrom(const Json& json) {
  return {.runs = json.at(0),
          .deadlocks = json.at(1),
          .calls = json.at(2),
          .invalidations = json.at(3),
          .whole = json.at(4),
          .needless = json.at(5),
          .waited = json.at(6)};
}

Json ToJson(uint64_t index, const ProgramOutcome& outcome) {
  return {index,         outcome.explored,   static_cast<int>(outcome.stopped),
          outcome.kinds, outcome.overtaken,  outcome.states,
          outcome.steps, outcome.executions, ToJson(outcome.price)};
}
ProgramOutcome OutcomeFrom(const Json& json) {
  return {.explored = json.at(1),
          .stopped = static_cast<Stop>(json.at(2).get<int>()),
          .kinds = json.at(3),
          .overtaken = json.at(4),
          .states = json.at(5),
          .steps = json.at(6),
          .executions = json.at(7),
          .price = PriceFrom(json.at(8))};
}

Json ToJson(const SweepTotals& totals) {
  Json json;
  json["programs"] = totals.programs;
  json["explored"] = totals.explored;
  json["incomplete"] = totals.incomplete;
  json["broken"] = totals.broken;
  json["first"] = nullptr;
  if (totals.first) json["first"] = *totals.first;
  json["by_kind"] = totals.by_kind;
  json["states"] = totals.states;
  json["steps"] = totals.steps;
  json["executions"] = totals.executions;
  json["largest"] = totals.largest;
  json["largest_program"] = totals.largest_program;
  json["overtaken"] = totals.overtaken;
  json["price"] = ToJson(totals.price);
  return json;
}
SweepTotals TotalsFrom(const Json& json) {
  SweepTotals totals{.programs = json.at("programs"),
                     .explored = json.at("explored"),
                     .incomplete = json.at("incomplete"),
                     .broken = json.at("broken"),
                     .states = json.at("states"),
                     .steps = json.at("steps"),
                     .executions = json.at("executions"),
                     .largest = json.at("largest"),
                     .largest_program = json.at("largest_program"),
                     .overtaken = json.at("overtaken"),
                     .price = PriceFrom(json.at("price"))};
  if (!json.at("first").is_null()) totals.first = json.at("first").get<uint64_t>();
  json.at("by_kind").get_to(totals.by_kind);
  return totals;
}

Checkpoint CheckpointFrom(const Json& json) {
  Checkpoint checkpoint{.totals = TotalsFrom(json.at("totals"))};
  for (const Json& done : json.at("ahead")) {
    checkpoint.ahead.emplace(done.at(0).get<uint64_t>(), OutcomeFrom(done));
  }
  return checkpoint;
}

GATHERFUZZ_WRAPS std::string Checksum(const std::string& text) {
  uint64_t sum = 0xcbf29ce484222325u;
  for (const char c : text) sum = (sum ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return absl::StrFormat("%016x", sum);
}

// What of the settings decides what a sweep finds.
std::string About(const SweepSettings& settings) {
  const ExploreSettings& each = settings.each;
  return absl::StrCat("to_first=", each.to_first, " ignored=", each.ignored,
                      " preemptions=", each.preemptions, " reduce=", each.reduce,
                      " states=", each.limits.states, " memory=", each.limits.bytes,
                      " price_runs=", settings.price_runs);
}

// What some of the programs come to, run and explored: another number if what is run is not the
// same, or is not explored in the same way.
std::string Fingerprint(const ProgramList& programs, ExploreSettings settings) {
  constexpr uint64_t kSamples = 32;
  settings.jobs = 1;
  settings.limits = {.states = 1000};
  const auto pricer = std::make_unique<Pricer>(*settings.policy, *settings.arch);
  uint64_t hash = 0;
  for (uint64_t i = 0; i < kSamples; ++i) {
    const uint64_t index = programs.size() * i / kSamples;
    const Schedule schedule = programs.At(index);
    pricer->Of(schedule, index, 1);
    const ExploreResult explored = Explore(schedule, settings);
    hash = Mix(Mix(hash, explored.states), explored.steps);
  }
  return absl::StrFormat("%016x", Mix(hash, pricer->trace_hash()));
}

}  // namespace

absl::StatusOr<StateFile> StateFile::Open(const std::string& path, const ProgramList& programs,
                                          const SweepSettings& settings) {
  StateFile file(path, programs, About(settings));
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) return file;
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  const absl::Status status = file.Take(*content);
  if (!status.ok()) return status;
  return file;
}

absl::Status StateFile::Take(const std::string& content) {
  const auto refuse = [&](const auto&... why) {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": ", why...));
  };
  try {
    Json json = Json::parse(content);
    if (!json.is_object() || !json.contains("gatherfuzz_sweeps")) {
      return refuse("is not a state file of sweeps");
    }
    if (json.at("gatherfuzz_sweeps") != kFormat) {
      return refuse("is a state file of another version of gatherfuzz");
    }
    const std::string checksum = json.at("checksum");
    json.erase("checksum");
    if (checksum != Checksum(json.dump())) return refuse("is damaged: its checksum is wrong");
    if (json.at("programs") != programs_->Print()) {
      return refuse("is about other programs: ", json.at("programs").get<std::string>());
    }
    if (json.at("settings") != about_) {
      return refuse("was made with other settings: ", json.at("settings").get<std::string>(),
                    ", not ", about_);
    }
    for (const Json& sweep : json.at("sweeps")) {
      sweeps_[{sweep.at("policy"), sweep.at("arch")}] = {sweep.at("fingerprint"),
                                                         CheckpointFrom(sweep)};
    }
  } catch (const Json::exception&) {
    return refuse("is damaged, or not a state file of sweeps");
  }
  return absl::OkStatus();
}

absl::StatusOr<Checkpoint> StateFile::Get(const ExploreSettings& each) {
  const Policy& policy = *each.policy;
  const Arch& arch = *each.arch;
  const auto [at, fresh] =
      sweeps_.try_emplace({std::string(policy.name()), std::string(arch.name())});
  const std::string fingerprint = path_.empty() ? "" : Fingerprint(*programs_, each);
  if (fresh) at->second.fingerprint = fingerprint;
  if (at->second.fingerprint == fingerprint) return at->second.checkpoint;
  return absl::InvalidArgumentError(
      absl::StrCat(path_, ": was made when ", Absl(policy.name()), " on ", Absl(arch.name()),
                   " ran otherwise than it does now; begin again with a new file"));
}

bool StateFile::Has(const Policy& policy, const Arch& arch) const {
  return sweeps_.contains({std::string(policy.name()), std::string(arch.name())});
}

void StateFile::Put(const Policy& policy, const Arch& arch, const Checkpoint& checkpoint) {
  sweeps_[{std::string(policy.name()), std::string(arch.name())}].checkpoint = checkpoint;
}

absl::Status StateFile::Save() const {
  if (path_.empty()) return absl::OkStatus();
  Json sweeps = Json::array();
  for (const auto& [names, entry] : sweeps_) {
    Json ahead = Json::array();
    for (const auto& [index, outcome] : entry.checkpoint.ahead) {
      ahead.push_back(ToJson(index, outcome));
    }
    sweeps.push_back({{"policy", names.first},
                      {"arch", names.second},
                      {"fingerprint", entry.fingerprint},
                      {"totals", ToJson(entry.checkpoint.totals)},
                      {"ahead", std::move(ahead)}});
  }
  Json json;
  json["gatherfuzz_sweeps"] = kFormat;
  json["programs"] = programs_->Print();
  json["settings"] = about_;
  json["sweeps"] = std::move(sweeps);
  const std::string checksum = Checksum(json.dump());
  json["checksum"] = checksum;
  return WriteFile(path_, json.dump() + "\n");
}

}  // namespace gatherfuzz
