// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// One triage, from folders of crash files to a folder of distinct violations.
//
// What it writes depends on the files, on --known, and on what earlier runs made in the folder it
// writes to: a violation that is there already keeps its folder. So one that was interrupted, in
// any way, comes to the same when it is run again as one that was not.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_TRIAGE_RUN_H_
#define GATHERFUZZ_TRIAGE_CRASHES_TRIAGE_RUN_H_

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "triage/crashes/index.h"
#include "triage/crashes/make.h"
#include "triage/crashes/out_folder.h"
#include "triage/crashes/sort.h"
#include "triage/crashes/work.h"

namespace gatherfuzz {

struct TriageSettings {
  std::vector<std::string> roots;
  std::string out;
  std::string known;  // empty: nothing is known
  int jobs = 1;
  double seconds = 0;  // for all of it
  MakeSettings make;
};

class TriageRun {
 public:
  explicit TriageRun(const TriageSettings& settings)
      : settings_(settings), work_(settings.jobs, settings.seconds) {}

  // The index is written, unless it was stopped before all files were replayed. An error is one of
  // the arguments, or of writing.
  absl::Status Run();

  bool stopped() const { return work_.stop(); }
  bool interrupted() const { return work_.interrupted(); }
  bool replayed_all() const { return replayed_all_; }
  const TriageIndex& index() const { return index_; }  // if all files were replayed

 private:
  absl::Status ReplayFiles();
  absl::Status NoFiles(const FoundFiles& found) const;
  void ListFiles();
  void ListGroups();
  IndexGroup EntryOf(const ViolationGroup& group, const std::map<ViolationKey, KeptGroup>& kept);
  void MakeGroups();
  void MakeOne(IndexGroup& entry, const std::string& folder);

  const TriageSettings& settings_;
  StoppableWork work_;
  OutFolder out_;
  TriageIndex index_;
  bool replayed_all_ = false;
  std::vector<SortedFile> files_;
  std::map<ViolationKey, ViolationGroup> groups_;
  std::set<ViolationKey> known_;
  std::mutex mutex_;      // of
  absl::Status written_;  // the first failure to write
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_TRIAGE_RUN_H_
