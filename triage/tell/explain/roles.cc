// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/roles.h"

namespace gatherfuzz {
namespace {

const char* RoleOf(Missing missing) {
  switch (missing) {
    case Missing::kNotIssued: return "flush";
    case Missing::kTooNarrow: return "too narrow";
    case Missing::kWrongLevel: return "wrong level";
    case Missing::kNotTold: return "not told";
    case Missing::kOtherAsid: return "other ASID";
    case Missing::kPending: return "not delivered";
    case Missing::kNotDropped: return "not dropped";
    case Missing::kRefilled: return "before refill";
  }
  return "";
}

}  // namespace

std::vector<std::vector<std::string>> RolesOf(const Trace& trace, const Cause& cause,
                                              int no_return) {
  std::vector<std::vector<std::string>> roles(trace.steps.size());
  const Violation& violation = trace.result.violation;
  if (violation.kind == ViolationKind::kNone || roles.empty()) return roles;
  const auto add = [&](int step, std::string role) {
    if (step >= 0) roles[static_cast<size_t>(step)].push_back(std::move(role));
  };
  const bool dirty = violation.kind == ViolationKind::kStaleDirtyAfterReturn;
  add(cause.filled, "fills");
  add(cause.removed, AboutTable(violation.kind) ? "unlinks" : dirty ? "cleans" : "removes");
  if (cause.examined != cause.removed) {
    add(cause.examined, dirty ? "sees it clean" : "sees it gone");
  }
  add(cause.flushed, RoleOf(cause.missing));
  if (cause.others != cause.flushed) add(cause.others, "another call's");
  add(no_return, "no return");
  roles.back().push_back(violation.page < 0 ? std::string(Info(violation.kind).name) : "violation");
  return roles;
}

}  // namespace gatherfuzz
