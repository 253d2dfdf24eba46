// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The folder that triage writes: a folder for each violation, and the index.
//
// What appears in it appears whole: files and folders are made under kUnfinished and renamed. What
// was left there by a run that was killed is removed by the next one, and nothing else ever is. The
// folder of a violation is never written to again. A folder that is not empty and was not made by
// triage is refused, and so is one that another process writes to.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_OUT_FOLDER_H_
#define GATHERFUZZ_TRIAGE_CRASHES_OUT_FOLDER_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/execution.h"
#include "triage/crashes/sort.h"

namespace gatherfuzz {

// A violation that has been made small, as its folder says in group.json.
struct MadeGroup {
  ViolationKey key;
  std::string kind;
  std::string original;             // the path of what it was made from
  std::string original_hash;        // and its content
  int preemptions = -1, steps = 0;  // preemptions: -1 if it could not be made small
  bool proven = false;              // none shorter exists
  std::string Print() const;
  static absl::StatusOr<MadeGroup> Parse(const std::string& json);
};

struct KeptGroup {
  std::string folder;  // its name in the folder
  MadeGroup made;
  bool outdated = false;  // its schedule does not show that violation any more
};

class OutFolder {
 public:
  OutFolder() = default;
  ~OutFolder();
  OutFolder(const OutFolder&) = delete;
  OutFolder& operator=(const OutFolder&) = delete;

  // Makes it, unless it is there.
  absl::Status Open(const std::string& path);

  // What earlier runs made, by the name of the folder.
  std::vector<KeptGroup> Kept() const;

  // A name that is not taken for the folder of a violation; it is taken from then on.
  std::string NameFor(const ViolationGroup& group);

  // Writes a file, in place of the one there is; or a folder of files, of a name that is free.
  absl::Status Put(const std::string& name, const std::string& content) const;
  absl::Status PutFolder(const std::string& name,
                         const std::map<std::string, std::string>& files) const;

  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  absl::Status Lock();

  std::string path_;
  int lock_ = -1;
  std::set<std::string> taken_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_OUT_FOLDER_H_
