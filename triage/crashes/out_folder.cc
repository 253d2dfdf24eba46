// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/out_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "explore/io/files.h"
#include "explore/io/strings.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kUnfinished[] = ".gatherfuzz-unfinished";
constexpr char kMarkerText[] =
    "gatherfuzz triage 1\n"
    "This folder is written by gatherfuzz triage, which goes on here if it is run again.\n";

absl::Status Failed(const std::string& path, const char* what, const std::error_code& error) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, ": ", error.message()));
}

// Whether what is at `path` may become, or is, a folder that triage writes.
absl::Status CheckOurs(const std::string& path) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(fs::path(path) / kTriageMarker, error)))
    return absl::OkStatus();
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() == kUnfinished) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not empty, and no earlier triage wrote it; name a new folder"));
  }
  return error ? Failed(path, "cannot be listed", error) : absl::OkStatus();
}

}  // namespace

std::string MadeGroup::Print() const {
  Json json;
  json["schema"] = 1;
  json["policy"] = key.policy;
  json["arch"] = key.arch;
  json["kind"] = kind;
  json["signature"] = key.signature;
  json["excused"] = key.excused;
  json["preemptions"] = preemptions;
  json["steps"] = steps;
  json["proven"] = proven;
  json["original"] = original;
  json["original_hash"] = original_hash;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<MadeGroup> MadeGroup::Parse(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    MadeGroup made;
    made.key = {json.at("policy"), json.at("arch"), json.at("signature"),
                json.value("excused", false)};
    made.kind = json.at("kind");
    made.original = json.at("original");
    made.original_hash = json.at("original_hash");
    made.preemptions = json.at("preemptions");
    made.steps = json.at("steps");
    made.proven = json.at("proven");
    if (json.at("schema") != 1) return absl::InvalidArgumentError("is of another version");
    return made;
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("is not what triage writes");
  }
}

OutFolder::~OutFolder() {
  if (lock_ < 0) return;
  std::error_code error;
  fs::remove_all(PathOf(kUnfinished), error);
  close(lock_);
}

absl::Status OutFolder::Open(const std::string& path) {
  path_ = path;
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) return Failed(path_, "cannot be made", error);
  absl::Status status = CheckOurs(path_);
  if (status.ok()) status = Lock();
  if (!status.ok()) return status;
  fs::remove_all(PathOf(kUnfinished), error);
  if (!error) fs::create_directory(PathOf(kUnfinished), error);
  if (error) return Failed(path_, "cannot be written to", error);
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    taken_.insert(at->path().filename().string());
  }
  if (error) return Failed(path_, "cannot be listed", error);
  return taken_.contains(kTriageMarker) ? absl::OkStatus() : Put(kTriageMarker, kMarkerText);
}

// Held until this goes, or the process ends in whatever way.
absl::Status OutFolder::Lock() {
  lock_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ >= 0 && (flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)) {
    return absl::OkStatus();
  }
  const bool taken = lock_ >= 0;
  if (taken) close(lock_);
  lock_ = -1;
  return absl::InvalidArgumentError(
      absl::StrCat(path_, taken ? ": another triage is writing to it; wait for that to end"
                                : ": cannot be read"));
}

std::vector<KeptGroup> OutFolder::Kept() const {
  const auto execution = std::make_unique<Execution>();
  const auto schedule = std::make_unique<Schedule>();
  std::vector<KeptGroup> kept;
  for (const std::string& name : taken_) {
    const absl::StatusOr<std::string> json = ReadRegular(PathOf(name) + "/group.json");
    if (!json.ok()) continue;
    absl::StatusOr<MadeGroup> made = MadeGroup::Parse(*json);
    if (!made.ok()) continue;
    const absl::StatusOr<std::string> text = ReadRegular(PathOf(name) + "/schedule.gather");
    const Said nothing;
    const Replayed now =
        text.ok() ? Replay(*execution, {*text, true, nothing, nothing}, *schedule) : Replayed{};
    const bool same = now.outcome == ReplayOutcome::kViolation && KeyOf(now) == made->key;
    kept.push_back({name, *std::move(made), !same});
  }
  return kept;
}

std::string OutFolder::NameFor(const ViolationGroup& group) {
  const std::string name =
      absl::StrCat(group.key.policy, "_", group.key.arch, "-", Absl(Info(group.kind).name), "-",
                   ShortHash(group.key.signature).substr(0, 8));
  std::string free = name;
  for (int number = 2; !taken_.insert(free).second; ++number)
    free = absl::StrCat(name, "-", number);
  return free;
}

absl::Status OutFolder::Put(const std::string& name, const std::string& content) const {
  const std::string unfinished = PathOf(absl::StrCat(kUnfinished, "/", name));
  const absl::Status status = WriteFile(unfinished, content);
  if (!status.ok()) return status;
  std::error_code error;
  fs::rename(unfinished, PathOf(name), error);
  return error ? Failed(PathOf(name), "cannot be written", error) : absl::OkStatus();
}

absl::Status OutFolder::PutFolder(const std::string& name,
                                  const std::map<std::string, std::string>& files) const {
  const std::string unfinished = PathOf(absl::StrCat(kUnfinished, "/", name));
  std::error_code error;
  fs::create_directory(unfinished, error);
  if (error) return Failed(unfinished, "cannot be made", error);
  for (const auto& [file, content] : files) {
    const absl::Status status = WriteFile(absl::StrCat(unfinished, "/", file), content);
    if (!status.ok()) return status;
  }
  fs::rename(unfinished, PathOf(name), error);
  return error ? Failed(PathOf(name), "cannot be written", error) : absl::OkStatus();
}

}  // namespace gatherfuzz
