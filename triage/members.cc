// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/members.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "harness/family.h"
#include "triage/command.h"

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

int FirstUnclean(Execution& execution, const Schedule& schedule, Members members,
                 const Policy& policy, const Arch& arch, uint32_t ignored) {
  execution.Load(schedule);
  for (int number = members.begin; number < members.end; ++number) {
    const Member member = MemberOf(schedule, number);
    if (!execution.RunLoaded(policy, arch, member, {.ignored = ignored}).clean()) return number;
  }
  return members.begin;
}

}  // namespace gatherfuzz
