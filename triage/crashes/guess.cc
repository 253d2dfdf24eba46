// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/guess.h"

#include <filesystem>
#include <optional>

#include "absl/strings/ascii.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

constexpr std::string_view kTargetPrefixes[] = {"fuzz_", "afl_"};

// `word` as a part of `name`: behind its beginning or a '_', before what is no letter or digit.
bool HasWord(std::string_view name, std::string_view word) {
  for (size_t at = name.find(word); at != name.npos; at = name.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || name[at - 1] == '_') &&
        (end == name.size() || !absl::ascii_isalnum(static_cast<unsigned char>(name[end])))) {
      return true;
    }
  }
  return false;
}

// Of a whole name that is a fuzz target's; the policy need not be known.
std::optional<Said> SaidByTarget(std::string_view name) {
  for (const std::string_view prefix : kTargetPrefixes) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = name.substr(prefix.size());
    for (const Arch* arch : AllArchs()) {
      const std::string ending = "_" + std::string(arch->name());
      if (rest.size() <= ending.size() || !rest.ends_with(ending)) continue;
      return Said{std::string(rest.substr(0, rest.size() - ending.size())),
                  std::string(arch->name())};
    }
  }
  return {};
}

}  // namespace

Said SaidByName(std::string_view name) {
  if (const auto said = SaidByTarget(name)) return *said;
  Said longest;
  for (const PolicyGroup group :
       {PolicyGroup::kPublished, PolicyGroup::kPlanted, PolicyGroup::kVariant}) {
    for (const Policy* policy : Policies(group)) {
      if (policy->name().size() <= longest.policy.size() ||
          name.find(policy->name()) == name.npos) {
        continue;
      }
      for (const Arch* arch : AllArchs()) {
        const std::string word = std::string(policy->name()) + "_" + std::string(arch->name());
        if (HasWord(name, word)) {
          longest = {std::string(policy->name()), std::string(arch->name())};
        }
      }
    }
  }
  return longest;
}

Said SaidByAfl(std::string_view content) {
  Said last;
  constexpr std::string_view kSeparators = " \t\r\n'\"/=";
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find_first_of(kSeparators, begin), content.size());
    if (const auto said = SaidByTarget(content.substr(begin, end - begin))) last = *said;
    begin = end + 1;
  }
  return last;
}

Said SaidByFolder(const std::string& folder, const Said& above) {
  const std::filesystem::path path(folder);
  for (const char* name : {"fuzzer_stats", "fuzzer_setup"}) {
    const absl::StatusOr<std::string> content = ReadRegular((path / name).string());
    if (!content.ok()) continue;
    const Said said = SaidByAfl(*content);
    if (!said.nothing()) return said;
  }
  const std::string name = path.filename().string();
  const Said said = SaidByName(name);
  if (!said.nothing()) return said;
  const std::string parent = path.parent_path().filename().string();
  if (FindArch(name) != nullptr && FindPolicy(parent) != nullptr) return {parent, name};
  return above;
}

Said SaidByPath(const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) absolute = path;
  Said said;
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : absolute.lexically_normal()) {
    so_far /= part;
    if (!part.empty()) said = SaidByFolder(so_far.string(), said);
  }
  return said;
}

}  // namespace gatherfuzz
