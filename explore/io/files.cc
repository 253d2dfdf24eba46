// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "explore/io/foreign.h"
#include "harness/bytes.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMaxFileBytes = 16 << 20;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

absl::Status Failed(const std::string& path, const char* what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

absl::Status IsDirectory(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory; name a file to write"));
}

absl::StatusOr<std::string> ReadAll(std::FILE* file, const std::string& path) {
  std::string content;
  char buffer[1 << 16];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, file)) {
    content.append(buffer, got);
    if (content.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": too large for a schedule (over 16 MiB)"));
    }
  }
  if (std::ferror(file)) return Failed(path, "cannot read");
  return content;
}

// To open one waits until somebody writes. A shell's <(...), and standard input by its name in
// /dev, are pipes without a name of their own, which somebody has opened.
bool IsNamedPipe(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_fifo(path, error)) return false;
  const std::filesystem::path named = std::filesystem::canonical(path, error);
  return !error && !named.empty();
}

absl::Status Put(std::FILE* file, const std::string& path, const std::string& content) {
  const bool good = std::fwrite(content.data(), 1, content.size(), file) == content.size() &&
                    std::fflush(file) == 0;
  return good ? absl::OkStatus() : Failed(path, "cannot write");
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") return ReadAll(stdin, "standard input");
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is a directory; name the schedule files in it"));
  }
  if (IsNamedPipe(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is a named pipe; name a file, or - and give it as standard input"));
  }
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return Failed(path, "cannot open");
  return ReadAll(file.get(), path);
}

absl::StatusOr<std::vector<std::string>> FilesAt(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    if (std::filesystem::exists(path, error)) return std::vector{path};
    return absl::InvalidArgumentError(absl::StrCat(path, ": no such file or folder"));
  }
  std::vector<std::string> files;
  for (std::filesystem::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path().string());
  }
  if (error) return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status CheckWritable(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::error_code error;
    if (path.empty() || path == "-") continue;
    if (std::filesystem::is_directory(path, error)) return IsDirectory(path);
    const bool is_file = std::filesystem::is_regular_file(path, error);
    const bool is_new = !std::filesystem::exists(path, error);
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const std::string& into = is_file || is_new ? folder.empty() ? "." : folder : path;
    if (access(into.c_str(), W_OK) != 0) return Failed(path, "cannot write");
  }
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, const std::string& content) {
  if (path == "-") return Put(stdout, "standard output", content);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return IsDirectory(path);
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    // A device or a pipe is written to; a file renamed over it would take its place.
    const File file(std::fopen(path.c_str(), "wb"));
    return file ? Put(file.get(), path, content) : Failed(path, "cannot write");
  }
  const std::string temporary = absl::StrCat(path, ".tmp.", getpid());
  absl::Status status;
  {
    const File file(std::fopen(temporary.c_str(), "wbx"));
    if (!file) return Failed(path, "cannot write");
    status = Put(file.get(), path, content);
  }
  if (status.ok()) {
    std::filesystem::rename(temporary, path, error);
    if (error)
      status = absl::InvalidArgumentError(absl::StrCat(path, ": cannot write: ", error.message()));
  }
  if (!status.ok()) std::filesystem::remove(temporary, error);
  return status;
}

absl::StatusOr<LoadedSchedule> LoadSchedule(const std::string& path, bool as_bytes) {
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  LoadedSchedule loaded;
  loaded.empty = content->empty();
  loaded.was_text = !as_bytes && (path.ends_with(".gather") || LooksLikeText(*content));
  if (!loaded.was_text) {
    if (!as_bytes) loaded.doubt = WhyNoSchedule(*content);
    loaded.members = DecodeBytes(
        {reinterpret_cast<const uint8_t*>(content->data()), content->size()}, loaded.file.schedule);
    return loaded;
  }
  if (content->find('\0') != content->npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is named as text but holds bytes; give it a name without .gather"));
  }
  auto parsed = ParseText(*content, &loaded.notes);
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    return absl::InvalidArgumentError(FormatError(path, *error));
  }
  loaded.file = std::get<ScheduleFile>(std::move(parsed));
  return loaded;
}

}  // namespace gatherfuzz
