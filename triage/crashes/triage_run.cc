// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/triage_run.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "explore/io/strings.h"
#include "triage/crashes/replay_all.h"

namespace gatherfuzz {

absl::Status TriageRun::Run() {
  absl::Status status = ReplayFiles();
  if (!status.ok() || stopped()) return status;
  replayed_all_ = true;
  ListFiles();
  ListGroups();
  MakeGroups();
  for (const auto& [name, content] :
       {std::pair("index.json", PrintJson(index_)), std::pair("index.html", PrintPage(index_))}) {
    written_.Update(out_.Put(name, content));
  }
  return written_;
}

absl::Status TriageRun::NoFiles(const FoundFiles& found) const {
  const std::string skipped = found.skipped == 0
                                  ? ""
                                  : absl::StrCat(" (but ", Counted(found.skipped, "file"),
                                                 " that engines and triage write beside them)");
  return absl::InvalidArgumentError(
      absl::StrCat(absl::StrJoin(settings_.roots, ", "), ": no crash file there", skipped));
}

// The folder is made only when the arguments are known to be good.
absl::Status TriageRun::ReplayFiles() {
  const std::atomic<bool>& interrupted = Interruptible::flag();
  absl::StatusOr<FoundFiles> found = FindCrashFiles(settings_.roots, settings_.out, interrupted);
  if (!found.ok()) return found.status();
  if (found->files.empty() && !interrupted) return NoFiles(*found);
  absl::StatusOr<FoundFiles> known = FoundFiles{};
  if (!settings_.known.empty()) {
    known = FindCrashFiles({settings_.known}, settings_.out, interrupted);
  }
  if (!known.ok()) return known.status();
  const absl::Status status = out_.Open(settings_.out);
  if (!status.ok()) return status;
  index_.skipped = found->skipped;
  files_ = ReplayAll(std::move(found->files), settings_.make.flags, work_);
  for (const SortedFile& file : ReplayAll(std::move(known->files), settings_.make.flags, work_)) {
    const bool violates =
        file.replayed != nullptr && file.replayed->outcome == ReplayOutcome::kViolation;
    if (violates) known_.insert(KeyOf(*file.replayed));
    ++index_.known_files;
    index_.known_without += violates ? 0 : 1;
  }
  return absl::OkStatus();
}

void TriageRun::ListFiles() {
  index_.out = out_.path();
  index_.files = files_.size();
  std::set<std::string> contents;
  for (const SortedFile& file : files_) {
    const ReplayOutcome outcome = file.replayed->outcome;
    if (file.found.corpus &&
        (outcome == ReplayOutcome::kNoViolation || outcome == ReplayOutcome::kNoSchedule)) {
      ++index_.skipped;
      --index_.files;
      continue;
    }
    if (!file.hash.empty()) contents.insert(file.hash);
    index_.own += file.replayed->own ? 1 : 0;
    if (outcome != ReplayOutcome::kViolation) {
      index_.others.push_back(&file);
    } else if (!file.replayed->doubt.empty()) {
      index_.doubted.push_back(&file);
    }
  }
  index_.contents = contents.size();
}

void TriageRun::ListGroups() {
  for (ViolationGroup& group : GroupByViolation(files_)) {
    ViolationKey key = group.key;
    groups_.emplace(std::move(key), std::move(group));
  }
  std::map<ViolationKey, KeptGroup> kept;
  const auto add_kept = [&](GroupState state, const KeptGroup& group) {
    index_.groups.push_back({.state = state, .folder = group.folder, .made = group.made});
  };
  for (KeptGroup& group : out_.Kept()) {
    if (group.outdated) {
      add_kept(GroupState::kOutdated, group);
    } else if (!kept.contains(group.made.key)) {  // the first counts, should there be copies
      if (!groups_.contains(group.made.key)) add_kept(GroupState::kVanished, group);
      ViolationKey key = group.made.key;
      kept.emplace(std::move(key), std::move(group));
    }
  }
  for (const auto& [key, group] : groups_) index_.groups.push_back(EntryOf(group, kept));
  const auto rank = [](const IndexGroup& group) {
    return std::tie(group.state, group.made.key, group.folder);
  };
  std::sort(index_.groups.begin(), index_.groups.end(),
            [&](const IndexGroup& a, const IndexGroup& b) { return rank(a) < rank(b); });
}

IndexGroup TriageRun::EntryOf(const ViolationGroup& group,
                              const std::map<ViolationKey, KeptGroup>& kept) {
  IndexGroup entry;
  entry.state = known_.contains(group.key) ? GroupState::kKnown : GroupState::kNew;
  entry.made.key = group.key;
  entry.made.kind = Info(group.kind).name;
  for (const size_t file : group.files) entry.files.push_back(files_[file].found.path);
  if (const auto made = kept.find(group.key); made != kept.end()) {
    entry.folder = made->second.folder;
    entry.made = made->second.made;
  }
  return entry;
}

// Names are given out before threads begin, so that they do not depend on them.
void TriageRun::MakeGroups() {
  std::vector<std::pair<IndexGroup*, std::string>> to_make;
  for (IndexGroup& entry : index_.groups) {
    if (entry.folder.empty()) {
      to_make.emplace_back(&entry, out_.NameFor(groups_.at(entry.made.key)));
    }
  }
  work_.Each(to_make.size(), "violations made small",
             [&](size_t i) { MakeOne(*to_make[i].first, to_make[i].second); });
}

void TriageRun::MakeOne(IndexGroup& entry, const std::string& folder) {
  const ViolationGroup& group = groups_.at(entry.made.key);
  const absl::StatusOr<GroupFiles> made =
      MakeGroup(group, files_[group.shortest], settings_.make, work_.stop());
  if (!made.ok()) {
    if (!absl::IsCancelled(made.status())) entry.why = std::string(made.status().message());
    return;
  }
  const absl::Status status = out_.PutFolder(folder, made->files);
  if (!status.ok()) {
    entry.why = "cannot be written";
    const std::lock_guard lock(mutex_);
    return written_.Update(status);
  }
  entry.made = made->made;
  entry.folder = folder;
}

}  // namespace gatherfuzz
