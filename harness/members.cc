// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/members.h"

#include "harness/family.h"

namespace gatherfuzz {

int FirstUnclean(Execution& execution, const Schedule& schedule, Members members,
                 const Policy& policy, const Arch& arch, uint32_t ignored) {
  execution.Load(schedule);
  int told_nothing = -1;
  for (int number = members.begin; number < members.end; ++number) {
    const Member member = MemberOf(schedule, number);
    const RunResult result = execution.RunLoaded(policy, arch, member, {.ignored = ignored});
    if (result.clean()) continue;
    if (!result.out_of_stores) return number;
    if (told_nothing < 0) told_nothing = number;
  }
  return told_nothing >= 0 ? told_nothing : members.begin;
}

}  // namespace gatherfuzz
