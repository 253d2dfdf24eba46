// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The state file of sweeps: from it, one that was interrupted in any way goes on.
//
// One JSON object: what is swept, and a checkpoint for each policy and architecture. It is replaced
// as a whole, so there is never half of one. It is refused if it is damaged (it carries a
// checksum), is about other programs or settings, or if the policy or the model runs otherwise now:
// the numbers of two different things would be added up.
#ifndef GATHERFUZZ_EXPLORE_SWEEPS_STATE_FILE_H_
#define GATHERFUZZ_EXPLORE_SWEEPS_STATE_FILE_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "explore/sweep.h"

namespace gatherfuzz {

class StateFile {
 public:
  // Takes in what the file at `path` holds, if there is one. An empty path: no file, and Save()
  // does nothing. `programs` must outlive it. Of `settings`, all but the policy, the architecture,
  // jobs and seconds must be the file's.
  static absl::StatusOr<StateFile> Open(const std::string& path, const ProgramList& programs,
                                        const SweepSettings& settings);

  // How far the sweep of that policy on that architecture is; a new one, if it is not there.
  // An error if it is there, but ran otherwise.
  absl::StatusOr<Checkpoint> Get(const ExploreSettings& each);
  void Put(const Policy& policy, const Arch& arch, const Checkpoint& checkpoint);
  absl::Status Save() const;

  bool empty() const { return sweeps_.empty(); }
  bool Has(const Policy& policy, const Arch& arch) const;
  const std::string& path() const { return path_; }

 private:
  struct Entry {
    std::string fingerprint;
    Checkpoint checkpoint;
  };
  StateFile(std::string path, const ProgramList& programs, std::string about)
      : path_(std::move(path)), programs_(&programs), about_(std::move(about)) {}
  absl::Status Take(const std::string& content);

  std::string path_;
  const ProgramList* programs_;
  std::string about_;                                            // the settings
  std::map<std::pair<std::string, std::string>, Entry> sweeps_;  // by policy and architecture
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SWEEPS_STATE_FILE_H_
