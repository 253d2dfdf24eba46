// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz policies: lists policies and architectures, a line each.
#include <iostream>

#include "absl/strings/str_format.h"
#include "triage/command.h"
#include "triage/strings.h"

namespace gatherfuzz {
namespace {

void List(PolicyGroup group) {
  for (const Policy* policy : Policies(group)) {
    std::cout << absl::StrFormat("  %-17s %s [%s]\n", Absl(policy->name()), Absl(policy->does()),
                                 Absl(policy->origin()));
  }
}

absl::StatusOr<ExitStatus> Main(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return absl::InvalidArgumentError("policies takes no arguments");
  std::cout << "policies: what tlb_finish_mmu() does when another gather is live\n";
  List(PolicyGroup::kPublished);
  std::cout << "architectures:\n";
  for (const Arch* arch : Archs()) {
    std::cout << absl::StrFormat("  %-17s %s\n", Absl(arch->name()), Absl(arch->does()));
  }
  std::cout << "planted defects: safe policies made wrong on purpose, to measure what finds them\n";
  List(PolicyGroup::kPlanted);
  return kNoViolation;
}

constexpr Command kCommand("policies", "", "list policies and architectures", "", Main);
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
