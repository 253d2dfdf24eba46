// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/corpus/upgrade.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "explore/io/files.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"
#include "harness/text.h"
#include "triage/corpus/carry.h"
#include "triage/corpus/sha1.h"
#include "triage/crashes/find.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

namespace fs = std::filesystem;

class Upgrader {
 public:
  explicit Upgrader(const UpgradeSettings& settings)
      : settings_(settings), carrier_(settings.targets) {}

  absl::Status Take(const FoundFile& file) {
    if (!file.unread.empty()) return Fail(file, file.unread);
    const absl::StatusOr<std::string> content = ReadRegular(file.path);
    if (!content.ok()) return Fail(file, std::string(content.status().message()));
    if (file.path.ends_with(".gather") || LooksLikeText(*content)) {
      ++upgraded_.texts;
      return absl::OkStatus();
    }
    const BytesVersion& version =
        settings_.from != nullptr
            ? *settings_.from
            : VersionOf({reinterpret_cast<const uint8_t*>(content->data()), content->size()});
    ++upgraded_.versions[version.number];
    const absl::StatusOr<std::string> carried = carrier_.Carry(version, *content);
    if (!carried.ok()) return Fail(file, std::string(carried.status().message()));
    return Put(*carried);
  }

  Upgraded& upgraded() { return upgraded_; }

 private:
  absl::Status Fail(const FoundFile& file, std::string why) {
    upgraded_.failed.emplace_back(file.path, std::move(why));
    return absl::OkStatus();
  }

  absl::Status Put(const std::string& content) {
    const std::string path = (fs::path(settings_.out) / Sha1(content)).string();
    const absl::StatusOr<std::string> there = ReadRegular(path);
    if (there.ok() && *there == content) {
      ++upgraded_.there;
      return absl::OkStatus();
    }
    ++upgraded_.written;
    return WriteFile(path, content);
  }

  const UpgradeSettings& settings_;
  Carrier carrier_;
  Upgraded upgraded_;
};

}  // namespace

absl::StatusOr<Upgraded> Upgrade(const UpgradeSettings& settings) {
  const std::atomic<bool> never{false};
  absl::StatusOr<FoundFiles> found =
      FindCrashFiles(settings.roots, settings.out, never, Wanted::kInputs);
  if (!found.ok()) return found.status();
  std::error_code error;
  fs::create_directories(settings.out, error);
  if (!fs::is_directory(settings.out)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Printable(settings.out), ": cannot be made; name another folder with --out"));
  }
  const auto upgrader = std::make_unique<Upgrader>(settings);
  upgrader->upgraded().skipped = found->skipped;
  for (const FoundFile& file : found->files) {
    const absl::Status status = upgrader->Take(file);
    if (!status.ok()) return status;
  }
  return std::move(upgrader->upgraded());
}

std::string PrintUpgraded(const Upgraded& upgraded, const std::string& out) {
  std::string text;
  for (const auto& [path, why] : upgraded.failed) {
    absl::StrAppend(&text, Printable(path), ": ", why, "\n");
  }
  uint64_t files = 0;
  std::string versions;
  for (const auto& [version, count] : upgraded.versions) {
    files += count;
    absl::StrAppend(&versions, versions.empty() ? " (" : ", ", count, " of version ", version);
  }
  absl::StrAppend(&text, files, " files of bytes", versions, versions.empty() ? "" : ")", ", ",
                  upgraded.texts, " texts left out, ", upgraded.skipped, " skipped\n");
  absl::StrAppend(&text, upgraded.written, " written to ", Printable(out), ", ", upgraded.there,
                  " there already, ", upgraded.failed.size(), " not carried\n");
  return text;
}

std::string JsonOfUpgraded(const Upgraded& upgraded) {
  nlohmann::ordered_json json;
  json["bytes_version"] = kBytesVersion;
  json["versions"] = nlohmann::ordered_json::object();
  for (const auto& [version, count] : upgraded.versions) {
    json["versions"][std::to_string(version)] = count;
  }
  json["texts"] = upgraded.texts;
  json["skipped"] = upgraded.skipped;
  json["written"] = upgraded.written;
  json["there"] = upgraded.there;
  json["failed"] = nlohmann::ordered_json::array();
  for (const auto& [path, why] : upgraded.failed) {
    json["failed"].push_back({{"file", path}, {"why", why}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace gatherfuzz
