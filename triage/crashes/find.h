// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Finds crash files in the folders that libFuzzer, AFL++, scripts/fuzz and an earlier triage leave.
//
// Every file is a schedule (decoding is total), so what is none is told by its name: what engines
// write beside their crashes is litter, which is counted and not read. Of a folder that AFL++ works
// in, only crashes and hangs are looked at; of one that triage wrote, only each schedule.gather.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_FIND_H_
#define GATHERFUZZ_TRIAGE_CRASHES_FIND_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "triage/crashes/guess.h"

namespace gatherfuzz {

// A folder that triage writes holds a file of this name.
inline constexpr char kTriageMarker[] = ".gatherfuzz-triage";

struct FoundFile {
  std::string path;
  Said said;           // by its path
  std::string unread;  // why it cannot be read, as a clause; empty if nothing speaks against it
  // Named as libFuzzer names what it keeps, crash or not: if it shows nothing, it is litter.
  bool corpus = false;
};

struct FoundFiles {
  std::vector<FoundFile> files;  // by path, each once
  uint64_t skipped = 0;          // litter: files, and folders with all that is in them
};

// In `roots` (files or folders, which have to exist) and in folders below them; links to folders
// are followed only there. The folder `out`, if it is met, is litter.
absl::StatusOr<FoundFiles> FindCrashFiles(const std::vector<std::string>& roots,
                                          const std::string& out, const std::atomic<bool>& stop);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_FIND_H_
