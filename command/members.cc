// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/members.h"

#include <memory>
#include <utility>

#include <optional>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "command/command.h"
#include "harness/family.h"

namespace gatherfuzz {

absl::StatusOr<Members> ChosenMembers(const std::string& path, const LoadedSchedule& loaded) {
  const std::optional<int> member = absl::GetFlag(FLAGS_member);
  if (!member) return Members{0, loaded.members};
  if (loaded.was_text) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is text, which is one schedule; --member is for bytes"));
  }
  if (*member < 0 || *member >= loaded.members) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has no member ", *member, "; --member is 0 to ", loaded.members - 1));
  }
  return Members{*member, *member + 1};
}

absl::StatusOr<int> ChosenMember(const std::string& path, const LoadedSchedule& loaded) {
  const absl::StatusOr<Members> chosen = ChosenMembers(path, loaded);
  if (!chosen.ok()) return chosen.status();
  return chosen->begin;
}

absl::StatusOr<ChosenRun> ChooseRun(const std::vector<std::string>& arguments, uint32_t ignored) {
  if (arguments.size() != 1) return absl::InvalidArgumentError("expected one schedule file");
  const std::string& path = arguments[0];
  absl::StatusOr<LoadedSchedule> loaded = LoadSchedule(path);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<Target> target = TargetFor(path, loaded->file);
  if (!target.ok()) return target.status();
  const absl::StatusOr<Members> members = ChosenMembers(path, *loaded);
  if (!members.ok()) return members.status();
  ChosenRun run{.file = std::move(loaded->file), .target = *target};
  const auto execution = std::make_unique<Execution>();
  const int member = FirstUnclean(*execution, run.file.schedule, *members, *target->policy,
                                  *target->arch, ignored);
  run.file.schedule = TakeMember(run.file.schedule, member);
  run.file.policy = target->policy->name();
  run.file.arch = target->arch->name();
  run.file.expect_under.clear();
  return run;
}

}  // namespace gatherfuzz
