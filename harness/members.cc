// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/members.h"

#include "harness/family.h"

namespace gatherfuzz {

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
