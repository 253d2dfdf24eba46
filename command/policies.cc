// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz policies: lists policies and architectures, a line each.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/io/strings.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

void List(PolicyGroup group) {
  size_t width = 0;
  for (const Policy* policy : Policies(group)) width = std::max(width, policy->name().size());
  for (const Policy* policy : Policies(group)) {
    const std::string text = absl::StrCat(Absl(policy->does()), " [", Absl(policy->origin()), "]");
    std::cout << absl::StrFormat("  %-*s  %s\n", static_cast<int>(width), Absl(policy->name()),
                                 Wrapped(text, width + 4));
  }
}

void ListArchs(bool on_request) {
  for (const Arch* arch : AllArchs()) {
    if (arch->on_request() != on_request) continue;
    std::cout << absl::StrFormat("  %-17s %s\n", Absl(arch->name()), Wrapped(arch->does(), 20));
  }
}

using Json = nlohmann::ordered_json;

Json ToJson(const Policy& policy, std::string_view group) {
  Json json = {{"name", policy.name()},
               {"group", group},
               {"does", policy.does()},
               {"from", policy.origin()},
               {"held_safe_on", Json::array()}};
  for (const Arch* arch : AllArchs()) {
    if (policy.AlwaysSafeOn(arch->name())) json["held_safe_on"].push_back(arch->name());
  }
  return json;
}

void PrintJson() {
  Json json = {{"policies", Json::array()}, {"archs", Json::array()}};
  for (const auto& [group, name] : {std::pair(PolicyGroup::kPublished, "published"),
                                    std::pair(PolicyGroup::kPlanted, "planted")}) {
    for (const Policy* policy : Policies(group)) json["policies"].push_back(ToJson(*policy, name));
  }
  for (const Arch* arch : AllArchs()) {
    json["archs"].push_back({{"name", arch->name()}, {"does", arch->does()}});
    if (arch->on_request()) json["archs"].back()["on_request"] = true;
  }
  std::cout << json.dump() << "\n";
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return absl::InvalidArgumentError("policies takes no arguments");
  if (options.json) {
    PrintJson();
    return kNoViolation;
  }
  std::cout << "policies: what tlb_finish_mmu() does when another gather is live\n";
  List(PolicyGroup::kPublished);
  std::cout << "architectures:\n";
  ListArchs(false);
  std::cout << "architectures that run where --arch names them only:\n";
  ListArchs(true);
  std::cout << "planted defects: safe policies made wrong on purpose, to measure what finds them\n";
  List(PolicyGroup::kPlanted);
  return kNoViolation;
}

constexpr Command kCommand{.called = "policies",
                           .arguments = "",
                           .summary = "list policies and architectures",
                           .flags = " json ",
                           .examples = "gatherfuzz policies",
                           .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
