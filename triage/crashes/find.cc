// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/find.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gatherfuzz {
namespace {

namespace fs = std::filesystem;

bool IsCrashName(std::string_view name) {
  for (const std::string_view prefix : {"crash-", "timeout-", "oom-", "leak-", "slow-unit-", "id:"})
    if (name.starts_with(prefix)) return true;
  return false;
}

// A SHA-1 and nothing else.
bool IsCorpusName(std::string_view name) {
  return name.size() == 40 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

// What stands beside crashes and is no schedule. Names that begin with '.' are AFL++'s own
// (.cur_input, .synced) or nobody's business; its queue holds what does not crash.
bool IsLitter(std::string_view name) {
  if (name.starts_with('.')) return true;
  if (IsCrashName(name)) return false;
  for (const std::string_view litter :
       {"queue", "fuzzer_stats", "fuzzer_setup", "plot_data", "fuzz_bitmap", "cmdline",
        "target_hash", "is_main_node", "log", "pid", "status"}) {
    if (name == litter) return true;
  }
  for (const std::string_view ending :
       {".txt", ".log", ".md", ".json", ".html", ".csv", ".dict", ".options", ".gz", ".zip"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

enum class FolderKind : uint8_t { kPlain, kAfl, kTriage, kGroup };

struct Folder {
  fs::path path;
  Said said;
  FolderKind kind;
};

bool Holds(const fs::path& folder, const char* name) {
  std::error_code error;
  return fs::exists(fs::symlink_status(folder / name, error));
}

FolderKind KindOf(const fs::path& folder) {
  if (Holds(folder, kTriageMarker)) return FolderKind::kTriage;
  return Holds(folder, "fuzzer_stats") || Holds(folder, "fuzzer_setup") ? FolderKind::kAfl
                                                                        : FolderKind::kPlain;
}

bool IsSkipped(FolderKind kind, const std::string& name, bool is_folder) {
  switch (kind) {
    case FolderKind::kPlain: return IsLitter(name);
    // AFL++ moves crashes aside, to crashes.DATE, when it starts again.
    case FolderKind::kAfl:
      return !is_folder || !(name == "crashes" || name == "hangs" || name.starts_with("crashes.") ||
                             name.starts_with("hangs."));
    case FolderKind::kTriage: return !is_folder || name.starts_with('.');
    case FolderKind::kGroup: break;
  }
  return name != "schedule.gather";
}

class Finder {
 public:
  Finder(const std::string& out, const std::atomic<bool>& stop) : out_(out), stop_(stop) {}

  absl::Status Root(const std::string& root) {
    std::error_code error;
    const fs::file_status status = fs::status(root, error);
    if (!fs::exists(status)) {
      return absl::InvalidArgumentError(absl::StrCat(root, ": no such file or folder"));
    }
    if (IsOut(root)) {
      return absl::InvalidArgumentError(
          absl::StrCat(root, ": is the folder to write to; name another with --out"));
    }
    if (!fs::is_directory(status)) {
      const fs::path path(root);
      Add(path, NearestFor(path, SaidByPath(path.parent_path().empty() ? "." : path.parent_path())),
          fs::is_regular_file(status));
      return absl::OkStatus();
    }
    fs::path path(root);
    if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();  // "a/"
    folders_.push_back({path, SaidByPath(root), FolderKind::kPlain});
    folders_.back().kind = gatherfuzz::KindOf(path);
    while (!folders_.empty() && !stop_) {
      const Folder folder = std::move(folders_.back());
      folders_.pop_back();
      Walk(folder);
    }
    return absl::OkStatus();
  }

  FoundFiles Take() {
    const auto by_path = [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; };
    const auto same = [](const FoundFile& a, const FoundFile& b) { return a.path == b.path; };
    std::sort(found_.files.begin(), found_.files.end(), by_path);
    found_.files.erase(std::unique(found_.files.begin(), found_.files.end(), same),
                       found_.files.end());
    return std::move(found_);
  }

 private:
  bool IsOut(const fs::path& path) const {
    std::error_code error;
    return !out_.empty() && fs::equivalent(path, out_, error);
  }

  static Said NearestFor(const fs::path& file, const Said& folder) {
    const Said said = SaidByName(file.filename().string());
    return said.nothing() ? folder : said;
  }

  void Add(const fs::path& path, const Said& said, bool regular) {
    found_.files.push_back({path.string(), said,
                            regular ? "" : "is a pipe, a socket or a device, which is not read",
                            IsCorpusName(path.filename().string())});
  }
  void AddUnread(const fs::path& path, std::string why) {
    found_.files.push_back({path.string(), {}, std::move(why)});
  }

  void Walk(const Folder& folder) {
    std::error_code error;
    for (fs::directory_iterator at(folder.path, error), end; !error && at != end && !stop_;
         at.increment(error)) {
      Visit(folder, at->path());
    }
    if (error) AddUnread(folder.path, absl::StrCat("cannot be listed: ", error.message()));
  }

  void Visit(const Folder& folder, const fs::path& path) {
    std::error_code error;
    const fs::file_status itself = fs::symlink_status(path, error);
    const bool is_folder = fs::is_directory(itself);
    if (IsSkipped(folder.kind, path.filename().string(), is_folder) || (is_folder && IsOut(path))) {
      ++found_.skipped;
      return;
    }
    if (is_folder) {
      const bool group = folder.kind == FolderKind::kTriage;
      folders_.push_back({path, SaidByFolder(path.string(), folder.said),
                          group ? FolderKind::kGroup : gatherfuzz::KindOf(path)});
      return;
    }
    const fs::file_status status = fs::status(path, error);
    if (fs::is_symlink(itself) && !fs::exists(status)) {
      return AddUnread(path, "is a link that leads nowhere");
    }
    if (fs::is_directory(status)) {
      return AddUnread(path, "is a link to a folder, which is not followed; name that folder");
    }
    Add(path, NearestFor(path, folder.said), fs::is_regular_file(status));
  }

  const std::string& out_;
  const std::atomic<bool>& stop_;
  std::vector<Folder> folders_;  // still to be walked
  FoundFiles found_;
};

}  // namespace

absl::StatusOr<FoundFiles> FindCrashFiles(const std::vector<std::string>& roots,
                                          const std::string& out, const std::atomic<bool>& stop) {
  Finder finder(out, stop);
  for (const std::string& root : roots) {
    const absl::Status status = finder.Root(root);
    if (!status.ok()) return status;
  }
  return finder.Take();
}

}  // namespace gatherfuzz
