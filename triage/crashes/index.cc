// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/index.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/program.h"
#include "explore/io/strings.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

using Json = nlohmann::ordered_json;

std::string NumberOrDash(int number) { return number < 0 ? "-" : absl::StrCat(number); }

class Table {
 public:
  explicit Table(const TriageIndex& index) : index_(index) {}

  std::string Print() {
    Groups();
    Others();
    Summary();
    return std::move(text_);
  }

 private:
  // Two lines each: what it is, and below it the signature and where it lies.
  void Groups() {
    if (index_.groups.empty()) return;
    size_t policy = 6, kind = 4;
    for (const IndexGroup& group : index_.groups) {
      policy = std::max(policy, group.made.key.policy.size());
      kind = std::max(kind, group.made.kind.size());
    }
    const auto line = [&](const auto& state, const auto& name, const auto& arch, const auto& what,
                          const auto& files, const auto& preemptions, const auto& steps) {
      absl::StrAppendFormat(&text_, "%-8s  %-*s  %-6s %-*s  %6s  %7s  %5s\n", state, policy, name,
                            arch, kind, what, files, preemptions, steps);
    };
    line("state", "policy", "arch", "kind", "files", "preempt", "steps");
    for (const IndexGroup& group : index_.groups) {
      const MadeGroup& made = group.made;
      const bool is_made = !group.folder.empty();
      line(Absl(StateName(group.state)), Shown(made.key.policy), Shown(made.key.arch),
           Shown(made.kind), absl::StrCat(group.files.size()),
           is_made ? NumberOrDash(made.preemptions) : "-",
           is_made ? absl::StrCat(made.steps, made.proven ? "*" : " ") : "- ");
      absl::StrAppend(&text_, "          ", Shown(made.key.signature),
                      made.key.excused ? " (excused)" : "", "\n          ",
                      is_made             ? Replay(group)
                      : group.why.empty() ? "not made small yet"
                                          : absl::StrCat("not made small: ", Shown(group.why)),
                      "\n");
    }
    const auto proven = [](const IndexGroup& group) { return group.made.proven; };
    if (std::any_of(index_.groups.begin(), index_.groups.end(), proven)) {
      absl::StrAppend(&text_, "* none shorter exists\n");
    }
    const auto excused = [](const IndexGroup& group) { return group.made.key.excused; };
    if (std::any_of(index_.groups.begin(), index_.groups.end(), excused)) {
      absl::StrAppend(&text_,
                      "excused: under such a schedule it says nothing against the policy\n");
    }
  }

  // Shell words have no control characters, so a terminal may show them.
  std::string Replay(const IndexGroup& group) const {
    const std::string folder = absl::StrCat(index_.out, "/", group.folder);
    return absl::StrCat(ProgramName(), " run ", ShellWord(folder + "/schedule.gather"));
  }

  // The first few of each reason; the JSON has them all.
  void Others() {
    constexpr size_t kShown = 10;
    std::map<ReplayOutcome, std::vector<const SortedFile*>> by_outcome;
    for (const SortedFile* file : index_.others)
      by_outcome[file->replayed->outcome].push_back(file);
    if (!by_outcome.empty()) {
      absl::StrAppend(&text_, "\n", Counted(index_.others.size(), "file"),
                      " without a violation:\n");
    }
    for (const auto& [outcome, files] : by_outcome) {
      for (size_t i = 0; i < std::min(kShown, files.size()); ++i) {
        absl::StrAppend(&text_, "  ", Shown(files[i]->found.path), ": ",
                        Shown(files[i]->replayed->why), "\n");
      }
      if (files.size() <= kShown) continue;
      absl::StrAppend(&text_, "  ... and ", files.size() - kShown, " more like the last (",
                      Absl(OutcomeName(outcome)), "), see index.json\n");
    }
  }

  void Summary() {
    if (!text_.empty()) absl::StrAppend(&text_, "\n");
    absl::StrAppend(&text_, Counted(index_.files, "file"), " (", index_.contents, " different), ",
                    index_.skipped,
                    " skipped: ", Counted(index_.Count(GroupState::kNew), "new violation"), ", ",
                    index_.Count(GroupState::kKnown), " known");
    for (const GroupState state : {GroupState::kVanished, GroupState::kOutdated}) {
      if (const uint64_t count = index_.Count(state)) {
        absl::StrAppend(&text_, ", ", count, " ", Absl(StateName(state)));
      }
    }
    absl::StrAppend(&text_, "; ", Shown(index_.out), "/index.html\n");
    if (index_.known_without != 0) {
      absl::StrAppend(&text_, index_.known_without, " of ", index_.known_files,
                      " known files show no violation now\n");
    }
  }

  const TriageIndex& index_;
  std::string text_;
};

Json ToJson(const IndexGroup& group) {
  Json json;
  json["state"] = StateName(group.state);
  json["policy"] = group.made.key.policy;
  json["arch"] = group.made.key.arch;
  json["kind"] = group.made.kind;
  json["verdict"] = group.made.kind;
  json["signature"] = group.made.key.signature;
  json["excused"] = group.made.key.excused;
  for (const char* name : {"folder", "preemptions", "steps", "proven", "original"}) {
    json[name] = nullptr;
  }
  if (!group.folder.empty()) {
    json["folder"] = group.folder;
    if (group.made.preemptions >= 0) json["preemptions"] = group.made.preemptions;
    json["steps"] = group.made.steps;
    json["proven"] = group.made.proven;
    json["original"] = group.made.original;
  }
  json["files"] = group.files;
  return json;
}

}  // namespace

std::string_view StateName(GroupState state) {
  static constexpr std::string_view kNames[] = {"new", "known", "vanished", "outdated"};
  return kNames[static_cast<int>(state)];
}

uint64_t TriageIndex::Count(GroupState state) const {
  return static_cast<uint64_t>(
      std::count_if(groups.begin(), groups.end(),
                    [state](const IndexGroup& group) { return group.state == state; }));
}
uint64_t TriageIndex::Count(ReplayOutcome outcome) const {
  return static_cast<uint64_t>(std::count_if(
      others.begin(), others.end(),
      [outcome](const SortedFile* file) { return file->replayed->outcome == outcome; }));
}
uint64_t TriageIndex::Unmade() const {
  return static_cast<uint64_t>(std::count_if(
      groups.begin(), groups.end(), [](const IndexGroup& group) { return group.folder.empty(); }));
}

std::string PrintTable(const TriageIndex& index) { return Table(index).Print(); }

std::string PrintJson(const TriageIndex& index) {
  Json json;
  json["schema"] = 1;
  json["version"] = GATHERFUZZ_VERSION;
  json["complete"] = index.Unmade() == 0;
  json["files"] = index.files;
  json["contents"] = index.contents;
  json["skipped"] = index.skipped;
  for (const GroupState state :
       {GroupState::kNew, GroupState::kKnown, GroupState::kVanished, GroupState::kOutdated}) {
    json[std::string(StateName(state))] = index.Count(state);
  }
  json["known_files"] = index.known_files;
  json["known_without_violation"] = index.known_without;
  json["groups"] = Json::array();
  for (const IndexGroup& group : index.groups) json["groups"].push_back(ToJson(group));
  json["not_reproduced"] = Json::array();
  for (const SortedFile* file : index.others) {
    json["not_reproduced"].push_back({{"file", file->found.path},
                                      {"reason", OutcomeName(file->replayed->outcome)},
                                      {"text", file->replayed->why}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gatherfuzz
