// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Files of the command line: schedules in, results out.
#ifndef GATHERFUZZ_EXPLORE_IO_FILES_H_
#define GATHERFUZZ_EXPLORE_IO_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/text.h"

namespace gatherfuzz {

// The whole file; "-" is standard input. Directories, named pipes and files
// above 16 MiB are refused.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// The file itself, or all files in a folder and in those below, by name.
absl::StatusOr<std::vector<std::string>> FilesAt(const std::string& path);

// Writes under a temporary name in the same folder, then renames, so a reader never sees half a
// file. "-" is standard output; a device or a pipe is written to directly.
absl::Status WriteFile(const std::string& path, const std::string& content);

// Whether WriteFile could write them, before long work is begun; an empty name is none. Says how it
// would fail.
absl::Status CheckWritable(const std::vector<std::string>& paths);

struct LoadedSchedule {
  ScheduleFile file;  // of bytes: only the schedule is filled in
  bool was_text = false;
  bool empty = false;  // there are no bytes
  TextNotes notes;     // of text
  int members = 1;     // of the schedule's family (harness/family.h); of text: itself alone
  // Why the bytes are most likely none that an engine or `encode` made, as a clause; mostly empty.
  std::string doubt;
};

// A schedule in either form, told apart by content; a file named *.gather is text. `as_bytes`: it
// is bytes, whatever it looks like, and that is not doubted.
absl::StatusOr<LoadedSchedule> LoadSchedule(const std::string& path, bool as_bytes = false);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_FILES_H_
