// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The index of a triage: what was found, new things first, and what came to nothing, with the
// reason. As a table for a terminal, as JSON and as a page.
//
// A function of the files, and of what the folder holds. Names of files are data: what is not
// printable is escaped in the table, replaced in JSON, and markup is none on the page.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_INDEX_H_
#define GATHERFUZZ_TRIAGE_CRASHES_INDEX_H_

#include <string>
#include <string_view>
#include <vector>

#include "triage/crashes/out_folder.h"
#include "triage/crashes/sort.h"

namespace gatherfuzz {

enum class GroupState : uint8_t {
  kNew,
  kKnown,     // among the files of --known
  kVanished,  // made by an earlier run, and no file shows it now
  kOutdated,  // made by an earlier run, and its own schedule does not show it any more
};
std::string_view StateName(GroupState state);

struct IndexGroup {
  GroupState state = GroupState::kNew;
  std::string folder;              // empty: not made yet
  std::string why;                 // ... since this went wrong, if anything did
  MadeGroup made;                  // if it is not made yet, the key and the kind
  std::vector<std::string> files;  // that show it, by path
};

struct TriageIndex {
  std::string out;
  std::vector<IndexGroup> groups;          // by state, then by key
  std::vector<const SortedFile*> others;   // files that are in no group, by path
  uint64_t files = 0, contents = 0;        // all files, and how many different contents
  uint64_t skipped = 0;                    // litter
  uint64_t own = 0;                        // that are text with a target other than the flags'
  std::vector<const SortedFile*> doubted;  // that are most likely no schedules, but violate
  uint64_t known_files = 0;                // of --known, and how many of them show no violation
  uint64_t known_without = 0;

  uint64_t Count(GroupState state) const;
  uint64_t Count(ReplayOutcome outcome) const;  // of the others
  uint64_t Unmade() const;                      // groups that are not made yet
};

std::string PrintTable(const TriageIndex& index);
std::string PrintJson(const TriageIndex& index);  // one line
std::string PrintPage(const TriageIndex& index);  // HTML

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_INDEX_H_
